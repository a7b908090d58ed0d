"""Which triangles of a wardrobe's pieces are worn: all of those, none, or those that an edge crosses.

The exact edges are the shader's (`people_shaders`); what is surely within them is drawn without asking there, and what
is surely beyond them not at all.
"""

from __future__ import annotations

import numpy as np

from .appearance import Look
from .wardrobe import MATERIALS, Wardrobe

#: Skin above this is drawn with a face.
FACE_M = 1.462
_MARGIN = 0.004


class Cut:
    """The pieces of one wardrobe, cut to looks."""

    def __init__(self, mesh: Wardrobe) -> None:
        self.material = {name: int(mesh.material[t[0, 0]]) for name, t in mesh.pieces.items()}
        self._triangles = {name: np.ascontiguousarray(t) for name, t in mesh.pieces.items()}
        self._bounds = {}
        for name, triangles in mesh.pieces.items():
            corners = mesh.positions[triangles]
            x, y, z = np.abs(corners[..., 0]), corners[..., 1], corners[..., 2]
            self._bounds[name] = (x.min(1), x.max(1), z.min(1), z.max(1), y.min(1))
        self._face = self._bounds["skin"][2] > FACE_M

    def __call__(self, look: Look) -> dict[str, np.ndarray]:
        """(T, 3) triangles by how they are drawn: "face", "skin" and "worn" without edges, "skin edge", "worn edge"."""
        out: dict[str, list] = {"face": [], "skin": [], "skin edge": [], "worn": [], "worn edge": []}
        worn = {self.material[name] for name in look.pieces}
        top, over = MATERIALS.index("top") in worn, "outer" in look.pieces
        for name in look.pieces:
            bounds, triangles = self._bounds[name], self._triangles[name]
            gone, sure = _rule(MATERIALS[self.material[name]], bounds, look.cuts, top, over, worn)
            if name == "skin":
                keep = ~(gone | self._face)
                out["face"].append(triangles[self._face])
                out["skin"].append(triangles[keep & sure])
                out["skin edge"].append(triangles[keep & ~sure])
            elif gone is None:
                out["worn"].append(triangles)
            else:
                out["worn"].append(triangles[sure & ~gone])
                out["worn edge"].append(triangles[~(sure | gone)])
        return {kind: np.concatenate(parts) for kind, parts in out.items() if parts}


def _rule(material: str, bounds, cuts: np.ndarray, top: bool, over: bool, worn: set[int]):
    """Masks of triangles that are surely gone and surely there; None and None where nothing ends."""
    near, far, low, high, _ = bounds
    waist, legs, skirt, tucked = cuts[4]
    if material == "skin":
        gone = np.zeros(len(near), bool)
        sure = ~gone
        for k, is_worn in ((0, top), (2, over)):
            if is_worn:
                gone |= _covered(bounds, cuts[k], cuts[k + 1], 0.03)
                sure &= _clear(bounds, cuts[k], 0.02)
        if cuts[5, 0] > 0.5:
            gone |= high < 0.085
            sure &= low > 0.085
        for number, end, margin in ((3, legs, 0.022), (4, max(skirt, 0.84), 0.02)):
            if number in worn:
                gone |= (far < 0.3) & (high < waist - margin) & (low > end + margin)
                sure &= (near > 0.3) | (low > waist) | (high < end)
        return gone, sure
    if material in ("top", "outer"):
        if material == "outer" and not over:  # the top's hood or collar
            return None, None
        k = 0 if material == "top" else 2
        gone, sure = _clear(bounds, cuts[k], -_MARGIN), _covered(bounds, cuts[k], cuts[k + 1], _MARGIN)
        if material == "outer":
            return gone & (high < 1.39), sure | (low > 1.39)
        if over:
            sure &= _clear(bounds, cuts[2], 0.035)
        if tucked > 0.5:
            gone |= (far < 0.26) & (high < waist - 0.012)
            sure &= (near > 0.26) | (low > waist - 0.012)
        return gone, sure
    if material in ("bottom", "skirt"):
        end = legs if material == "bottom" else skirt
        gone, sure = (low > waist) | (high < end), (high < waist) & (low > end)
        if material == "bottom" and 4 in worn:
            sure &= high < max(skirt, 0.84)
        if top and tucked < 0.5:
            gone |= low > cuts[0, 1] + 0.05
            sure &= high < cuts[0, 1] + 0.05
        if over:
            sure &= high < cuts[2, 1] + 0.06
        return gone, sure
    if material == "boot":
        return low > cuts[5, 1], high < cuts[5, 1]
    if material == "hair" and cuts[7, 0] < 9:
        return np.zeros(len(near), bool), np.zeros(len(near), bool)
    return None, None


def _covered(bounds, a: np.ndarray, b: np.ndarray, margin: float) -> np.ndarray:
    """Triangles that a top surely covers, its edges drawn in."""
    near, far, low, high, front = bounds
    arms = (near > 0.2) & (far < a[0] - margin)
    body = (high < 1.23) & (low > a[1] + margin)
    if b[0] < 1:  # no sleeves
        arms &= False
    if b[3] > 0:
        body &= (near > b[3] + margin + 0.06) | (front > 0.03)
    # The chest and the shoulders beside the neck's opening.
    body |= (low > 1.2) & (high < 1.44) & (near > a[2] + margin + 0.02) & (far < min(a[0], b[0], 0.24) - margin)
    return arms | body if b[3] <= 0 else (arms | (body & (high < 1.23)))


def _clear(bounds, a: np.ndarray, margin: float) -> np.ndarray:
    """Triangles that a top surely leaves free, its edges let out by a margin."""
    near, far, low, high, _ = bounds
    return (near > a[0] + margin) | ((far < 0.26) & (high < a[1] - margin)) | (low > 1.492 + max(margin, 0))
