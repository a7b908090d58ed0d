"""Takes beside what a character plays already, on NLA tracks over it."""

import os
from collections.abc import Sequence
from pathlib import Path

import bpy

from . import action, masks
from .core.protocol import PosePacket


def on_track(scene: bpy.types.Scene) -> bool:
    """Whether takes go on NLA tracks: where that is chosen, and over what a character plays of other parts."""
    return scene.mocap.record.destination == "TRACK" or not masks.whole(scene.mocap.record.mask)


def settle(armature: bpy.types.Object, take: bpy.types.Action, track: bool) -> None:
    """Let the character play a finished take: as its Action, or on a track of its own, over what it played before.

    What it played before is not changed: it goes on a track below.
    """
    action.leave_tweaking(armature)
    data = armature.animation_data or armature.animation_data_create()
    there = _strips(data, take)  # where it lies already, it is made anew
    for strip in there:
        if strip.frame_start == strip.action_frame_start and strip.scale == strip.repeat == 1.0:
            _fit(strip, take)  # else the user has laid it as it is
    if there:
        return
    if not track:
        action.replace(take, armature)
        return
    action.give_back(take, armature)
    data = armature.animation_data or armature.animation_data_create()
    below = data.action
    if below is not None and below != take:
        slot = action.slot_of(armature)
        data.action = None
        action.note(take, below=_track(data, below, slot, "HOLD").name)
    data.action = None
    _track(data, take, action.first_slot(take), "NOTHING")


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


def strips(armature: bpy.types.Object, take: bpy.types.Action) -> list[bpy.types.NlaStrip]:
    """By which a take moves the character; none where it does so as the Action, or not at all."""
    data = armature.animation_data
    if data is None or not data.use_nla or (data.action == take and not data.use_tweak_mode):
        return []
    return _strips(data, take)


def span(armature: bpy.types.Object, take: bpy.types.Action) -> tuple[float, float]:
    """The scene's first and last frame of a take: where its strips lie; without, where its keys are."""
    laid = strips(armature, take)
    if not laid:
        return tuple(take.frame_range)
    return min(strip.frame_start for strip in laid), max(strip.frame_end for strip in laid)


def remove(take: bpy.types.Action, armature: bpy.types.Object | None) -> None:
    """Delete a take's Action with its track, and give the character back what it had."""
    data = armature.animation_data if armature is not None else None
    if data is not None:
        action.leave_tweaking(armature)
        for track in list(data.nla_tracks):
            theirs = [strip for strip in track.strips if strip.action == take]
            for strip in theirs:
                track.strips.remove(strip)
            if theirs and not len(track.strips):
                data.nla_tracks.remove(track)
        below = data.nla_tracks.get(action.noted(take, "below"))
        if below is not None and len(data.nla_tracks) == 1 and data.action is None and len(below.strips):
            before, slot = below.strips[0].action, action.slot_of(below.strips[0])
            data.nla_tracks.remove(below)
            action.play(armature, before, slot)
    action.remove(take, armature)


def remember(take: bpy.types.Action, path: Path, begins: str, armature: bpy.types.Object) -> None:
    """Have an Action know which take it was made of, and for whom. begins: see `beginning`."""
    action.note(take, path=str(path), begins=begins, character=armature.name)


def made_of(path: Path, packets: Sequence[PosePacket]) -> dict[bpy.types.Object, list[int]]:
    """The `session_uid`s of the Actions that were made of a take, by character, whatever both are called by now."""
    begins, out = beginning(packets), {}
    for take in reversed(bpy.data.actions):
        if not action.is_take(take):
            continue
        known, began = action.noted(take, "path"), action.noted(take, "begins")
        # A file that was renamed or moved is known by how it begins; a copy of it is another take.
        same = began in ("", begins) if known == str(path) else began == begins and not os.path.exists(known)
        character = _character_of(take) if same else None
        if character is not None:
            out[character] = [take.session_uid]
    return out


def _character_of(take: bpy.types.Action) -> bpy.types.Object | None:
    """For whom a take was made: who plays it, or did before another one; by name where that is nobody, or several."""
    named = bpy.data.objects.get(action.noted(take, "character"))
    playing = [item for item in bpy.data.objects if item.type == "ARMATURE" and take in action.theirs(item)]
    return named if named in playing or not playing else playing[0]


def beginning(packets: Sequence[PosePacket]) -> str:
    """What tells a take from another one that has its name after it was deleted."""
    first = packets[0]
    return f"{first.session} {first.timestamp:.3f} {first.meta.get('received', 0.0):.3f}"


def _strips(data: bpy.types.AnimData, take: bpy.types.Action) -> list[bpy.types.NlaStrip]:
    """A track that is mute is a stash."""
    return [strip for track in data.nla_tracks if not track.mute for strip in track.strips if strip.action == take]


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
