"""What configs say about models: those that ship, mmpose's own style, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mocap_worker.backends import load_backend
from mocap_worker.vitpose.codec import Codec, decode
from mocap_worker.vitpose.config import ConfigError
from mocap_worker.vitpose.model import DATASETS, SIZES, ViTPose
from mocap_worker.vitpose.model_config import DEFAULT_MODEL, load_model_config, shipped_configs
from mocap_worker.vitpose.transforms import crop, crop_of, normalise

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
    assert described(tmp_path, ("'base'", "'b'")) == config


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
        ("heatmap_size=(48, 64)", "heatmap_size=(48, 63)", "a quarter of the input"),
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


def test_an_unknown_name_is_answered_with_the_nearest_that_ship():
    with pytest.raises(ConfigError, match=r"no config 'vitpose_huge'.*such as vitpose_h_simple_coco_256x192, "):
        load_model_config("vitpose_huge")


OFFICIAL_STYLE = """
_base_ = ['../../../../_base_/default_runtime.py', '../../../../_base_/datasets/ap10k.py']
optimizer = dict(type='Adam', lr=5e-4,)
target_type = 'GaussianHeatmap'
channel_cfg = dict(
    num_output_channels=17, dataset_joints=17, dataset_channel=list(range(17)), inference_channel=list(range(17)))
model = dict(
    type='TopDown', pretrained=None,
    backbone=dict(
        type='ViT', img_size=(256, 192), patch_size=16, embed_dim=768, depth=12, num_heads=12, ratio=1,
        use_checkpoint=False, mlp_ratio=4, qkv_bias=True, drop_path_rate=0.3),
    keypoint_head=dict(
        type='TopdownHeatmapSimpleHead', in_channels=768, num_deconv_layers=2, num_deconv_filters=(256, 256),
        num_deconv_kernels=(4, 4), extra=dict(final_conv_kernel=1, ),
        out_channels=channel_cfg['num_output_channels']),
    test_cfg=dict(flip_test=True, post_process='default', shift_heatmap=True, modulate_kernel=11))
data_cfg = dict(image_size=[192, 256], heatmap_size=[48, 64], num_joints=channel_cfg['dataset_joints'])
val_pipeline = [
    dict(type='LoadImageFromFile'), dict(type='TopDownAffine'), dict(type='ToTensor'),
    dict(type='NormalizeTensor', mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225])]
test_pipeline = val_pipeline
data_root = 'data/ap10k'
data = dict(test=dict(
    type='AnimalAP10KDataset', ann_file=f'{data_root}/annotations/ap10k-test-split1.json', data_cfg=data_cfg,
    pipeline=val_pipeline, dataset_info={{_base_.dataset_info}}))
"""


def described_officially(folder, *changes):
    text = OFFICIAL_STYLE
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = folder / "official.py"
    path.write_text(text, encoding="utf-8")
    return load_model_config(path)


def test_a_config_of_the_official_repository_is_understood(tmp_path):
    config = described_officially(tmp_path)
    ours = load_model_config("vitpose_b_classic_ap10k_256x192")
    assert replace(config, name=ours.name) == ours
    assert (config.codec, config.skeleton, config.dataset) == (Codec(False, 11, True), "ap10k17", "ap10k")
    assert described_officially(tmp_path, ("data/ap10k", "data/ap36k")).dataset == "apt36k"


def test_an_official_simple_head_with_udp_is_understood(tmp_path):
    config = described_officially(
        tmp_path,
        ("num_deconv_layers=2", "num_deconv_layers=0, upsample=4"),
        ("(256, 256)", "[]"),
        ("(4, 4)", "[]"),
        ("final_conv_kernel=1", "final_conv_kernel=3"),
        ("shift_heatmap=True", "shift_heatmap=False, target_type=target_type, use_udp=True"),
        ("'TopDownAffine'", "'TopDownAffine', use_udp=True"),
        ("AnimalAP10KDataset", "TopDownCocoDataset"),
    )
    ours = load_model_config("vitpose_b_simple_coco_256x192")
    assert (config.codec.border, ours.codec.border) == ("mirror", "black")
    assert replace(config, name=ours.name, codec=ours.codec) == ours
    assert replace(config.codec, border="black") == ours.codec


def test_official_features_at_an_eighth_have_one_deconvolution(tmp_path):
    config = described_officially(
        tmp_path,
        ("ratio=1", "ratio=2"),
        ("num_deconv_layers=2", "num_deconv_layers=1"),
        ("(256, 256)", "(256,)"),
        ("(4, 4)", "(4,)"),
    )
    assert (config.ratio, config.head) == (2, "classic")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("patch_size=16", "patch_size=14", "patch_size is 14"),
        ("qkv_bias=True", "qkv_bias=False", "qkv_bias is False"),
        ("mlp_ratio=4", "mlp_ratio=3", "mlp_ratio is 3"),
        ("num_heads=12", "num_heads=7", "multiple of num_heads"),
        ("ratio=1,", "ratio=3,", "ratio is 3; expected 1 or 2"),
        ("type='ViT'", "type='HRNet'", "HRNet"),
        ("in_channels=768", "in_channels=384", "in_channels is 384"),
        ("num_deconv_layers=2", "num_deconv_layers=3", "as many as num_deconv_filters"),
        ("'default'", "'unbiased'", "post_process is 'unbiased'"),
        (
            "post_process='default', ",
            "post_process='default', use_udp=True, target_type='CombinedTarget', ",
            "Combined",
        ),
        ("modulate_kernel=11", "modulate_kernel=10", "an odd number"),
        ("'TopDownAffine'", "'TopDownAffine', use_udp=True", "TopDownAffine has use_udp=True"),
        ("[48, 64]", "[48, 32]", "a quarter of the input"),
        ("img_size=(256, 192)", "img_size=(192, 256)", "img_size"),
        ("0.485", "0.5", "expected ImageNet's"),
        ("['num_output_channels']", "['num_outputs']", "takes 'num_outputs'"),
        ("num_output_channels=17", "num_output_channels=14", "ap10k17 has 17 keypoints"),
        ("'TopDown'", "'BottomUp'", "model.type is 'BottomUp'"),
    ],
)
def test_what_would_run_differently_from_the_official_repository_is_refused(tmp_path, old, new, said):
    with pytest.raises(ConfigError) as caught:
        described_officially(tmp_path, (old, new))
    message = str(caught.value)
    assert said in message and "official.py" in message and "\n" not in message


def test_the_crop_must_be_udp_where_the_codec_is(tmp_path):
    pipeline = "\ntest_dataloader = dict(dataset=dict(pipeline=[dict(type='TopdownAffine', use_udp=True)]))"
    with pytest.raises(ConfigError, match="codec is not UDP, but TopdownAffine has use_udp=True; expected False"):
        described(tmp_path, ("dataset_type = 'CrowdPoseDataset'", "dataset_type = 'CrowdPoseDataset'" + pipeline))


def test_a_users_own_official_pair_of_config_and_checkpoint_runs(tmp_path):
    """A small ViTPose+ in the official repository's formats, AP-10K's head and expert, through a backend."""
    described_officially(
        tmp_path,
        ("type='ViT'", "type='ViTMoE', num_expert=6, part_features=8"),
        ("'TopDown'", "'TopDownMoE'"),
        ("embed_dim=768, depth=12, num_heads=12", "embed_dim=32, depth=2, num_heads=2"),
        ("in_channels=768", "in_channels=32"),
    )
    torch.manual_seed(1)
    whole = ViTPose(32, 2, 2, head="classic", experts=6).eval()
    theirs = ViTPose(32, 2, 2, head="classic").keypoint_head.eval()
    for head in (whole.keypoint_head, theirs):
        torch.nn.init.normal_(head.final_layer.weight)
    heads = {f"associate_keypoint_heads.2.{k}": v for k, v in theirs.state_dict().items()}
    heads |= {f"associate_keypoint_heads.{i}.final_layer.bias": torch.zeros(14) for i in (0, 1, 3, 4)}
    torch.save({"state_dict": whole.state_dict() | heads}, tmp_path / "vitpose+.pth")

    backend = load_backend(tmp_path / "official.py", tmp_path / "vitpose+.pth", "cpu", "fp32")
    picture = np.random.default_rng(2).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    boxes = np.array([[50.0, 20.0, 250.0, 280.0]])
    keypoints, scores = backend.infer(picture, boxes)
    config = backend.config
    assert (config.skeleton, config.codec.udp, config.codec.flip_shift) == ("ap10k17", False, True)

    centres, sizes = crop_of(boxes, config.input_size)
    crops = torch.from_numpy(crop(picture, centres, sizes, config.input_size, udp=False))
    with torch.inference_mode():
        heatmaps = theirs(whole.backbone(normalise(crops), torch.tensor([DATASETS.index("ap10k")])))
        expected = decode(heatmaps, torch.from_numpy(centres), torch.from_numpy(sizes), config.codec)
    assert np.abs(scores - expected[1].numpy()).max() < 1e-3 * np.ptp(heatmaps.numpy())
    assert np.abs(keypoints - expected[0].numpy()).max() < 0.01


def test_windows_and_features_at_an_eighth_are_described(tmp_path):
    config = described(
        tmp_path,
        ("patch_cfg=dict(padding=2)", "patch_cfg=dict(padding=4, stride=8)"),
        ("qkv_bias=True", "qkv_bias=True, attention=dict(kind='window+shift+pool', window=(16, 12))"),
        ("deconv_out_channels=(256, 256)", "deconv_out_channels=(256,)"),
        ("deconv_kernel_sizes=(4, 4)", "deconv_kernel_sizes=(4,)"),
    )
    assert (config.ratio, config.attention, config.window) == (2, "window+shift+pool", (16, 12))
    with torch.device("meta"):
        model = config.build()
    assert model.grid == (32, 24) and model.heatmap_size == (48, 64)
    wrong = replace(config, window=(7, 7))
    with pytest.raises(ConfigError, match=r"mine cannot be built: the grid of \(32, 24\) tokens is no multiple"):
        wrong.build()


def test_what_mmpose_has_no_class_for_is_named(tmp_path):
    named = "dataset_type = 'CocoDataset'\nskeleton = 'crowdpose14'\ndataset = 'apt36k'"
    config = described(tmp_path, ("dataset_type = 'CrowdPoseDataset'", named))
    assert (config.skeleton, config.dataset) == ("crowdpose14", "apt36k")
    with pytest.raises(ConfigError, match=r"head has 14 outputs, but coco17 has 17 keypoints"):
        described(tmp_path, ("'CrowdPoseDataset'", "'CocoDataset'"))
    with pytest.raises(ConfigError, match="skeleton is 'dog'; expected 'coco17' or"):
        described(tmp_path, ("dataset_type =", "skeleton = 'dog'\ndataset_type ="))


@given(
    st.sampled_from([MMPOSE_STYLE, OFFICIAL_STYLE]),
    st.lists(
        st.tuples(st.floats(0, 1), st.integers(0, 12), st.sampled_from(["", "0", "-", "1e9", "None", "'", "[]", "{}"])),
        min_size=1,
        max_size=3,
    ),
)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_configs_are_understood_or_refused_and_nothing_else(tmp_path, text, changes):
    for place, length, other in changes:
        start = int(place * len(text))
        text = text[:start] + other + text[start + length :]
    path = tmp_path / "damaged.py"
    path.write_text(text, encoding="utf-8")
    try:
        config = load_model_config(path)
        with torch.device("meta"):
            assert config.build().keypoints == config.keypoints
    except ConfigError as error:
        assert "damaged" in str(error) and "\n" not in str(error)
