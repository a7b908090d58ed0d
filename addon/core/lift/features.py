"""What the lifting network sees and what it says: normalised keypoints in, bone vectors out.

Owns the order and the units of the network's inputs and outputs, so that training and inference
share them. The keypoints are turned into rays of an assumed lens, looked at along the ray through
the torso (so that a person at the picture's edge looks as in its middle), and divided by the
person's size; the direction of that ray and the size are inputs of their own.
"""

import numpy as np

from ..rotation import dot
from ..skeleton import BODY_INDEX, COCO17, COCO_FLIP_PAIRS

#: Moments looked at, in seconds before now. None lies ahead: lifting adds no delay. The latest lie so close that a
#: detector's noise evens out over them, the earliest tell where a movement comes from.
LAGS_S = tuple(frames / 30 for frames in (0, 1, 2, 3, 4, 6, 8, 12, 18, 27))

#: The focal length taken where none is known, in units of the picture's longer side.
ASSUMED_FOCAL = 0.95

#: Height in metres of the adult that lifted people are scaled to: one camera cannot tell sizes.
NOMINAL_HEIGHT_M = 1.7

_POSE = len(LAGS_S) * 17 * 3
FEATURES = _POSE + 3
_TORSO = [BODY_INDEX[n] for n in ("left_shoulder", "right_shoulder", "left_hip", "right_hip")]

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
_FLIP_COLUMNS = np.arange(FEATURES)
_FLIP_COLUMNS[:_POSE] = _FLIP_COLUMNS[:_POSE].reshape(-1, 17, 3)[:, FLIP_JOINTS].ravel()
_FLIP_SIGNS = np.tile(np.array([-1, 1, 1], np.float32), FEATURES // 3)  # of x, y and how sure; of the ray and the size
#: What mirroring multiplies a bone's coordinates by.
FLIP_BONE_SIGNS = np.array([[1, -1, -1] if b.endswith("_half") else [-1, 1, 1] for b in BONES], np.float32)


def features(keypoints, confidence, size, focal_px):
    """The network's input and the camera that it is relative to.

    keypoints: (…, T, 17, 2) px at `LAGS_S`; confidence: (…, T, 17), 0 where missing;
    size: (…, 2) the picture's width and height in px; focal_px: (…).
    Returns x (…, FEATURES) float32 and view (…, 3, 3), whose rows are the viewing camera's axes
    in the real camera: a vector v seen there is v @ view here.
    """
    visible = confidence > 0
    keypoints = np.where(visible[..., None], keypoints, 0.0)
    tangents = (keypoints - 0.5 * size[..., None, None, :]) / focal_px[..., None, None, None]
    now, seen = tangents[..., 0, :, :], visible[..., 0, :]
    torso = np.zeros_like(seen)
    torso[..., _TORSO] = seen[..., _TORSO]
    weight = np.where(torso.any(-1, keepdims=True), torso, seen).astype(np.float32)
    weight /= np.maximum(weight.sum(-1, keepdims=True), 1.0)
    centre = (weight[..., None] * now).sum(-2)

    view = _looking_at(centre)
    turn = np.swapaxes(view, -1, -2)[..., None, :, :]
    rays = tangents @ turn[..., :2, :] + turn[..., 2:, :]
    points = rays[..., :2] / np.maximum(rays[..., 2:], 0.1)

    body = seen[..., 5:]
    square = dot(points[..., 0, 5:, :], points[..., 0, 5:, :]) * body
    spread = np.sqrt(square.sum(-1) / np.maximum(body.sum(-1), 1))
    spread = np.where(spread > 1e-4, spread, 1.0)
    scale = visible / spread[..., None, None]
    x = np.empty((*spread.shape, FEATURES), np.float32)
    pose = x[..., :_POSE].reshape(*scale.shape, 3)
    pose[..., :2] = np.minimum(np.maximum(points * scale[..., None], -4), 4)
    pose[..., 2] = confidence
    x[..., _POSE : _POSE + 2] = 2 * np.arctan(centre)
    x[..., _POSE + 2] = np.log(spread) + 1.7
    return x, view


def flip_features(x):
    """The input of the mirrored picture: (…, FEATURES) → the same."""
    return x[..., _FLIP_COLUMNS] * _FLIP_SIGNS


def flip_bones(bones):
    """Bone vectors (…, 16, 3) of the mirrored person."""
    return bones[..., FLIP_BONES, :] * FLIP_BONE_SIGNS


def _looking_at(tangent):
    """A camera turned without roll so that the ray (…, 2) is its axis: (…, 3, 3), axes as rows."""
    x, y = tangent[..., 0], tangent[..., 1]
    across = np.sqrt(1 + x * x)
    length = np.sqrt(1 + x * x + y * y)
    view = np.zeros((*x.shape, 3, 3), tangent.dtype)
    view[..., 0, 0], view[..., 0, 2] = 1 / across, -x / across
    view[..., 1, 0], view[..., 1, 1], view[..., 1, 2] = -x * y, across * across, -y
    view[..., 1, :] /= (across * length)[..., None]
    view[..., 2, 0], view[..., 2, 1], view[..., 2, 2] = x, y, 1
    view[..., 2, :] /= length[..., None]
    return view
