"""`mocap doctor`: what is here, what is missing, and how to get it."""

import json as json_module
import platform
import socket
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer

from mocap_core import places
from mocap_core.protocol import CONTROL_PORT, POSE_PORT


@dataclass(frozen=True)
class Finding:
    """state: "ok", "note" for what one may want, "missing" for what is needed. remedy: how to get it."""

    state: str
    subject: str
    text: str
    remedy: str = ""


def doctor(json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False) -> None:
    """Say what is missing and how to get it. Exits with 1 where something needed is."""
    if json:
        found = [finding for check in _CHECKS for finding in check()]
        typer.echo(json_module.dumps([asdict(finding) for finding in found]))
        raise typer.Exit(any(finding.state == "missing" for finding in found))
    from rich.console import Console
    from rich.markup import escape

    console = Console(highlight=False, soft_wrap=True)
    marks = {"ok": "[green]ok     [/]", "note": "[yellow]note   [/]", "missing": "[red]missing[/]"}
    missing = 0
    for check in _CHECKS:
        for finding in check():
            missing += finding.state == "missing"
            console.print(f"{marks[finding.state]} {finding.subject:<10} {escape(finding.text)}")
            if finding.remedy:
                console.print(f"{'':<18} {escape(finding.remedy)}")
    if missing:
        console.print(f"[red]{missing} missing.[/]")
        raise typer.Exit(1)
    console.print("Everything needed is here.")


def _python() -> Iterator[Finding]:
    text = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    if (3, 11) <= sys.version_info < (3, 14):
        yield Finding("ok", "Python", text)
    else:
        yield Finding(
            "missing", "Python", text, "Python 3.11 to 3.13 is needed; `uv python install 3.11` gets it."
        )


def _torch() -> Iterator[Finding]:
    try:
        import torch

        from ..backends import choose_device
    except Exception as error:  # a broken install can raise anything
        yield Finding("missing", "PyTorch", f"cannot be used: {error}", _reinstall())
        return
    device = choose_device("auto")
    name = torch.cuda.get_device_name(0) if device.startswith("cuda") else device
    yield Finding("ok", "PyTorch", f"{torch.__version__}, runs on {name}")
    if device == "cpu":
        yield Finding("note", "GPU", "none that PyTorch can use; small models run on the processor.")


def _opencv() -> Iterator[Finding]:
    try:
        from ..opencv import cv2
    except Exception as error:
        yield Finding("missing", "OpenCV", f"cannot be used: {error}", _reinstall())
        return
    if "FFMPEG" in [cv2.videoio_registry.getBackendName(b) for b in cv2.videoio_registry.getStreamBackends()]:
        yield Finding("ok", "OpenCV", f"{cv2.__version__}, with FFmpeg")
    else:
        remedy = f"Another OpenCV hides ours: uninstall it. {_reinstall()}"
        yield Finding("missing", "OpenCV", f"{cv2.__version__} without FFmpeg: no files, no streams", remedy)


def _weights() -> Iterator[Finding]:
    try:
        from ..backends import load_backend

        backend = load_backend()
    except Exception as error:
        yield Finding("missing", "model", str(error), "VITPOSE_CONFIG and VITPOSE_CHECKPOINT choose another.")
    else:
        how = f"{backend.engine} in {backend.precision}"
        yield Finding("ok", "model", f"{backend.name} runs on {backend.device}, by {how}")
    try:
        from mocap_core.lift import Lifter

        Lifter()
    except Exception as error:
        yield Finding("missing", "lifter", str(error), _reinstall())
    else:
        yield Finding("ok", "lifter", "its weights load")


def _cameras() -> Iterator[Finding]:
    from ..cameras import find_cameras, missing_camera

    cameras = find_cameras()
    for camera in cameras:
        error = missing_camera(camera.index)
        if error is None:
            yield Finding("ok", "camera", f"{camera.index}: {camera.name}")
        else:
            yield Finding("note", "camera", str(error))
    if not cameras:
        yield Finding("note", "camera", "none was found; a video file or a stream's URL works without one.")


def _blender() -> Iterator[Finding]:
    from importlib.util import find_spec

    from ..extension import blender_version, find_blenders

    for path in find_blenders():
        try:
            yield Finding("ok", "Blender", f"{'.'.join(map(str, blender_version(path)))}: {path}")
        except Exception as error:
            yield Finding("note", "Blender", f"{path} does not say its version: {error}")
    if find_spec("bpy") is not None:
        yield Finding("ok", "bpy", "Blender as a Python module, for `mocap demo`")
    elif not list(find_blenders()):
        remedy = "Install it from blender.org (4.2 or later), then `mocap addon install`."
        yield Finding("note", "Blender", "none was found here.", remedy)


def _ports() -> Iterator[Finding]:
    for port, use in ((POSE_PORT, "poses"), (CONTROL_PORT, "control")):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                why = f"{port} for {use} is in use ({error.strerror}), maybe by a running Blender or worker."
                yield Finding("note", "port", why)
            else:
                yield Finding("ok", "port", f"{port} for {use} is free")


def _data_folder() -> Iterator[Finding]:
    folder = places.data_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        remedy = "Make it writable, or name another folder in the variable MOCAP_DATA."
        yield Finding("missing", "data", f"{folder} cannot be written: {error.strerror}.", remedy)
    else:
        yield Finding("ok", "data", str(folder))


def _reinstall() -> str:
    folder = Path(sys.prefix)
    return f"Make the environment {folder} anew: Repair in the add-on, or `uv sync` in the project's folder."


_CHECKS = (_python, _torch, _opencv, _weights, _cameras, _blender, _ports, _data_folder)
