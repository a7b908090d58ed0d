"""Takes beside what a character plays already: what they silence while they are recorded, and NLA tracks over it."""

from pathlib import Path

import bpy
from bpy.app.handlers import persistent

from . import action, masks
from .rig import Target


class Silence:
    """Mutes, in everything the character plays, the curves of what the capture moves: they would throw it back at
    every frame. `end` lets each be as it was; a file saved meanwhile has them so, too."""

    def __init__(self, armature: bpy.types.Object, target: Target):
        paths = {channel.data_path for channel in target.channels}
        self._muted: set[tuple[str, str, int]] = set()
        for played, slot in action.played(armature):
            for curve in action.curves_for(played, slot):
                if curve.data_path in paths and not curve.mute:
                    curve.mute = True
                    self._muted.add((played.name, curve.data_path, curve.array_index))

        # Blender knows handlers by their function.
        @persistent
        def before(*_):
            self._set(False)

        @persistent
        def after(*_):
            self._set(True)

        self._handlers = before, after
        if self._muted:
            bpy.app.handlers.save_pre.append(before)
            bpy.app.handlers.save_post.append(after)

    def end(self) -> None:
        self._set(False)
        for handlers, function in zip(
            (bpy.app.handlers.save_pre, bpy.app.handlers.save_post), self._handlers, strict=True
        ):
            if function in handlers:
                handlers.remove(function)
        self._muted = set()

    def _set(self, mute: bool) -> None:
        for name in {name for name, _, _ in self._muted}:
            played = bpy.data.actions.get(name)
            for curve in action.curves_for(played) if played is not None else ():
                if (name, curve.data_path, curve.array_index) in self._muted:
                    curve.mute = mute


def on_track(scene: bpy.types.Scene) -> bool:
    """Whether takes go on NLA tracks: where that is chosen, and over what a character plays of other parts."""
    return scene.mocap.record.destination == "TRACK" or not masks.whole(scene.mocap.record.mask)


def settle(armature: bpy.types.Object, take: bpy.types.Action, track: bool) -> None:
    """Let the character play a finished take: as its Action, or on a track of its own, over what it played before.

    What it played before is not changed: it goes on a track below.
    """
    if not track:
        action.assign(take, armature)
        return
    data = armature.animation_data or armature.animation_data_create()
    there = data.nla_tracks.get(action.noted(take, "track"))
    if there is not None:  # it is made anew
        _fit(there.strips[0], take)
        return
    action.give_back(take, armature)
    data = armature.animation_data or armature.animation_data_create()
    below = data.action
    if below is not None and below != take:
        slot = action.slot_of(armature)
        data.action = None
        action.note(take, below=_track(data, below, slot, "HOLD").name)
    data.action = None
    action.note(take, track=_track(data, take, action.first_slot(take), "NOTHING").name)


def top(armature: bpy.types.Object | None) -> bpy.types.Action | None:
    """The take that the character plays: its Action, or the uppermost track's."""
    if armature is None or armature.animation_data is None:
        return None
    if action.is_take(action.current(armature)):
        return action.current(armature)
    for track in reversed(armature.animation_data.nla_tracks):
        for strip in track.strips:
            if action.is_take(strip.action):
                return strip.action
    return None


def remove(take: bpy.types.Action, armature: bpy.types.Object | None) -> None:
    """Delete a take's Action with its track, and give the character back what it had."""
    data = armature.animation_data if armature is not None else None
    if data is not None:
        track = data.nla_tracks.get(action.noted(take, "track"))
        if track is not None:
            data.nla_tracks.remove(track)
        below = data.nla_tracks.get(action.noted(take, "below"))
        if below is not None and len(data.nla_tracks) == 1 and data.action is None and len(below.strips):
            before, slot = below.strips[0].action, action.slot_of(below.strips[0])
            data.nla_tracks.remove(below)
            action.play(armature, before, slot)
    action.remove(take, armature)


def remember(take: bpy.types.Action, path: Path, armature: bpy.types.Object) -> None:
    """Have an Action know which take it was made of, and for whom."""
    action.note(take, path=str(path), character=armature.name)


def made_of(path: Path, armature: bpy.types.Object) -> str:
    """The name of the Action that was made of a take for this character, or an empty text."""
    for take in bpy.data.actions:
        known = action.is_take(take) and action.noted(take, "path") == str(path)
        if known and action.noted(take, "character") == armature.name:
            return take.name
    return ""


def _fit(strip: bpy.types.NlaStrip, played: bpy.types.Action) -> None:
    """Let a strip show all of its Action, each frame where it is."""
    first, last = played.frame_range
    strip.action_frame_start, strip.action_frame_end = first, max(last, first + 1.0)
    strip.frame_end_ui, strip.frame_start_ui = max(last, first + 1.0), first
    strip.frame_end_ui = max(last, first + 1.0)


def _track(data: bpy.types.AnimData, played: bpy.types.Action, slot, extrapolation: str) -> bpy.types.NlaTrack:
    """A new track on top with the Action where its keys are."""
    tracks = data.nla_tracks
    track = tracks.new(prev=tracks[-1] if len(tracks) else None)
    track.name = played.name
    strip = track.strips.new(played.name, round(played.frame_range[0]), played)
    _fit(strip, played)
    action.set_slot(strip, slot)
    strip.extrapolation = extrapolation
    strip.blend_type = "REPLACE"
    return track
