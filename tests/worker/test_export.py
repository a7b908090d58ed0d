"""ONNX files against PyTorch, run by ONNX Runtime."""

import sys

import numpy as np
import pytest
import torch

from mocap_worker.vitpose.checkpoint import CheckpointError
from mocap_worker.vitpose.export import export_onnx
from mocap_worker.vitpose.model_config import ModelConfig

onnxruntime = pytest.importorskip("onnxruntime")

CONFIGS = [
    ModelConfig("classic", dim=48, depth=2, heads=3, head="classic", keypoints=17, input_size=(96, 128)),
    ModelConfig("simple", dim=48, depth=2, heads=3, head="simple", keypoints=5, input_size=(64, 96)),
]


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.name)
def test_the_file_gives_pytorchs_heatmaps_for_any_number_of_people(config, tmp_path):
    torch.manual_seed(2)
    model = config.build().eval()
    path = tmp_path / "Modell ü.onnx"
    export_onnx(model, config, path)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    width, height = config.input_size
    for people in (1, 3):
        images = torch.randn(people, 3, height, width)
        with torch.inference_mode():
            expected = model(images).numpy()
        (found,) = session.run(["heatmaps"], {"images": images.numpy()})
        assert found.shape == expected.shape == (people, config.keypoints, height // 4, width // 4)
        assert np.abs(found - expected).max() < 2e-5 * np.ptp(expected)
    notes = session.get_modelmeta().custom_metadata_map
    assert notes["config"] == config.name and notes["mean"].split()[0] == "123.675"


def test_a_file_that_cannot_be_written_is_told(tmp_path):
    with pytest.raises(CheckpointError, match="cannot be written"):
        export_onnx(CONFIGS[1].build(), CONFIGS[1], tmp_path / "nowhere" / "model.onnx")


def test_without_the_extra_it_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(CheckpointError, match=r"extra onnx.*uv sync --extra onnx"):
        export_onnx(CONFIGS[1].build(), CONFIGS[1], tmp_path / "model.onnx")
