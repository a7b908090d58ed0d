"""What the lifting network sees and what it says: normalised keypoints in, bone vectors out.

Owns the order and the units of the network's inputs and outputs, so that training and inference share them. The
keypoints of some moments are turned into rays of an assumed lens, looked at along the ray through the torso (so that a
person at the picture's edge looks as in its middle), and divided by the person's size; the direction of that ray and
the size are inputs of their own.
"""

import numpy as np

from ..skeleton import BODY_INDEX, COCO17, COCO_FLIP_PAIRS

#: Moments looked at, in seconds before now: each frame of a webcam's 30 a second counts once.
LAGS_S = tuple(i / 30 for i in range(9))

#: The focal length taken where none is known, in units of the picture's longer side.
ASSUMED_FOCAL = 0.95

#: Height in metres of the adult that lifted people are scaled to: one camera cannot tell sizes.
NOMINAL_HEIGHT_M = 1.7

MOMENTS = len(LAGS_S)
#: What is known of a joint's motion: how much it trembles, how much all do, how far it goes.
SIGNS = 3
#: Of a joint: x and y at all moments, its confidence at all moments, and the signs of its motion.
OF_JOINT = 3 * MOMENTS + SIGNS
#: All joints in COCO's order, then the direction to the torso (2) and the person's size (1).
FEATURES = 17 * OF_JOINT + 3
_TORSO = [BODY_INDEX[n] for n in ("left_shoulder", "right_shoulder", "left_hip", "right_hip")]
_OF_TORSO = np.isin(np.arange(len(COCO17)), _TORSO)

#: Bone vectors that make up a pose, hip-centred; "half" ones point from the middle to the left.
BONES = (
    "hip_half", "torso", "shoulder_half",
    "left_upper_arm", "left_lower_arm", "right_upper_arm", "right_lower_arm",
    "left_upper_leg", "left_lower_leg", "right_upper_leg", "right_lower_leg",
    "neck", "ear_half", "nose", "eyes", "eye_half",
)  # fmt: skip

_CHAINS = {
    "left_hip": {"hip_half": 1},
    "left_shoulder": {"torso": 1, "shoulder_half": 1},
    "left_elbow": {"torso": 1, "shoulder_half": 1, "left_upper_arm": 1},
    "left_wrist": {"torso": 1, "shoulder_half": 1, "left_upper_arm": 1, "left_lower_arm": 1},
    "left_knee": {"hip_half": 1, "left_upper_leg": 1},
    "left_ankle": {"hip_half": 1, "left_upper_leg": 1, "left_lower_leg": 1},
    "left_ear": {"torso": 1, "neck": 1, "ear_half": 1},
    "left_eye": {"torso": 1, "neck": 1, "eyes": 1, "eye_half": 1},
    "nose": {"torso": 1, "neck": 1, "nose": 1},
}


def _joints_from_bones():
    out = np.zeros((17, len(BONES)), np.float32)
    for joint, chain in _CHAINS.items():
        for bone, sign in chain.items():
            out[BODY_INDEX[joint], BONES.index(bone)] = sign
            if joint.startswith("left"):
                mirrored = bone.replace("left_", "right_")
                sign = -sign if bone.endswith("_half") else sign
                out[BODY_INDEX[joint.replace("left", "right")], BONES.index(mirrored)] = sign
    return out


def _hip_centring():
    out = np.eye(len(COCO17))
    out[:, [BODY_INDEX["left_hip"], BODY_INDEX["right_hip"]]] -= 0.5
    return out


#: (17, 16): hip-centred joints = JOINTS_FROM_BONES @ bones; and back, from joints anywhere.
JOINTS_FROM_BONES = _joints_from_bones()
BONES_FROM_JOINTS = (np.linalg.pinv(JOINTS_FROM_BONES) @ _hip_centring()).astype(np.float32)

#: Orders that swap left and right. A mirrored half vector keeps its place: its x does not turn.
FLIP_JOINTS = np.arange(len(COCO17))
for _left, _right in COCO_FLIP_PAIRS:
    FLIP_JOINTS[[_left, _right]] = _right, _left
FLIP_BONES = np.array(
    [
        BONES.index(b.replace("left", "RIGHT").replace("right", "left").replace("RIGHT", "right"))
        for b in BONES
    ]
)
#: What mirroring multiplies a bone's coordinates by.
FLIP_BONE_SIGNS = np.array([[1, -1, -1] if b.endswith("_half") else [-1, 1, 1] for b in BONES], np.float32)

def between(after, after_scores, before, before_scores, share):
    """Keypoints (…, 17, 2) and scores (…, 17) between two frames; share: (…, 1), 0 at `after`, 1 at `before`.

    A joint that is seen on one side alone counts there if that frame is the nearer one.
    """
    wa = (1 - share) * ((after_scores > 0) & ((before_scores > 0) | (share <= 0.5)))
    wb = share * ((before_scores > 0) & ((after_scores > 0) | (share > 0.5)))
    total = wa + wb
    total = np.where(total > 0, total, 1.0)
    wa, wb = wa / total, wb / total
    return after * wa[..., None] + before * wb[..., None], after_scores * wa + before_scores * wb


def features(keypoints, confidence, size, focal_px):
    """The network's input and the camera that it is relative to.

    keypoints: (…, T, 17, 2) px at `LAGS_S`; confidence: (…, T, 17), 0 where missing;
    size: (…, 2) the picture's width and height in px; focal_px: (…).
    Returns x (…, FEATURES) float32 and view (…, 3, 3), whose rows are the viewing camera's axes
    in the real camera: a vector v seen there is v @ view here.

    Direction and size are means over all the moments, which tremble less than the newest frame's.
    """
    visible = confidence > 0
    middle, focal_px = size[..., None, None, :] / 2, np.asarray(focal_px)[..., None, None, None]
    tangents = np.where(visible[..., None], (keypoints - middle) / focal_px, 0.0)
    torso = visible & _OF_TORSO
    weight = np.where(torso.any((-2, -1), keepdims=True), torso, visible)
    weight = weight / np.maximum(weight.sum((-2, -1), tangents.dtype, keepdims=True), 1)
    lead = weight.shape[:-2]
    tangents = tangents.reshape(*lead, -1, 2)
    centre = (weight.reshape(*lead, 1, -1) @ tangents)[..., 0, :]

    view = _looking_at(centre)
    turn = np.swapaxes(view, -1, -2)
    seen = tangents @ turn[..., :2, :] + turn[..., 2:, :]
    pose = (seen[..., :2] / np.maximum(seen[..., 2:], 0.1)).reshape(*visible.shape, 2)
    body = visible[..., 5:]
    square = (pose[..., 5:, 0] ** 2 + pose[..., 5:, 1] ** 2) * body
    spread = np.sqrt(square.sum((-2, -1)) / np.maximum(body.sum((-2, -1), tangents.dtype), 1))
    spread = np.where(spread > 1e-4, spread, 1)
    scale = visible / spread[..., None, None]
    x = np.empty((*lead, FEATURES), np.float32)
    of_joint = x[..., :-3].reshape(*lead, 17, OF_JOINT)
    place = of_joint[..., : 2 * MOMENTS].reshape(*lead, 17, 2, MOMENTS)
    place[:] = np.moveaxis(np.clip(pose * scale[..., None], -4, 4), (-3, -1), (-1, -2))
    seen = np.swapaxes(visible, -1, -2)
    of_joint[..., 2 * MOMENTS : 3 * MOMENTS] = np.swapaxes(confidence, -1, -2)
    of_joint[..., 3 * MOMENTS :] = _signs(place, seen)
    x[..., -3:-1] = 2 * np.arctan(centre)
    x[..., -1] = np.log(spread) + 1.7
    return x, view


def _signs(place, seen):
    """How much each joint trembles, how much all do, and how far each goes: (…, 17, 3).

    place: (…, 17, 2, T), seen: (…, 17, T). Trembling is the mean distance of moments from the line through their
    neighbours; it is what noise looks like.
    """
    bend = place[..., :-2] - 2 * place[..., 1:-1] + place[..., 2:]
    known = seen[..., :-2] & seen[..., 1:-1] & seen[..., 2:]
    far = np.minimum(np.sqrt(bend[..., 0, :] ** 2 + bend[..., 1, :] ** 2), 0.3) * known
    count, far = known.sum(-1, far.dtype), far.sum(-1)
    half = MOMENTS // 2
    new, old = (
        place[..., part].sum(-1) / np.maximum(seen[..., part].sum(-1, far.dtype), 1)[..., None]
        for part in (slice(0, half), slice(MOMENTS - half, MOMENTS))
    )
    both = seen[..., :half].any(-1) & seen[..., MOMENTS - half :].any(-1)
    out = np.empty((*far.shape, SIGNS), np.float32)
    out[..., 0] = 5 * far / np.maximum(count, 1)
    out[..., 1] = 5 * (far.sum(-1) / np.maximum(count.sum(-1), 1))[..., None]
    out[..., 2] = np.minimum(np.sqrt(((new - old) ** 2).sum(-1)), 2.0) * both
    return out


def flip_bones(bones):
    """Bone vectors (…, 16, 3) of the mirrored person."""
    return bones[..., FLIP_BONES, :] * FLIP_BONE_SIGNS


def _looking_at(tangent):
    """A camera turned without roll so that the ray (…, 2) is its axis: (…, 3, 3), axes as rows."""
    x, y = tangent[..., 0], tangent[..., 1]
    level = np.sqrt(1 + x * x)
    long = np.sqrt(level * level + y * y)
    axes = np.empty((*x.shape, 3, 3), tangent.dtype)
    axes[..., 0, 0], axes[..., 0, 1], axes[..., 0, 2] = 1 / level, 0, -x / level
    axes[..., 1, 0], axes[..., 1, 1], axes[..., 1, 2] = -x * y / (level * long), level / long, -y / (level * long)
    axes[..., 2, 0], axes[..., 2, 1], axes[..., 2, 2] = x / long, y / long, 1 / long
    return axes
