"""Hair and what is worn on the head as signed distances about the default character's head."""

from __future__ import annotations

import numpy as np

from mocap_character import distance as sd
from mocap_character import shapes
from mocap_character.skeleton import EYE

from .figure import both_sides


def _hairline(p: np.ndarray) -> tuple:
    """What hair leaves free: the face, the ears, the nape."""
    q = both_sides(p)
    return (
        sd.ellipsoid(p, (0, -0.100, 1.570), (0.072, 0.080, 0.076)),
        sd.ellipsoid(q, (0.088, 0.002, 1.560), (0.030, 0.036, 0.050)),
        sd.ellipsoid(p, (0, 0.0, 1.478), (0.12, 0.09, 0.062)),
    )


def _cap(p: np.ndarray, thick: float = 0.0) -> np.ndarray:
    top = sd.ellipsoid(p, (0, 0.022, 1.613), (0.078 + thick, 0.096 + thick, 0.0835 + thick))
    return sd.union(top, sd.ellipsoid(p, (0, 0.050, 1.580), (0.070 + thick, 0.066 + thick, 0.068)), smooth=0.03)


def _bumps(p: np.ndarray, size: float, height: float) -> np.ndarray:
    a, b = p / size, p[:, [1, 2, 0]] / (1.7 * size)
    return height * (np.sin(a).prod(1) + 0.7 * np.sin(b + 1.3).prod(1))


def short(p):
    return sd.cut(_cap(p), *_hairline(p), smooth=0.012)


def cropped(p):
    return sd.cut(_cap(p, -0.003), *_hairline(p), smooth=0.006)


def parted(p):
    return shapes.hair(p)


def quiff(p):
    front = sd.union(
        sd.cone(p, (-0.040, -0.045, 1.675), (0.045, -0.045, 1.690), 0.030, 0.032),
        sd.ellipsoid(p, (0.005, -0.020, 1.695), (0.062, 0.060, 0.030)),
        smooth=0.02,
    )
    return sd.union(short(p), sd.cut(front, _hairline(p)[0]), smooth=0.02)


def messy(p):
    return sd.cut(_cap(p, 0.010) + _bumps(p, 0.009, 0.007), *_hairline(p), smooth=0.008)


def curly(p):
    shape = sd.ellipsoid(p, (0, 0.026, 1.620), (0.102, 0.118, 0.104)) + _bumps(p, 0.0085, 0.010)
    return sd.cut(shape, *_hairline(p), smooth=0.010)


def afro(p):
    shape = sd.ellipsoid(p, (0, 0.030, 1.640), (0.136, 0.142, 0.126)) + _bumps(p, 0.008, 0.006)
    return sd.cut(shape, sd.ellipsoid(p, (0, -0.120, 1.560), (0.078, 0.105, 0.084)), smooth=0.012)


def tonsure(p):
    """Hair at the sides and the back alone."""
    return sd.cut(short(p), sd.ellipsoid(p, (0, -0.010, 1.690), (0.085, 0.105, 0.070)), smooth=0.01)


def mohawk(p):
    ridge = sd.box(p, (0, 0.030, 1.660), (0.020, 0.115, 0.085), 0.018)
    return sd.union(sd.cut(ridge, _hairline(p)[0], shapes.head(p) + 0.02), cropped(p) + 0.004, smooth=0.006)


def bob(p):
    """To the chin, with the ears covered."""
    shape = sd.union(_cap(p, 0.008), sd.ellipsoid(p, (0, 0.032, 1.555), (0.098, 0.092, 0.098)), smooth=0.03)
    face = sd.union(
        sd.ellipsoid(p, (0, -0.105, 1.570), (0.066, 0.090, 0.074)),
        sd.ellipsoid(p, (0, -0.07, 1.50), (0.066, 0.075, 0.09)),
        smooth=0.03,
    )
    return sd.cut(sd.keep(shape, 1.492 - p[:, 2], smooth=0.02), face, smooth=0.012)


def fringe(p):
    front = sd.keep(sd.ellipsoid(p, (0, -0.006, 1.612), (0.082, 0.092, 0.085)), 1.622 - p[:, 2], p[:, 1] - 0.0)
    return sd.union(bob(p), front, smooth=0.012)


def _sheet(p, end):
    """Hair down the back to height `end`."""
    q = p * (1, 1.6, 1)
    return sd.cone(q, (0, 0.085, 1.60), (0, 0.160, end), 0.080, 0.074)


def long_straight(p):
    return sd.union(bob(p), sd.cut(_sheet(p, 1.27), shapes.head(p) + 0.01), smooth=0.03)


def long_wavy(p):
    q = both_sides(p)
    front = sd.union(
        sd.cone(q, (0.080, 0.010, 1.58), (0.088, -0.040, 1.44), 0.026, 0.030),
        sd.cone(q, (0.088, -0.040, 1.44), (0.082, -0.112, 1.29), 0.030, 0.022),
        smooth=0.02,
    )
    shape = sd.union(bob(p), _sheet(p, 1.30) - 0.012, front, smooth=0.03)
    wave = 0.006 * np.sin(p[:, 2] * 95 + 18 * p[:, 0])
    return shape + wave


def ponytail(p):
    tail = sd.union(
        sd.cone(p, (0, 0.100, 1.650), (0, 0.150, 1.610), 0.022, 0.030),
        sd.cone(p, (0, 0.150, 1.610), (0, 0.150, 1.440), 0.032, 0.014),
        smooth=0.02,
    )
    return sd.union(short(p), tail, smooth=0.015)


def pigtails(p):
    q = both_sides(p)
    tail = sd.union(
        sd.cone(q, (0.070, 0.045, 1.630), (0.112, 0.050, 1.600), 0.022, 0.028),
        sd.cone(q, (0.112, 0.050, 1.600), (0.118, 0.040, 1.450), 0.028, 0.012),
        smooth=0.02,
    )
    return sd.union(short(p), tail, smooth=0.015)


def bun(p):
    return sd.union(short(p), sd.ellipsoid(p, (0, 0.118, 1.650), (0.040, 0.036, 0.038)), smooth=0.01)


def topknot(p):
    return sd.union(short(p), sd.ellipsoid(p, (0, 0.045, 1.725), (0.036, 0.038, 0.034)), smooth=0.01)


def braid(p):
    z = p[:, 2]
    width = 0.024 + 0.005 * np.cos(z * 190)
    tail = sd.cone(p, (0, 0.110, 1.58), (0, 0.135, 1.22), 1.0, 1.0) + 1.0 - width
    return sd.union(short(p), tail, smooth=0.02)


def locs(p):
    """Strands to the shoulders."""
    shape = sd.union(bob(p), sd.cut(_sheet(p, 1.36), shapes.head(p) + 0.01) - 0.01, smooth=0.03)
    turn = np.arctan2(p[:, 1] - 0.02, p[:, 0])
    return shape + 0.006 * np.cos(turn * 26)


# Worn on the head ----------------------------------------------------------------------------------------------


def _dome(p, thick, line, tilt=0.18):
    """What covers the skull above a line that falls to the back."""
    skull = sd.ellipsoid(p, (0, 0.020, 1.613), (0.078 + thick, 0.097 + thick, 0.086 + thick))
    return sd.keep(skull, line - p[:, 2] - tilt * (p[:, 1] - 0.02), smooth=0.008)


def _brim(p, centre, radii, height):
    flat = np.hypot((p[:, 0] - centre[0]) / radii[0], (p[:, 1] - centre[1]) / radii[1]) - 1
    return sd.keep(flat * min(radii), np.abs(p[:, 2] - height) - 0.005, smooth=0.004)


def peaked_cap(p):
    return _dome(p, 0.010, 1.632, 0.05)


def peak(p):
    sag = p[:, 2] + 1.6 * p[:, 0] ** 2 + 0.22 * (p[:, 1] + 0.08)
    q = np.column_stack([p[:, 0], p[:, 1], sag])
    return sd.cut(_brim(q, (0, -0.095), (0.078, 0.090), 1.638), _dome(p, 0.004, 1.60), smooth=0.002)


def peak_back(p):
    return peak(p * (1, -1, 1) + np.array([0, 0.036, 0]))


def beanie(p):
    return sd.union(
        _dome(p, 0.014, 1.612, 0.10), sd.ellipsoid(p, (0, 0.030, 1.690), (0.066, 0.076, 0.048)), smooth=0.03
    )


def swim_cap(p):
    return _dome(p, 0.006, 1.612, 0.35)


def sun_hat(p):
    return sd.union(_dome(p, 0.010, 1.640, 0.0), _brim(p, (0, 0.02), (0.185, 0.20), 1.645), smooth=0.015)


def bucket_hat(p):
    r = np.hypot(p[:, 0], (p[:, 1] - 0.02) * 0.86)
    flare = np.maximum(np.abs(r - 0.098 - 0.9 * (1.655 - p[:, 2])) * 0.7 - 0.004, np.abs(p[:, 2] - 1.632) - 0.028)
    return sd.union(_dome(p, 0.016, 1.640, 0.0), flare, smooth=0.008)


def helmet(p):
    return sd.cut(_dome(p, 0.030, 1.590, 0.12), sd.ellipsoid(p, (0, -0.14, 1.565), (0.09, 0.10, 0.085)), smooth=0.006)


def turban(p):
    wave = 0.005 * np.sin(120 * (p[:, 2] + 0.5 * np.abs(p[:, 0])))
    return sd.keep(
        sd.ellipsoid(p, (0, 0.025, 1.640), (0.112, 0.130, 0.090)) + wave, 1.622 - p[:, 2] - 0.15 * p[:, 1], smooth=0.01
    )


def headscarf(p):
    """A scarf about head, neck and shoulders; the face is free."""
    over = sd.union(
        sd.ellipsoid(p, (0, 0.020, 1.606), (0.090, 0.110, 0.100)),
        sd.cone(p, (0, 0.020, 1.56), (0, 0.020, 1.42), 0.074, 0.088),
        sd.ellipsoid(p, (0, -0.010, 1.395), (0.130, 0.120, 0.060)),
        smooth=0.05,
    )
    opening = sd.ellipsoid(p, (0, -0.120, 1.568), (0.060, 0.090, 0.074))
    return sd.cut(over, opening, smooth=0.01)


def headband(p):
    return sd.keep(_dome(p, 0.008, 1.60, 0.10), p[:, 2] - 1.655 + 0.10 * (p[:, 1] - 0.02), smooth=0.004)


def headphones(p):
    arc = np.hypot(np.hypot(p[:, 0], (p[:, 2] - 1.600) * 0.86) - 0.096, p[:, 1] - 0.016) - 0.012
    arc = sd.keep(arc, 1.59 - p[:, 2])
    q = both_sides(p)
    return sd.union(arc, sd.ellipsoid(q, (0.094, 0.014, 1.580), (0.022, 0.036, 0.042)), smooth=0.006)


# Worn on the face ----------------------------------------------------------------------------------------------


def _rim(q, round_, thick):
    dx, dz = (q[:, 0] - 0.033) / round_[0], (q[:, 2] - (EYE[2] - 0.003)) / round_[1]
    ring = np.abs((np.abs(dx) ** 2.6 + np.abs(dz) ** 2.6) ** (1 / 2.6) - 1) * min(round_)
    return np.hypot(np.maximum(ring - thick / 2, 0), q[:, 1] + 0.098 - 2.2 * q[:, 0] ** 2) - thick


def glasses(p):
    q = both_sides(p)
    bridge = sd.cone(p, (-0.012, -0.100, 1.596), (0.012, -0.100, 1.596), 0.0024, 0.0024)
    side = sd.cone(q, (0.060, -0.090, 1.594), (0.080, 0.012, 1.594), 0.0026, 0.0026)
    return sd.union(_rim(q, (0.026, 0.020), 0.0024), bridge, side)


def lenses(p):
    q = both_sides(p)
    dx, dz = (q[:, 0] - 0.033) / 0.026, (q[:, 2] - (EYE[2] - 0.003)) / 0.020
    disc = ((np.abs(dx) ** 2.6 + np.abs(dz) ** 2.6) ** (1 / 2.6) - 1) * 0.02
    return sd.keep(disc, np.abs(q[:, 1] + 0.099 - 2.2 * q[:, 0] ** 2) - 0.003)


def mask(p):
    """A mask over mouth and nose."""
    face = shapes.head(p) - 0.007
    region = sd.ellipsoid(p, (0, -0.085, 1.532), (0.062, 0.070, 0.046))
    return sd.keep(face, region, p[:, 1] + 0.010, smooth=0.004)


def full_beard(p):
    jaw = sd.ellipsoid(p, (0, -0.045, 1.508), (0.066, 0.062, 0.050))
    upper = sd.ellipsoid(p, (0, -0.092, 1.544), (0.032, 0.030, 0.012))
    shape = sd.keep(shapes.head(p) - 0.012, sd.union(jaw, upper, smooth=0.01), p[:, 1] + 0.002, smooth=0.008)
    return sd.cut(shape, sd.ellipsoid(p, (0, -0.10, 1.526), (0.018, 0.022, 0.009)), smooth=0.004)


def long_beard(p):
    return sd.union(full_beard(p), sd.ellipsoid(p, (0, -0.082, 1.470), (0.040, 0.030, 0.058)), smooth=0.02)


def goatee(p):
    shape = sd.keep(
        shapes.head(p) - 0.009, sd.ellipsoid(p, (0, -0.088, 1.502), (0.024, 0.03, 0.024)), p[:, 1] + 0.03, smooth=0.005
    )
    lip = sd.keep(shapes.head(p) - 0.007, sd.ellipsoid(p, (0, -0.1, 1.541), (0.028, 0.03, 0.006)), smooth=0.003)
    return sd.union(shape, lip, smooth=0.004)
