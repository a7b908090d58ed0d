"""What `mocap bench worker` runs of mmpose beside ours is the same job."""

import numpy as np
import pytest

pytest.importorskip("mmpose", reason="`python tests/mmpose/run.py` runs the tests against mmpose")
from mocap_worker.backends import TorchBackend, shipped_checkpoint
from mocap_worker.backends.precision import person_in_clip
from mocap_worker.bench.jobs import mmpose_job
from mocap_worker.vitpose.checkpoint import load_checkpoint
from mocap_worker.vitpose.model_config import load_model_config

CONFIG = load_model_config("vitpose_t_simple_coco_256x192")


def test_mmpose_finds_our_keypoints_for_all_people():
    model = CONFIG.build().eval()
    load_checkpoint(model, shipped_checkpoint(CONFIG), CONFIG.name)
    (frame,), boxes, _ = person_in_clip(range(1))
    people = np.concatenate([boxes, boxes + np.array([-20, -10, 30, 5])]).astype(np.float32)
    keypoints, scores = TorchBackend(model, CONFIG, "cpu").infer(frame, people)
    found, same = mmpose_job(model, CONFIG, "cpu")(frame, people)
    sure = scores > 0.3
    assert sure.sum() > 20 and np.linalg.norm(found - keypoints, axis=-1)[sure].max() < 0.1
    np.testing.assert_allclose(same[sure], scores[sure], atol=2e-3)
