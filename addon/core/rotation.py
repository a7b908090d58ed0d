"""Batched rotations in numpy: quaternions wxyz, 3×3 matrices and rotation vectors in radians.

Every function takes any leading dimensions and leaves its arguments unchanged. Numbers that come in finite
come out finite: a zero vector turns into "no rotation", never into NaN.
"""

import numpy as np

IDENTITY = np.array([1.0, 0.0, 0.0, 0.0])
_TINY = 1e-12
_EYE = np.eye(3)
_LOG_PLUS, _LOG_MINUS = [7, 2, 3], [5, 6, 1]  # entries (2,1), (0,2), (1,0) and their mirrored ones


def cross(a, b):
    """Cross product over the last axis; several times faster than np.cross on small arrays."""
    ax, ay, az = a[..., 0], a[..., 1], a[..., 2]
    bx, by, bz = b[..., 0], b[..., 1], b[..., 2]
    first = ay * bz - az * by
    out = np.empty((*np.shape(first), 3))
    out[..., 0] = first
    out[..., 1] = az * bx - ax * bz
    out[..., 2] = ax * by - ay * bx
    return out


def dot(a, b):
    return np.einsum("...i,...i->...", a, b)


def norm(v):
    return np.sqrt(np.einsum("...i,...i->...", v, v))


def unit(v):
    """v scaled to length one; a zero vector stays zero."""
    return v / np.maximum(norm(v), _TINY)[..., None]


def apply(matrix, v):
    """matrix (…, 3, 3) times v (…, 3)."""
    return (matrix @ v[..., None])[..., 0]


def transpose(matrix):
    return np.swapaxes(matrix, -1, -2)


def normalize(q):
    """Unit quaternions; a zero quaternion becomes the identity."""
    length = norm(q)
    return np.where(length[..., None] > _TINY, q / np.maximum(length, _TINY)[..., None], IDENTITY)


def conjugate(q):
    return q * np.array([1.0, -1.0, -1.0, -1.0])


def multiply(a, b):
    """Hamilton product: b happens first, then a."""
    aw, ax, ay, az = (a[..., i] for i in range(4))
    bw, bx, by, bz = (b[..., i] for i in range(4))
    return np.stack(
        (
            aw * bw - ax * bx - ay * by - az * bz,
            aw * bx + ax * bw + ay * bz - az * by,
            aw * by - ax * bz + ay * bw + az * bx,
            aw * bz + ax * by - ay * bx + az * bw,
        ),
        axis=-1,
    )


def rotate(q, v):
    """Vectors v (…, 3) turned by unit quaternions q (…, 4)."""
    axis = q[..., 1:]
    double = 2.0 * cross(axis, v)
    return v + q[..., :1] * double + cross(axis, double)


def to_matrix(q):
    """Unit quaternions (…, 4) as matrices (…, 3, 3)."""
    w, x, y, z = (q[..., i] for i in range(4))
    out = np.empty((*np.shape(w), 3, 3))
    out[..., 0, 0] = 1 - 2 * (y * y + z * z)
    out[..., 0, 1] = 2 * (x * y - w * z)
    out[..., 0, 2] = 2 * (x * z + w * y)
    out[..., 1, 0] = 2 * (x * y + w * z)
    out[..., 1, 1] = 1 - 2 * (x * x + z * z)
    out[..., 1, 2] = 2 * (y * z - w * x)
    out[..., 2, 0] = 2 * (x * z - w * y)
    out[..., 2, 1] = 2 * (y * z + w * x)
    out[..., 2, 2] = 1 - 2 * (x * x + y * y)
    return out


def from_matrix(matrix):
    """Rotation matrices (…, 3, 3) as unit quaternions with w ≥ 0.

    Of the four classical formulas the one with the largest pivot is taken (Shepperd 1978), which is stable
    at any angle.
    """
    flat = np.reshape(matrix, (*np.shape(matrix)[:-2], 9))
    m00, m01, m02, m10, m11, m12, m20, m21, m22 = (flat[..., i] for i in range(9))
    k = np.empty((*flat.shape[:-1], 4, 4))  # 4·q·qᵀ, row by row
    k[..., 0, 0] = 1 + m00 + m11 + m22
    k[..., 1, 1] = 1 + m00 - m11 - m22
    k[..., 2, 2] = 1 - m00 + m11 - m22
    k[..., 3, 3] = 1 - m00 - m11 + m22
    k[..., 0, 1] = k[..., 1, 0] = m21 - m12
    k[..., 0, 2] = k[..., 2, 0] = m02 - m20
    k[..., 0, 3] = k[..., 3, 0] = m10 - m01
    k[..., 1, 2] = k[..., 2, 1] = m01 + m10
    k[..., 1, 3] = k[..., 3, 1] = m02 + m20
    k[..., 2, 3] = k[..., 3, 2] = m12 + m21
    pivot = np.argmax(np.einsum("...ii->...i", k), axis=-1)
    q = np.take_along_axis(k, pivot[..., None, None], axis=-2)[..., 0, :]
    q = normalize(q)
    return np.where(q[..., :1] < 0, -q, q)


def from_rotvec(rotvec):
    """Rotation vectors (…, 3) in radians as quaternions."""
    angle = norm(rotvec)
    out = np.empty((*np.shape(angle), 4))
    out[..., 0] = np.cos(angle / 2)
    out[..., 1:] = rotvec * (0.5 * np.sinc(angle / (2 * np.pi)))[..., None]
    return out


def to_rotvec(q):
    """Unit quaternions as rotation vectors of at most π radians."""
    q = np.where(q[..., :1] < 0, -q, q)
    sine = norm(q[..., 1:])
    angle = 2 * np.arctan2(sine, q[..., 0])
    scale = np.where(sine > 1e-9, angle / np.maximum(sine, 1e-9), 2.0)
    return q[..., 1:] * scale[..., None]


def angle_between(a, b):
    """Angle in radians between rotations a and b."""
    relative = multiply(conjugate(a), b)
    return 2 * np.arctan2(norm(relative[..., 1:]), np.abs(relative[..., 0]))


def exp(rotvec):
    """Rotation vectors (…, 3) as matrices (Rodrigues)."""
    angle = norm(rotvec)
    k = skew(rotvec)
    a = np.sinc(angle / np.pi)[..., None, None]
    b = (0.5 * np.sinc(angle / (2 * np.pi)) ** 2)[..., None, None]
    return _EYE + a * k + b * (k @ k)


def log(matrix):
    """Rotation matrices as rotation vectors. Exact up to half a turn, where the axis has no sign and fades
    to zero."""
    flat = matrix.reshape(*matrix.shape[:-2], 9)
    sine = 0.5 * (flat[..., _LOG_PLUS] - flat[..., _LOG_MINUS])
    length = norm(sine)
    angle = np.arctan2(length, 0.5 * (flat[..., 0] + flat[..., 4] + flat[..., 8] - 1.0))
    return sine * np.where(length > 1e-9, angle / np.maximum(length, 1e-9), 1.0)[..., None]


def slerp(a, b, t):
    """From a (t = 0) to b (t = 1) along the shorter arc; t broadcasts over the leading dimensions."""
    rotvec = to_rotvec(multiply(conjugate(a), b))
    return multiply(a, from_rotvec(rotvec * np.asarray(t)[..., None]))


def swing(a, b):
    """Smallest rotation (…, 3, 3) that turns unit vectors a onto unit vectors b.

    For opposite vectors the axis is free: any one across a is taken.
    """
    v = cross(a, b)
    c = dot(a, b)
    k = skew(v)
    out = _EYE + k + (k @ k) / np.maximum(1.0 + c, 1e-9)[..., None, None]
    opposite = c < -1 + 1e-7
    if np.any(opposite):
        axis = unit(cross(a, np.eye(3)[np.argmin(np.abs(a), axis=-1)]))
        half_turn = 2 * axis[..., :, None] * axis[..., None, :] - np.eye(3)
        out = np.where(opposite[..., None, None], half_turn, out)
    return out


def skew(v):
    """Matrices (…, 3, 3) with skew(v) · w = v × w."""
    out = np.zeros((*np.shape(v)[:-1], 3, 3))
    out[..., 0, 1] = -v[..., 2]
    out[..., 0, 2] = v[..., 1]
    out[..., 1, 0] = v[..., 2]
    out[..., 1, 2] = -v[..., 0]
    out[..., 2, 0] = -v[..., 1]
    out[..., 2, 1] = v[..., 0]
    return out


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
