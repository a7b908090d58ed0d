"""The worker as a process of ours: finds it, starts it, notices its end and tells its last words.

A worker started by hand, or by another Blender, needs none of this: the link talks to whoever answers.
"""

import os
import shutil
import subprocess
import threading
from pathlib import Path

from .core import places, worker_environment
from .core.systems import quietly, variables_for_children

_IDLE_EXIT_S = 60  # should Blender crash, nobody listens and the worker goes by itself


class WorkerError(Exception):
    """The worker cannot be started; the text is a sentence for the user."""


def find() -> str:
    """The program `mocap`: by MOCAP_WORKER, the machine's setting, the data folder's environment or PATH."""
    for name, program in (
        ("MOCAP_WORKER", os.environ.get("MOCAP_WORKER")),
        ("the preferences", places.read_settings().get("worker")),
    ):
        if program:
            if not Path(program).is_file():
                raise WorkerError(f"The worker {program}, which {name} name, is not there.")
            return program
    if worker_environment.made() is not None:
        return str(worker_environment.program())
    found = shutil.which("mocap")
    if not found:
        raise WorkerError("The worker is not set up yet: press Set Up Worker.")
    return found


def log_file() -> Path:
    """What the last worker that was started here has said."""
    return places.worker_folder() / "worker.log"


def command(program: str, control_port: int) -> list[str]:
    """What starts a worker for this machine's Blender."""
    return [program, "run", "--control-port", str(control_port)]


class WorkerProcess:
    """A worker started by us. Raises WorkerError where it cannot be."""

    def __init__(self, control_port: int, key: str):
        program = find()
        self.log = log_file()
        environment = variables_for_children() | {"PYTHONUNBUFFERED": "1"}
        if key:
            environment["MOCAP_KEY"] = key
        try:
            self.log.parent.mkdir(parents=True, exist_ok=True)
            with open(self.log, "wb") as log:
                self._process = subprocess.Popen(
                    [*command(program, control_port), "--idle-exit", str(_IDLE_EXIT_S)],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env=environment,
                    cwd=self.log.parent,
                    **quietly(),
                )
        except OSError as error:
            reason = error.strerror or error
            if program == str(worker_environment.program()):
                raise WorkerError(f"The worker {program} does not start: {reason}. Repair it under Worker.") from error
            raise WorkerError(f"The worker {program} does not start: {reason}.") from error

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def last_words(self) -> str:
        """The last line that it wrote."""
        try:
            lines = self.log.read_bytes()[-4096:].decode("utf-8", "replace").split("\n")
        except OSError:
            lines = []
        said = [line.strip() for line in lines if line.strip()]
        code = self._process.poll()
        killed = f"it was killed (signal {-code}). It said last: " if code is not None and code < 0 else ""
        return killed + said[-1] if said else f"it ended with code {code} and said nothing"

    def stop(self) -> None:
        """Have it end. A thread sees to it that it does within two seconds: Blender goes on, and waits for it only when
        it is quit."""
        if self.alive:
            self._process.terminate()
            threading.Thread(target=self._see_off, name="end of worker").start()

    def _see_off(self) -> None:
        try:
            self._process.wait(2.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
