"""The torch backend from a picture and boxes to keypoints, and how it is chosen and loaded."""

import json

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from mocap_worker.backends import BackendError, TorchBackend, choose_device, load_backend
from mocap_worker.commands.models import app, describe
from mocap_worker.vitpose.checkpoint import CheckpointError, save_checkpoint
from mocap_worker.vitpose.config import ConfigError
from mocap_worker.vitpose.model import ViTPose
from mocap_worker.vitpose.model_config import ModelConfig, load_model_config

CONFIG = ModelConfig(
    name="spots",
    dim=32,
    depth=1,
    heads=2,
    head="simple",
    keypoints=2,
    input_size=(192, 256),
    skeleton="spots",
)


def spot_finder() -> ViTPose:
    """A network by hand: how red and how blue each patch is; the heatmaps show just that, smoothed."""
    model = CONFIG.build()
    with torch.no_grad():
        for value in model.parameters():
            value.zero_()
        backbone = model.backbone
        backbone.patch_embed.proj.weight[0, 0] = backbone.patch_embed.proj.weight[1, 2] = 1 / 256
        backbone.patch_embed.proj.bias[:2] = 2.2  # black is about 0
        # Large beside the spots, so that the last norm's mean and scale hardly depend on them.
        backbone.pos_embed[0, 1:, 2::2], backbone.pos_embed[0, 1:, 3::2] = 9.0, -9.0
        backbone.last_norm.weight[:2] = 1.0
        for keypoint in range(2):
            model.keypoint_head.final_layer.weight[keypoint, keypoint] = (
                torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16
            )
    return model


@pytest.fixture(scope="module")
def backend():
    return TorchBackend(spot_finder(), CONFIG, device="cpu")


def picture_of(spots, size=(480, 640), radius=12):
    """Soft spots, (x, y, channel), on black."""
    row, column = np.mgrid[: size[0], : size[1]]
    image = np.zeros((*size, 3))
    for x, y, channel in spots:
        image[..., channel] += 255 * np.exp(-((column - x) ** 2 + (row - y) ** 2) / (2 * radius**2))
    return image.clip(0, 255).astype(np.uint8)


def test_spots_are_found_where_they_are_in_the_picture(backend):
    image = picture_of([(250, 200, 0), (310, 290, 2)])
    keypoints, scores = backend.infer(image, np.array([[180, 120, 380, 380]]))
    assert keypoints.shape == (1, 2, 2) and scores.shape == (1, 2)
    assert keypoints.dtype == scores.dtype == np.float32
    # Patches are 27 px wide here, so places are known to a fraction of that.
    assert np.abs(keypoints[0] - [[250, 200], [310, 290]]).max() < 6
    assert (scores > 0).all()


def test_each_box_has_its_own_people_and_order(backend):
    image = picture_of([(100, 200, 0), (120, 240, 2), (450, 250, 0), (480, 200, 2)])
    boxes = np.array([[390, 130, 540, 330], [40, 130, 180, 330]])
    together, _ = backend.infer(image, boxes)
    assert np.abs(together[0] - [[450, 250], [480, 200]]).max() < 6
    assert np.abs(together[1] - [[100, 200], [120, 240]]).max() < 6
    for box, found in zip(boxes, together, strict=True):
        assert np.abs(backend.infer(image, box[None])[0][0] - found).max() < 0.01


def test_no_boxes_give_nobody(backend):
    keypoints, scores = backend.infer(np.zeros((10, 10, 3), np.uint8), np.zeros((0, 4)))
    assert keypoints.shape == (0, 2, 2) and scores.shape == (0, 2)


def test_boxes_beyond_the_picture_and_tiny_pictures_are_fine(backend):
    keypoints, _ = backend.infer(picture_of([(30, 30, 0)], radius=8), np.array([[-100, -100, 100, 100]]))
    assert np.abs(keypoints[0, 0] - 30).max() < 6
    keypoints, scores = backend.infer(np.full((1, 1, 3), 255, np.uint8), np.array([[0, 0, 1, 1]]))
    assert keypoints.shape == (1, 2, 2) and np.isfinite(scores).all()


def test_nobody_is_found_in_boxes_outside_the_picture(backend):
    beyond = [[640, 0, 700, 90], [-50, -60, 0, 0], [0, 480, 10, 500]]
    boxes = np.array([[180, 120, 380, 380], *beyond, [630, 470, 900, 900]])
    keypoints, scores = backend.infer(picture_of([(250, 200, 0), (635, 475, 2)]), boxes)
    assert np.isnan(keypoints[1:4]).all() and (scores[1:4] == 0).all()
    assert np.isfinite(keypoints[[0, 4]]).all() and (scores[[0, 4]] > 0).all()


@pytest.mark.parametrize(
    ("image", "boxes", "said"),
    [
        (np.zeros((10, 10), np.uint8), [[0, 0, 5, 5]], r"\(10, 10\) uint8"),
        (np.zeros((10, 10, 4), np.uint8), [[0, 0, 5, 5]], r"\(10, 10, 4\)"),
        (np.zeros((10, 10, 3), np.uint16), [[0, 0, 5, 5]], "uint16"),
        (np.zeros((0, 10, 3), np.uint8), [[0, 0, 5, 5]], r"\(0, 10, 3\)"),
        (np.zeros((10, 10, 3), np.uint8), [[0, 0, 5]], r"\(1, 3\)"),
        (np.zeros((10, 10, 3), np.uint8), [[5, 0, 5, 5]], "no area"),
        (np.zeros((10, 10, 3), np.uint8), [[0, 0, np.nan, 5]], "no area"),
        (np.zeros((10, 10, 3), np.uint8), [[0, 0, 3e38, 5]], "beyond 1,000,000 px"),
    ],
)
def test_pictures_and_boxes_of_the_wrong_kind_are_refused(backend, image, boxes, said):
    with pytest.raises(ValueError, match=said):
        backend.infer(image, np.array(boxes))


def test_bf16_finds_the_same_places(backend):
    rounded = TorchBackend(spot_finder(), CONFIG, device="cpu", precision="bf16")
    image, box = picture_of([(250, 200, 0), (310, 290, 2)]), np.array([[180, 120, 380, 380]])
    assert np.abs(rounded.infer(image, box)[0] - backend.infer(image, box)[0]).max() < 0.5


def test_the_backend_says_what_it_is(backend):
    assert (backend.name, backend.device, backend.skeleton) == ("spots", "cpu", "spots")
    assert backend.input_size == (192, 256)


CONFIG_FILE = """
_base_ = "{base}"
dataset_type = "SpotsDataset"
model = dict(backbone=dict(arch=dict(_delete_=True, embed_dims=32, num_layers=1, num_heads=2)),
             head=dict(in_channels=32, out_channels=2))
"""


@pytest.fixture
def own_model(tmp_path):
    """A user's own config and checkpoint, in a folder as users have them."""
    from importlib import resources

    base = resources.files("mocap_worker.configs") / "vitpose_t_simple_coco_256x192.py"
    folder = tmp_path / "Mein Ordner ü"
    folder.mkdir()
    config = folder / "spots.py"
    config.write_text(CONFIG_FILE.format(base=base.as_posix()), encoding="utf-8")
    save_checkpoint(spot_finder(), folder / "spots.safetensors", str(config))
    return config, folder / "spots.safetensors"


def test_a_config_and_a_checkpoint_by_path_are_loaded(own_model):
    loaded = load_backend(*own_model, device="cpu")
    assert (loaded.name, loaded.skeleton) == ("spots", "keypoints2")
    keypoints, _ = loaded.infer(picture_of([(250, 200, 0)]), np.array([[180, 120, 380, 380]]))
    assert np.abs(keypoints[0, 0] - [250, 200]).max() < 6


def test_the_environment_names_config_checkpoint_and_device(own_model, monkeypatch):
    config, checkpoint = map(str, own_model)
    monkeypatch.setenv("VITPOSE_CONFIG", config)
    monkeypatch.setenv("VITPOSE_CHECKPOINT", checkpoint)
    monkeypatch.setenv("VITPOSE_DEVICE", "cpu")
    loaded = load_backend()
    assert (loaded.name, loaded.device) == ("spots", "cpu")
    monkeypatch.setenv("VITPOSE_DEVICE", "cuda:99")
    with pytest.raises(BackendError, match="cuda:99"):
        load_backend()
    assert load_backend(device="cpu").name == "spots"  # what is asked for goes first


def test_a_checkpoint_alone_knows_its_config(own_model, monkeypatch):
    monkeypatch.delenv("VITPOSE_CONFIG", raising=False)
    assert load_backend(checkpoint=own_model[1], device="cpu").name == "spots"


def test_a_checkpoint_for_another_config_is_refused(own_model):
    with pytest.raises(CheckpointError, match="does not fit vitpose_s_simple_coco_256x192"):
        load_backend("vitpose_s_simple_coco_256x192", own_model[1], device="cpu")


def test_a_published_checkpoint_alone_is_told_its_config(tmp_path, monkeypatch):
    monkeypatch.delenv("VITPOSE_CONFIG", raising=False)
    path = tmp_path / "vitpose-small.pth"
    torch.save({"state_dict": load_model_config("vitpose_s_simple_coco_256x192").build().state_dict()}, path)
    with pytest.raises(CheckpointError, match="Its shapes fit vitpose_s_simple_coco_256x192; choose"):
        load_backend(checkpoint=path, device="cpu")
    assert describe(str(path))["parameters"] == 21_722_513


def test_models_are_described_from_names_configs_and_checkpoints(own_model):
    by_name = describe("vitpose_b_classic_coco_256x192")
    assert by_name["size"].startswith("B ") and by_name["parameters"] == 89_994_513
    assert describe(str(own_model[0])) == describe(str(own_model[1]))
    assert describe(str(own_model[0]))["skeleton"] == "keypoints2, 2 keypoints"


@pytest.mark.parametrize("model", ["nowhere.pth", "nowhere.py", "vitpose_z"])
def test_models_info_says_what_is_wrong_and_exits_with_1(model):
    result = CliRunner().invoke(app, ["info", model])
    assert result.exit_code == 1 and model in result.output
    assert isinstance(result.exception, SystemExit)


def test_models_list_names_those_with_weights():
    rows = json.loads(CliRunner().invoke(app, ["list", "--json"]).output)
    assert {"vitpose_h_classic_coco_256x192"} <= {row["name"] for row in rows if row["weights"] is None}


def test_a_config_without_weights_says_so(monkeypatch):
    monkeypatch.delenv("VITPOSE_CHECKPOINT", raising=False)
    with pytest.raises(CheckpointError, match="No weights ship for vitpose_h_classic_coco_256x192"):
        load_backend("vitpose_h_classic_coco_256x192", device="cpu")


def test_what_is_not_there_is_refused_in_a_sentence(own_model):
    with pytest.raises(BackendError, match=r"The device 'tpu' is not there; this machine has cpu"):
        choose_device("tpu")
    with pytest.raises(BackendError, match="no backend 'tensorflow'"):
        load_backend(*own_model, name="tensorflow")
    with pytest.raises(BackendError, match="fp8"):
        load_backend(*own_model, device="cpu", precision="fp8")
    with pytest.raises(ConfigError, match="no config 'vitpose_z'"):
        load_backend("vitpose_z", own_model[1])


def test_auto_is_a_device_that_is_there():
    assert choose_device("auto") == choose_device(choose_device("auto"))
    assert choose_device("cpu") == "cpu"


def test_the_model_that_ships_loads_by_default(monkeypatch):
    for name in ("VITPOSE_CONFIG", "VITPOSE_CHECKPOINT"):
        monkeypatch.delenv(name, raising=False)
    loaded = load_backend(device="cpu")
    assert (loaded.input_size, loaded.skeleton) == ((192, 256), "coco17")
    keypoints, scores = loaded.infer(picture_of([(300, 240, 1)]), np.array([[0, 0, 640, 480]]))
    assert keypoints.shape == (1, 17, 2) and scores.shape == (1, 17)
    assert (scores >= 0).all() and (np.isfinite(keypoints).all(-1) == (scores > 0)).all()
