"""Curves that are mute while the capture moves what they are of: they would throw it back at every frame.

Each Action remembers which of its curves are mute by us. So whatever keeps it meanwhile, an undo step or an autosave,
gives them back as they were. A render shows what is kept, not what is captured.
"""

import json
import threading
from collections import Counter
from collections.abc import Iterable
from contextlib import contextmanager

import bpy
from bpy.app.handlers import persistent

from . import action, masks
from .core.link import PoseLink
from .driven import Driven
from .rig import Target

_MARK = "mocap_silent"  # in an Action: its curves that are mute by us
_LIVE_S = 1.0  # after the last packet
_TICK_COMES_S = 10.0  # at the latest, in a window that is slow to draw

Curve = tuple[int, int, str, int]  # the Action's and the slot's identity, data path, index

_wanted: Counter[Curve] = Counter()  # by how many each is held
_linked: dict[int, set[Curve]] = {}  # of Actions from libraries, which cannot remember
_rendering = _lifted = False  # whether a render goes on, and whether the curves are as that or an export needs them
_exports = 0  # that go on
_settled = threading.Event()


class Silence:
    """Mutes, in everything the character plays, the curves of what the capture moves, until `end`."""

    def __init__(self, armature: bpy.types.Object, target: Target):
        self.target = target
        self._paths = {channel.data_path for channel in target.channels}
        self._held: set[Curve] = set()
        self._seen: object = None
        self.spread(armature)

    def spread(self, armature: bpy.types.Object) -> None:
        """Have what the character plays by now mute, too."""
        played = action.played(armature)
        seen = [(one.session_uid, _handle(slot), len(action.curves_for(one, slot))) for one, slot in played]
        if seen == self._seen:
            return
        self._seen = seen
        new = {
            key
            for one, slot in played
            for key, curve in _curves(one, slot)
            if curve.data_path in self._paths and key not in self._held and (not curve.mute or key in _wanted)
        }
        if new:
            self._held |= new
            _wanted.update(new)
            _settle()

    def end(self) -> None:
        """Let them be as they were, but for those that another silences."""
        if self._held:
            _wanted.subtract(self._held)
            for key in self._held:
                if _wanted[key] <= 0:
                    del _wanted[key]
            self._held = set()
            _settle()


class LiveSilence:
    """Of the characters of which some parts alone follow, over what they play: from the first packet until a second
    after the last."""

    def __init__(self):
        self._of: dict[int, Silence] = {}
        self._heard_s: dict[int, float] = {}  # by person, when the last packet came

    def follow(
        self, scene: bpy.types.Scene, cast: Iterable[tuple[Driven, bpy.types.Object]], link: PoseLink, now: float
    ) -> None:
        """Once a tick, before anything is posed. cast: who is driven; link: what comes for whom."""
        if _to_be_lifted() != _lifted:
            _settle()
        if masks.whole(scene.mocap.record.mask):
            self.end()
            return
        self._heard_s.update(dict.fromkeys(link.newest, now))  # most ticks bring nothing
        live = {
            driven.target.uid: (driven.target, armature)
            for driven, armature in cast
            if now - self._heard_s.get(driven.person, float("-inf")) < _LIVE_S
        }
        for uid, silence in list(self._of.items()):
            if uid not in live or live[uid][0] is not silence.target:
                self._of.pop(uid).end()
        for uid, (target, armature) in live.items():
            if uid in self._of:
                self._of[uid].spread(armature)
            else:
                self._of[uid] = Silence(armature, target)

    def end(self) -> None:
        for silence in self._of.values():
            silence.end()
        self._of, self._heard_s = {}, {}


def is_silent(one: bpy.types.Action) -> bool:
    """Whether some of its curves are mute by us."""
    return bool(_marked(one))


@contextmanager
def lifted():
    """Nothing is mute by us meanwhile."""
    global _exports
    _exports += 1
    _settle()
    try:
        yield
    finally:
        _exports -= 1
        _settle()


def _to_be_lifted() -> bool:
    return _rendering or _exports > 0


def _settle() -> None:
    """Have mute what is wanted now, in the main thread."""
    global _lifted
    _lifted = _to_be_lifted()
    _set(() if _lifted else _wanted)
    _settled.set()


def _set(wanted: Iterable[Curve]) -> None:
    """Have just these curves mute, and no others that are mute by us."""
    of: dict[int, set[Curve]] = {}
    for key in wanted:
        of.setdefault(key[0], set()).add(key)
    for one in bpy.data.actions:
        mute, before = of.get(one.session_uid, set()), _marked(one)
        if mute == before and not mute:
            continue
        for slot in action.slots(one):
            for key, curve in _curves(one, slot):
                if (key in mute) != (key in before) or (key in mute and not curve.mute):
                    curve.mute = key in mute
        _mark(one, mute)


def _marked(one: bpy.types.Action) -> set[Curve]:
    if one.library is not None:
        return _linked.get(one.session_uid, set())
    try:
        return {(one.session_uid, slot, path, index) for slot, path, index in json.loads(one.get(_MARK, "[]"))}
    except (ValueError, TypeError):  # somebody else wrote there
        return set()


def _mark(one: bpy.types.Action, keys: set[Curve]) -> None:
    if one.library is not None:
        _linked[one.session_uid] = keys
    elif keys:
        one[_MARK] = json.dumps(sorted(key[1:] for key in keys))
    elif _MARK in one:
        del one[_MARK]


def _curves(one: bpy.types.Action, slot) -> list[tuple[Curve, bpy.types.FCurve]]:
    handle, uid = _handle(slot), one.session_uid
    return [((uid, handle, curve.data_path, curve.array_index), curve) for curve in action.curves_for(one, slot)]


def _handle(slot) -> int:
    return 0 if slot is None else slot.handle


# Blender knows handlers by their function.
@persistent
def _before_save(*_) -> None:
    _set(())


@persistent
def _as_wanted(*_) -> None:
    """After a save, and after data came from an undo step or a file."""
    _settle()


@persistent
def _render_begins(*_) -> None:
    global _rendering
    _rendering = True
    if threading.current_thread() is threading.main_thread():
        _settle()
    elif _wanted:
        # A render in a window has a thread of its own, in which nothing may be changed that the main one draws. The
        # next tick there does it.
        _settled.clear()
        _settled.wait(_TICK_COMES_S)


@persistent
def _render_ends(*_) -> None:
    global _rendering
    _rendering = False
    if threading.current_thread() is threading.main_thread():
        _settle()


_HANDLERS = (
    ("save_pre", _before_save),
    ("save_post", _as_wanted),
    ("save_post_fail", _as_wanted),
    ("undo_post", _as_wanted),
    ("redo_post", _as_wanted),
    ("load_post", _as_wanted),
    ("render_init", _render_begins),
    ("render_complete", _render_ends),
    ("render_cancel", _render_ends),
)


def register() -> None:
    for name, function in _HANDLERS:
        getattr(bpy.app.handlers, name).append(function)


def unregister() -> None:
    for name, function in _HANDLERS:
        getattr(bpy.app.handlers, name).remove(function)
