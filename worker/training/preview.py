"""What a source draws, at a glance: a sheet of labelled pictures and histograms below it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import cv2
import numpy as np

from mocap_core.skeleton import COCO17, COCO_COUNT, LIMBS

from .pictures import Picture
from .sheet import write_image

COLUMNS = 8
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_INK, _PAPER, _BAR = (40, 40, 40), (250, 250, 248), (70, 120, 190)
_SEEN, _HIDDEN, _OUT = (70, 150, 90), (230, 170, 60), (200, 200, 200)


def marked(picture: Picture) -> np.ndarray:
    """The picture with its labels: left green, right red, middle yellow; a ring where hidden."""
    image = picture.image.copy()
    points = [tuple(int(v) for v in np.round(p)) for p in picture.keypoints]
    for _, a, b in LIMBS:
        if picture.visibility[a] and picture.visibility[b]:
            cv2.line(image, points[a], points[b], (255, 255, 255), 1, cv2.LINE_AA)
    for i, name in enumerate(COCO17):
        if picture.visibility[i]:
            tone = {"left": (0, 230, 0), "right": (255, 40, 40)}.get(name.split("_")[0], (255, 230, 0))
            cv2.circle(image, points[i], 2, tone, -1 if picture.visibility[i] == 2 else 1, cv2.LINE_AA)
    return image


def preview(pictures: list[Picture], path: Path, shown: int = 48) -> None:
    """Writes a sheet of the first pictures, and histograms of all: action, yaw, size, visibility, limbs' angles."""
    sheet = _rows([marked(p) for p in pictures[:shown]])
    people = [p for p in pictures if p.parts.any()]
    if not people:
        write_image(path, sheet)
        return
    width = sheet.shape[1]
    visibility = np.stack([p.visibility for p in people])
    heights = [100 * np.ptp(np.flatnonzero((p.parts > 0).any(1))) / p.parts.shape[0] for p in people]
    angles = [_bend(p) for p in people]
    panels = [
        _counts("action", Counter(p.about.get("action", "unknown") for p in people)),
        _histogram("yaw, degrees", [p.about.get("yaw_deg", 0.0) for p in people], -180, 180, 12),
        _histogram("height, % of the picture", heights, 0, 100, 10),
        _stacked("keypoints seen, hidden and out of the frame", visibility),
        _histogram("elbow in the picture, degrees", [a for e, _ in angles for a in e], 0, 180, 12),
        _histogram("knee in the picture, degrees", [a for _, k in angles for a in k], 0, 180, 12),
        _histogram("hidden joints a person", (visibility == 1).sum(1), 0, COCO_COUNT, COCO_COUNT),
        _counts("body", Counter(str(p.about.get("body", "unknown")).split(",")[0] for p in people)),
    ]
    across = 4 if width >= 1200 else 2
    panels = [_fitted(panel, width // across) for panel in panels]
    rows = [np.concatenate(panels[i : i + across], 1) for i in range(0, len(panels), across)]
    graphs = np.concatenate(rows)
    graphs = cv2.copyMakeBorder(graphs, 0, 0, 0, width - graphs.shape[1], cv2.BORDER_CONSTANT, value=_PAPER)
    write_image(path, np.concatenate([sheet, graphs]))


def _rows(tiles: list[np.ndarray]) -> np.ndarray:
    tiles = tiles + [np.zeros_like(tiles[0])] * (-len(tiles) % COLUMNS)
    return np.concatenate([np.concatenate(tiles[i : i + COLUMNS], 1) for i in range(0, len(tiles), COLUMNS)])


def _bend(picture: Picture) -> tuple[list[float], list[float]]:
    """Angles of elbows and knees as they appear, where all three joints are in the frame."""
    out: tuple[list[float], list[float]] = ([], [])
    for k, names in enumerate((("shoulder", "elbow", "wrist"), ("hip", "knee", "ankle"))):
        for side in ("left", "right"):
            a, b, c = (COCO17.index(f"{side}_{name}") for name in names)
            if picture.visibility[[a, b, c]].all():
                u, v = picture.keypoints[a] - picture.keypoints[b], picture.keypoints[c] - picture.keypoints[b]
                cosine = u @ v / max(np.linalg.norm(u) * np.linalg.norm(v), 1e-6)
                out[k].append(float(np.degrees(np.arccos(np.clip(cosine, -1, 1)))))
    return out


_W, _H, _LEFT, _TOP, _FOOT = 400, 240, 44, 30, 26


def _panel(title: str) -> np.ndarray:
    panel = np.full((_H, _W, 3), _PAPER, np.uint8)
    cv2.putText(panel, title, (10, 20), _FONT, 0.45, _INK, 1, cv2.LINE_AA)
    return panel


def _fitted(panel: np.ndarray, width: int) -> np.ndarray:
    return cv2.resize(panel, (width, round(_H * width / _W)), interpolation=cv2.INTER_AREA)


def _histogram(title: str, values, low: float, high: float, bins: int) -> np.ndarray:
    counts, edges = np.histogram(np.asarray(values, float), bins, (low, high))
    panel = _panel(title)
    base, tall = _H - _FOOT, _H - _FOOT - _TOP - 10
    step = (_W - _LEFT - 14) / bins
    most = max(int(counts.max()), 1)
    for k, count in enumerate(counts):
        x0, x1 = int(_LEFT + k * step) + 1, int(_LEFT + (k + 1) * step) - 1
        cv2.rectangle(panel, (x0, base - int(tall * count / most)), (x1, base), _BAR, -1)
    for k in (0, bins // 2, bins):
        text = f"{edges[k]:.0f}"
        cv2.putText(panel, text, (int(_LEFT + k * step) - 4 * len(text), _H - 8), _FONT, 0.38, _INK, 1, cv2.LINE_AA)
    cv2.putText(panel, str(most), (6, base - tall + 6), _FONT, 0.38, _INK, 1, cv2.LINE_AA)
    return panel


def _counts(title: str, counts: Counter) -> np.ndarray:
    panel, most = _panel(title), max(counts.values())
    names = sorted(counts, key=counts.get, reverse=True)[:10]
    step = (_H - _TOP - 10) / max(len(names), 5)
    for k, name in enumerate(names):
        y = int(_TOP + 4 + k * step)
        cv2.rectangle(panel, (150, y), (150 + int(200 * counts[name] / most), y + int(step * 0.7)), _BAR, -1)
        cv2.putText(panel, name[:20], (8, y + int(step * 0.62)), _FONT, 0.38, _INK, 1, cv2.LINE_AA)
        at = (156 + int(200 * counts[name] / most), y + int(step * 0.62))
        cv2.putText(panel, str(counts[name]), at, _FONT, 0.36, _INK, 1, cv2.LINE_AA)
    return panel


def _stacked(title: str, visibility: np.ndarray) -> np.ndarray:
    """A bar a keypoint: seen, hidden, out of the frame."""
    panel = _panel(title)
    names = ["nose", "eyes", "ears", "shoulders", "elbows", "wrists", "hips", "knees", "ankles"]
    groups = [[0], [1, 2], [3, 4]] + [[k, k + 1] for k in range(5, COCO_COUNT, 2)]
    step = (_H - _TOP - 10) / len(groups)
    for k, (name, group) in enumerate(zip(names, groups, strict=True)):
        y, x = int(_TOP + 4 + k * step), 100.0
        cv2.putText(panel, name, (8, y + int(step * 0.62)), _FONT, 0.38, _INK, 1, cv2.LINE_AA)
        for value, tone in ((2, _SEEN), (1, _HIDDEN), (0, _OUT)):
            wide = 280 * float((visibility[:, group] == value).mean())
            cv2.rectangle(panel, (int(x), y), (int(x + wide), y + int(step * 0.7)), tone, -1)
            x += wide
    return panel
