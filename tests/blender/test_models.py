"""Models in the panel: what is here, in use, deleted, and when another one is advised."""

import json
import threading

import pytest

bpy = pytest.importorskip("bpy", reason="bpy is not in this Python")


@pytest.fixture
def models(extension, session, monkeypatch, tmp_path):
    monkeypatch.setenv("MOCAP_DATA", str(tmp_path / "data ä"))
    yield extension.addon("models")


@pytest.fixture
def better(extension, models):
    return extension.core("published").BETTER


def put_here(model):
    model.folder.mkdir(parents=True)
    (model.folder / "mocap.json").write_text(json.dumps({"revision": "1"}), "utf-8")


def test_a_model_that_is_here_is_used_and_deleted(extension, models, better, monkeypatch):
    machine = extension.addon("machine")
    put_here(better)
    bpy.ops.mocap.use_model(model=better.name)
    assert machine.get("model") == better.name
    began, may_go_on = threading.Event(), threading.Event()

    def slow(folder, ignore_errors):
        began.set()
        may_go_on.wait(20)
        rmtree(folder, ignore_errors)

    rmtree = models.shutil.rmtree
    monkeypatch.setattr(models.shutil, "rmtree", slow)
    bpy.ops.mocap.delete_model(model=better.name)  # does not wait for the disk
    assert not better.folder.exists() and machine.get("model") == ""
    assert began.wait(20)
    may_go_on.set()
    for thread in threading.enumerate():
        if thread.name == "delete model":
            thread.join(20)
    assert not list(better.folder.parent.glob("removed-*"))


def test_what_has_come_of_a_cancelled_download_can_be_deleted(extension, models, better):
    assert not models.is_begun(better)
    better.folder.mkdir(parents=True)
    (better.folder / "model.safetensors.0123.part").write_bytes(b"begun")
    assert models.is_begun(better)
    bpy.ops.mocap.delete_model(model=better.name)
    assert not models.is_begun(better) and not better.folder.exists()


def test_a_better_model_is_advised_for_a_camera_alone(extension, models, better, monkeypatch):
    machine = extension.addon("machine")
    situation = ["ready"]
    monkeypatch.setattr(extension.addon("setting_up"), "situation", lambda: situation[0])
    for source, advised in (("0", better), ("rtsp://camera/1", better), ("film.mp4", None), ("test motion", None)):
        machine.put("source", source)
        assert models.suggestion() is advised
    machine.put("source", "0")
    machine.put("model", "vitpose-plus-small")
    assert models.suggestion() is None
    machine.put("model", "")
    here = extension.core("published").PUBLISHED["vitpose-plus-large"]
    put_here(here)
    assert models.suggestion() is here  # which need not be downloaded
    put_here(better)
    assert models.suggestion() is better
    situation[0] = "elsewhere"
    assert models.suggestion() is None


def test_only_models_that_drive_a_rig_are_listed_and_none_is_fetched_offline(extension, models, better):
    names = [model.name for model in models.listed()]
    assert better.name in names and not [name for name in names if "synthpose" in name]
    assert not bpy.app.online_access
    with pytest.raises(RuntimeError, match="poll"):
        bpy.ops.mocap.fetch_model(model=better.name)
    assert models.report(better).state == "none"


def test_a_download_that_cannot_start_says_so_and_is_not_begun(extension, models, better, monkeypatch, tmp_path):
    program = tmp_path / "mocap.exe"
    program.write_bytes(b"no program")
    monkeypatch.setenv("MOCAP_WORKER", str(program))
    for _ in range(2):
        with pytest.raises(extension.core("make_worker").SetupError, match="The download does not start"):
            models.fetch(better)
        assert models.report(better).state == "none"


def test_the_speed_here_is_what_was_measured(extension, models, better):
    speeds = extension.core("speeds")
    assert models.speed(better.config) == ""
    figures = {"model": better.config, "device": "cpu", "frames_captured": 200, "people": 1, "inference_ms_p50": 40.0}
    assert speeds.note_speed(figures)
    assert models.speed(better.config) == "25 fps on cpu"
