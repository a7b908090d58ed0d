"""What differs between Linux, Windows and macOS, and nothing else: places, names, how programs are started.

Each function takes the system as Python names it (`sys.platform`), so that every branch can be tried on any machine.
"""

import os
import platform
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

WINDOWS, MACOS = "win32", "darwin"
# Of Windows' CreateProcess; Python has the names there alone.
_NO_WINDOW, _NEW_GROUP, _BREAKAWAY = 0x08000000, 0x00000200, 0x01000000


def data_root(system: str = sys.platform, variables: Mapping[str, str] = os.environ, home: Path | None = None) -> Path:
    """The folder for a user's application data, in which ours lies."""
    home = home or Path.home()
    if system == WINDOWS:
        return Path(variables.get("LOCALAPPDATA") or home / "AppData" / "Local")
    if system == MACOS:
        return home / "Library" / "Application Support"
    chosen = variables.get("XDG_DATA_HOME", "")
    # The XDG rule: a relative path is ignored.
    return Path(chosen) if os.path.isabs(chosen) else home / ".local" / "share"


def program_name(name: str, system: str = sys.platform) -> str:
    return f"{name}.exe" if system == WINDOWS else name


def program_in(environment: Path, name: str, system: str = sys.platform) -> Path:
    """A program of a Python environment."""
    return environment / ("Scripts" if system == WINDOWS else "bin") / program_name(name, system)


def quietly(system: str = sys.platform) -> dict:
    """Arguments of `subprocess.Popen` for a child without a console window."""
    return {"creationflags": _NO_WINDOW} if system == WINDOWS else {}


def detached(system: str = sys.platform) -> list[dict]:
    """Arguments of `subprocess.Popen` for a child that outlives us, to be tried in this order.

    A Blender that a launcher started may lie in a Windows job that ends with all its children, and whether a child may
    leave it is the launcher's to say.
    """
    if system == WINDOWS:
        flags = _NO_WINDOW | _NEW_GROUP
        return [{"creationflags": flags | _BREAKAWAY}, {"creationflags": flags}]
    return [{"start_new_session": True}]


def start_detached(command: list[str], log, variables: Mapping[str, str], cwd: Path) -> subprocess.Popen:
    """A child that outlives us, with no input and its output in the open file `log`. Raises OSError."""
    tries = detached()
    for number, more in enumerate(tries):
        try:
            return subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, env=variables, cwd=cwd, **more
            )
        except PermissionError:
            if number + 1 == len(tries):
                raise
    raise AssertionError("there is always one to be tried")


def variables_for_children(variables: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment without what Blender's Python, or where it was started from, would impose on another one."""
    foreign = ("PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "CONDA_PREFIX", "UV_PYTHON", "__PYVENV_LAUNCHER__")
    return {name: value for name, value in variables.items() if name not in foreign}


def uv_target(system: str = sys.platform, machine: str | None = None) -> str | None:
    """The platform of a release of uv, or None where there is none that we know."""
    machine = (machine or platform.machine()).lower()
    cpu = {"amd64": "x86_64", "x86_64": "x86_64", "arm64": "aarch64", "aarch64": "aarch64"}.get(machine)
    # Of the two for Linux the one that is bound to no system library runs everywhere.
    ending = {WINDOWS: "pc-windows-msvc", MACOS: "apple-darwin", "linux": "unknown-linux-musl"}.get(system)
    return f"{cpu}-{ending}" if cpu and ending else None


def uv_places(
    system: str = sys.platform, variables: Mapping[str, str] = os.environ, home: Path | None = None
) -> list[Path]:
    """Where uv's installers put it; a program that a desktop started often has a PATH without these."""
    home = home or Path.home()
    folders = [home / ".local" / "bin", home / ".cargo" / "bin"]
    if system == WINDOWS:
        local = Path(variables.get("LOCALAPPDATA") or home / "AppData" / "Local")
        folders += [local / "Microsoft" / "WinGet" / "Links", home / "scoop" / "shims"]
    elif system == MACOS:
        folders += [Path("/opt/homebrew/bin"), Path("/usr/local/bin")]
    else:
        folders += [Path("/usr/local/bin"), Path("/home/linuxbrew/.linuxbrew/bin"), Path("/snap/bin")]
    return [folder / program_name("uv", system) for folder in folders]


def graphics(system: str = sys.platform, root: Path = Path("/")) -> str:
    """Which of `cuda`, `rocm` and `metal` this machine's driver speaks, or an empty string; asks no driver."""
    if system == MACOS:
        return "metal"
    if shutil.which("nvidia-smi") or (system == "linux" and (root / "proc/driver/nvidia/version").exists()):
        return "cuda"
    return "rocm" if system == "linux" and (root / "dev/kfd").exists() and (root / "opt/rocm").exists() else ""


def worker_must_start_outside(system: str = sys.platform) -> bool:
    """True where the system asks who may film by the program that was started first, and gives Blender's children none.

    macOS does: Blender's own description asks for no camera, so that a child of it may be refused without a question.
    """
    return system == MACOS


def command_line(words: list[str], system: str = sys.platform) -> str:
    """A command as it is typed into the system's terminal."""
    if system == WINDOWS:
        return f"& {subprocess.list2cmdline(words)}" if " " in words[0] else subprocess.list2cmdline(words)
    return shlex.join(words)
