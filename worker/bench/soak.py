"""`mocap bench soak`: capture and recording for long, in a headless Blender, fed by a sender over real UDP.

Memory is compared at like moments: after each take is solved and removed. What is being recorded is in memory and in
the file's keys, which grow with its length.
"""

import importlib.util
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from mocap_core import sample_motion
from mocap_core.protocol import encode_pose

from .. import extension
from ..demo.bench import BenchError

RATE = 60
TAKE_S = 30.0
_START_LIMIT_S = 180.0


def measure_soak(minutes: float, say: Callable[[str], None] = lambda text: None) -> dict:
    """The case. Raises BenchError."""
    if importlib.util.find_spec("bpy") is None:
        raise BenchError("Blender's bpy is not in this Python; run `uv run --python 3.11 mocap bench soak`.")
    with tempfile.TemporaryDirectory(prefix="mocap-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        try:
            zip_path = extension.build(folder / "zip")
        except extension.ExtensionError as error:
            raise BenchError(str(error)) from error
        files = {key: str(folder / key) for key in ("port_file", "stop_file", "out")}
        take_s = min(TAKE_S, 60.0 * minutes / 5)
        job = {"zip": str(zip_path), "seconds": 60.0 * minutes, "take_s": take_s, **files}
        (folder / "job.json").write_text(json.dumps(job), "utf-8")
        environment = os.environ | {
            "BLENDER_USER_RESOURCES": str(folder / "blender"),
            "MOCAP_DATA": str(folder / "data"),
        }
        script = Path(__file__).with_name("in_blender_soak.py")
        with (folder / "log").open("w+") as log:
            blender = subprocess.Popen(
                [sys.executable, str(script), str(folder / "job.json")], env=environment, stdout=log, stderr=log
            )
            try:
                sent = _send(blender, Path(files["port_file"]), Path(files["stop_file"]), folder / "log", say)
                blender.wait(60.0)
            finally:
                blender.kill()
                blender.wait()
        if not Path(files["out"]).exists():
            raise BenchError(f"Blender ended with status {blender.returncode}:\n{_tail(folder / 'log')}")
        case = json.loads(Path(files["out"]).read_text("utf-8"))
    return {"name": f"soak/{minutes:g} minutes", "packets_a_second": RATE, "sent": sent, **case}


def _send(blender, port_file: Path, stop_file: Path, log: Path, say) -> int:
    """Send until told to stop; how many packets went out."""
    started_s = time.perf_counter()
    while not port_file.exists() or not port_file.read_text("utf-8"):
        if blender.poll() is not None or time.perf_counter() - started_s > _START_LIMIT_S:
            raise BenchError(f"Blender does not listen:\n{_tail(log)}")
        time.sleep(0.1)
    address = ("127.0.0.1", int(port_file.read_text("utf-8")))
    number, began_s, said = 0, time.perf_counter(), ""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        while not stop_file.exists() and blender.poll() is None:
            out.sendto(_datagram(number), address)
            number += 1
            if number % RATE == 0:
                told = [line for line in log.read_text("utf-8", "replace").splitlines() if line.startswith("@take")]
                if told and told[-1] != said:
                    said = told[-1]
                    say(said)
            time.sleep(max(0.0, began_s + number / RATE - time.perf_counter()))
    return number


def _datagram(number: int) -> bytes:
    packet = sample_motion.packet(number * sample_motion.FPS / RATE)
    return encode_pose(replace(packet, meta=packet.meta | {"seq": number, "fps": RATE, "session": "soak"}))


def _tail(log: Path) -> str:
    return log.read_text("utf-8", "replace")[-1500:]
