"""`mocap bench window`: how long our calls hold the main thread of a Blender with a window, a ten-minute take included,
which is recorded, solved, exported, loaded and solved again.

BLENDER_GUI names a program that runs Blender in a window where there is no display (`BLENDER_GUI run ARG…`); else
`blender` is taken from PATH.
"""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from mocap_core import sample_motion
from mocap_core.protocol import encode_pose

from .. import extension
from ..demo.bench import BenchError

LIVE_S = 20.0
FASTER = 2
_START_LIMIT_S = 300.0
_SCRIPTS = ("in_blender_window.py", "in_blender_calls.py")


def measure_window(minutes: float) -> list[dict]:
    """A case a state of the session, one of the take, one of each export, of loading it and of solving it again. Raises
    BenchError."""
    gui, program = os.environ.get("BLENDER_GUI"), shutil.which("blender")
    if not gui and not program:
        raise BenchError("No Blender with a window is here: set BLENDER_GUI, or put blender on PATH.")
    with tempfile.TemporaryDirectory(prefix="mocap-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        for script in _SCRIPTS:  # where a Blender in a folder of its own can read them, too
            shutil.copy(Path(__file__).with_name(script), folder / script)
        try:
            zip_path = extension.build(folder / "zip")
        except extension.ExtensionError as error:
            raise BenchError(str(error)) from error
        files = {key: str(folder / key) for key in ("port_file", "go_file", "sent_file", "error_file", "out")}
        job = {"zip": str(zip_path), "live_s": LIVE_S, "folder": str(folder)}
        (folder / "job.json").write_text(json.dumps(job | files), "utf-8")
        environment = os.environ | {
            "BLENDER_USER_RESOURCES": str(folder / "blender"),
            "MOCAP_DATA": str(folder / "data"),
            "BLENDER_GUI_SIZE": os.environ.get("BLENDER_GUI_SIZE", "1000x700"),
        }
        command = [*([gui, "run"] if gui else [program]), "--python", str(folder / _SCRIPTS[0])]
        with (folder / "log").open("w+") as log:
            blender = subprocess.Popen(
                [*command, "--", str(folder / "job.json")], env=environment, stdout=log, stderr=log
            )
            try:
                _send(blender, {key: Path(path) for key, path in files.items()}, minutes)
            finally:
                blender.terminate()
                blender.wait()
            log.seek(0)
            told = log.read()[-1500:]
        if not Path(files["out"]).exists():
            error = Path(files["error_file"])
            told = error.read_text("utf-8") if error.exists() else told
            raise BenchError(f"Blender did not come to the end:\n{told}")
        return json.loads(Path(files["out"]).read_text("utf-8"))


def _send(blender: subprocess.Popen, files: dict[str, Path], minutes: float) -> None:
    """30 packets a second, then a take's, faster, and nothing more; until Blender ends."""
    started_s = time.perf_counter()
    while not files["port_file"].exists() or not files["port_file"].read_text("utf-8"):
        if blender.poll() is not None or time.perf_counter() - started_s > _START_LIMIT_S:
            return
        time.sleep(0.1)
    address = ("127.0.0.1", int(files["port_file"].read_text("utf-8")))
    rate, number, end, due_s = sample_motion.FPS, 0, None, time.perf_counter()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        while blender.poll() is None and number != end:
            if end is None and files["go_file"].exists():
                rate, due_s = FASTER * sample_motion.FPS, time.perf_counter()
                end = number + round(60 * minutes * sample_motion.FPS)
            packet = sample_motion.packet(number)
            out.sendto(encode_pose(replace(packet, meta=packet.meta | {"session": "window"})), address)
            number, due_s = number + 1, due_s + 1 / rate
            time.sleep(max(0.0, due_s - time.perf_counter()))
    files["sent_file"].touch()
    while blender.poll() is None and not files["out"].exists() and not files["error_file"].exists():
        time.sleep(0.2)
