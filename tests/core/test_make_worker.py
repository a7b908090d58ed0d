"""The set-up with uv itself, and its parts: uv's archive, what uv says made into progress and sentences."""

import functools
import hashlib
import io
import shutil
import subprocess
import tarfile
import threading
import zipfile
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from mocap_core import background, make_worker, uv, worker_environment
from mocap_core.make_worker import Download, Wish, about_bytes, why
from mocap_core.systems import program_name

SAID = """
Resolved 61 packages in 404ms
Downloading torch (502.2MiB)
Downloading numpy (16.0MiB)
Downloading small (512.0KiB)
 Downloaded small
 Downloaded numpy
"""


def test_what_uv_fetches_is_counted(tmp_path):
    download = Download()
    download.cache = tmp_path
    for line in SAID.splitlines():
        download.heed(line.strip())
    mib = 1 << 20
    assert download.total == pytest.approx(518.7 * mib)
    assert download.done() == pytest.approx(16.5 * mib)
    (tmp_path / ".tmpAb" / "torch").mkdir(parents=True)
    (tmp_path / ".tmpAb" / "torch" / "lib.so").write_bytes(bytes(19 * mib))
    assert download.done() == pytest.approx((16.5 + 10) * mib)  # unpacked it is about 1.9 times as large
    download.heed("Downloaded torch")
    assert download.done() == download.total


def test_why_it_failed_is_one_sentence():
    assert why(["Using Python 3.11", "error: No space left on device (os error 28)"]) == (
        "No space left on device (os error 28)."
    )
    solve = ["  × No solution found when resolving dependencies:", "  ╰─▶ Because torch==9 is not there,", "      odd."]
    assert why(solve) == "No solution found when resolving dependencies: Because torch==9 is not there, odd."
    offline = ["error: Request failed after 3 retries", "  Caused by: Failed to fetch: `https://me:pass@host.org/x/`"]
    offline.append("  Caused by: dns error: failed to lookup address information")
    assert why(offline) == (
        "host.org cannot be reached. Check the connection, or choose another build of PyTorch."
    )
    assert why(["odd", "ending"]) == "odd ending."
    assert why([]) == "" and len(why(["error: " + "x" * 1000])) == 400


def test_a_gpu_needs_more_room_than_none():
    cpu, cuda = about_bytes("auto", "linux", ""), about_bytes("auto", "linux", "cuda")
    assert cuda[0] > 5 * cpu[0] and all(on_disk > fetched for fetched, on_disk in (cpu, cuda))
    assert about_bytes("index", "linux") == cuda and about_bytes("index", "win32") == cpu


@pytest.fixture
def archives(tmp_path, monkeypatch):
    """uv's archive in both formats on a server of this machine; with a file that would lie elsewhere."""
    folder = tmp_path / "server"
    folder.mkdir()
    name, program = program_name("uv"), b"the program"
    with tarfile.open(folder / "uv.tar.gz", "w:gz") as box:
        for path, content in (("../../evil", b"evil"), (f"uv-target/{name}", program)):
            entry = tarfile.TarInfo(path)
            entry.size = len(content)
            box.addfile(entry, io.BytesIO(content))
    with zipfile.ZipFile(folder / "uv.zip", "w") as box:
        box.writestr("../../evil", b"evil")
        box.writestr(name, program)
    with zipfile.ZipFile(folder / "empty.zip", "w") as box:
        box.writestr("README", b"nothing")
    monkeypatch.setenv("MOCAP_DATA", str(tmp_path / "data ä"))

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("name", ["uv.tar.gz", "uv.zip"])
def test_uv_is_fetched_checked_and_unpacked_alone(archives, tmp_path, name):
    folder, server = archives
    counts = []
    sha256 = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    found = uv.fetch(lambda *count: counts.append(count), lambda: False, f"{server}/{name}", sha256)
    assert found == uv.fetched() and found.read_bytes() == b"the program" and found.stat().st_mode & 0o100
    assert counts[-1][0] == counts[-1][1] == (folder / name).stat().st_size
    assert [path.name for path in uv.folder().iterdir()] == [found.name]
    assert not list(tmp_path.rglob("evil"))


def test_another_archive_than_the_pinned_one_is_refused(archives):
    _, server = archives
    for name, said in (("uv.zip", "SHA-256"), ("nothing.zip", "cannot be fetched")):
        with pytest.raises(uv.UvError, match=said):
            uv.fetch(lambda *_: None, lambda: False, f"{server}/{name}", "ab" * 32)
    sha256 = hashlib.sha256((archives[0] / "empty.zip").read_bytes()).hexdigest()
    with pytest.raises(uv.UvError, match="holds no uv"):
        uv.fetch(lambda *_: None, lambda: False, f"{server}/empty.zip", sha256)
    with pytest.raises(uv.UvError, match="cancelled"):
        uv.fetch(lambda *_: None, lambda: True, f"{server}/uv.zip", sha256)
    assert not uv.fetched().exists() and not list(uv.folder().iterdir())


@pytest.fixture
def job(monkeypatch, tmp_path):
    """Starts the job as Blender does and gives its last report; with uv, and a wheel of three files for the worker."""
    if shutil.which("uv") is None:
        pytest.skip("uv is not here")
    monkeypatch.setenv("MOCAP_DATA", str(tmp_path / "data ä"))
    (tmp_path / "constraints.txt").write_text("nothing-of-this==1\ntriton==1\n")

    def run(version="1.0", stop=False, arguments="--offline", says="1.0", **more):
        monkeypatch.setenv("MOCAP_UV_ARGUMENTS", arguments)
        wish = Wish(str(worker_wheel(tmp_path, version, says)), str(tmp_path / "constraints.txt"), "cpu", **more)
        started = make_worker.start(wish)
        if stop:
            background.ask_to_stop(make_worker.report_file())
        started.wait(120)
        return background.read(make_worker.report_file())

    return run


def worker_wheel(folder, version, says):
    name = f"vitpose_live_mocap-{version}"
    path = folder / f"{name}-py3-none-any.whl"
    info = f"{name}.dist-info"
    with zipfile.ZipFile(path, "w") as box:
        box.writestr("mocap_worker.py", f"def main():\n    {says if 'raise' in says else f'print({says!r})'}\n")
        box.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: vitpose-live-mocap\nVersion: {version}\n")
        box.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        box.writestr(f"{info}/entry_points.txt", "[console_scripts]\nmocap = mocap_worker:main\n")
        box.writestr(f"{info}/RECORD", "")
    return path


def version_said() -> str:
    return subprocess.run([str(worker_environment.program())], capture_output=True, text=True).stdout.strip()


def test_an_environment_is_made_updated_and_repaired(job):
    assert worker_environment.made() is None
    done = job()
    assert done.state == "done", make_worker.log_file().read_text()
    first = worker_environment.made()
    assert (first.version, first.backend, version_said()) == ("1.0", "cpu", "1.0")
    assert job("1.1", says="1.1").state == "done"
    assert (worker_environment.made().version, version_said()) == ("1.1", "1.1")
    worker_environment.program().write_text("broken")
    assert job("1.1", says="1.1", repair=True).state == "done" and version_said() == "1.1"


def test_a_set_up_that_fails_or_is_cancelled_leaves_what_there_was(job):
    assert job(stop=True).state == "cancelled" and worker_environment.made() is None
    assert job().state == "done"
    failed = job("1.1", arguments="--offline there-is-no-such-package")
    assert failed.state == "failed" and "there-is-no-such-package" in failed.error and "\n" not in failed.error
    assert worker_environment.made().version == "1.0" and version_said() == "1.0"
    assert job("1.1", stop=True).state == "cancelled"
    assert worker_environment.made().version == "1.0"
    failed = job("1.1", says="raise SystemExit('no camera')")  # it is installed by then, and does not run
    assert failed.state == "failed" and "no camera" in failed.error and worker_environment.made() is None


def test_a_job_without_uv_says_so(monkeypatch, tmp_path):
    monkeypatch.setenv("MOCAP_DATA", str(tmp_path))
    monkeypatch.setattr(uv, "find", lambda: None)
    job = make_worker._Job(Wish(str(worker_wheel(tmp_path, "1.0", "1.0")), str(tmp_path / "constraints.txt")))
    assert job.run() == 1
    found = background.read(make_worker.report_file())
    assert found.state == "failed" and "uv was not found" in found.error
