"""What there is to wear, how often it is worn, and its colours.

Owns the tables: which pieces of the wardrobe a garment is made of, and between which heights its edges lie, in the rest
pose. What goes with what is `appearance`'s.
"""

from __future__ import annotations

import numpy as np

from .chance import Chance

#: Cloths: a tile, and at most a box in the rest pose (|x|, y, z) where another rule holds.
PATTERNS = {
    "plain": 0.36, "stripes": 0.05, "thin stripes": 0.03, "bars": 0.02, "checks": 0.04, "plaid": 0.04, "tartan": 0.02,
    "dots": 0.02, "spots": 0.02, "camouflage": 0.03, "gradient": 0.03, "marl": 0.04, "denim": 0.05, "diamonds": 0.04,
    "zigzag": 0.02, "flowers": 0.03, "leaves": 0.02, "pinstripes": 0.04, "letters": 0.01, "paint": 0.03,
    "print": 0.10, "band": 0.04, "raglan": 0.04, "side stripe": 0.04, "buttons": 0.02, "yoke": 0.03,
}  # fmt: skip
#: Where nothing ends.
NEVER = 9.0

_COLLAR = ("collar",)
# name: piece, share, sleeve, hem, neck's half-width and depth and the shape of its edge, armhole, extra pieces.
TOPS = {
    "T-shirt": ("regular top", 0.20, (0.25, 0.36), (0.78, 0.93), (0.066, 0.085), (0.05, 0.085), 2.0, None, ()),
    "tight T-shirt": ("tight top", 0.09, (0.22, 0.33), (0.82, 0.96), (0.06, 0.09), (0.05, 0.10), 2.0, None, ()),
    "large T-shirt": ("loose top", 0.08, (0.32, 0.44), (0.71, 0.84), (0.07, 0.095), (0.06, 0.09), 2.0, None, ()),
    "V-neck": ("regular top", 0.06, (0.24, 0.34), (0.80, 0.92), (0.065, 0.085), (0.13, 0.22), 1.0, None, ()),
    "long sleeves": ("regular top", 0.10, (0.62, 0.70), (0.78, 0.93), (0.062, 0.085), (0.04, 0.08), 2.0, None, ()),
    "tight long sleeves": ("tight top", 0.06, (0.62, 0.70), (0.84, 0.96), (0.06, 0.10), (0.04, 0.12), 2.0, None, ()),
    "rolled sleeves": ("regular top", 0.05, (0.44, 0.58), (0.8, 0.9), (0.06, 0.08), (0.04, 0.1), 1.5, None, _COLLAR),
    "turtleneck": ("regular top", 0.04, (0.62, 0.70), (0.78, 0.93), (0.03, 0.04), (0.0, 0.01), 2.0, None, ()),
    "tank top": ("tight top", 0.06, None, (0.82, 0.96), (0.075, 0.10), (0.10, 0.16), 2.0, (0.115, 0.15), ()),
    "singlet": ("regular top", 0.04, None, (0.74, 0.90), (0.075, 0.10), (0.09, 0.15), 2.0, (0.12, 0.155), ()),
    "sports bra": ("tight top", 0.03, None, (1.19, 1.25), (0.07, 0.10), (0.10, 0.16), 2.0, (0.11, 0.14), ()),
    "crop top": ("tight top", 0.03, (0.20, 0.34), (1.06, 1.17), (0.065, 0.10), (0.06, 0.12), 2.0, None, ()),
    "polo": ("regular top", 0.05, (0.26, 0.35), (0.80, 0.92), (0.055, 0.07), (0.05, 0.11), 1.2, None, ("collar",)),
    "shirt": ("loose top", 0.07, (0.62, 0.70), (0.75, 0.88), (0.055, 0.07), (0.05, 0.13), 1.2, None, ("collar",)),
    "hoodie": ("loose top", 0.07, (0.63, 0.70), (0.80, 0.90), (0.060, 0.075), (0.05, 0.08), 2.0, None, ("hood down",)),
    "hood up": ("loose top", 0.025, (0.63, 0.70), (0.80, 0.90), (0.060, 0.075), (0.04, 0.07), 2.0, None, ("hood up",)),
    "swimsuit": ("tight top", 0.025, None, (0.86, 0.87), (0.075, 0.11), (0.12, 0.22), 2.0, (0.10, 0.14), ()),
    "dress": ("regular top", 0.06, (0.22, 0.66), (1.00, 1.02), (0.065, 0.10), (0.06, 0.14), 2.0, None, ()),
    "sleeveless dress": ("tight top", 0.05, None, (1.00, 1.02), (0.08, 0.12), (0.10, 0.18), 2.0, (0.11, 0.16), ()),
    "bare chest": (None, 0.10, None, None, None, None, 2.0, None, ()),
}  # fmt: skip
# name: share, sleeve, hem, half of the opening, extra pieces.
OUTERS = {
    "none": (0.80, None, None, None, ()),
    "jacket": (0.06, (0.64, 0.69), (0.78, 0.90), (0.03, 0.10), ("collar",)),
    "closed jacket": (0.04, (0.64, 0.69), (0.78, 0.90), (0.0, 0.0), ("collar",)),
    "hooded jacket": (0.03, (0.64, 0.69), (0.76, 0.88), (0.0, 0.08), ("hood down",)),
    "coat": (0.03, (0.64, 0.69), (0.36, 0.66), (0.0, 0.08), ("collar",)),
    "gilet": (0.03, (0.19, 0.21), (0.82, 0.92), (0.0, 0.09), ("collar",)),
    "cardigan": (0.03, (0.60, 0.69), (0.68, 0.86), (0.05, 0.11), ()),
}
# name: piece, share, leg's or skirt's end.
BOTTOMS = {
    "jeans": ("regular bottom", 0.22, (0.10, 0.14)),
    "chinos": ("regular bottom", 0.07, (0.10, 0.18)),
    "wide trousers": ("wide bottom", 0.09, (0.10, 0.15)),
    "joggers": ("wide bottom", 0.06, (0.12, 0.20)),
    "leggings": ("tight bottom", 0.10, (0.10, 0.20)),
    "short leggings": ("tight bottom", 0.04, (0.26, 0.42)),
    "shorts": ("regular bottom", 0.10, (0.48, 0.66)),
    "wide shorts": ("wide bottom", 0.06, (0.46, 0.66)),
    "short shorts": ("regular bottom", 0.05, (0.68, 0.77)),
    "cycling shorts": ("tight bottom", 0.05, (0.54, 0.68)),
    "briefs": ("tight bottom", 0.05, (0.79, 0.83)),
    "short skirt": ("skirt", 0.05, (0.60, 0.72)),
    "knee skirt": ("straight skirt", 0.04, (0.44, 0.55)),
    "long skirt": ("skirt", 0.03, (0.15, 0.34)),
}
FEET = {
    "shoes": 0.50, "low shoes with socks": 0.14, "barefoot": 0.13, "socks": 0.06, "ankle boots": 0.08,
    "high boots": 0.05, "sandals": 0.04,
}  # fmt: skip
HAIR = {
    "bald": 0.06, "cropped": 0.10, "short": 0.15, "parted": 0.07, "quiff": 0.05, "messy": 0.07, "curly": 0.05,
    "afro": 0.04, "tonsure": 0.03, "mohawk": 0.015, "bob": 0.06, "fringe": 0.04, "long straight": 0.08,
    "long wavy": 0.07, "ponytail": 0.06, "pigtails": 0.015, "bun": 0.05, "topknot": 0.02, "braid": 0.03, "locs": 0.03,
}  # fmt: skip
# name: share, pieces, height of its edge and how that falls to the back; hair above it is hidden.
HEADWEAR = {
    "none": (0.76, (), NEVER, 0.0),
    "cap": (0.06, ("peaked cap", "peak"), 1.634, 0.05),
    "cap turned round": (0.02, ("peaked cap", "peak back"), 1.634, 0.05),
    "beanie": (0.04, ("beanie",), 1.614, 0.10),
    "swim cap": (0.02, ("swim cap",), 1.614, 0.35),
    "sun hat": (0.02, ("sun hat",), 1.642, 0.0),
    "bucket hat": (0.02, ("bucket hat",), 1.642, 0.0),
    "helmet": (0.02, ("helmet",), 1.592, 0.12),
    "turban": (0.02, ("turban",), 1.626, 0.15),
    "headscarf": (0.03, ("headscarf",), 0.5, 0.0),
    "headband": (0.03, ("headband",), NEVER, 0.0),
    "headphones": (0.04, ("headphones",), NEVER, 0.0),
}
PRINTS = ("letters", "letters", "paint", "flowers", "spots", "stripes", "zigzag", "checks")
#: What children do not wear.
NOT_FOR_CHILDREN = ("bare chest", "sports bra", "swimsuit")
#: Hair that stands above any hat, and hair without beards.
HIGH_HAIR = ("afro", "curly", "mohawk", "topknot", "quiff")
WOMENS_HAIR = ("bob", "fringe", "long wavy", "pigtails", "braid", "bun")
#: Skin from the lightest to the darkest, linear RGB, evenly spaced.
_SKIN = np.log(
    [
        (0.84, 0.60, 0.48), (0.74, 0.47, 0.35), (0.60, 0.34, 0.23), (0.46, 0.24, 0.14), (0.29, 0.135, 0.070),
        (0.155, 0.066, 0.034), (0.082, 0.034, 0.019), (0.045, 0.019, 0.012),
    ]
)  # fmt: skip
HAIR_COLOURS = np.array(
    [
        (0.006, 0.005, 0.005), (0.010, 0.007, 0.005), (0.022, 0.012, 0.007), (0.045, 0.023, 0.012),
        (0.085, 0.045, 0.022), (0.22, 0.13, 0.06), (0.40, 0.28, 0.14), (0.56, 0.44, 0.27), (0.19, 0.05, 0.015),
        (0.10, 0.10, 0.10), (0.32, 0.31, 0.30), (0.62, 0.61, 0.58),
    ]
)  # fmt: skip


def skin_colour(share: float, change=(0.0, 0.0, 0.0)) -> np.ndarray:
    """Linear RGB of skin from the lightest, 0, to the darkest, 1; change: of the logarithms."""
    at = share * (len(_SKIN) - 1)
    low = min(int(at), len(_SKIN) - 2)
    return np.minimum(np.exp(_SKIN[low] * (low + 1 - at) + _SKIN[low + 1] * (at - low) + change), 0.95)


def cloth_colour(c: Chance, skin) -> tuple[float, float, float]:
    """Linear RGB of cloth: mostly black, white, grey and blue as people wear it, else anything, at times like skin."""
    u = c.u()
    if u < 0.20:
        v = c.between(0.006, 0.05)
        return (v, v, v * c.between(0.9, 1.25))
    if u < 0.34:
        v = c.between(0.5, 0.85)
        return (v, v * c.between(0.95, 1.0), v * c.between(0.85, 1.0))
    if u < 0.46:
        v = c.between(0.06, 0.4)
        return (v, v, v * c.between(0.95, 1.1))
    if u < 0.60:
        v = 10 ** c.between(-1.6, -0.3)
        return (v * c.between(0.15, 0.6), v * c.between(0.35, 0.75), v)
    if u < 0.68:  # beige, brown, olive
        v = 10 ** c.between(-1.3, -0.3)
        return (v, v * c.between(0.6, 0.9), v * c.between(0.25, 0.6))
    if u < 0.75:
        v = c.between(0.7, 1.4)
        return tuple(min(0.95, float(s) * v) for s in skin)
    return hsv(c.u(), c.between(0.35, 1.0), 10 ** c.between(-1.1, -0.05))


def hsv(hue: float, saturation: float, value: float) -> tuple[float, float, float]:
    """Linear RGB; all 0…1."""

    def channel(n: int) -> float:
        k = (n + 6 * hue) % 6
        return value * (1 - saturation * min(max(min(k, 4 - k), 0.0), 1.0))

    return channel(5), channel(3), channel(1)
