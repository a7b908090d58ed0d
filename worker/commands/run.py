"""`mocap run`: the worker, waiting for Blender or streaming by itself."""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from mocap_core.protocol import CONTROL_PORT, POSE_PORT

from ..people import MOST


def run(
    source: Annotated[
        str, typer.Option(help="A camera's index, a video file, or a URL (rtsp, http MJPEG, udp).")
    ] = "",
    send: Annotated[
        list[str] | None, typer.Option(metavar="HOST:PORT", help="Stream there without being asked.")
    ] = None,
    box: Annotated[
        str | None, typer.Option(metavar="X1,Y1,X2,Y2", help="Where the person is at first, in pixels.")
    ] = None,
    config: Annotated[
        str,
        typer.Option("--config", "--model", envvar="VITPOSE_CONFIG", help="A model config: name or path."),
    ] = "",
    checkpoint: Annotated[str, typer.Option(envvar="VITPOSE_CHECKPOINT", help="The model's weights.")] = "",
    device: Annotated[
        str, typer.Option(envvar="VITPOSE_DEVICE", help="auto, cpu, cuda, cuda:N or mps.")
    ] = "",
    backend: Annotated[str, typer.Option(help="What runs the model: torch or mmpose.")] = "torch",
    precision: Annotated[str, typer.Option(help="Of the network's numbers: auto, fp32, fp16 or bf16.")] = "",
    max_people: Annotated[
        int, typer.Option(min=1, max=MOST, help="Follow so many people; each gets packets of their own.")
    ] = 1,
    detector: Annotated[
        str,
        typer.Option(
            metavar="NAME|FOLDER|none",
            help="Find people with this detector of the hub or a folder, a D-FINE or RT-DETR, "
            "such as ustc-community/dfine-nano-coco (extra `detect`).",
        ),
    ] = "none",
    camera_size: Annotated[
        str, typer.Option(metavar="WIDTHxHEIGHT", help="Ask the camera for this size; it gives the nearest it has.")
    ] = "",
    camera_rate: Annotated[
        float, typer.Option(min=0, help="Ask the camera for so many pictures a second; 0 is as it likes.")
    ] = 0.0,
    mjpg: Annotated[
        bool, typer.Option("--mjpg", help="Have the camera compress, for larger sizes at a full rate.")
    ] = False,
    rotate: Annotated[int, typer.Option(metavar="0|90|180|270", help="Turn pictures clockwise, degrees.")] = 0,
    mirror: Annotated[bool, typer.Option("--mirror", help="Mirror pictures, left for right.")] = False,
    as_fast_as_possible: Annotated[
        bool, typer.Option("--as-fast-as-possible", help="Play files without waiting.")
    ] = False,
    once: Annotated[bool, typer.Option("--once", help="Exit when the capture has ended.")] = False,
    bind: Annotated[
        str, typer.Option(help="Address to listen at; others than this machine's need a key.")
    ] = "",
    control_port: Annotated[
        int, typer.Option("--control-port", "--port", min=0, max=65535, help="Where to listen; 0 is any.")
    ] = CONTROL_PORT,
    key_file: Annotated[
        Path | None, typer.Option(help="File with the key shared with Blender; or the variable MOCAP_KEY.")
    ] = None,
    idle_exit: Annotated[
        float, typer.Option(min=0, help="Exit when nobody has listened for so many seconds; 0 is never.")
    ] = 0.0,
    announce: Annotated[
        bool, typer.Option("--announce", help="Print one JSON line when ready, for programs.")
    ] = False,
) -> None:
    """Capture from a camera, a file or a stream, and stream the poses over UDP.

    Exits with 0 when the source has ended, 1 after an error, 2 after a wrong option, 130 after Ctrl-C.
    """
    from mocap_core.endpoint import Endpoint, LinkError, is_loopback

    from ..cameras import CameraError
    from ..control import Worker
    from ..look import Look, checked_rate, checked_turn
    from ..options import checked_box, checked_detector
    from ..stream import Job

    try:
        targets = tuple(_target(text) for text in send or ())
        key = _key(key_file)
        if targets and not source:
            raise LinkError("--send has nothing to send; give a --source, too.")
        local = all(is_loopback(host) for host, _ in targets)
        if not local and key is None:
            raise LinkError("Sending to another machine needs a shared key: --key-file or MOCAP_KEY.")
        look = Look(
            checked_turn(rotate),
            mirror,
            _size(camera_size),
            checked_rate(camera_rate) if camera_rate else None,
            mjpg,
        )
        first_box = None if box is None else checked_box(box.split(","))
        endpoint = Endpoint(bind or ("127.0.0.1" if local else "0.0.0.0"), control_port, key)
    except (LinkError, CameraError) as error:
        _fail(str(error))

    job = Job(
        source,
        "",
        config,
        checkpoint,
        device,
        first_box,
        not as_fast_as_possible,
        max_people,
        checked_detector(detector),
        "" if backend == "torch" else backend,
        precision,
        look,
    )
    worker = Worker(endpoint, job, targets, once or bool(targets), idle_exit, _tell)
    signals: list[int] = []

    def end(number, _frame):
        signals.append(number)
        worker.quit()

    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), end)

    ready = {"event": "ready", "control_port": endpoint.port, "pid": os.getpid()}
    if announce:
        print(json.dumps(ready), flush=True)
    else:
        goal = f"sending to {', '.join(send)}" if send else "waiting for Blender to connect"
        print(
            f"The worker listens at {endpoint.host}:{endpoint.port}, {goal}. Ctrl-C ends it.", file=sys.stderr
        )
    last = worker.serve()
    if signals:
        print("Stopped.", file=sys.stderr)
        raise typer.Exit(128 + signals[0])
    raise typer.Exit(1 if (once or targets) and last.state == "error" else 0)


def _tell(status) -> None:
    """One line in the terminal for a new state."""
    words = {"camera_lost": "lost"}.get(status.state, status.state)
    line = f"{words}: {status.message}" if status.message else words
    if status.state in ("ended", "idle") and status.figures.get("frames_captured"):
        figures = status.figures
        line += (
            f" {figures['frames_captured']} frames captured, {figures['frames_skipped']} skipped, "
            f"{figures.get('fps', 0):.1f} fps, inference {figures['inference_ms_p50']:.1f} ms (median)."
        )
    print(line, file=sys.stderr, flush=True)


def _size(text: str) -> tuple[int, int] | None:
    """WIDTHxHEIGHT, or None where it is empty. Raises CameraError."""
    from ..look import checked_size

    if not text:
        return None
    sides = text.lower().replace("×", "x").split("x")
    return checked_size([int(side) if side.strip().isdecimal() else side for side in sides])


def _target(text: str) -> tuple[str, int]:
    from mocap_core.endpoint import LinkError, resolve

    host, colon, port = text.rpartition(":")
    if not colon:
        host, port = text, str(POSE_PORT)
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise LinkError(f"{text!r} is not HOST:PORT.")
    return resolve(host, int(port))


def _key(path: Path | None) -> bytes | None:
    from mocap_core.endpoint import LinkError
    from mocap_core.seal import read_key

    text = os.environ.get("MOCAP_KEY", "")
    if path is not None:
        try:
            text = path.read_text("utf-8")
        except (OSError, ValueError) as error:
            raise LinkError(f"Cannot read the key file {path}: {error}.") from None
    elif not text:
        return None
    try:
        return read_key(text)
    except ValueError as error:
        raise LinkError(f"The key is too weak: {error}.") from None


def _fail(message: str) -> None:
    print(message, file=sys.stderr)
    raise typer.Exit(1)
