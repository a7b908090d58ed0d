"""Fetching published weights from a server on this machine that answers as the hub does."""

import hashlib
import json
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from mocap_core import background
from mocap_worker.backends import load_backend
from mocap_worker.cli import app
from mocap_worker.vitpose import hub
from mocap_worker.vitpose.checkpoint import CheckpointError, save_checkpoint
from mocap_worker.vitpose.hub import HubError, located, pull, pulled
from mocap_worker.vitpose.model import ViTPose
from mocap_worker.vitpose.model_config import load_model_config

TINY = "vitpose_t_simple_coco_256x192"
COMMITS = {"main": "1" * 40, "v1": "2" * 40}


class Hub(ThreadingHTTPServer):
    """Repositories as {name: {file: bytes}}; the second commit's files have one byte more at their end.

    cut: after how many bytes an answer ends too early, and then all answers are errors until it is None again.
    """

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.repositories: dict[str, dict[str, bytes]] = {}
        self.lies: dict[str, str] = {}
        self.ranges: list[str | None] = []
        self.cut: int | None = None
        self.broken = False
        self.stalled: threading.Event | None = None  # a file's answer then waits for it after its first bytes
        self.url = f"http://127.0.0.1:{self.server_port}"


class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Hub

    def log_message(self, *_):
        pass

    def do_GET(self):
        if self.server.broken:
            return self.answer(503, b"", {})
        parts = self.path.split("?")[0].strip("/").split("/")
        if parts[:2] == ["api", "models"]:
            return self.model("/".join(parts[2:4]), parts[5] if len(parts) > 5 else "main")
        if len(parts) == 5 and parts[2] == "resolve":  # large files lie elsewhere
            return self.answer(302, b"", {"Location": self.server.url + self.path.replace("/resolve/", "/elsewhere/")})
        if len(parts) == 5 and parts[2] == "elsewhere":
            return self.file("/".join(parts[:2]), parts[3], parts[4])
        self.answer(404, b"", {})

    def model(self, name, revision):
        commit = COMMITS.get(revision, revision)
        if name not in self.server.repositories:
            return self.answer(404, b"{}", {"X-Error-Code": "RepoNotFound", "X-Error-Message": "Repository not found"})
        if commit not in COMMITS.values():
            return self.answer(404, b"{}", {"X-Error-Code": "RevisionNotFound", "X-Error-Message": "Invalid rev id"})
        siblings = []
        for file, content in self.server.repositories[name].items():
            content += b"\n" * (commit != COMMITS["main"])
            sha = self.server.lies.get(file, hashlib.sha256(content).hexdigest())
            large = {"lfs": {"size": len(content), "sha256": sha, "pointerSize": 130}} if "json" not in file else {}
            siblings.append({"rfilename": file, "size": len(content), "blobId": "0" * 40, **large})
        self.answer(200, json.dumps({"_id": "0", "id": name, "sha": commit, "siblings": siblings}).encode(), {})

    def file(self, name, commit, file):
        content = self.server.repositories[name][file] + b"\n" * (commit != COMMITS["main"])
        asked = self.headers.get("Range")
        self.server.ranges.append(asked)
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        headers = {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"} if asked else {}
        self.answer(206 if asked else 200, content[start:], headers, self.server.cut)
        if self.server.cut is not None:
            self.server.broken = True

    def answer(self, code, body, headers, cut=None):
        self.send_response(code)
        for key, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.server.stalled is not None and code in (200, 206) and len(body) > 50_000:
            self.wfile.write(body[:20_000])
            self.wfile.flush()
            self.server.stalled.wait(60)
            return
        self.wfile.write(body[:cut])
        if cut is not None:
            self.close_connection = True


@pytest.fixture
def server(monkeypatch, tmp_path):
    with Hub() as running:
        threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.setenv("HF_ENDPOINT", running.url)
        monkeypatch.setenv("MOCAP_DATA", str(tmp_path / "data"))
        for name in ("VITPOSE_CONFIG", "VITPOSE_CHECKPOINT", "VITPOSE_DEVICE"):
            monkeypatch.delenv(name, raising=False)
        yield running
        running.shutdown()


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> bytes:
    """Weights of a network of its own size."""
    path = tmp_path_factory.mktemp("small") / "model.safetensors"
    torch.manual_seed(1)
    save_checkpoint(ViTPose(32, 2, 2, input_size=(64, 64)), path, "own")
    return path.read_bytes()


def partial(data):
    return [path for path in (data / "data").rglob("*") if path.suffix == ".part"]


def test_a_published_model_is_fetched_checked_and_runs_by_its_name(server, monkeypatch, tmp_path):
    torch.manual_seed(2)
    save_checkpoint(load_model_config(TINY).build(), tmp_path / "model.safetensors", "another", torch.float16)
    server.repositories["test/tiny"] = {
        "README.md": b"no weights",
        "model.safetensors": (tmp_path / "model.safetensors").read_bytes(),
    }
    monkeypatch.setitem(hub.PUBLISHED, "tiny", ("test/tiny", TINY))
    assert pulled("tiny") is None
    with pytest.raises(CheckpointError, match=r"tiny is not on this machine; `mocap models pull tiny` fetches it\."):
        located("tiny", None)

    found = pull("tiny")
    assert found == pulled("tiny")
    assert found.folder == tmp_path / "data" / "weights" / "test--tiny"
    assert (found.repository, found.revision, found.config) == ("test/tiny", COMMITS["main"], TINY)
    content = (found.folder / "model.safetensors").read_bytes()
    assert found.sha256 == hashlib.sha256(content).hexdigest() and not partial(tmp_path)

    assert located("tiny", None) == (TINY, str(found.folder))
    assert located(None, "tiny") == (TINY, str(found.folder))
    assert located(TINY, None) == (TINY, str(found.folder))  # and it comes before what ships
    assert located("vitpose_b_simple_coco_256x192", "tiny") == ("vitpose_b_simple_coco_256x192", str(found.folder))
    assert located(None, None) == (None, None)
    picture = np.random.default_rng(3).integers(0, 256, (256, 192, 3), dtype=np.uint8)
    by_name, by_path = (
        load_backend(*names, "cpu", "fp32").infer(picture, np.array([[0, 0, 192, 256]]))
        for names in (("tiny", None), (TINY, tmp_path / "model.safetensors"))
    )
    assert np.array_equal(by_name[0], by_path[0]) and np.array_equal(by_name[1], by_path[1])

    fetched = len(server.ranges)
    assert pull("tiny") == found and len(server.ranges) == fetched  # nothing is fetched twice


def test_an_interrupted_download_goes_on_where_it_ended(server, small, monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 10_000)  # 10 MB are in one, else
    server.repositories["me/mine"] = {"model.safetensors": small}
    server.cut = 100_000
    with pytest.raises(HubError, match=r"me/mine could not be fetched: .*Pulling again goes on where it ended"):
        pull("me/mine")
    assert pulled("me/mine") is None
    (part,) = partial(tmp_path)
    assert part.read_bytes() == small[:100_000]

    server.cut, server.broken, server.ranges = None, False, []
    found = pull("me/mine")
    assert server.ranges == ["bytes=100000-"]
    assert (found.folder / "model.safetensors").read_bytes() == small and not partial(tmp_path)


def test_a_part_of_another_version_is_not_gone_on_with(server, small, monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 10_000)
    server.repositories["me/mine"] = {"model.safetensors": small}
    server.cut = 100_000
    with pytest.raises(HubError):
        pull("me/mine")
    server.cut, server.broken, server.ranges = None, False, []
    assert [part.stat().st_size for part in partial(tmp_path)] == [100_000]
    server.repositories["me/mine"] = {"model.safetensors": small[:-4] + bytes(4)}
    found = pull("me/mine")
    assert server.ranges == [None]
    assert (found.folder / "model.safetensors").read_bytes() == small[:-4] + bytes(4)


def test_weights_with_another_hash_are_refused_and_deleted(server, small, tmp_path):
    server.repositories["me/mine"] = {"model.safetensors": small}
    server.lies["model.safetensors"] = "ab" * 32
    with pytest.raises(HubError, match=rf"arrived with the SHA-256 {hashlib.sha256(small).hexdigest()}; expected abab"):
        pull("me/mine")
    assert pulled("me/mine") is None and not partial(tmp_path)
    assert not list((tmp_path / "data").rglob("*.safetensors"))
    server.lies.clear()
    with pytest.raises(HubError, match=r"has the SHA-256 .* on the hub; expected cdcd"):
        pull("me/mine", sha256="cd" * 32)
    assert pull("me/mine", sha256=hashlib.sha256(small).hexdigest().upper()).repository == "me/mine"


def test_older_weights_stay_until_the_newer_are_complete(server, small):
    server.repositories["me/mine"] = {"model.safetensors": small}
    old = pull("me/mine")
    server.repositories["me/mine"] = {"model.safetensors": small[:-4] + bytes(4)}
    server.lies["model.safetensors"] = "ab" * 32
    with pytest.raises(HubError, match="arrived with the SHA-256"):
        pull("me/mine")
    assert pulled("me/mine") == old
    assert (old.folder / "model.safetensors").read_bytes() == small
    server.lies.clear()
    new = pull("me/mine")
    assert new.sha256 != old.sha256 and pulled("me/mine") == new


def test_a_damaged_file_is_fetched_anew(server, small):
    server.repositories["me/mine"] = {"model.safetensors": small}
    file = pull("me/mine").folder / "model.safetensors"
    file.write_bytes(small[:-10] + b"0123456789")
    pull("me/mine")
    assert file.read_bytes() == small


def test_a_revision_can_be_pinned(server, small):
    server.repositories["me/mine"] = {"pytorch_model.bin": small}
    with pytest.raises(HubError, match="cannot be used"):
        pull("me/mine", revision="v1")  # this one has a byte too many, and is no weights
    assert pulled("me/mine") is None
    assert pull("me/mine", revision=COMMITS["main"]).revision == COMMITS["main"]
    with pytest.raises(HubError, match="me/mine could not be fetched"):
        pull("me/mine", revision="v9")


@pytest.mark.parametrize("name", ["vitpose", "", "..", "a/b/c", "../..", "https://a.b/c", "a b/c", "./."])
def test_names_that_are_none_are_refused_with_those_there_are(server, name):
    with pytest.raises(
        HubError, match=r"is no published model; there are vitpose-base, .*synthpose-huge, or OWNER/NAME"
    ):
        pull(name)


def test_what_is_not_there_or_no_weights_is_said_in_one_sentence(server, monkeypatch, small, tmp_path):
    server.repositories["me/empty"] = {"README.md": b"nothing"}
    server.repositories["me/other"] = {"model.safetensors": small}
    monkeypatch.setitem(hub.PUBLISHED, "other", ("me/other", TINY))
    for name, said in [
        ("me/nothing", "me/nothing could not be fetched: "),
        ("me/empty", "me/empty has neither model.safetensors nor pytorch_model.bin"),
        ("other", rf"me/other was fetched, but cannot be used: .*does not fit {TINY}"),
    ]:
        with pytest.raises(HubError, match=said) as caught:
            pull(name)
        assert "\n" not in str(caught.value)
        assert pulled(name) is None
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(HubError, match="me/mine could not be fetched"):
        pull("me/mine")


def test_the_command_fetches_lists_and_names(server, monkeypatch, tmp_path):
    save_checkpoint(load_model_config(TINY).build(), tmp_path / "model.safetensors", TINY, torch.float16)
    server.repositories["test/tiny"] = {"model.safetensors": (tmp_path / "model.safetensors").read_bytes()}
    monkeypatch.setitem(hub.PUBLISHED, "tiny", ("test/tiny", TINY))

    def mocap(*arguments):
        done = CliRunner().invoke(app, ["models", *arguments])
        assert done.exception is None or isinstance(done.exception, SystemExit)
        return done.exit_code, done.output

    rows = {row["name"]: row for row in json.loads(mocap("list", "--json")[1])}
    assert rows["tiny"]["weights"] is None and rows["tiny"]["config"] == TINY
    assert mocap("info", "tiny", "--json")[0] == 0
    code, said = mocap("pull", "tiny")
    assert code == 0 and "Use it with --model tiny." in said
    rows = {row["name"]: row for row in json.loads(mocap("list", "--json")[1])}
    assert rows["tiny"]["weights"] == str(tmp_path / "data" / "weights" / "test--tiny")
    assert rows[TINY]["weights"] == "vitpose_t_synthetic.safetensors"
    code, said = mocap("pull", "nothing")
    assert code == 1 and said.startswith("mocap models: 'nothing' is no published model")


def test_the_command_tells_programs_how_far_it_is(server, small, tmp_path):
    server.repositories["me/mine"] = {"model.safetensors": small}
    report = tmp_path / "data" / "weights" / "mine.json"
    done = CliRunner().invoke(app, ["models", "pull", "me/mine", "--report", str(report)])
    assert done.exit_code == 0 and background.read(report).state == "done"
    done = CliRunner().invoke(app, ["models", "pull", "me/other", "--report", str(report)])
    found = background.read(report)
    assert done.exit_code == 1 and found.state == "failed" and "me/other could not be fetched" in found.error


def test_a_download_is_counted_and_cancelled_and_its_part_stays(server, small, tmp_path):
    server.repositories["me/mine"] = {"model.safetensors": small}
    server.stalled = threading.Event()
    report = tmp_path / "data" / "mine.json"
    command = [sys.executable, "-m", "mocap_worker", "models", "pull", "me/mine", "--report", str(report)]
    background.begin(report, "Starting")
    worker = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 120
        while background.read(report).title != "Downloading":
            assert time.monotonic() < until and worker.poll() is None
            time.sleep(0.05)
        found = background.read(report)
        assert (found.state, found.total) == ("running", len(small))
        background.ask_to_stop(report)
        assert worker.wait(60) == 130
        assert background.read(report).state == "cancelled" and partial(tmp_path)
    finally:
        server.stalled.set()
        worker.kill()
        worker.wait()
