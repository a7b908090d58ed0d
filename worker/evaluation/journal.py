"""What was found so far, on disk: a long measurement that is broken off goes on where it stopped.

One JSON object a line: first what is being measured, then one line a box, appended as they are done. A last line
that was cut short is dropped.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np

from . import EvaluationError

VERSION = 1


def job_hash(job: dict) -> str:
    """The name of a job: equal for equal jobs."""
    return hashlib.sha256(json.dumps([VERSION, job], sort_keys=True).encode()).hexdigest()


class Journal:
    """The journal of one job in a folder. done: what is known, box index → keypoints (K, 2) and scores (K,).

    Raises EvaluationError where the file cannot be read or written.
    """

    def __init__(self, folder: Path, job: dict, fresh: bool = False) -> None:
        self.path = folder / f"{job_hash(job)[:16]}.jsonl"
        self.done: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if fresh:
                self.path.unlink(missing_ok=True)
            end = self._read(job) if self.path.is_file() else 0
            self._file = self.path.open("r+b" if end else "wb")
            self._file.truncate(end)
            self._file.seek(end)
            if not end:
                self._line({"journal": VERSION, "job": job})
        except OSError as error:
            raise EvaluationError(f"The journal {self.path} cannot be used: {error.strerror}.") from None

    def add(self, index: int, keypoints: np.ndarray, scores: np.ndarray) -> None:
        """Keeps what was found in a box. float32 comes back as it was."""
        rows = np.column_stack([keypoints, scores]).astype(np.float32)
        found = [None if not np.isfinite(v) else float(f"{v:.9g}") for v in rows.reshape(-1)]
        self._line({"box": index, "found": found})
        self.done[index] = rows[:, :2], rows[:, 2]

    def flush(self) -> None:
        """Hands what was added over to the system."""
        try:
            self._file.flush()
        except OSError as error:
            raise EvaluationError(f"The journal {self.path} cannot be written: {error.strerror}.") from None

    def close(self) -> None:
        self.flush()
        self._file.close()

    def _line(self, entry: dict) -> None:
        try:
            self._file.write(json.dumps(entry, separators=(",", ":")).encode() + b"\n")
        except OSError as error:
            raise EvaluationError(f"The journal {self.path} cannot be written: {error.strerror}.") from None

    def _read(self, job: dict) -> int:
        """Reads what is there; returns where the next line goes."""
        end = 0
        with self.path.open("rb") as lines:
            for number, line in enumerate(lines):
                if not line.endswith(b"\n"):
                    break
                try:
                    entry = json.loads(line)
                    if number == 0:
                        if entry["job"] != json.loads(json.dumps(job)):
                            raise ValueError("another job")
                    else:
                        rows = np.array(entry["found"], dtype=np.float32).reshape(-1, 3)  # None becomes NaN
                        self.done[int(entry["box"])] = rows[:, :2], rows[:, 2]
                except (ValueError, KeyError, TypeError) as error:
                    raise EvaluationError(
                        f"The journal {self.path} is damaged in line {number + 1} ({error}). --fresh starts over."
                    ) from None
                end += len(line)
        return end
