"""The wire's words: pose packets and control messages, to bytes and back. `docs/protocol.md` is the contract.

Pure functions over datagrams; sockets are in `link`, keys in `seal`, journals in `take`.
"""

import json
import math
from dataclasses import asdict, dataclass, field, fields

import numpy as np

VERSION = 1
POSE_PORT = 5005
CONTROL_PORT = 5006
MAX_ENCODED = 9_000  # what we send: macOS caps a datagram at 9,216 bytes
MAX_DECODED = 9_216  # what we read
MAX_LINE = 65_536  # of a take: what was read can be longer as it is written
JOINT_COUNTS = {"coco17": 17, "coco133": 133}

_MAX_COORDINATE = 1e6
_MAX_TIME_S = 1e13
_MAX_INT = 2**53  # what every JSON reader keeps exactly
_MAX_DEPTH = 8


class PacketError(ValueError):
    """A datagram or line that is not a message of the wire; the text says what was wrong."""


@dataclass(frozen=True, eq=False)
class PosePacket:
    """One person in one frame.

    keypoints: (J, 2) pixels; a missing keypoint is NaN with score 0.
    scores: (J,) 0…1.
    joints_3d: (J, 3) or None. Metres in camera axes (x right, y down, z forward), hip-centred, only where
        `metric` is true; a missing joint is NaN.
    timestamp: seconds, capture time on the sender's clock (media time for files).
    meta: the sender's further fields, as decoded JSON.
    """

    keypoints: np.ndarray
    scores: np.ndarray
    joints_3d: np.ndarray | None
    timestamp: float
    meta: dict = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        """True where the frame shows nobody."""
        return not self.scores.any()

    @property
    def metric(self) -> bool:
        """True where joints_3d are metres, not the unitless ones of a foreign sender."""
        return self.joints_3d is not None and self.meta.get("units") == "m"

    @property
    def measured(self) -> bool:
        """True where joints_3d were measured in space, as the sender says, and not guessed from one picture."""
        return self.metric and self.meta.get("measured") is True

    @property
    def root(self) -> np.ndarray | None:
        """(3,) hip centre in the camera's axes, metres, or None."""
        root = self.meta.get("root") if "v" in self.meta else None
        return None if root is None else np.array(root, float)

    @property
    def size(self) -> tuple[int, int] | None:
        """(width, height) of the picture in pixels, or None where the sender did not say."""
        for key in ("size", "frame_size"):
            size = self.meta.get(key)
            if isinstance(size, list) and len(size) == 2 and all(_is_number(v) and v > 0 for v in size):
                return int(size[0]), int(size[1])
        return None

    @property
    def skeleton(self) -> str:
        return "coco17" if len(self.scores) == 17 else "coco133"

    @property
    def person(self) -> int:
        """Which of the people in the picture this is; 0 from a foreign sender."""
        return self.meta.get("person", 0) if "v" in self.meta else 0

    @property
    def session(self) -> str | None:
        """Names the capture that the packet belongs to; None from a foreign sender."""
        return self.meta.get("session") if "v" in self.meta else None

    @property
    def seq(self) -> int | None:
        """Number of the packet in its session, from 0; None from a foreign sender."""
        return self.meta.get("seq") if "v" in self.meta else None


@dataclass(frozen=True)
class Subscribe:
    """Asks for poses and status at the address that this came from, for `lease_s` seconds from arrival."""

    lease_s: float


@dataclass(frozen=True)
class Start:
    """Asks for a capture. `id` is echoed by `Status.request`; a repeated id is the same request."""

    id: str
    source: str
    model: str = ""
    device: str = ""
    options: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Stop:
    """Ends the capture. `id` is echoed by `Status.request`."""

    id: str


@dataclass(frozen=True)
class Ping:
    """`sent`: the asker's clock, s."""

    sent: float


@dataclass(frozen=True)
class Preview:
    """Asks for the camera's picture, in memory of this name (`preview_memory`), no larger than width × height pixels.

    Renewed each second; an empty name gives it back.
    """

    name: str
    width: int = 640
    height: int = 360


@dataclass(frozen=True)
class Film:
    """Asks for the camera's pictures in a file of this path, beside a take.

    Renewed each second; an empty path ends it. The worker answers each with the path that it films in, empty where it
    films none.
    """

    path: str


@dataclass(frozen=True)
class Devices:
    """Asks which cameras the worker's machine has."""


@dataclass(frozen=True)
class Cameras:
    """`cameras`: their names by index, which JSON has as text."""

    cameras: dict


@dataclass(frozen=True)
class Pong:
    """`ping_sent` comes back as it was; `received` and `sent` are the worker's clock, s."""

    ping_sent: float
    received: float
    sent: float


@dataclass(frozen=True)
class Status:
    """What the worker does. `progress` is 0…1 while loading, else None; figures are numbers by name."""

    state: str
    message: str = ""
    progress: float | None = None
    figures: dict = field(default_factory=dict)
    session: str = ""
    request: str = ""


STATES = ("idle", "loading", "capturing", "camera_lost", "ended", "error")
Control = Subscribe | Start | Stop | Ping | Preview | Film | Devices | Cameras | Pong | Status
_CONTROL = {kind.__name__.lower(): kind for kind in Control.__args__}


def encode_pose(packet: PosePacket, most: int = MAX_ENCODED) -> bytes:
    """The datagram of a pose: pixels to 0.1, scores to 0.001, metres to 0.1 mm, times to the microsecond."""
    datagram = _dump(
        {
            "keypoints": _rounded(packet.keypoints, 1),
            "scores": _rounded(np.clip(packet.scores, 0.0, 1.0), 3),
            "joints_3d": None if packet.joints_3d is None else _rounded(packet.joints_3d, 4),
            "timestamp": round(float(packet.timestamp), 6),
            "meta": packet.meta,
        }
    )
    if len(datagram) > most:
        raise PacketError(f"the pose is {len(datagram)} bytes, at most {most} are sent or kept")
    return datagram


def encode(message: PosePacket | Control) -> bytes:
    """The datagram of any message."""
    if isinstance(message, PosePacket):
        return encode_pose(message)
    kind = type(message).__name__.lower()
    datagram = _dump({"type": kind, "v": VERSION} | asdict(message))
    if len(datagram) > MAX_ENCODED:
        raise PacketError(f"the {kind} is {len(datagram)} bytes, at most {MAX_ENCODED} fit a datagram")
    return datagram


def decode(datagram: bytes, most: int = MAX_DECODED) -> PosePacket | Control:
    """The message of a datagram (a line of a take is one, too). Raises PacketError and nothing else."""
    if len(datagram) > most:
        raise PacketError(f"{len(datagram)} bytes, at most {most} are read")
    try:
        content = _DECODER.decode(datagram.decode("utf-8"))
    except UnicodeDecodeError:
        raise PacketError("not UTF-8") from None
    except (ValueError, RecursionError) as error:
        raise PacketError(f"no JSON: {str(error)[:80]}") from None
    if not isinstance(content, dict):
        raise PacketError(f"a JSON object was expected, found {type(content).__name__}")
    kind = content.get("type")
    return _pose(content) if kind is None else _control(kind, content)


def _pose(content: dict) -> PosePacket:
    for name in ("keypoints", "scores", "timestamp"):
        if name not in content:
            raise PacketError(f"{name!r} is missing")
    meta = content.get("meta")
    if meta is None:
        meta = {}
    if not isinstance(meta, dict):
        raise PacketError("meta is not an object")
    _check_json("meta", meta)
    if "v" in meta:
        _check_our_meta(meta)

    count = _joint_count(content, meta)
    if content["keypoints"] == [] and content["scores"] == []:  # how some senders say that nobody is there
        keypoints, scores, joints = np.full((count, 2), np.nan), np.zeros(count), None
    else:
        keypoints = _array("keypoints", content["keypoints"], (count, 2))
        scores = np.clip(_array("scores", content["scores"], (count,)), 0.0, 1.0)
        joints = content.get("joints_3d")
        if joints is not None:
            joints = _array("joints_3d", joints, (count, 3))
            joints[~joints.any(axis=1)] = np.nan
        keypoints[(scores == 0) & ~keypoints.any(axis=1)] = np.nan
    timestamp = content["timestamp"]
    if not _is_number(timestamp) or not abs(timestamp) <= _MAX_TIME_S:
        raise PacketError("timestamp is not a time in seconds")
    return PosePacket(keypoints, scores, joints, float(timestamp), meta)


def _joint_count(content: dict, meta: dict) -> int:
    """How many joints the packet must have: by its skeleton's name, or 17 or 133 where it names none."""
    found = len(content["keypoints"]) if isinstance(content["keypoints"], list) else -1
    name = meta.get("skeleton")
    if name is None or "v" not in meta:
        return found if found in JOINT_COUNTS.values() else 17
    if name not in JOINT_COUNTS:
        raise PacketError(f"skeleton {name!r:.40} is not known; known are {', '.join(JOINT_COUNTS)}")
    return JOINT_COUNTS[name]


def _check_our_meta(meta: dict) -> None:
    """Raises PacketError where a field of ours has the wrong type. Foreign senders' meta (no `v`) is free."""
    if meta["v"] != VERSION or isinstance(meta["v"], bool):
        raise PacketError(f"protocol version {meta['v']!r:.20}, {VERSION} is spoken here")
    for name in ("session", "skeleton", "units"):
        if not isinstance(meta.get(name, ""), str | None):
            raise PacketError(f"meta.{name} is not a string")
    for name in ("seq", "person"):
        value = meta.get(name, 0)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise PacketError(f"meta.{name} is not a whole number from 0")
    for name in ("sent", "grabbed", "fps"):
        value = meta.get(name)
        if value is not None and not _is_number(value):
            raise PacketError(f"meta.{name} is not a number")
    if not isinstance(meta.get("measured", False), bool):
        raise PacketError("meta.measured is neither true nor false")
    if meta.get("root") is not None:
        _array("meta.root", meta["root"], (3,))
    if meta.get("size") is not None and not (_array("meta.size", meta["size"], (2,)) >= 1).all():
        raise PacketError("meta.size is not a width and a height")


def _control(kind: object, content: dict) -> Control:
    message = _CONTROL.get(kind) if isinstance(kind, str) else None
    if message is None:
        raise PacketError(f"a message of type {kind!r:.40} is not known")
    _check_json(kind, content)
    values = {}
    for item in fields(message):
        if item.name in content:
            values[item.name] = content[item.name]
    try:
        result = message(**values)
    except TypeError:
        missing = [f.name for f in fields(message) if f.name not in values]
        raise PacketError(f"{kind} lacks one of {', '.join(missing)}") from None
    for item in fields(message):
        value = getattr(result, item.name)
        if not _fits(value, item.type):
            raise PacketError(f"{kind}.{item.name} is {value!r:.40}, {_type_name(item.type)} was expected")
    if isinstance(result, Status) and result.state not in STATES:
        raise PacketError(f"status.state {result.state!r:.40} is not known")
    return result


def _fits(value: object, kind: object) -> bool:
    if kind is float:
        return _is_number(value)
    if kind is int:
        return type(value) is int
    if kind == float | None:
        return value is None or _is_number(value)
    return isinstance(value, kind)


def _type_name(kind: object) -> str:
    return {str: "a string", dict: "an object", float: "a number", int: "a whole number"}.get(kind, "a number or null")


def _array(name: str, value: object, shape: tuple[int, ...]) -> np.ndarray:
    """The float array of nested JSON lists, strictly of `shape` and of finite numbers."""
    if not isinstance(value, list) or len(value) != shape[0]:
        found = f"{len(value)} entries" if isinstance(value, list) else type(value).__name__
        raise PacketError(f"{name} has {found}, {shape[0]} were expected")
    numbers = value
    if len(shape) == 2:
        numbers = []
        for row in value:
            if not isinstance(row, list) or len(row) != shape[1]:
                raise PacketError(f"{name} has a row that is not {shape[1]} numbers")
            numbers += row
    if not all(map(_NUMBER_TYPES.__contains__, map(type, numbers))):
        raise PacketError(f"{name} holds what is not a number")
    try:
        array = np.array(numbers, float).reshape(shape)
    except OverflowError:
        raise PacketError(f"{name} holds a number out of range") from None
    if not (np.abs(array) <= _MAX_COORDINATE).all():
        raise PacketError(f"{name} holds a number out of range")
    return array


_NUMBER_TYPES = frozenset((int, float))  # not bool, which Python counts as an int


def _is_number(value: object) -> bool:
    return type(value) in _NUMBER_TYPES and abs(value) <= _MAX_TIME_S  # false for NaN and infinity, too


def _check_json(name: str, value: object, depth: int = 0) -> None:
    """Raises PacketError for what could not be shown or written again: deep, non-finite, lone surrogates."""
    if depth > _MAX_DEPTH:
        raise PacketError(f"{name} is nested too deeply")
    if isinstance(value, str):
        if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
            raise PacketError(f"{name} holds half a character")
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise PacketError(f"{name} holds a number out of range")
    elif isinstance(value, int):
        if abs(value) > _MAX_INT:
            raise PacketError(f"{name} holds a number out of range")
    elif isinstance(value, list):
        for item in value:
            _check_json(name, item, depth + 1)
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_json(name, key, depth + 1)
            _check_json(name, item, depth + 1)


def _rounded(array: np.ndarray, decimals: int) -> list:
    """Nested lists for JSON, rounded; a joint with a NaN becomes zeros, which say missing."""
    values = np.array(array, float)
    if values.ndim == 2:
        values[np.isnan(values).any(axis=1)] = 0.0
    else:
        values[np.isnan(values)] = 0.0
    return (np.round(values, decimals) + 0.0).tolist()  # + 0.0 turns −0.0 into 0.0


def _dump(content: dict) -> bytes:
    try:
        return json.dumps(content, separators=(",", ":"), allow_nan=False).encode("ascii")
    except (ValueError, TypeError) as error:
        raise PacketError(f"the message does not fit JSON: {error}") from None


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON number")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)
