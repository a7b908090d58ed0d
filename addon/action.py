"""Takes as Actions: curves written in bulk, and the keys that appear while a take is being recorded.

The only module that asks which Blender it runs in. What the values are is `rig`'s and the session's.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass

import bpy
import numpy as np

# Blender 4.4 brought slots and layers; 5.0 took `action.fcurves` away.
_LEGACY = bpy.app.version < (4, 4, 0)
_LINEAR = 1  # Keyframe.interpolation, as foreach_set takes it
_TAKE = "mocap_take"  # a take's Action says here what was before it
_BEFORE = ("before", "slot", "kept")  # by these words


@dataclass(frozen=True)
class Channel:
    """One animated property of an armature: `data_path` with `width` numbers, shown in the group `group`."""

    data_path: str
    width: int
    group: str


@dataclass(frozen=True)
class Held:
    """A property of an armature that has one value during a take. before: what it gets back with the take's removal."""

    data_path: str
    group: str
    value: float
    before: float


def new(armature: bpy.types.Object, name: str, play: bool = True) -> bpy.types.Action:
    """A new, empty Action for the armature, which `play`s it. It stays in the file with no other user, and so does
    the one before it."""
    leave_tweaking(armature)
    action = blank(armature, name)
    action.use_fake_user = True
    action[_TAKE] = {"animated": armature.animation_data is not None}
    if play:
        replace(action, armature)
    return action


def blank(armature: bpy.types.Object, name: str) -> bpy.types.Action:
    """An empty Action for the armature that is no take, and that nobody plays yet."""
    action = bpy.data.actions.new(name)
    if not _LEGACY:
        action.slots.new(id_type="OBJECT", name=armature.name)
        action.layers.new("Layer").strips.new(type="KEYFRAME")
    return action


def replace(action: bpy.types.Action, armature: bpy.types.Object) -> None:
    """Let the armature play a take instead of what it plays now, which stays in the file and comes back with the
    take's removal."""
    before = current(armature)
    if before is not None and before != action:
        record = action[_TAKE]
        for other in theirs(armature):
            if is_take(other) and noted(other, "before") == action:  # which comes above it now
                for name in _BEFORE:
                    del other[_TAKE][name]
                other[_TAKE].update({name: record[name] for name in ("animated", *_BEFORE) if name in record})
        # Where the take was in its place already, it is kept by us.
        kept = record["kept"] if record.get("before") == before else before.use_fake_user
        record.update({"animated": True, "before": before, "slot": slot_name(armature), "kept": kept})
        before.use_fake_user = True
    assign(action, armature)


def find(uids: Sequence[int]) -> bpy.types.Action | None:
    """The last of these that is there. uids: the `session_uid`s, which stay through undo and another name."""
    there = {action.session_uid: action for action in bpy.data.actions}
    return next((there[uid] for uid in reversed(uids) if uid in there), None)


def leave_tweaking(armature: bpy.types.Object) -> None:
    """Out of the NLA's tweak mode, in which Blender lets no Action be changed for another."""
    data = armature.animation_data
    if data is not None and data.use_tweak_mode:
        data.use_tweak_mode = False


def give_back(action: bpy.types.Action, armature: bpy.types.Object) -> None:
    """Let the armature play what it did before the take, if that has taken its place; the take's removal changes
    nothing of it any more."""
    record = action[_TAKE].to_dict()
    for name in _BEFORE:
        if name in record:
            del action[_TAKE][name]
    if current(armature) != action:
        return
    armature.animation_data.action = None
    before = record.get("before")
    if before is not None:
        before.use_fake_user = record["kept"]
        play(armature, before, None if _LEGACY else before.slots.get(record["slot"]))


def play(armature: bpy.types.Object, action: bpy.types.Action, slot) -> None:
    """Let the armature play any Action, by that slot of it."""
    data = armature.animation_data or armature.animation_data_create()
    data.action = action
    set_slot(data, slot)


def slot_of(owner):
    """The slot that an armature, or an NLA strip, plays of its Action."""
    if isinstance(owner, bpy.types.Object):
        owner = owner.animation_data
    return None if _LEGACY else owner.action_slot


def first_slot(action: bpy.types.Action):
    return None if _LEGACY or not len(action.slots) else action.slots[0]


def slots(action: bpy.types.Action) -> list:
    """The Action's slots; one that is None where Blender has none."""
    return [None] if _LEGACY else list(action.slots)


def set_slot(owner, slot) -> None:
    """Have animation data, or an NLA strip, play a slot."""
    if not _LEGACY and slot is not None:
        owner.action_slot = slot


def played(armature: bpy.types.Object) -> list[tuple[bpy.types.Action, object]]:
    """What moves the armature, with slots: its Action and those of its NLA tracks."""
    data = armature.animation_data
    if data is None:
        return []
    out = [] if data.action is None else [(data.action, slot_of(armature))]
    strips = [strip for track in data.nla_tracks for strip in track.strips if strip.action is not None]
    return out + [(strip.action, slot_of(strip)) for strip in strips]


def theirs(armature: bpy.types.Object) -> list[bpy.types.Action]:
    """What moves the armature, and what takes among that were played instead of."""
    out = [action for action, _ in played(armature)]
    for action in out:  # which grows
        before = noted(action, "before") if is_take(action) else None
        if before and before not in out:
            out.append(before)
    return out


def slot_name(armature: bpy.types.Object) -> str:
    """What tells the slot that an armature plays from the Action's others; empty where there is none."""
    return "" if _LEGACY else getattr(slot_of(armature), "identifier", "")


def heard(action: bpy.types.Action, slot: str) -> dict[tuple[str, int], bpy.types.FCurve]:
    """The F-curves that move who plays a slot, see `slot_name`, by data path and index: none that is mute, or in a mute
    group."""
    found = None if _LEGACY else action.slots.get(slot)
    curves = curves_for(action, found) if found is not None or _LEGACY else []
    return {
        (curve.data_path, curve.array_index): curve
        for curve in curves
        if not (curve.mute or (curve.group is not None and curve.group.mute))
    }


def curves_for(action: bpy.types.Action, slot=None) -> list[bpy.types.FCurve]:
    """The F-curves of any Action: of one slot, or all."""
    if _LEGACY:
        return list(action.fcurves)
    bags = [bag for layer in action.layers for strip in layer.strips for bag in strip.channelbags]
    return [curve for bag in bags if slot is None or bag.slot_handle == slot.handle for curve in bag.fcurves]


def note(action: bpy.types.Action, **words: str) -> None:
    """Have a take's Action remember something by name."""
    action[_TAKE].update(words)


def noted(action: bpy.types.Action, name: str) -> str:
    return action[_TAKE].get(name, "")


def current(armature: bpy.types.Object) -> bpy.types.Action | None:
    """The Action that the armature plays."""
    return armature.animation_data.action if armature.animation_data else None


def assign(action: bpy.types.Action, armature: bpy.types.Object) -> None:
    """Let the armature play the Action."""
    data = armature.animation_data or armature.animation_data_create()
    data.action = action
    if not _LEGACY:
        data.action_slot = action.slots[0]


def curves(action: bpy.types.Action):
    """The collection of F-curves in an Action that `new` or `blank` made."""
    return action.fcurves if _LEGACY else _channelbag(action).fcurves


def begin_writing(action: bpy.types.Action, frame: float, held: Sequence[Held] = ()) -> None:
    """Empty a take's Action, and let it hold what has one value during the take, keyed at its first frame."""
    fcurves = curves(action)
    for curve in list(fcurves):
        fcurves.remove(curve)
    for switch in held:
        (curve,) = _new_curves(action, fcurves, Channel(switch.data_path, 1, switch.group))
        curve.keyframe_points.insert(frame, switch.value)
    action[_TAKE]["held"] = json.dumps({switch.data_path: switch.before for switch in held})


def write(action: bpy.types.Action, channel: Channel, frames: np.ndarray, values: np.ndarray) -> None:
    """Add a channel's curves. frames: (K,) ascending. values: (K, width).

    Between keys it is linear: anything smoother would overshoot what was captured.
    """
    for index, curve in enumerate(_new_curves(action, curves(action), channel)):
        put(curve, frames, values[:, index])


def put(curve: bpy.types.FCurve, frames: np.ndarray, values: np.ndarray) -> None:
    """Give a curve that is empty, or has as many, these keys (K,), linear between."""
    keys = curve.keyframe_points
    if not len(keys):
        keys.add(len(frames))
        keys.foreach_set("interpolation", np.full(len(frames), _LINEAR, np.int32))
    keys.foreach_set("co", np.column_stack((frames, values)).astype(np.float32).ravel())
    curve.update()


def is_take(action: bpy.types.Action | None) -> bool:
    """Whether `new` made it."""
    return action is not None and _TAKE in action


def moves(action: bpy.types.Action, armature: bpy.types.Object) -> bool:
    """Whether a take's curves are for bones that the armature has."""
    paths = (curve.data_path for curve in curves_for(action))
    return next((path.split('"')[1] for path in paths if path.startswith("pose.bones[")), "") in armature.pose.bones


def held_by(action: bpy.types.Action | None) -> dict[str, float]:
    """What a take holds: data path → the value before it."""
    return json.loads(action[_TAKE].get("held", "{}")) if is_take(action) else {}


def remove(action: bpy.types.Action, armature: bpy.types.Object | None) -> None:
    """Delete a take's Action and give the armature back what it had: the Action before, and what the take held."""
    record, held = action[_TAKE].to_dict(), held_by(action)
    if armature is not None:
        leave_tweaking(armature)
    bpy.data.actions.remove(action)
    before = record.get("before")
    if before is not None:
        before.use_fake_user = record["kept"]
    if armature is None:
        return
    data = armature.animation_data
    if not record["animated"] and data is not None and data.action is None and not len(data.nla_tracks):
        armature.animation_data_clear()
    elif before is not None:
        armature.animation_data.action = before
        if record["slot"]:
            armature.animation_data.action_slot = before.slots[record["slot"]]
    for path, value in held.items():
        set_value(armature, path, value)


def set_value(armature: bpy.types.Object, data_path: str, value: float) -> None:
    """Give a property of the armature a value, if it is there and has another."""
    owner, _, name = data_path.rpartition(".")
    try:
        owner = armature.path_resolve(owner)
    except ValueError:  # the bone is gone
        return
    if getattr(owner, name) != value:
        setattr(owner, name, value)


class LiveKeys:
    """Keys that appear in an Action while a take is recorded; the final solve replaces them.

    Each frame's values are kept until a piece of them is written, some curves a tick in turn, so that no tick
    has much to do and no key is written twice. The curves are muted: Blender evaluates an action whenever it
    is edited, and would throw the character back to the playhead's pose.
    """

    ROUND_S = 0.6  # in which every curve has its turn, however rare ticks are

    def __init__(self, action: bpy.types.Action, channels: Sequence[Channel]):
        self._frames: list[float] = []
        self._values: list[np.ndarray] = []
        fcurves = curves(action)
        for channel in channels:
            for curve in _new_curves(action, fcurves, channel):
                curve.mute = True
        self._written = np.zeros(len(fcurves), int)
        self._next = 0
        self._before_s: float | None = None

    def add(self, frame: int, values: Sequence[np.ndarray]) -> None:
        """Keep a frame's values, one array a channel; a frame that is not after the last one is left out."""
        if not self._frames or frame > self._frames[-1]:
            self._frames.append(frame)
            self._values.append(np.concatenate(values))

    def write_some(self, action: bpy.types.Action, now: float) -> None:
        """Write the waiting keys of the curves whose turn it is by `now`, in seconds."""
        count = len(self._written)
        passed_s = self.ROUND_S if self._before_s is None else now - self._before_s
        self._before_s = now
        fcurves = curves(action)
        for step in range(min(count, math.ceil(count * passed_s / self.ROUND_S))):
            index = (self._next + step) % count
            keys = fcurves[index].keyframe_points
            rows = range(self._written[index], len(self._frames))
            first = len(keys)
            keys.add(len(rows))  # at once: to insert one key copies all that are there
            for place, row in enumerate(rows, first):
                key = keys[place]
                key.co = self._frames[row], self._values[row][index]
                key.interpolation = "LINEAR"
            self._written[index] = len(self._frames)
        self._next = (index + 1) % count


def _new_curves(action: bpy.types.Action, fcurves, channel: Channel) -> list[bpy.types.FCurve]:
    """The channel's curves, made in the group that the dope sheet shows them in."""
    if _LEGACY:
        return [fcurves.new(channel.data_path, index=i, action_group=channel.group) for i in range(channel.width)]
    made = [fcurves.new(channel.data_path, index=index) for index in range(channel.width)]
    groups = _channelbag(action).groups
    group = groups.get(channel.group) or groups.new(channel.group)
    for curve in made:
        curve.group = group
    return made


def _channelbag(action: bpy.types.Action):
    return action.layers[0].strips[0].channelbag(action.slots[0], ensure=True)
