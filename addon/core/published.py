"""The published weights that are known by a short name, and which of them are on this machine.

Fetching them is the worker's (`mocap_worker.vitpose.hub`); the panel shows them from here.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from .places import weights_folder

NOTE = "mocap.json"  # what `mocap models pull` writes beside the weights


@dataclass(frozen=True)
class Published:
    """name: what `--model` takes. repository: on the hub. config: of ours. about_bytes: what is fetched.

    ap: COCO val2017 with the paper's person boxes, as published; None where nobody did. drives: whether its keypoints
    can drive a rig. licence: what its page on the hub names.
    """

    name: str
    repository: str
    config: str
    title: str
    about_bytes: float
    ap: float | None
    licence: str
    drives: bool = True

    @property
    def folder(self) -> Path:
        return folder_of(self.repository)

    @property
    def is_here(self) -> bool:
        """Whether it was fetched whole; those are checked and noted by the worker."""
        try:
            return isinstance(json.loads((self.folder / NOTE).read_text("utf-8")), dict)
        except (OSError, ValueError, RecursionError):
            return False


def folder_of(repository: str) -> Path:
    return weights_folder() / repository.replace("/", "--")


def _usyd(name: str, config: str, title: str, about_bytes: float, ap: float) -> Published:
    return Published(name, f"usyd-community/{name}", config, title, about_bytes, ap, "Apache-2.0")


def _synthpose(size: str, letter: str, about_bytes: float) -> Published:
    repository = f"stanfordmimi/synthpose-vitpose-{size}-hf"
    config = f"vitpose_{letter}_classic_synthpose_256x192"
    title = f"SynthPose {letter.upper()}"
    return Published(f"synthpose-{size}", repository, config, title, about_bytes, None, "", drives=False)


# All of these decode with UDP; of ViTPose+ the hub has COCO's head alone.
PUBLISHED = {
    model.name: model
    for model in (
        _usyd("vitpose-base", "vitpose_b_classic_coco_256x192", "ViTPose-B, classic head", 360e6, 75.8),
        _usyd("vitpose-base-simple", "vitpose_b_simple_coco_256x192", "ViTPose-B", 344e6, 75.5),
        _usyd("vitpose-base-coco-aic-mpii", "vitpose_b_classic_coco_256x192", "ViTPose-B, three sets", 360e6, 77.1),
        _usyd("vitpose-plus-small", "vitpose_s_classic_coco_256x192", "ViTPose+ S", 133e6, 75.8),
        _usyd("vitpose-plus-base", "vitpose_b_classic_coco_256x192", "ViTPose+ B", 502e6, 77.0),
        _usyd("vitpose-plus-large", "vitpose_l_classic_coco_256x192", "ViTPose+ L", 1.74e9, 78.6),
        _usyd("vitpose-plus-huge", "vitpose_h_classic_coco_256x192", "ViTPose+ H", 3.6e9, 79.4),
        _synthpose("base", "b", 360e6),
        _synthpose("huge", "h", 2.55e9),
    )
}
BUILT_IN = "vitpose_t_simple_coco_256x192"  # the config of what ships; its card, in `checkpoints`, has the figures
BUILT_IN_AP, BUILT_IN_REAL_PCK = 64.7, 91.0  # of `synthetic-val`, and of the clip of a real person
BUILT_IN_BYTES, BUILT_IN_LICENCE = 11e6, "GPL-3.0-or-later"
BETTER = PUBLISHED["vitpose-base-simple"]  # for real people, where only the built-in one is here
