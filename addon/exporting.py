"""The one export that goes on, `exporting`, a slice at a time while Blender is used, and what ends it early."""

import time

import bpy
from bpy.app.handlers import persistent

from .export import BLENDER_WRITES, Steps
from .export_copy import sweep


class Exporting:
    """doing: what is done just now. share: how much is done, 0 to 1. problem: why the last one ended early, a sentence;
    empty where it did not."""

    def __init__(self):
        self._steps: Steps | None = None
        self.doing, self.share, self.problem = "", 0.0, ""

    @property
    def running(self) -> bool:
        return self._steps is not None

    def begin(self, steps: Steps) -> None:
        """Go on with these steps from now on, which return a sentence."""
        self._steps, self.doing, self.share, self.problem = steps, "", 0.0, ""

    def advance(self, budget_s: float) -> str | None:
        """Go on for about `budget_s` seconds; the sentence once it is done. Raises what the steps raise.

        Before Blender writes it comes back, so that this is shown and nothing else is in that call.
        """
        until_s, before = time.perf_counter() + budget_s, self.doing
        try:
            while True:
                self.doing, self.share = next(self._steps)
                if time.perf_counter() > until_s or self.doing == BLENDER_WRITES != before:
                    return None
        except StopIteration as over:
            self._steps = None
            return over.value
        except Exception as error:
            self._steps, self.problem = None, str(error)
            raise

    def end(self, why: str = "") -> None:
        """Leave it where it is, with nothing half done."""
        if self._steps is not None:
            steps, self._steps = self._steps, None
            steps.close()
            self.problem = why


exporting = Exporting()


# Blender knows handlers by their function. What is made for an export is gone before data comes from elsewhere.
@persistent
def _before_undo(*_) -> None:
    exporting.end("The export ended, because something was undone.")


@persistent
def _before_load(*_) -> None:
    exporting.end("The export ended, because another file was opened.")


@persistent
def _after_undo(*_) -> None:
    sweep()  # an undo step may be of the time in which a copy was there


_HANDLERS = (
    ("undo_pre", _before_undo),
    ("redo_pre", _before_undo),
    ("load_pre", _before_load),
    ("undo_post", _after_undo),
    ("redo_post", _after_undo),
)


def register() -> None:
    for name, function in _HANDLERS:
        getattr(bpy.app.handlers, name).append(function)


def unregister() -> None:
    exporting.end()
    for name, function in _HANDLERS:
        getattr(bpy.app.handlers, name).remove(function)
