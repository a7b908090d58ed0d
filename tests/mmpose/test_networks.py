"""Our networks and files against mmpose's, built from the same configs, with the same random weights."""

import os

import pytest
import torch

pytest.importorskip("mmpose", reason="`python tests/mmpose/run.py` runs the tests against mmpose")

from mocap_worker.backends.mmpose_backend import build_mmpose
from mocap_worker.vitpose.model_config import load_model_config

TOLERANCE = 2e-5  # of the heatmaps' range


def memory_gb() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES") / 1e9


@torch.inference_mode()
def mmpose_heatmaps(model, images):
    return model.head(model.extract_feat(images))


def relative_difference(heatmaps, oracle) -> float:
    return ((heatmaps - oracle).abs().max() / (oracle.max() - oracle.min())).item()


def huge(head):
    few = memory_gb() < 8
    return pytest.param("h", head, marks=[pytest.mark.slow, pytest.mark.skipif(few, reason="needs 8 GB of memory")])


@pytest.mark.parametrize(
    ("size", "head"), [*((size, head) for size in "sbl" for head in ("simple", "classic")), huge("classic")]
)
def test_heatmaps_equal_mmposes(size, head, randomise):
    name = f"vitpose_{size}_{head}_coco_256x192"
    ours = randomise(load_model_config(name).build())
    theirs = build_mmpose(name, ours)
    images = torch.randn(1, 3, 256, 192, generator=torch.Generator().manual_seed(3))
    with torch.inference_mode():
        difference = relative_difference(ours(images), mmpose_heatmaps(theirs, images))
    print(f"{name}: {difference:.2e} of the range")
    assert difference < TOLERANCE
