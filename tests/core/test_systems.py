"""Every branch that differs between Linux, Windows and macOS, on whatever this machine is."""

import subprocess
import sys
from pathlib import Path

import pytest

from mocap_core import systems, uv
from mocap_core.systems import MACOS, WINDOWS

HOME = Path("/home/änne")
SYSTEMS = ("linux", WINDOWS, MACOS)


def test_data_lies_where_each_system_has_it():
    assert systems.data_root("linux", {}, HOME) == HOME / ".local" / "share"
    assert systems.data_root("linux", {"XDG_DATA_HOME": "/data/ä"}, HOME) == Path("/data/ä")
    assert systems.data_root("linux", {"XDG_DATA_HOME": "ä"}, HOME) == HOME / ".local" / "share"
    assert systems.data_root(WINDOWS, {"LOCALAPPDATA": "C:/Users/änne/AppData/Local"}) == Path(
        "C:/Users/änne/AppData/Local"
    )
    assert systems.data_root(WINDOWS, {}, HOME) == HOME / "AppData" / "Local"
    assert systems.data_root(MACOS, {}, HOME) == HOME / "Library" / "Application Support"


def test_programs_of_an_environment_are_named_as_each_system_does():
    assert systems.program_in(HOME, "mocap", "linux") == HOME / "bin" / "mocap"
    assert systems.program_in(HOME, "mocap", MACOS) == HOME / "bin" / "mocap"
    assert systems.program_in(HOME, "mocap", WINDOWS) == HOME / "Scripts" / "mocap.exe"


def test_children_on_windows_have_no_console_and_outlive_us_even_where_a_launcher_forbids_to_leave_its_job():
    no_window, group, breakaway = 0x08000000, 0x200, 0x01000000
    assert systems.quietly(WINDOWS) == {"creationflags": no_window}
    assert [more["creationflags"] for more in systems.detached(WINDOWS)] == [
        no_window | group | breakaway,
        no_window | group,
    ]
    for system in ("linux", MACOS):
        assert systems.quietly(system) == {}
        assert systems.detached(system) == [{"start_new_session": True}]


def test_a_detached_child_that_may_not_leave_its_job_is_started_in_it(monkeypatch, tmp_path):
    tried = []

    def popen(command, **more):
        tried.append(more["creationflags"])
        if len(tried) == 1:
            raise PermissionError(13, "Access is denied")
        return "child"

    tries = systems.detached(WINDOWS)
    monkeypatch.setattr(systems, "detached", lambda: tries)
    monkeypatch.setattr(subprocess, "Popen", popen)
    assert systems.start_detached(["uv"], None, {}, tmp_path) == "child"
    assert tried == [more["creationflags"] for more in tries]


def test_children_do_not_inherit_blenders_python():
    variables = {"PYTHONHOME": "/b", "PYTHONPATH": "/b", "VIRTUAL_ENV": "/v", "PATH": "/bin", "MOCAP_DATA": "/d"}
    assert systems.variables_for_children(variables) == {"PATH": "/bin", "MOCAP_DATA": "/d"}


@pytest.mark.parametrize(
    ("system", "machine", "target"),
    [
        ("linux", "x86_64", "x86_64-unknown-linux-musl"),
        ("linux", "aarch64", "aarch64-unknown-linux-musl"),
        (WINDOWS, "AMD64", "x86_64-pc-windows-msvc"),
        (WINDOWS, "ARM64", "aarch64-pc-windows-msvc"),
        (MACOS, "arm64", "aarch64-apple-darwin"),
        (MACOS, "x86_64", "x86_64-apple-darwin"),
        ("linux", "riscv64", None),
        ("freebsd14", "amd64", None),
    ],
)
def test_uv_has_a_release_with_a_known_hash_for_each_target(system, machine, target):
    assert systems.uv_target(system, machine) == target
    if target:
        assert len(uv._SHA256[target]) == 64
        assert uv.address(target).endswith(f"{uv.VERSION}/uv-{target}.{'zip' if system == WINDOWS else 'tar.gz'}")


def test_uv_is_looked_for_where_its_installers_put_it():
    assert HOME / ".local" / "bin" / "uv" in systems.uv_places("linux", {}, HOME)
    assert Path("/opt/homebrew/bin/uv") in systems.uv_places(MACOS, {}, HOME)
    windows = systems.uv_places(WINDOWS, {"LOCALAPPDATA": "/l"}, HOME)
    assert HOME / ".local" / "bin" / "uv.exe" in windows and Path("/l/Microsoft/WinGet/Links/uv.exe") in windows


def test_the_gpu_is_told_by_its_driver(monkeypatch, tmp_path):
    monkeypatch.setattr(systems.shutil, "which", lambda name: None)
    assert systems.graphics(MACOS, tmp_path) == "metal"
    assert systems.graphics("linux", tmp_path) == systems.graphics(WINDOWS, tmp_path) == ""
    for path in ("dev/kfd", "opt/rocm"):
        (tmp_path / path).mkdir(parents=True)
    assert systems.graphics("linux", tmp_path) == "rocm"
    assert systems.graphics(WINDOWS, tmp_path) == ""
    (tmp_path / "proc/driver/nvidia").mkdir(parents=True)
    (tmp_path / "proc/driver/nvidia/version").touch()
    assert systems.graphics("linux", tmp_path) == "cuda"
    monkeypatch.setattr(systems.shutil, "which", lambda name: "nvidia-smi.exe")
    assert systems.graphics(WINDOWS, tmp_path) == "cuda"


def test_only_macos_may_keep_the_camera_from_blenders_children():
    assert [systems.worker_must_start_outside(system) for system in SYSTEMS] == [False, False, True]


def test_commands_are_quoted_as_each_terminal_needs_it():
    words = ["/Users/a b/bin/mocap", "run"]
    assert systems.command_line(words, MACOS) == "'/Users/a b/bin/mocap' run"
    assert systems.command_line(words, "linux") == "'/Users/a b/bin/mocap' run"
    assert systems.command_line(words, WINDOWS) == '& "/Users/a b/bin/mocap" run'  # PowerShell's call
    assert systems.command_line(["C:/mocap.exe", "run"], WINDOWS) == "C:/mocap.exe run"


@pytest.mark.skipif(sys.platform == "win32", reason="a session is what other systems have")
def test_a_detached_child_is_in_a_session_of_its_own(tmp_path):
    with (tmp_path / "log").open("wb") as log:
        child = systems.start_detached(
            [sys.executable, "-c", "import os; print(os.getsid(0) == os.getpid())"], log, {}, tmp_path
        )
    assert child.wait(60) == 0
    assert (tmp_path / "log").read_text().strip() == "True"
