"""Set up worker, from the installed zip: the real job makes a real environment, beside Blender.

It installs the wheel with the few packages that its command line needs, as PyTorch would take minutes.
"""

import shutil
import time
import zipfile
from pathlib import Path

import pytest

bpy = pytest.importorskip("bpy", reason="bpy is not in this Python")

PACKAGES = "--no-deps numpy typer click rich markdown-it-py mdurl pygments shellingham annotated-doc typing-extensions"
PATIENCE_S = 120.0


@pytest.fixture
def setting_up(extension, session, monkeypatch, tmp_path):
    """The module, in a data folder of its own where nothing is set up, with Blender online."""
    if shutil.which("uv") is None:
        pytest.skip("uv is not here")
    monkeypatch.setenv("MOCAP_DATA", str(tmp_path / "data ä"))
    monkeypatch.setenv("MOCAP_UV_ARGUMENTS", PACKAGES)
    monkeypatch.delenv("MOCAP_WORKER", raising=False)
    module = extension.addon("setting_up")
    monkeypatch.setattr(extension.addon("worker_process").shutil, "which", lambda name: None)
    module._forget_reading()
    bpy.context.preferences.system.use_online_access = True
    yield module
    bpy.context.preferences.system.use_online_access = False
    if module.report().state == "running":
        module.cancel()
        ended(module)
    module._forget_reading()


def ended(module):
    until = time.monotonic() + PATIENCE_S
    while module.report().state == "running":
        time.sleep(0.05)
        assert time.monotonic() < until, module.report()
    return module.report()


def packed_anew(wheel: Path) -> None:
    """The same package, as another file."""
    with zipfile.ZipFile(wheel) as box:
        content = [(entry, box.read(entry)) for entry in box.infolist()]
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_STORED) as box:
        for entry, data in content:
            box.writestr(entry.filename, data)


def log(extension) -> str:
    return extension.core("make_worker").log_file().read_text("utf-8")


@pytest.mark.skipif(bpy.app.version[:2] in ((4, 5), (5, 0)), reason="Blender 4.2 has the same Python")
def test_set_up_from_the_zip_and_removed(extension, setting_up):
    assert setting_up.situation() == "missing"
    bpy.ops.mocap.setup_worker(build="cpu")
    assert setting_up.situation() == "running"
    with pytest.raises(RuntimeError, match="poll"):
        bpy.ops.mocap.setup_worker(build="cpu")
    assert ended(setting_up).state == "done", log(extension)
    assert setting_up.situation() == "ready"
    program = Path(extension.addon("worker_process").find())
    environment = extension.core("worker_environment")
    assert program == environment.program() and environment.made().backend == "cpu"
    assert extension.addon("machine").get("torch_build") == "cpu"

    # Another add-on carries another wheel.
    wheel = setting_up.wheel()
    before, first = wheel.read_bytes(), environment.made()
    with pytest.raises(RuntimeError, match="poll"):
        bpy.ops.mocap.update_worker()
    try:
        packed_anew(wheel)
        assert setting_up.situation() == "older"
        assert setting_up.to_update().changed == ()
        bpy.context.preferences.system.use_online_access = False
        with pytest.raises(RuntimeError, match="poll"):
            bpy.ops.mocap.update_worker()
        bpy.context.preferences.system.use_online_access = True
        bpy.ops.mocap.update_worker()  # as a click does: it asks nothing
        assert setting_up.situation() == "running"
        assert ended(setting_up).state == "done", log(extension)
        assert setting_up.situation() == "ready"
        made = environment.made()
        assert made.sha256 != first.sha256 and made.backend == "cpu"
    finally:
        wheel.write_bytes(before)

    bpy.ops.mocap.remove_worker()
    assert setting_up.situation() == "missing" and not environment.folder().exists()


def test_blender_that_may_not_go_online_does_not(extension, setting_up):
    bpy.context.preferences.system.use_online_access = False
    with pytest.raises(RuntimeError, match="poll"):
        bpy.ops.mocap.setup_worker(build="cpu")
    assert setting_up.report().state == "none"


def test_a_program_that_is_gone_is_told_and_forgotten(extension, setting_up):
    extension.addon("machine").put("worker", "/nowhere/mocap")
    assert setting_up.situation() == "wrong"
    bpy.ops.mocap.forget_program()
    assert setting_up.situation() == "missing"


def test_a_worker_elsewhere_is_not_set_up_here(extension, setting_up):
    extension.addon("machine").put("worker_address", "192.0.2.7:5006")
    assert setting_up.situation() == "elsewhere"
