"""What a varied person looks like: skin, hair, clothes, their cuts, colours and patterns, drawn by chance.

Owns what goes with what. A `Look` names the wardrobe's pieces and holds the numbers that the shader takes: colours and
patterns by material, and where garments end in the rest pose's coordinates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .chance import Chance
from .cloth import TILES
from .held_out import Choice
from .wardrobe import MATERIALS

#: Cloths: a tile, and at most a box in the rest pose (|x|, y, z) where another rule holds.
_PATTERN_SHARE = {
    "plain": 0.36, "stripes": 0.05, "thin stripes": 0.03, "bars": 0.02, "checks": 0.04, "plaid": 0.04, "tartan": 0.02,
    "dots": 0.02, "spots": 0.02, "camouflage": 0.03, "gradient": 0.03, "marl": 0.04, "denim": 0.05, "diamonds": 0.04,
    "zigzag": 0.02, "flowers": 0.03, "leaves": 0.02, "pinstripes": 0.04, "letters": 0.01, "paint": 0.03,
    "print": 0.10, "band": 0.04, "raglan": 0.04, "side stripe": 0.04, "buttons": 0.02, "yoke": 0.03,
}  # fmt: skip
#: Where nothing ends.
NEVER = 9.0

# name: piece, share, sleeve, hem, neck's half-width and depth and the shape of its edge, armhole, extra pieces.
_COLLAR = ("collar",)
_TOPS = {
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
    "bare chest": (None, 0.07, None, None, None, None, 2.0, None, ()),
}  # fmt: skip
# name: share, sleeve, hem, half of the opening, extra pieces.
_OUTERS = {
    "none": (0.80, None, None, None, ()),
    "jacket": (0.06, (0.64, 0.69), (0.78, 0.90), (0.03, 0.10), ("collar",)),
    "closed jacket": (0.04, (0.64, 0.69), (0.78, 0.90), (0.0, 0.0), ("collar",)),
    "hooded jacket": (0.03, (0.64, 0.69), (0.76, 0.88), (0.0, 0.08), ("hood down",)),
    "coat": (0.03, (0.64, 0.69), (0.36, 0.66), (0.0, 0.08), ("collar",)),
    "gilet": (0.03, (0.19, 0.21), (0.82, 0.92), (0.0, 0.09), ("collar",)),
    "cardigan": (0.03, (0.60, 0.69), (0.68, 0.86), (0.05, 0.11), ()),
}
# name: piece, share, leg's or skirt's end.
_BOTTOMS = {
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
_FEET = {
    "shoes": 0.50, "low shoes with socks": 0.14, "barefoot": 0.13, "socks": 0.06, "ankle boots": 0.08,
    "high boots": 0.05, "sandals": 0.04,
}  # fmt: skip
_HAIR = {
    "bald": 0.06, "cropped": 0.10, "short": 0.15, "parted": 0.07, "quiff": 0.05, "messy": 0.07, "curly": 0.05,
    "afro": 0.04, "tonsure": 0.03, "mohawk": 0.015, "bob": 0.06, "fringe": 0.04, "long straight": 0.08,
    "long wavy": 0.07, "ponytail": 0.06, "pigtails": 0.015, "bun": 0.05, "topknot": 0.02, "braid": 0.03, "locs": 0.03,
}  # fmt: skip
# name: share, pieces, height of its edge and how that falls to the back; hair above it is hidden.
_HEADWEAR = {
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
_PRINTS = ("letters", "letters", "paint", "flowers", "spots", "stripes", "zigzag", "checks")
#: Hair that stands above any hat, and hair without beards.
_HIGH = ("afro", "curly", "mohawk", "topknot", "quiff")
_WOMENS = ("bob", "fringe", "long wavy", "pigtails", "braid", "bun")
#: Skin from the lightest to the darkest, linear RGB, evenly spaced.
_SKIN = np.log(
    [
        (0.84, 0.60, 0.48), (0.74, 0.47, 0.35), (0.60, 0.34, 0.23), (0.46, 0.24, 0.14), (0.29, 0.135, 0.070),
        (0.155, 0.066, 0.034), (0.082, 0.034, 0.019), (0.045, 0.019, 0.012),
    ]
)  # fmt: skip
_HAIR_COLOURS = np.array(
    [
        (0.006, 0.005, 0.005), (0.010, 0.007, 0.005), (0.022, 0.012, 0.007), (0.045, 0.023, 0.012),
        (0.085, 0.045, 0.022), (0.22, 0.13, 0.06), (0.40, 0.28, 0.14), (0.56, 0.44, 0.27), (0.19, 0.05, 0.015),
        (0.10, 0.10, 0.10), (0.32, 0.31, 0.30), (0.62, 0.61, 0.58),
    ]
)  # fmt: skip


@dataclass(frozen=True)
class Look:
    """pieces: names in the wardrobe. first, second: (16, 4) linear RGB of each material with gloss and tile; cloth:
    (16, 4) the tile's size in metres, how far the piece stands off, how it wrinkles, a number of its own; box:
    (2, 16, 4) where another rule than the tile's holds: its corners, whether the tile is seen outside, and what is
    inside, −1 for the tile. cuts: (8, 4), as `people_shaders` reads them. names: what was chosen, by kind."""

    pieces: list[str]
    first: np.ndarray
    second: np.ndarray
    cloth: np.ndarray
    box: np.ndarray
    cuts: np.ndarray
    names: dict[str, str]


class Looks:
    """Draws looks of the part of the wardrobe that training sees, or of the held-out one."""

    def __init__(self, held_out: bool = False) -> None:
        def choice(kind, shares):
            return Choice(kind, shares, held_out)

        self._top = choice("top", {k: v[1] for k, v in _TOPS.items()})
        self._outer = choice("outer", {k: v[0] for k, v in _OUTERS.items()})
        self._bottom = choice("bottom", {k: v[1] for k, v in _BOTTOMS.items()})
        self._feet = choice("feet", _FEET)
        self._hair = choice("hair", _HAIR)
        self._headwear = choice("headwear", {k: v[0] for k, v in _HEADWEAR.items()})
        self._pattern = choice("pattern", _PATTERN_SHARE)
        self._held_out = held_out

    def __call__(self, rng: np.random.Generator, child: bool = False) -> Look:
        """A look. child: no beards."""
        c = Chance(rng)
        look = Look(["skin"], *(np.zeros((len(MATERIALS), 4), np.float32) for _ in range(3)),
                    np.zeros((2, len(MATERIALS), 4), np.float32), np.zeros((8, 4), np.float32), {})  # fmt: skip
        look.box[0] = (NEVER, 0, 0, 1)
        skin = skin_colour(c.u(), rng.normal(0, 0.06, 3))
        self._paint(c, look, "skin", skin, gloss=0.03 + 0.12 * c.u() ** 2, bump=0.06)
        self._dress(c, look, skin)
        self._shoe(c, look, skin)
        self._head(c, rng, look, skin, child)
        return look

    def _paint(
        self, c, look, material, a, b=None, gloss=0.04, pattern="plain", scale=0.1, puff=0.0, bump=0.25, box=None
    ) -> None:
        i = MATERIALS.index(material)
        if box is not None:
            look.box[:, i] = (*box[0], box[2]), (*box[1], box[3])
        look.first[i] = (*a, gloss)
        look.second[i] = (*(a if b is None else b), TILES.index(pattern))
        look.cloth[i] = (scale, puff, bump, c.u())

    def _wear(self, c, look, material, skin, puff=0.0, bump=0.35) -> None:
        """Colours and a pattern for a garment."""
        a = cloth_colour(c, skin)
        kind = self._pattern(c.u())
        if material in ("bottom", "skirt") and kind in ("print", "band", "raglan", "yoke", "buttons"):
            kind = "side stripe" if not self._held_out else "pinstripes"
        b = cloth_colour(c, skin) if c.yes(0.7) else tuple(min(1.0, v * c.between(0.3, 2.0)) for v in a)
        look.names[f"pattern of {material}"] = kind
        tile, box = kind, None
        own, width = c.u(), c.u()
        if kind == "print":
            tile = _PRINTS[int(own * len(_PRINTS))]
            wide, high, up = 0.04 + 0.09 * c.u(), 0.03 + 0.08 * c.u(), 1.18 + 0.10 * c.u()
            back = width > 0.8
            box = (-1, 0.0 if back else -1, up - high), (wide, 1 if back else 0.0, up + high), 0, -1
        elif kind == "band":
            box = (-1, -1, 1.15 + 0.12 * own), (0.3, 1, 1.15 + 0.12 * own + 0.03 + 0.09 * width), 0, 1
        elif kind == "raglan":
            box = (0.15 + 0.03 * own, -1, 1.1), (2, 1, 2), 0, 1
        elif kind == "yoke":
            box = (-1, -1, 1.26 + 0.06 * own), (2, 1, 2), 0, 1
        elif kind == "side stripe":
            box = (0.06, 0.012 - 0.03 * width - 0.01, 0), (2, 0.022 + 0.03 * width, 1.32), 0, 1
        elif kind == "buttons":
            box = (-1, -1, 0), (0.006 + 0.016 * width, 0, 1.5), 0, 1
        if box is not None:
            tile = "plain" if tile == kind else tile
            if kind in ("raglan", "yoke", "side stripe") and c.yes(0.3):
                tile, box = ("marl", "denim", "camouflage")[int(3 * own)], (*box[:2], 1, box[3])
        size = {"denim": 0.25, "marl": 0.12, "camouflage": 0.3, "gradient": 1.2, "paint": 0.4}.get(tile, 0.07)
        gloss = 0.02 + 0.25 * c.u() ** 4
        self._paint(c, look, material, a, b, gloss, tile, size * 6 ** (c.u() - 0.35), puff, bump, box)

    def _same(self, look, material, other) -> None:
        """Gives a material the cloth of another."""
        i, j = MATERIALS.index(material), MATERIALS.index(other)
        for table in (look.first, look.second, look.cloth):
            table[i] = table[j]
        look.box[:, i] = look.box[:, j]

    def _dress(self, c, look, skin) -> None:
        names, pieces, cuts = look.names, look.pieces, look.cuts
        top = names["top"] = self._top(c.u())
        piece, _, sleeve, hem, wide, deep, edge, armhole, extra = _TOPS[top]
        dress = top in ("dress", "sleeveless dress")
        tucked = c.yes(0.25)
        cuts[4, 0] = c.between(0.95, 1.04)
        if piece is not None:
            pieces += [piece, *extra]
            ends = 0.24 if sleeve is None else c.between(*sleeve)
            cuts[0] = (ends, c.between(*hem), c.between(*wide), c.between(*deep))
            cuts[1] = (NEVER if armhole is None else c.between(*armhole), c.between(-0.03, 0.02), edge, 0.0)
            if hem[0] > 1.0:
                tucked = False
            self._wear(c, look, "top", skin, 0.006 * c.u(), 0.12 if piece == "tight top" else 0.4)
            self._same(look, "outer", "top")  # its hood or collar
        outer = self._outer(c.u())
        if dress or top in ("hood up", "hoodie") or (piece is None and c.yes(0.85)):
            outer = "none"
        names["outer"] = outer
        _, sleeve, hem, opening, extra = _OUTERS[outer]
        if sleeve is not None:
            pieces.append("outer")
            pieces += [name for name in extra if name not in pieces]
            cuts[2] = (c.between(*sleeve), c.between(*hem), c.between(0.06, 0.08), c.between(0.03, 0.10))
            cuts[3] = (NEVER, 0.01, 1.2, c.between(*opening))
            self._wear(c, look, "outer", skin, 0.008 * c.u(), 0.45)
        bottom = self._bottom(c.u())
        piece, _, end = _BOTTOMS[bottom]
        if dress:
            bottom = "dress"
            piece, end = ("skirt", (0.15, 0.72)) if c.yes(0.65) else ("straight skirt", (0.2, 0.66))
            cuts[4, 0] = 1.045
        if top == "swimsuit":
            bottom, piece, end, tucked = top, "tight bottom", (0.84, 0.865), True
        names["bottom"] = bottom
        pieces.append(piece)
        material = "skirt" if "skirt" in piece else "bottom"
        self._wear(c, look, material, skin, 0.004 * c.u(), 0.1 if piece == "tight bottom" else 0.35)
        if dress or top == "swimsuit":
            self._same(look, material, "top")
        if material == "skirt":
            cuts[4, 1:3] = 0.9, c.between(*end)
            if c.yes(0.3):  # tights under it
                pieces.append("tight bottom")
                self._wear(c, look, "bottom", skin, 0.0, 0.05)
                cuts[4, 1] = 0.10
        else:
            cuts[4, 1:3] = c.between(*end), NEVER
        cuts[4, 3] = float(tucked or dress)

    def _shoe(self, c, look, skin) -> None:
        feet = look.names["feet"] = self._feet(c.u())
        shoe, sole = cloth_colour(c, skin), cloth_colour(c, skin)
        bare, sock = feet in ("barefoot", "socks"), 0.0
        if not bare:
            look.pieces.append("sole")
            self._paint(c, look, "sole", sole if c.yes(0.6) else (0.02, 0.02, 0.02))
        if not bare and feet != "sandals":
            look.pieces.append("shoe")
            self._paint(c, look, "shoe", shoe, sole, 0.2 * c.u(), "bars" if c.yes(0.2) else "plain", bump=0.1)
            look.cuts[5, 0] = 1
        if "socks" in feet:
            sock = c.between(0.12, 0.45)
        if "boots" in feet:
            look.pieces.append("boot")
            self._paint(c, look, "boot", shoe, gloss=0.2 * c.u(), bump=0.2)
            look.cuts[5, 1] = c.between(0.15, 0.24) if feet == "ankle boots" else c.between(0.32, 0.45)
        look.cuts[5, 2:] = sock, c.between(0.66, 0.70) if c.yes(0.05) else NEVER
        look.cuts[6, :3] = cloth_colour(c, skin)

    def _head(self, c, rng, look, skin, child) -> None:
        names, pieces = look.names, look.pieces
        hair, worn = self._hair(c.u()), self._headwear(c.u())
        tone = _HAIR_COLOURS[int(c.u() ** 1.5 * len(_HAIR_COLOURS))]
        if skin[0] < 0.25 and c.yes(0.75):
            tone = _HAIR_COLOURS[int(c.u() * 3)]
        if c.yes(0.04):
            tone = np.array(hsv(c.u(), c.between(0.5, 1.0), c.between(0.1, 0.8)))
        tone = np.minimum(tone * np.exp(0.15 * rng.normal(size=3)), 0.95)
        hidden = "hood up" in pieces or worn == "headscarf"
        if "hood up" in pieces and worn != "headband":
            worn = "none"
        _, extra, line, tilt = _HEADWEAR[worn]
        if line < 1.7 and hair in _HIGH:
            hair = "braid" if self._held_out else "short"
        names |= {"hair": hair, "headwear": worn}
        pieces += extra
        if hair != "bald" and not hidden:
            pieces.append(hair)
        strands = tone * c.between(0.5, 1.8)
        self._paint(c, look, "hair", tone, strands, 0.02 + 0.12 * c.u(), "hair", 0.12, 0.002 * c.u(), 0.9)
        for material in ("headwear", "trim"):
            pattern = "stripes" if c.yes(0.15) else "plain"
            a, b = cloth_colour(c, skin), cloth_colour(c, skin)
            self._paint(c, look, material, a, b, 0.3 * c.u() ** 2, pattern, 0.06)
        if worn in ("cap", "cap turned round") and c.yes(0.7):
            self._same(look, "trim", "headwear")
        scalp = 1.0 if hair not in ("bald", "tonsure") else (0.75 if c.yes(0.3) else 0.0)
        man = not child and hair not in _WOMENS and c.yes(0.62)
        stubble = c.between(0.1, 0.75) if man and c.yes(0.4) else 0.0
        if man and c.yes(0.3):
            names["beard"] = ("full beard", "goatee", "full beard", "long beard")[int(4 * c.u())]
            pieces.append(names["beard"])
            self._paint(c, look, "beard", tone, gloss=0.05, bump=0.8, puff=0.004 * c.u() - 0.001)
        if c.yes(0.22):
            pieces.append("glasses")
            tint = cloth_colour(c, skin) if c.yes(0.4) else (0.01, 0.01, 0.01)
            self._paint(c, look, "frame", tint, gloss=0.3, puff=0.001 * c.u())
            if c.yes(0.25):
                pieces.append("lenses")
                self._paint(c, look, "lens", (0.01, 0.01, 0.012), gloss=0.6)
        if c.yes(0.04):
            pieces.append("mask")
            self._paint(c, look, "mask", (0.75, 0.78, 0.8) if c.yes(0.5) else cloth_colour(c, skin))
        if c.yes(0.05):
            pieces.append("scarf" if c.yes(0.5) else "backpack")
            pattern = "checks" if c.yes(0.3) else "plain"
            self._paint(c, look, "extra", cloth_colour(c, skin), cloth_colour(c, skin), pattern=pattern)
        look.cuts[6, 3] = scalp
        look.cuts[7] = (line, tilt, stubble, c.u())


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
