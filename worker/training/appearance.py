"""What a varied person looks like: skin, hair, clothes, their cuts, colours and patterns, drawn by chance.

Owns what goes with what. A `Look` names the wardrobe's pieces and holds the numbers that the shader takes: colours and
patterns by material, and where garments end in the rest pose's coordinates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .chance import Chance
from .cloth import TILES
from .fashion import (
    BOTTOMS,
    FEET,
    HAIR,
    HAIR_COLOURS,
    HEADWEAR,
    HIGH_HAIR,
    NEVER,
    NOT_FOR_CHILDREN,
    OUTERS,
    PATTERNS,
    PRINTS,
    TOPS,
    WOMENS_HAIR,
    cloth_colour,
    hsv,
    skin_colour,
)  # fmt: skip
from .held_out import Choice
from .wardrobe import MATERIALS


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

        self._top = choice("top", {k: v[1] for k, v in TOPS.items()})
        self._outer = choice("outer", {k: v[0] for k, v in OUTERS.items()})
        self._bottom = choice("bottom", {k: v[1] for k, v in BOTTOMS.items()})
        self._feet = choice("feet", FEET)
        self._hair = choice("hair", HAIR)
        self._headwear = choice("headwear", {k: v[0] for k, v in HEADWEAR.items()})
        self._pattern = choice("pattern", PATTERNS)
        self._held_out = held_out

    def __call__(self, rng: np.random.Generator, child: bool = False, woman: bool = False) -> Look:
        """A look. child, woman: no beards, and nobody goes barer than at a beach."""
        c = Chance(rng)
        look = Look(["skin"], *(np.zeros((len(MATERIALS), 4), np.float32) for _ in range(3)),
                    np.zeros((2, len(MATERIALS), 4), np.float32), np.zeros((8, 4), np.float32), {})  # fmt: skip
        look.box[0] = (NEVER, 0, 0, 1)
        skin = skin_colour(c.u(), rng.normal(0, 0.06, 3))
        self._paint(c, look, "skin", skin, gloss=0.03 + 0.12 * c.u() ** 2, bump=0.06)
        self._dress(c, look, skin, child, woman)
        self._shoe(c, look, skin)
        self._head(c, rng, look, skin, child or woman)
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
            tile = PRINTS[int(own * len(PRINTS))]
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

    def _dress(self, c, look, skin, child, woman) -> None:
        names, pieces, cuts = look.names, look.pieces, look.cuts
        top = self._top(c.u())
        if child and top in NOT_FOR_CHILDREN:
            top = "T-shirt"
        elif woman and top == "bare chest":
            top = "sports bra"
        names["top"] = top
        piece, _, sleeve, hem, wide, deep, edge, armhole, extra = TOPS[top]
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
        _, sleeve, hem, opening, extra = OUTERS[outer]
        if sleeve is not None:
            pieces.append("outer")
            pieces += [name for name in extra if name not in pieces]
            cuts[2] = (c.between(*sleeve), c.between(*hem), c.between(0.06, 0.08), c.between(0.03, 0.10))
            cuts[3] = (NEVER, 0.01, 1.2, c.between(*opening))
            self._wear(c, look, "outer", skin, 0.008 * c.u(), 0.45)
        bottom = self._bottom(c.u())
        if child and bottom == "briefs":
            bottom = "shorts"
        piece, _, end = BOTTOMS[bottom]
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

    def _head(self, c, rng, look, skin, beardless) -> None:
        names, pieces = look.names, look.pieces
        hair, worn = self._hair(c.u()), self._headwear(c.u())
        tone = HAIR_COLOURS[int(c.u() ** 1.5 * len(HAIR_COLOURS))]
        if skin[0] < 0.25 and c.yes(0.75):
            tone = HAIR_COLOURS[int(c.u() * 3)]
        if c.yes(0.04):
            tone = np.array(hsv(c.u(), c.between(0.5, 1.0), c.between(0.1, 0.8)))
        tone = np.minimum(tone * np.exp(0.15 * rng.normal(size=3)), 0.95)
        hidden = "hood up" in pieces or worn == "headscarf"
        if "hood up" in pieces and worn != "headband":
            worn = "none"
        _, extra, line, tilt = HEADWEAR[worn]
        if line < 1.7 and hair in HIGH_HAIR:
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
        man = c.yes(0.85) and not beardless and hair not in WOMENS_HAIR
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
