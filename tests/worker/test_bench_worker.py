"""`mocap bench worker`: the programs that are compared do the same job, and the figures belong together."""

import json

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from mocap_worker.backends import TorchBackend, shipped_checkpoint
from mocap_worker.backends.precision import person_in_clip
from mocap_worker.bench.floor import floor_of
from mocap_worker.bench.jobs import our_stages, transformers_job
from mocap_worker.bench.weights import fitted_network
from mocap_worker.commands.bench import app
from mocap_worker.vitpose.checkpoint import load_checkpoint
from mocap_worker.vitpose.model_config import ModelConfig, load_model_config

CONFIG = load_model_config("vitpose_t_simple_coco_256x192")


@pytest.fixture(scope="module")
def model():
    model = CONFIG.build().eval()
    load_checkpoint(model, shipped_checkpoint(CONFIG), CONFIG.name)
    return model


def test_transformers_does_the_same_job_with_the_same_weights(model):
    pytest.importorskip("transformers")
    frames, boxes, _ = person_in_clip(range(0, 40, 20))
    ours, theirs = TorchBackend(model, CONFIG, "cpu"), transformers_job(model, CONFIG, "cpu")
    for frame, box in zip(frames, boxes, strict=True):
        people = np.stack([box, box + np.array([-20, -10, 30, 5])]).astype(np.float32)
        keypoints, scores = ours.infer(frame, people)
        found, same = theirs(frame, people)
        sure = scores > 0.5
        # It blurs and crops a little differently, so not to the last digit.
        shifts = np.linalg.norm(found - keypoints, axis=-1)[sure]
        assert len(shifts) > 20 and np.median(shifts) < 1 and shifts.max() < 3
        assert np.abs(same.reshape(scores.shape) - scores)[sure].max() < 0.05


def test_the_last_layer_is_fitted_to_the_clips_person():
    config = ModelConfig("fit", dim=96, depth=2, heads=3, head="simple", keypoints=17, input_size=(192, 256))
    frames, boxes, truth = person_in_clip(range(0, 40, 20))
    network = fitted_network(config)
    assert not any(parameter.is_inference() for parameter in network.parameters())  # a GPU runs them outside of that
    backend = TorchBackend(network, config, "cpu")
    keypoints, scores = backend.infer(frames[0], boxes[:1])
    assert np.median(np.linalg.norm(keypoints[0] - truth[0], axis=1)) < 15 and np.median(scores) > 0.2
    stages = our_stages(backend, frames[0], boxes[:1])
    assert list(stages) == ["crop", "network", "decode"] and min(stages.values()) > 0


def test_the_floor_is_the_slower_of_products_and_memory():
    assert floor_of(CONFIG, 2, "fp32", peak_gflops=100, gb_s=1e9).ms == pytest.approx(2 * 2.615 / 100 * 1e3, rel=1e-2)
    assert floor_of(CONFIG, 2, "fp32", peak_gflops=1e9, gb_s=1).ms == pytest.approx(5_552_849 * 4 / 1e9 * 1e3, rel=1e-2)
    assert floor_of(CONFIG, 2, "bf16", peak_gflops=1e9, gb_s=1).ms == pytest.approx(5_552_849 * 2 / 1e9 * 1e3, rel=1e-2)


def test_the_command_writes_stages_ratios_and_the_floor(tmp_path):
    file = tmp_path / "worker.json"
    arguments = ["worker", "--json", str(file), "--model", "T", "--rounds", "2", "--people", "2", "--device", "cpu"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    case = json.loads(file.read_text())["cases"][0]
    assert case["name"] == "worker/vitpose_t_simple_coco_256x192/fp32/cpu"
    assert (case["people"], case["flip_test"], case["threads"]) == (2, "off everywhere", torch.get_num_threads())
    for stage in ("", "crop_", "network_", "decode_", "lift_", "encode_"):
        assert 0 < case[f"{stage}p50_ms"] <= case[f"{stage}p95_ms"]
    if "transformers_p50_ms" in case:
        expected = case["transformers_p50_ms"] / case["p50_ms"]
        assert case["ratio_vs_transformers"] == pytest.approx(expected, rel=1e-2)
    assert case["share_of_peak"] == pytest.approx(case["floor_ms"] / case["network_p50_ms"], rel=1e-2)


def test_an_unknown_model_is_told():
    result = CliRunner().invoke(app, ["worker", "--model", "vitpose_z"])
    assert result.exit_code == 1 and "no config 'vitpose_z'" in " ".join(result.output.split())
