"""The timeline that plays while a take is recorded."""

import time

import bpy

from .core.playhead import Playhead


class Playing:
    """Plays the scene from the playhead, in time with its sound, and remembers when each frame was shown.

    ended: nobody plays any more, or the playhead went back to the start. `stop` lets the scene's sync mode be as it
    was, and stops what was started here.
    """

    def __init__(self, scene: bpy.types.Scene, fps: float):
        self.playhead = Playhead(fps)
        self._scene_uid, self._sync = scene.session_uid, scene.sync_mode  # its name may change
        self._started = False

        # Blender knows handlers by their function. Before the frame is evaluated, which takes its time.
        def shown(shown_scene, *_):
            if shown_scene.original.session_uid == self._scene_uid:
                self.playhead.shown(time.perf_counter(), shown_scene.frame_current)

        self._handler = shown
        bpy.app.handlers.frame_change_pre.append(shown)
        scene.sync_mode = "AUDIO_SYNC"
        if not bpy.app.background and not _plays():
            self._started = self._toggle()

    @property
    def ended(self) -> bool:
        return self.playhead.jumped or (self._started and not _plays())

    def stop(self) -> None:
        if self._handler in bpy.app.handlers.frame_change_pre:
            bpy.app.handlers.frame_change_pre.remove(self._handler)
        if self._started and _plays():
            self._toggle()
        for scene in bpy.data.scenes:
            if scene.session_uid == self._scene_uid:
                scene.sync_mode = self._sync

    def _toggle(self) -> bool:
        """Start or stop playing, in a window that shows the scene; false where it cannot be, as in a render. A timer
        has no window in its context, so one is lent."""
        windows = bpy.context.window_manager.windows
        window = next((one for one in windows if one.scene.session_uid == self._scene_uid), windows[0])
        with bpy.context.temp_override(window=window, screen=window.screen):
            return bpy.ops.screen.animation_play.poll() and "FINISHED" in bpy.ops.screen.animation_play()


def _plays() -> bool:
    return any(window.screen.is_animation_playing for window in bpy.context.window_manager.windows)
