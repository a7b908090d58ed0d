"""How fast pictures of people are drawn, on one core, with whatever OpenGL there is."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

from ..commands.train import default_character
from ..opencv import cv2
from ..training.pictures import PictureSource

#: (width, height) px and the mesh's cells as the training's two stages have them.
CROPS = {"96x128": ((96, 128), 0.025), "192x256": ((192, 256), 0.015)}


def measure_synth(pictures: int) -> Iterator[dict]:
    """A case a kind of picture; the poses need no motion data. Raises CharacterError and RenderError."""
    cv2.setNumThreads(1)
    glb = default_character()
    for people in ("varied", "default"):
        for name, (size, cells_m) in CROPS.items():
            source = PictureSource(
                glb, glb.with_suffix(".landmarks.json"), size, poses=300, split="rest", oversample=1.5, cells_m=cells_m,
                people=people,
            )  # fmt: skip
            yield _case(f"synth/{people}/{name}", source, pictures, source.draw)
            if people == "varied" and name == "192x256":
                yield _case("synth/varied/frames up to 640", source, max(1, pictures // 4), source.frame)


def _case(name: str, source: PictureSource, pictures: int, draw) -> dict:
    draw(0)
    wall, core = [], []
    for index in range(1, pictures + 1):
        start, spent = time.perf_counter(), time.process_time()
        draw(index)
        wall.append(time.perf_counter() - start)
        core.append(time.process_time() - spent)
    return {
        "name": name,
        "renderer": source.renderer.context.info["GL_RENDERER"],
        "fps": pictures / sum(wall),
        "pictures_per_core_s": pictures / sum(core),
        "p50_ms": 1e3 * float(np.percentile(wall, 50)),
        "p95_ms": 1e3 * float(np.percentile(wall, 95)),
    }
