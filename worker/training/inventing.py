"""Poses that clips lack: limbs anywhere that limbs go, hands where people put them, people who sit, kneel and lie.

Works on BODY joints (21, 3) in metres, z up, that face −y; changes them in place and keeps every bone's length.
"""

from __future__ import annotations

import numpy as np

from mocap_core.skeleton import BODY_INDEX

ARM = {s: [BODY_INDEX[f"{s}_{j}"] for j in ("shoulder", "elbow", "wrist", "hand")] for s in ("left", "right")}
LEG = {s: [BODY_INDEX[f"{s}_{j}"] for j in ("hip", "knee", "ankle", "toe")] for s in ("left", "right")}
FACE = [BODY_INDEX[j] for j in ("nose", "left_eye", "right_eye", "left_ear", "right_ear")]
UPPER = FACE + ARM["left"] + ARM["right"]
SIGN = {"left": 1.0, "right": -1.0}


def up(z: float) -> np.ndarray:
    return np.array([0.0, 0.0, z])


def unit(v: np.ndarray) -> np.ndarray:
    return v / max(np.linalg.norm(v), 1e-9)


def rotvec_matrix(rotvec: np.ndarray) -> np.ndarray:
    """(3, 3) of a rotation vector."""
    angle = np.linalg.norm(rotvec)
    if angle < 1e-9:
        return np.eye(3)
    x, y, z = rotvec / angle
    k = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * k + (1 - np.cos(angle)) * k @ k


def middle(joints: np.ndarray, joint: str) -> np.ndarray:
    """Halfway between the left and the right one."""
    return (joints[BODY_INDEX[f"left_{joint}"]] + joints[BODY_INDEX[f"right_{joint}"]]) / 2


def trunk_frame(joints: np.ndarray, line: str) -> np.ndarray:
    """(3, 3) columns: to the left along the `line` of "hip" or "shoulder", backwards, up the spine."""
    x = unit(joints[BODY_INDEX[f"left_{line}"]] - joints[BODY_INDEX[f"right_{line}"]])
    z = middle(joints, "shoulder") - middle(joints, "hip")
    z = unit(z - x * (z @ x))
    return np.stack([x, np.cross(z, x), z], 1)


def lay_out(joints: np.ndarray, limb: list[int], frame: np.ndarray, directions) -> None:
    """Sets a limb's bones along directions of a frame."""
    lengths = np.linalg.norm(np.diff(joints[limb], axis=0), axis=1)
    for at, direction in enumerate(directions, 1):
        joints[limb[at]] = joints[limb[at - 1]] + frame @ unit(np.asarray(direction, float)) * lengths[at - 1]


def arm_anywhere(rng: np.random.Generator, joints: np.ndarray, side: str) -> None:
    """An arm anywhere that an arm goes: not through the chest, not far behind; hinge and bend at random."""
    sign = SIGN[side]
    while True:
        upper = unit(rng.normal(size=3))
        if upper[1] < 0.45 and upper[0] * sign > -0.35 and not (upper[2] > 0.6 and upper[1] > 0.2):
            break
    bend = np.radians(rng.beta(1.2, 1.6) * 145)
    # Forearms bend forwards, inwards and up from the upper arm.
    towards = unit(np.array([-0.6 * sign, -1.0, 0.5]) + rng.normal(0, 0.7, 3))
    lower = rotvec_matrix(unit(np.cross(upper, towards)) * bend) @ upper
    lay_out(joints, ARM[side], trunk_frame(joints, "shoulder"), (upper, lower, lower))


def reach(joints: np.ndarray, side: str, target: np.ndarray, pole: np.ndarray, bend: np.ndarray) -> None:
    """Brings a wrist to a target as near as it comes, the elbow towards the pole; bend: turns the hand (3, 3)."""
    shoulder, elbow, wrist, hand = ARM[side]
    upper = np.linalg.norm(joints[elbow] - joints[shoulder])
    lower = np.linalg.norm(joints[wrist] - joints[elbow])
    palm = np.linalg.norm(joints[hand] - joints[wrist])
    way = target - joints[shoulder]
    far = np.clip(np.linalg.norm(way), abs(upper - lower) * 1.15 + 0.02, (upper + lower) * 0.995)
    way = unit(way)
    pole = unit(pole - way * (pole @ way))
    cosine = np.clip((upper**2 + far**2 - lower**2) / (2 * upper * far), -1, 1)
    start = joints[shoulder]
    joints[elbow] = start + upper * (cosine * way + np.sqrt(1 - cosine**2) * pole)
    joints[wrist] = start + far * way
    joints[hand] = joints[wrist] + bend @ unit(joints[wrist] - joints[elbow]) * palm


#: Where people put a hand: from which point, offset there (left side; x outwards, y backwards, z up) and how it
#: scatters, metres, and where the elbow points.
_PLACES = {
    "on the hip": ("hip", (0.07, -0.03, 0.10), 0.025, (1.0, 0.5, 0.0)),
    "folded": ("chest", (-0.13, -0.20, -0.25), 0.03, (0.9, -0.4, -0.6)),
    "behind the head": ("head", (0.07, 0.10, 0.05), 0.04, (1.0, -0.1, 0.4)),
    "at the ear": ("head", (0.10, -0.02, 0.0), 0.02, (0.6, -0.3, -0.8)),
    "at the face": ("head", (0.02, -0.13, -0.08), 0.04, (0.6, -0.3, -1.0)),
    "holding up": ("chest", (0.06, -0.36, -0.12), 0.07, (0.6, 0.0, -1.0)),
    "before the belly": ("hip", (-0.06, -0.19, 0.18), 0.05, (0.9, 0.3, -0.4)),
    "clasped": ("hip", (-0.09, -0.15, 0.0), 0.025, (0.9, 0.2, -0.1)),
    "on the thigh": ("knee", (0.0, -0.01, 0.08), 0.05, (0.8, 0.4, 0.2)),
    "behind the back": ("hip", (-0.05, 0.17, 0.12), 0.03, (0.9, 0.7, 0.0)),
    "in the pocket": ("hip", (0.10, -0.05, 0.0), 0.02, (0.8, 0.7, 0.2)),
    "waving": ("shoulder", (0.24, -0.15, 0.28), 0.10, (0.8, 0.0, -0.8)),
    "overhead": ("shoulder", (0.05, -0.05, 0.55), 0.12, (0.9, 0.2, 0.2)),
    "across the chest": ("chest", (-0.14, -0.16, -0.05), 0.03, (0.7, -0.5, -0.8)),
    "typing": ("hip", (0.06, -0.42, 0.22), 0.05, (0.9, 0.3, -0.6)),
}
_TWICE = ("folded", "clasped", "before the belly", "typing", "behind the back", "on the thigh", "behind the head")

_WHEN_SEATED = ("on the thigh", "typing", "at the face", "clasped")


def hands_placed(rng: np.random.Generator, joints: np.ndarray, seated: bool = False) -> None:
    """One hand or both where people put them."""
    names = list(_PLACES)
    shares = np.array([2.0 if seated and n in _WHEN_SEATED else 1.0 for n in names])
    first = str(rng.choice(names, p=shares / shares.sum()))
    sides = ["left", "right"] if rng.random() < 0.5 else ["right", "left"]
    both = rng.random() < (0.8 if first in _TWICE else 0.25)
    for k, side in enumerate(sides if both else sides[:1]):
        name = first if k == 0 or first in _TWICE or rng.random() < 0.5 else str(rng.choice(names))
        _place_hand(rng, joints, side, name)


def _place_hand(rng, joints, side: str, name: str) -> None:
    about, offset, scatter, pole = _PLACES[name]
    flip = np.array([SIGN[side], 1.0, 1.0])
    frame = trunk_frame(joints, "hip" if about in ("hip", "knee") else "shoulder")
    if about == "knee":
        start = joints[BODY_INDEX[f"{side}_hip"]] * 0.35 + joints[BODY_INDEX[f"{side}_knee"]] * 0.65
    else:
        start = {
            "hip": lambda: joints[BODY_INDEX[f"{side}_hip"]],
            "shoulder": lambda: joints[BODY_INDEX[f"{side}_shoulder"]],
            "chest": lambda: middle(joints, "shoulder"),
            "head": lambda: middle(joints, "ear"),
        }[about]()
    target = start + frame @ (flip * np.array(offset) + rng.normal(0, scatter, 3))
    bend = rotvec_matrix(rng.normal(0, 0.35, 3))
    reach(joints, side, target, frame @ (flip * np.array(pole) + rng.normal(0, 0.25, 3)), bend)


def legs_anywhere(rng: np.random.Generator, joints: np.ndarray) -> bool:
    """Squats, lunges, steps, spread legs: hips flexed and spread at random, knees bent backwards.

    Returns whether the trunk should lean over them.
    """
    both = rng.uniform(-0.1, 1.9)
    for side, sign in SIGN.items():
        flex = np.clip(both + rng.normal(0, 0.35), -0.35, 2.0)
        knee = np.clip(flex * rng.uniform(0.8, 1.6) + rng.normal(0, 0.3), 0.05, 2.5)
        _leg(joints, side, flex, sign * rng.uniform(-0.05, 0.5), knee, sign * rng.uniform(-0.2, 0.5))
    return both > 0.8 and rng.random() < 0.7


def _leg(joints, side: str, flex: float, spread: float, knee: float, turn: float) -> None:
    """One leg by its angles, radians: the thigh forwards and outwards, the knee, both about the spine."""
    about = rotvec_matrix(np.array([0, 0, turn]))
    upper = about @ np.array([np.sin(spread), -np.sin(flex), -np.cos(flex)])
    shin = flex - knee
    lower = about @ np.array([np.sin(spread) * 0.5, -np.sin(shin), -np.cos(shin)])
    foot = about @ np.array([0.05 * SIGN[side], -0.95, -0.3])
    lay_out(joints, LEG[side], trunk_frame(joints, "hip"), (upper, lower, foot))


def lean(joints: np.ndarray, turn: np.ndarray) -> None:
    """Turns everything above the hips about their middle; turn: (3, 3)."""
    hips = middle(joints, "hip")
    joints[UPPER] = (joints[UPPER] - hips) @ turn.T + hips


def upright(joints: np.ndarray) -> None:
    """Turns the whole body so that the spine stands."""
    frame = trunk_frame(joints, "hip")
    joints[:] = (joints - middle(joints, "hip")) @ frame


def sit(rng: np.random.Generator, joints: np.ndarray) -> None:
    """On a chair: thighs level, shins down, at times crossed, stretched or on one side."""
    upright(joints)
    spread, slump = rng.uniform(0.0, 0.35), rng.normal(0.05, 0.15)
    crossed = rng.integers(3) if rng.random() < 0.35 else None
    for k, (side, sign) in enumerate(SIGN.items()):
        flex = np.pi / 2 + rng.normal(0, 0.12) + slump
        knee = np.pi / 2 + rng.normal(0, 0.35)
        out = spread * rng.uniform(0.5, 1.2)
        if crossed == 0 and k == 0:  # one thigh over the other
            flex, knee, out = flex + 0.25, 1.3 + rng.normal(0, 0.15), -0.30
        elif crossed == 1 and k == 0:  # an ankle on the other knee
            flex, knee, out = flex + 0.2, 1.9, 0.75
        elif crossed == 2:  # legs stretched out
            flex, knee, out = flex - 0.15, rng.uniform(0.2, 0.7), 0.12
        shin = flex - knee
        upper = np.array([sign * np.sin(out), -np.sin(flex) * np.cos(out), -np.cos(flex)])
        lower = np.array([sign * 0.3 * out, -np.sin(shin), -np.cos(shin)])
        if crossed == 1 and k == 0:
            lower = np.array([-sign * 0.95, -0.1, -0.25])
        elif crossed == 0 and k == 0:
            lower = np.array([-sign * 0.25, -0.45, -0.85])
        lay_out(joints, LEG[side], trunk_frame(joints, "hip"), (upper, lower, (0.1 * sign, -0.95, -0.35)))
    lean(joints, rotvec_matrix(np.array([rng.normal(0.05, 0.25), rng.normal(0, 0.12), rng.normal(0, 0.25)])))


def on_the_floor(rng: np.random.Generator, joints: np.ndarray) -> str:
    """Sits on the floor, kneels, goes on all fours, lies or props itself up; returns which."""
    upright(joints)
    name = str(rng.choice(["cross-legged", "legs stretched", "kneeling", "one knee", "all fours", "lying", "plank"],
                          p=[0.16, 0.12, 0.14, 0.12, 0.14, 0.22, 0.10]))  # fmt: skip
    frame = trunk_frame(joints, "hip")
    first = "left" if rng.random() < 0.5 else "right"
    for side, sign in SIGN.items():
        if name == "cross-legged":
            ways = ((sign * 0.75, -0.62, 0.05), (-sign * 0.80, -0.35, -0.12), (-sign * 0.6, -0.6, 0.0))
        elif name == "legs stretched":
            out, rise = rng.uniform(-0.05, 0.35), rng.uniform(0, 0.6) * (rng.random() < 0.5)
            ways = ((sign * out, -1, rise), (sign * out, -1, -1.3 * rise), (0, -0.3, 1))
        elif name == "kneeling":
            low = rng.uniform(-0.15, 1.0)
            ways = ((sign * 0.15, -low, -1), (0, 1, -0.08), (0, 0.9, -0.4))
        elif name == "one knee":
            ways = ((0, 0.1, -1), (0, 1, -0.1), (0, 0.8, -0.5))
            if side == first:
                ways = ((sign * 0.1, -1, -0.1), (0, 0.1, -1), (0, -1, -0.25))
        elif name == "all fours":
            ways = ((sign * 0.05, -1, 0.1), (0, 0, -1), (0, -0.2, -1))
        else:
            bend = rng.uniform(0, 0.9) * (rng.random() < 0.4)
            ways = ((sign * rng.uniform(0, 0.3), -bend, -1), (0, 0.9 * bend, -1), (0, -0.7, -0.7))
        noise = rng.normal(0, 0.06, (3, 3))
        lay_out(joints, LEG[side], frame, np.array(ways, float) + noise)
    if name in ("all fours", "plank"):
        for side, sign in SIGN.items():
            down = np.array([sign * 0.1, -1.0, 0.05]) + rng.normal(0, 0.08, 3)
            lay_out(joints, ARM[side], frame, (down, down + up(0.1), down + up(0.6)))
        tip = rotvec_matrix(np.array([rng.uniform(1.2, 1.5), 0, rng.normal(0, 0.1)]))
    elif name == "lying":
        way = rng.choice([-1.0, 1.0, 0.0], p=[0.45, 0.30, 0.25])  # on the back, the front, a side
        tip = rotvec_matrix(np.array([way * rng.normal(1.5, 0.1), rng.choice([-1.5, 1.5]) * (way == 0), 0]))
    else:
        tip = rotvec_matrix(rng.normal(0, 0.12, 3))
    hips = middle(joints, "hip")
    joints[:] = (joints - hips) @ tip.T
    return name
