"""Batched rotations in numpy: quaternions wxyz, 3×3 matrices and rotation vectors in radians.

Every function takes any leading dimensions and leaves its arguments unchanged. Numbers that come in finite
come out finite: a zero vector turns into "no rotation", never into NaN.

A frame has few numbers, and what counts there is how often numpy is called. So whatever is linear or quadratic
in components is one matrix product with the constants below.
"""

import numpy as np

IDENTITY = np.array([1.0, 0.0, 0.0, 0.0])
_TINY = 1e-12
_EYE = np.eye(3)
_NEXT = np.array([1, 2, 0])
_CONJUGATE = np.array([1.0, -1.0, -1.0, -1.0])

# Hamilton's product of the quaternions a and b is the sum of a[i] · _UNITS[i] @ b.
_UNITS = np.array(
    [
        [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]],
        [[0, -1, 0, 0], [1, 0, 0, 0], [0, 0, 0, -1], [0, 0, 1, 0]],
        [[0, 0, -1, 0], [0, 0, 0, 1], [1, 0, 0, 0], [0, -1, 0, 0]],
        [[0, 0, 0, -1], [0, 0, -1, 0], [0, 1, 0, 0], [1, 0, 0, 0]],
    ],
    dtype=float,
)
_PRODUCT = _UNITS.reshape(4, 16)
# q · v · q* is the sum of q[i] q[j] · _SANDWICH[i, j] @ v; on quaternions' products this keeps the symmetric
# half, and back from a rotation matrix m it gives 4 q qᵀ − 1.
_SANDWICH = np.einsum("ikc,krj,j->ijrc", _UNITS, _UNITS, _CONJUGATE)[:, :, 1:, 1:]
_SANDWICH = (_SANDWICH + _SANDWICH.swapaxes(0, 1)).reshape(16, 9) / 2
_SKEW = _UNITS[1:, 1:, 1:].reshape(3, 9)
# Of a rotation matrix: its axis times the sine of its angle, and that angle's cosine plus 1/2.
_AXIS_AND_TRACE = 0.5 * np.column_stack((_SKEW.T, np.eye(3).ravel()))


def cross(a, b):
    """Cross product over the last axis; several times faster than np.cross on small arrays."""
    return (a * b.take(_NEXT, -1) - a.take(_NEXT, -1) * b).take(_NEXT, -1)


def dot(a, b):
    return np.add.reduce(a * b, -1)


def norm(v):
    return np.sqrt(np.add.reduce(v * v, -1))


def unit(v):
    """v scaled to length one; a zero vector stays zero."""
    return v / np.maximum(norm(v), _TINY)[..., None]


def apply(matrix, v):
    """matrix (…, 3, 3) times v (…, 3)."""
    return (matrix @ v[..., None])[..., 0]


def transpose(matrix):
    return matrix.swapaxes(-1, -2)


def conjugate(q):
    return q * _CONJUGATE


def multiply(a, b):
    """Hamilton product: b happens first, then a."""
    return ((a @ _PRODUCT).reshape(*a.shape[:-1], 4, 4) @ b[..., None])[..., 0]


def rotate(q, v):
    """Vectors v (…, 3) turned by unit quaternions q (…, 4)."""
    axis = q[..., 1:]
    double = 2.0 * cross(axis, v)
    return v + q[..., :1] * double + cross(axis, double)


def to_matrix(q):
    """Unit quaternions (…, 4) as matrices (…, 3, 3)."""
    products = (q[..., :, None] * q[..., None, :]).reshape(*q.shape[:-1], 16)
    return (products @ _SANDWICH).reshape(*q.shape[:-1], 3, 3)


def from_matrix(matrix):
    """Rotation matrices (…, 3, 3) as unit quaternions with w ≥ 0.

    Of the four classical formulas the one with the largest pivot is taken (Shepperd 1978), which is stable
    at any angle.
    """
    rows = (matrix.reshape(-1, 9) @ _SANDWICH.T).reshape(-1, 4, 4)  # of 4·q·qᵀ − 1
    pivot = rows.reshape(-1, 16)[:, ::5].argmax(axis=1)
    each = np.arange(len(rows))
    q = rows[each, pivot]
    q[each, pivot] += 1.0
    q /= np.copysign(norm(q), q[:, 0])[:, None]
    return q.reshape(*matrix.shape[:-2], 4)


def from_rotvec(rotvec):
    """Rotation vectors (…, 3) in radians as quaternions."""
    half = np.maximum(0.5 * norm(rotvec), _TINY)
    out = np.empty((*half.shape, 4))
    out[..., 0] = np.cos(half)
    out[..., 1:] = rotvec * (0.5 * np.sin(half) / half)[..., None]
    return out


def to_rotvec(q):
    """Unit quaternions as rotation vectors of at most π radians."""
    q = np.where(q[..., :1] < 0, -q, q)
    sine = norm(q[..., 1:])
    angle = 2 * np.arctan2(sine, q[..., 0])
    scale = np.where(sine > 1e-9, angle / np.maximum(sine, 1e-9), 2.0)
    return q[..., 1:] * scale[..., None]


def axis_angle(q):
    """Unit quaternions (F, 4) along time as angle in radians and axis (F, 4), each axis near the one before."""
    length = norm(q[:, 1:])
    angle = 2 * np.arctan2(length, q[:, 0])
    angle = np.where(angle > np.pi, angle - 2 * np.pi, angle)
    still = length < 1e-9
    rows = np.maximum.accumulate(np.where(still, 0, np.arange(len(q))))
    axis = np.where(length[rows, None] < 1e-9, [0.0, 1.0, 0.0], q[rows, 1:] / np.maximum(length[rows, None], 1e-9))
    flips = np.ones(len(q))
    flips[1:] = np.where(dot(axis[1:], axis[:-1]) < 0, -1.0, 1.0)
    flips = np.cumprod(flips)[:, None]
    return np.concatenate((np.where(still, 0.0, angle)[:, None] * flips, axis * flips), axis=1)


def angle_between(a, b):
    """Angle in radians between rotations a and b."""
    relative = multiply(conjugate(a), b)
    return 2 * np.arctan2(norm(relative[..., 1:]), np.abs(relative[..., 0]))


def exp(rotvec):
    """Rotation vectors (…, 3) as matrices (Rodrigues)."""
    half = np.maximum(0.5 * norm(rotvec), _TINY)[..., None, None]
    sine = np.sin(half) / half
    k = skew(rotvec)
    return _EYE + (sine * np.cos(half)) * k + (0.5 * sine * sine) * (k @ k)


def log(matrix):
    """Rotation matrices as rotation vectors. Exact up to half a turn, where the axis has no sign and fades
    to zero."""
    parts = matrix.reshape(*matrix.shape[:-2], 9) @ _AXIS_AND_TRACE
    sine = parts[..., :3]
    length = np.maximum(norm(sine), 1e-9)
    angle = np.arctan2(length, parts[..., 3] - 0.5)
    return sine * (angle / length)[..., None]


def slerp(a, b, t):
    """From a (t = 0) to b (t = 1) along the shorter arc; t broadcasts over the leading dimensions."""
    rotvec = to_rotvec(multiply(conjugate(a), b))
    return multiply(a, from_rotvec(rotvec * np.asarray(t)[..., None]))


def swing(a, b):
    """Smallest rotation (…, 3, 3) that turns unit vectors a onto unit vectors b.

    For opposite vectors the axis is free: any one across a is taken.
    """
    c = dot(a, b)
    k = skew(cross(a, b))
    out = _EYE + k + (k @ k) / np.maximum(1.0 + c, 1e-9)[..., None, None]
    opposite = c < -1 + 1e-7
    if opposite.any():
        axis = unit(any_across(a))
        half_turn = 2 * axis[..., :, None] * axis[..., None, :] - np.eye(3)
        out = np.where(opposite[..., None, None], half_turn, out)
    return out


def any_across(v):
    """A vector (…, 3) across each v, of whatever length; of v = 0 none."""
    return cross(v, _EYE[np.argmin(np.abs(v), axis=-1)])


def skew(v):
    """Matrices (…, 3, 3) with skew(v) · w = v × w."""
    return (v @ _SKEW).reshape(*v.shape[:-1], 3, 3)


def frame(x, y):
    """Right-handed frames (…, 3, 3) whose first column is x and whose second lies in the plane of x and y."""
    x = unit(x)
    z = unit(cross(x, y))
    out = np.empty((*np.shape(x), 3))
    out[..., 0] = x
    out[..., 1] = cross(z, x)
    out[..., 2] = z
    return out


def twist_rad(q, axis):
    """Angle in radians that q turns about a unit axis (the twist of its swing-twist parts)."""
    angle = 2 * np.arctan2(dot(q[..., 1:], axis), q[..., 0])
    return (angle + np.pi) % (2 * np.pi) - np.pi


def same_hemisphere(q, start=None):
    """q (F, …, 4) with signs chosen so that neighbours in time never lie on opposite sides.

    start: (…, 4) the frame before the first, if there is one. A rotation's two signs mean the same pose,
    but curves between them would turn the long way round.
    """
    if start is not None:
        q = np.concatenate((np.broadcast_to(start, q.shape[1:])[None], q))
    flips = np.ones(q.shape[:-1])
    flips[1:] = np.where(dot(q[1:], q[:-1]) < 0, -1.0, 1.0)
    q = q * np.cumprod(flips, axis=0)[..., None]
    return q[1:] if start is not None else q
