"""What configs say about models: those that ship, mmpose's own style, and what is refused."""

import pytest
import torch

from mocap_worker.vitpose.codec import Codec
from mocap_worker.vitpose.config import ConfigError
from mocap_worker.vitpose.model import SIZES
from mocap_worker.vitpose.model_config import DEFAULT_MODEL, load_model_config, shipped_configs

PUBLISHED = [f"vitpose_{size}_{head}_coco_256x192" for size in "tsblh" for head in ("simple", "classic")]


@pytest.mark.parametrize("name", PUBLISHED)
def test_shipped_configs_build_the_published_sizes(name):
    config = load_model_config(name)
    size, head = name.split("_")[1].upper(), name.split("_")[2]
    assert {"dim": config.dim, "depth": config.depth, "heads": config.heads} == SIZES[size]
    assert (config.name, config.head, config.keypoints, config.skeleton) == (name, head, 17, "coco17")
    assert (config.input_size, config.codec) == ((192, 256), Codec(udp=True, blur=11, flip_shift=False))
    with torch.device("meta"):
        model = config.build()
    assert model.heatmap_size == (48, 64)


def test_every_config_that_ships_describes_a_model():
    assert set(shipped_configs()) >= {*PUBLISHED, DEFAULT_MODEL}
    for name in shipped_configs():
        assert load_model_config(name).name == name


MMPOSE_STYLE = """
codec = dict(type='MSRAHeatmap', input_size=(192, 256), heatmap_size=(48, 64), sigma=2)
model = dict(
    type='TopdownPoseEstimator',
    data_preprocessor=dict(type='PoseDataPreprocessor', mean=[1, 2, 3], std=[4, 5, 6], bgr_to_rgb=True),
    backbone=dict(
        type='mmpretrain.VisionTransformer', arch='base', img_size=(256, 192), patch_size=16, qkv_bias=True,
        drop_path_rate=0.3, with_cls_token=False, out_type='featmap', patch_cfg=dict(padding=2),
        init_cfg=dict(type='Pretrained', checkpoint='mae.pth')),
    head=dict(
        type='HeatmapHead', in_channels=768, out_channels=14, deconv_out_channels=(256, 256),
        deconv_kernel_sizes=(4, 4), loss=dict(type='KeypointMSELoss', use_target_weight=True), decoder=codec),
    test_cfg=dict(flip_test=True, flip_mode='heatmap', shift_heatmap=True))
dataset_type = 'CrowdPoseDataset'
"""


def described(folder, *changes):
    text = MMPOSE_STYLE
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = folder / "mine.py"
    path.write_text(text, encoding="utf-8")
    return load_model_config(path)


def test_a_config_in_mmposes_style_is_understood(tmp_path):
    config = described(tmp_path)
    assert (config.name, config.dim, config.depth, config.heads, config.head) == (
        "mine",
        768,
        12,
        12,
        "classic",
    )
    assert (config.keypoints, config.skeleton, config.drop_path) == (14, "crowdpose14", 0.3)
    assert config.codec == Codec(udp=False, blur=11, flip_shift=True)
    assert (config.mean, config.std) == ((1, 2, 3), (4, 5, 6))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("patch_size=16", "patch_size=14", "patch_size is 14; expected 16"),
        (", patch_cfg=dict(padding=2)", "", "patch_cfg.padding is None; expected 2"),
        ("'base'", "'vast'", "arch is 'vast'"),
        ("'base'", "dict(embed_dims=768, num_layers=12, num_heads=7)", "multiple of num_heads"),
        ("'base'", "dict(num_layers=12, num_heads=7)", "embed_dims is None"),
        ("'base'", "dict(embed_dims=8, num_layers=1, num_heads=1, feedforward_channels=8)", "four times"),
        ("mmpretrain.VisionTransformer", "mmpretrain.SwinTransformer", "SwinTransformer"),
        ("with_cls_token=False", "with_cls_token=True", "with_cls_token is True"),
        ("in_channels=768", "in_channels=384", "in_channels is 384"),
        ("out_channels=14", "out_channels=True", "out_channels is True"),
        ("deconv_out_channels=(256, 256)", "deconv_out_channels=(256, 128)", "expected the classic head"),
        ("'HeatmapHead'", "'RTMCCHead'", "RTMCCHead"),
        ("'MSRAHeatmap'", "'SimCCLabel'", "SimCCLabel"),
        ("heatmap_size=(48, 64)", "heatmap_size=(48, 63)", "a quarter of input_size"),
        ("input_size=(192, 256)", "input_size=(190, 256)", "multiples of 16"),
        ("img_size=(256, 192)", "img_size=(192, 256)", "img_size"),
        (", decoder=codec", "", "decoder is missing"),
        ("std=[4, 5, 6]", "std=[4, 5]", "3 positive numbers"),
        ("bgr_to_rgb=True", "bgr_to_rgb=False", "bgr_to_rgb"),
        ("model = dict(", "other = dict(", "has no model"),
        ("model = dict(", "model = 3\nother = dict(", "has no model"),
    ],
)
def test_what_would_run_differently_is_refused_by_name(tmp_path, old, new, said):
    with pytest.raises(ConfigError) as caught:
        described(tmp_path, (old, new))
    message = str(caught.value)
    assert said in message and "mine.py" in message and "\n" not in message


def test_an_unknown_name_lists_what_ships():
    with pytest.raises(ConfigError, match=f"no config 'vitpose_huge'.*{DEFAULT_MODEL}"):
        load_model_config("vitpose_huge")
