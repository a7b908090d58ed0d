"""`mocap models info` and `convert`: what they say and write, and one sentence for what they cannot."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from mocap_worker.cli import app
from mocap_worker.vitpose.checkpoint import config_named_in, load_checkpoint, read_weights
from mocap_worker.vitpose.model import DATASETS, SIZES, ViTPose
from mocap_worker.vitpose.model_config import config_path, load_model_config


@pytest.fixture(autouse=True)
def _no_data(monkeypatch, tmp_path):
    monkeypatch.setenv("MOCAP_DATA", str(tmp_path / "data"))


def mocap(*arguments):
    done = CliRunner().invoke(app, ["models", *map(str, arguments)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


def plus(path) -> dict[str, torch.Tensor]:
    """A ViTPose+ Small as it is published, with random heads and experts."""
    torch.manual_seed(4)
    state = ViTPose(**SIZES["S"], head="classic", experts=6).state_dict()
    for i, keypoints in enumerate((14, 16, 17, 17, 133)):
        head = ViTPose(384, 1, 12, head="classic", keypoints=keypoints).keypoint_head.state_dict()
        state |= {f"associate_keypoint_heads.{i}.{key}": value for key, value in head.items()}
    torch.save({"state_dict": state}, path)
    return state


def test_info_of_a_config_of_each_size_and_of_what_ships():
    code, said = mocap("info", "vitpose_l_classic_coco_256x192", "--json")
    found = json.loads(said)
    assert code == 0
    assert (found["size"], found["head"], found["input"]) == ("L (dim 1024, depth 24, 16 heads)", "classic", "192×256")
    assert (found["parameters"], found["gmacs"]) == (308_544_785, 61.569)
    assert (found["skeleton"], found["codec"], found["flip_shift"]) == ("coco17, 17 keypoints", "UDP, blur 11", 0)
    found = json.loads(mocap("info", "vitpose_b_classic_crowdpose_256x192", "--json")[1])
    assert (found["skeleton"], found["codec"], found["flip_shift"]) == ("crowdpose14, 14 keypoints", "no UDP", 1)
    code, said = mocap("info", "vitpose-plus-huge")
    assert code == 0 and "637208849" in said and "125.83" in said


def test_info_and_convert_of_a_file_with_experts(tmp_path):
    state = plus(tmp_path / "vitpose+_small.pth")
    config = "vitpose_s_classic_ap10k_256x192"
    code, said = mocap("info", tmp_path / "vitpose+_small.pth", "--config", config, "--json")
    found = json.loads(said)
    assert code == 0
    assert (found["experts"], found["pose_heads"]) == ("6, ap10k's is used", "6, ap10k's is used")
    assert (found["features"], found["parameters"]) == ("1/16, full attention", 24_290_577)
    found = json.loads(mocap("info", tmp_path / "vitpose+_small.pth", "--json")[1])
    assert (found["config"], found["experts"]) == ("vitpose_s_classic_coco_256x192", "6, coco's is used")
    assert "shapes alone" in found["config_from"]

    out = tmp_path / "a new folder" / "animals.safetensors"
    code, said = mocap("convert", tmp_path / "vitpose+_small.pth", out, "--config", config)
    assert code == 0 and f"for the config {config}." in said
    assert config_named_in(out) == config
    weights = read_weights(out)[0]
    expert = DATASETS.index("ap10k")
    second = "backbone.blocks.7.mlp"
    whole = torch.cat([state[f"{second}.fc2.weight"], state[f"{second}.experts.{expert}.weight"]])
    assert torch.equal(weights[f"{second}.fc2.weight"], whole)
    head = "final_layer.weight"
    assert torch.equal(weights[f"keypoint_head.{head}"], state[f"associate_keypoint_heads.{expert - 1}.{head}"])
    load_checkpoint(load_model_config(config).build(), out, config)
    found = json.loads(mocap("info", out, "--json")[1])
    assert (found["config"], found["experts"]) == (config, "none")


def test_convert_to_onnx_gives_the_same_heatmaps(tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    torch.manual_seed(5)
    base = str(config_path("vitpose_t_simple_coco_256x192"))
    arch = "dict(embed_dims=32, num_layers=2, num_heads=2, feedforward_channels=32 * 4)"
    own = tmp_path / "own.py"
    own.write_text(f"_base_ = {base!r}\nmodel = dict(backbone=dict(arch={arch}), head=dict(in_channels=32))", "utf-8")
    model = load_model_config(own).build().eval()
    torch.save(model.state_dict(), tmp_path / "own.pth")
    code, said = mocap("convert", tmp_path / "own.pth", tmp_path / "t.onnx", "--config", own)
    assert code == 0, said
    images = torch.randn(3, 3, 256, 192)
    with torch.inference_mode():
        expected = model(images).numpy()
    session = onnxruntime.InferenceSession(tmp_path / "t.onnx", providers=["CPUExecutionProvider"])
    found = session.run(None, {session.get_inputs()[0].name: images.numpy()})[0]
    assert np.abs(found - expected).max() < 1e-4 * np.ptp(expected)


def test_what_cannot_be_is_said_in_one_sentence(tmp_path):
    own = tmp_path / "own.pth"
    torch.save(ViTPose(32, 1, 2, input_size=(64, 64)).state_dict(), own)
    (tmp_path / "note.pth").write_text("no weights")
    (tmp_path / "there.safetensors.part").mkdir()
    tiny = Path(__file__).parents[2] / "checkpoints/vitpose_t_synthetic.safetensors"
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "config.json").write_text("{")
    for arguments, said in [
        (("info", tmp_path / "nowhere.pth"), "There is no checkpoint at"),
        (("info", own), "fits none of the configs that ship; give its own with --config"),
        (("info", own, "--config", "vitpose_s_simple_coco_256x192"), "does not fit vitpose_s_simple_coco_256x192"),
        (("info", tmp_path / "note.pth"), "note.pth"),
        (("info", tmp_path / "folder"), "config.json cannot be read"),
        (("info", "vitpose_x"), "There is no checkpoint at vitpose_x"),
        (("convert", own, tmp_path / "out.txt"), "expected .safetensors or .onnx"),
        (("convert", "vitpose-base", tmp_path / "out.onnx"), "`mocap models pull vitpose-base` fetches it"),
        (("convert", own, tmp_path / "out.onnx", "--config", "none.py"), "none.py is not there"),
        (("convert", tiny, tmp_path / "there.safetensors"), "there.safetensors cannot be written"),
        (("convert", tiny, tmp_path / "note.pth" / "out.safetensors"), "out.safetensors cannot be written"),
    ]:
        code, found = mocap(*arguments)
        assert code == 1 and said in found and found.startswith("mocap models: ") and found.count("\n") == 1
    assert not list(tmp_path.glob("out*"))
