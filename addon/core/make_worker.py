"""The job "Set up worker": uv makes an environment in the data folder, with the wheel that the zip carries.

A process of its own that outlives Blender. It says how far it is by `background`, and what uv says goes to its log. A
job that was ended or cut off goes on where it was when it is started again, as uv keeps what it has fetched.
MOCAP_UV_ARGUMENTS adds arguments to `uv pip install`.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
import traceback
from dataclasses import asdict, dataclass
from pathlib import Path

from . import background, places, uv, worker_environment
from .systems import quietly, start_detached, variables_for_children
from .worker_environment import Made, sha256_of

PYTHON = ">=3.11,<3.14"
ASIDE = "removed-"  # how folders begin that are to be deleted
BACKENDS = {  # what is asked of uv, and about how many bytes that is fetched and takes, where nothing is here yet
    "auto": ("--torch-backend=auto",),
    "cpu": ("--torch-backend=cpu",),
    "cuda": ("--torch-backend=cu130",),
    "rocm": ("--torch-backend=rocm7.2",),
    "index": (),
}
UNPACKED = 1.9  # bytes on disk for a byte fetched, about
_SIZE = re.compile(r"Downloading (\S+) \(([\d.]+)\s*([KMG]?)i?B\)")
_CAME = re.compile(r"Downloaded (\S+)")
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


@dataclass(frozen=True)
class Wish:
    """wheel, constraints: files. backend: one of BACKENDS. repair: make everything anew. fetch_uv: whether it may."""

    wheel: str
    constraints: str
    backend: str = "auto"
    repair: bool = False
    fetch_uv: bool = False


class SetupError(Exception):
    """The environment cannot be made; the text is a sentence for the user."""


def report_file() -> Path:
    return places.worker_folder() / "setup.json"


def log_file() -> Path:
    return places.worker_folder() / "setup.log"


def about_bytes(backend: str, system: str = sys.platform, graphics: str = "") -> tuple[float, float]:
    """(to fetch, on disk) about so much, where nothing is here yet. graphics: what the machine has, for `auto`.

    Of torch 2.13.0 and the rest as they were in 2026-11: sums of the wheels' sizes on the package index for Linux with
    CUDA and for Windows and macOS without; PyTorch's own builds as far as known.
    """
    if backend == "auto":
        backend = graphics if graphics in ("cuda", "rocm") else "cpu"
    elif backend == "index":
        backend = "cuda" if system == "linux" else "cpu"
    fetched = {"cpu": 0.4e9, "cuda": 2.9e9, "rocm": 5e9}[backend]
    return fetched, fetched * UNPACKED + (0.6e9 if backend == "cpu" else 1e9)


def delete_what_lies_aside() -> None:
    """Deletes what a removal moved aside; what cannot be deleted now is at the next set-up."""
    for folder in places.worker_folder().glob(f"{ASIDE}*"):
        shutil.rmtree(folder, ignore_errors=True)


def start(wish: Wish) -> subprocess.Popen:
    """The job as a process that outlives us. Raises SetupError."""
    root = Path(__file__).resolve().parents[1]
    python = "import sys; sys.path.insert(0, sys.argv[1]); from core import make_worker; make_worker.main(sys.argv[2])"
    # In UTF-8, as Windows would give the log a code page that cannot write what uv says.
    command = [sys.executable, "-X", "utf8", "-I", "-B", "-c", python, str(root), json.dumps(asdict(wish))]
    try:
        background.begin(report_file(), "Starting")
        with log_file().open("wb") as log:
            return start_detached(command, log, variables_for_children(), places.worker_folder())
    except OSError as error:
        background.forget(report_file())
        raise SetupError(f"The set-up does not start: {error.strerror or error}.") from None


def main(wish: str) -> None:
    """The job's own process."""
    job = _Job(Wish(**json.loads(wish)))
    sys.exit(job.run())


class _Job:
    def __init__(self, wish: Wish):
        self._wish = wish
        self._child: subprocess.Popen | None = None
        self._variables = variables_for_children()
        self._download = Download()
        self._installing = False
        self._report = background.Reporter(report_file(), "Starting", self._stop)

    def run(self) -> int:
        before = worker_environment.made()
        try:
            worker_environment.note().unlink(missing_ok=True)  # until it is whole again
            worker_environment.remember(self._make())
        except (SetupError, uv.UvError, OSError) as error:
            state, text = ("cancelled", "") if self._report.stopping else ("failed", str(error))
            print(f"{state}: {error}", flush=True)
            if before is not None and not self._wish.repair and (self._untouched() or self._works()):
                worker_environment.remember(before)
            self._report.end(state, text)
            return 1
        except Exception as error:  # a bug: its trace goes to the log, and the panel hears of it
            traceback.print_exc()
            self._report.end("failed", f"{type(error).__name__}: {error}")
            return 1
        print("done", flush=True)
        self._report.end("done")
        return 0

    def _make(self) -> Made:
        delete_what_lies_aside()
        wheel = self._keep_wheel()
        program = uv.find()
        if program is None:
            program = self._fetch_uv()
        if program == uv.fetched():
            self._variables |= {
                "UV_CACHE_DIR": str(uv.folder() / "cache"),
                "UV_PYTHON_INSTALL_DIR": str(uv.folder() / "python"),
            }
        environment = str(worker_environment.folder())
        self._report.say("Making the environment")
        keep = "--clear" if self._wish.repair else "--allow-existing"
        self._run([str(program), "venv", keep, "--no-project", "--python", PYTHON, environment])
        cache = self._said([str(program), "cache", "dir"])
        self._report.say("Asking what is needed")
        self._download.cache = Path(cache)
        install = [str(program), "pip", "install", "--python", environment]
        install += ["--constraints", str(self._constraints()), "--reinstall-package", "vitpose-live-mocap"]
        install += [*BACKENDS[self._wish.backend], str(wheel)]
        install += shlex.split(os.environ.get("MOCAP_UV_ARGUMENTS", ""))
        self._run(install, self._heed)
        self._report.say("Trying the worker")
        self._said([str(worker_environment.program()), "--version"])
        return Made(wheel.name, sha256_of(wheel), self._wish.backend)

    def _keep_wheel(self) -> Path:
        """The wheel in the data folder: the extension may be upgraded or removed meanwhile."""
        kept = places.worker_folder() / "package"
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir(parents=True)
        return Path(shutil.copy(self._wish.wheel, kept))

    def _constraints(self) -> Path:
        """The tested versions, without those that come with one build of PyTorch."""
        lines = Path(self._wish.constraints).read_text("utf-8").splitlines()
        kept = places.worker_folder() / "package" / "constraints.txt"
        kept.write_text("\n".join(line for line in lines if not re.match(r"(cuda|nvidia|triton)", line)), "utf-8")
        return kept

    def _fetch_uv(self) -> Path:
        if not self._wish.fetch_uv:
            raise SetupError("uv was not found, and it was not agreed to fetch it.")
        came = [0.0]

        def counted(done: float, total: float) -> None:
            if not came[0]:
                self._report.say("Fetching uv", total, lambda: came[0])
            came[0] = done

        self._report.say("Fetching uv")
        return uv.fetch(counted, lambda: self._report.stopping)

    def _heed(self, line: str) -> None:
        """A line that uv says while it installs."""
        self._download.heed(line)
        if line.startswith(("Prepared ", "Uninstalled ", "Installed ")):
            self._installing = True
            self._report.say("Installing")
        elif line.lstrip().startswith("Downloading"):
            self._report.say("Downloading", self._download.total, self._download.done)

    def _said(self, command: list[str]) -> str:
        said: list[str] = []
        self._run(command, said.append)
        return said[-1] if said else ""

    def _run(self, command: list[str], heed=lambda line: None, even_stopping: bool = False) -> None:
        """Run to the end, each line to the log and to `heed`. Raises SetupError with what was said last."""
        if self._report.stopping and not even_stopping:
            raise SetupError("The set-up was cancelled.")
        print("$", *command, flush=True)
        try:
            self._child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=self._variables,
                encoding="utf-8",
                errors="replace",
                **quietly(),
            )
        except OSError as error:
            raise SetupError(f"{command[0]} does not start: {error.strerror or error}.") from None
        if self._report.stopping and not even_stopping:  # asked for just before there was anything to stop
            self._stop()
        lines = []
        for line in self._child.stdout:
            print(line, end="", flush=True)
            lines.append(line.rstrip())
            heed(line.strip())
        status = self._child.wait()
        if self._report.stopping and status and not even_stopping:
            raise SetupError("The set-up was cancelled.")
        if status:
            raise SetupError(why(lines) or f"{Path(command[0]).name} ended with code {status} and said nothing.")

    def _stop(self) -> None:
        if self._child is not None and self._child.poll() is None:
            self._child.kill()

    def _untouched(self) -> bool:
        """Whether uv gave up by itself before it changed anything."""
        return not self._report.stopping and not self._installing

    def _works(self) -> bool:
        """Whether what was there before is still whole."""
        program = uv.find()
        try:
            if program is not None:
                check = [str(program), "pip", "check", "--python", str(worker_environment.folder())]
                self._run(check, even_stopping=True)
            self._run([str(worker_environment.program()), "--version"], even_stopping=True)
        except SetupError:
            return False
        return True


class Download:
    """How much of what uv fetches has come, told by its lines and by what grows in its cache."""

    def __init__(self):
        self.cache: Path | None = None
        self.total = 0.0
        self._sizes: dict[str, float] = {}
        self._came = 0.0
        self._lock = threading.Lock()

    def heed(self, line: str) -> None:
        """A line that uv says."""
        if match := _SIZE.search(line):
            with self._lock:
                size = float(match[2]) * _UNITS[match[3]]
                self._sizes[match[1]] = size
                self.total += size
        elif match := _CAME.search(line):
            with self._lock:
                self._came += self._sizes.pop(match[1], 0.0)

    def done(self) -> float:
        """Bytes."""
        with self._lock:
            came, coming = self._came, sum(self._sizes.values())
        return came + min(_unfinished_bytes(self.cache) / UNPACKED, 0.95 * coming)


def _unfinished_bytes(cache: Path | None) -> float:
    """What uv has unpacked of the packages that are still coming."""
    if cache is None:
        return 0.0
    count = 0
    for place in cache.glob(".tmp*"):
        for folder, _, files in os.walk(place):
            for name in files:
                try:
                    count += os.stat(os.path.join(folder, name)).st_size
                except OSError:
                    continue  # it was finished just now
    return float(count)


def why(lines: list[str]) -> str:
    """The error that uv ended with, as a sentence."""
    start = next((n for n, line in enumerate(lines) if re.match(r"\s*(error:|×)", line)), None)
    told = lines[start:] if start is not None else lines[-2:]
    words = " ".join(line.strip(" ×│╰─▶├") for line in told if line.strip()).removeprefix("error: ")
    if re.search(r"dns error|failed to lookup|error sending request|Connection refused|timed out", words):
        host = re.search(r"https?://(?:[^/@]*@)?([^/:]+)", words)
        where = host[1] if host else "The package index"
        return f"{where} cannot be reached. Check the connection, or choose another build of PyTorch."
    words = words if len(words) <= 400 else f"{words[:399]}…"
    return words if not words or words.endswith((".", "…")) else f"{words}."
