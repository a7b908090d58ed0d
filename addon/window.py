"""What Blender calls and what is asked of its window: the timer, file loads, redraws, undo steps."""

import bpy
from bpy.app.handlers import persistent

from .translations import say

TICK_S = 0.008


class Clockwork:
    """Calls `tick` while `busy` says so; in the background nothing fires, and scripts tick themselves.

    tick, busy: called with nothing. failed: called with the exception of a tick, which is then raised on.
    loading: called before another file is loaded.
    """

    def __init__(self, tick, busy, failed, loading):
        self._tick, self._busy, self._failed = tick, busy, failed

        # Blender knows handlers and timers by their function, so they are made once.
        @persistent
        def before_load(*_):
            loading()

        def beat() -> float | None:
            self._beat()
            return TICK_S if self._busy() else None

        self._before_load, self._timer = before_load, beat

    def _beat(self) -> None:
        try:
            self._tick()
        except Exception as error:
            self._failed(error)
            raise

    def register(self) -> None:
        bpy.app.handlers.load_pre.append(self._before_load)

    def unregister(self) -> None:
        bpy.app.handlers.load_pre.remove(self._before_load)
        if bpy.app.timers.is_registered(self._timer):
            bpy.app.timers.unregister(self._timer)

    def start(self) -> None:
        """Let the timer run, if there is a window for it."""
        if not bpy.app.background and not bpy.app.timers.is_registered(self._timer):
            bpy.app.timers.register(self._timer, persistent=True)


def redraw_panels() -> None:
    """Have the sidebars drawn again."""
    _redraw("UI")


def redraw_views() -> None:
    """Have the 3D views drawn again."""
    _redraw("WINDOW")


def _redraw(kind: str) -> None:
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "VIEW_3D":
                for region in area.regions:
                    if region.type == kind:
                        region.tag_redraw()


def show_status(text: str | None) -> None:
    """Say something in the status bar; None gives it back."""
    for window in bpy.context.window_manager.windows:
        window.workspace.status_text_set(text and say(text))


def warn(text: str) -> None:
    """Say in the status bar what went wrong while nobody pressed a button."""
    windows = bpy.context.window_manager.windows
    if windows and not bpy.app.background:
        with bpy.context.temp_override(window=windows[0]):
            bpy.ops.mocap.warn("INVOKE_DEFAULT", text=say(text))


def push_undo(told: str) -> None:
    """One undo step of a take that was made, and a word on it in the status bar. In a window Blender makes it itself,
    after an operator of ours: of a long take it takes as long as all its keys take to be copied."""
    windows = bpy.context.window_manager.windows
    if windows and not bpy.app.background:
        with bpy.context.temp_override(window=windows[0]):  # a timer has none in its context
            bpy.ops.mocap.keep_take("INVOKE_DEFAULT", text=say(told))
    elif bpy.ops.ed.undo_push.poll():
        bpy.ops.ed.undo_push(message="Record Take")


def looks_around(event: bpy.types.Event) -> bool:
    """Whether an event edits nothing, so that it may pass while something of ours goes on in slices: undo and other
    edits would change, or pull away, what that works on."""
    return event.type.startswith(("MOUSE", "INBETWEEN", "WHEEL", "TRACKPAD", "MIDDLE"))


def export_in_slices(window: bpy.types.Window | None) -> None:
    """Go on with an export that was begun in this window."""
    with bpy.context.temp_override(window=window or bpy.context.window_manager.windows[0]):
        bpy.ops.mocap.export_in_slices("INVOKE_DEFAULT")


def solve_chains() -> str:
    """Let the marked chains follow their targets over the takes as they are now; what went wrong, a sentence."""
    windows = bpy.context.window_manager.windows
    try:
        if windows:
            with bpy.context.temp_override(window=windows[0]):
                bpy.ops.mocap.solve_chains("INVOKE_DEFAULT")
        else:
            bpy.ops.mocap.solve_chains()
    except RuntimeError as error:
        return str(error).removeprefix("Error: ").strip()
    return ""
