"""Files with several heads and experts, pre-trained backbones, other grids, and what mmpose keeps beside weights."""

import sys
import types
from collections import OrderedDict
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mocap_worker.training.starting import start_from
from mocap_worker.vitpose.checkpoint import CheckpointError, fill, load_checkpoint, read_weights
from mocap_worker.vitpose.model import DATASETS, ViTPose

KEYPOINTS = {"coco": 17, "aic": 14, "mpii": 16, "ap10k": 17, "apt36k": 17, "wholebody": 133}
DIM, PART = 32, 8


def plain(keypoints=17, **options) -> ViTPose:
    options = {"head": "classic", "input_size": (48, 64), **options}
    return ViTPose(DIM, 2, 2, keypoints=keypoints, **options).eval()


def noise(*shape):
    return torch.randn(*shape, generator=noise.generator)


@pytest.fixture(autouse=True)
def _seeded():
    noise.generator = torch.Generator().manual_seed(6)


def filled(keypoints: int) -> dict[str, torch.Tensor]:
    """Random weights, statistics and all, under the official names."""
    state = {key: value.clone() for key, value in plain(keypoints).state_dict().items()}
    for key, value in state.items():
        if value.is_floating_point():
            value.copy_(noise(*value.shape).abs() + 0.5 if key.endswith("running_var") else 0.1 * noise(*value.shape))
    return state


def published_plus() -> dict[str, torch.Tensor]:
    """A ViTPose+ file as it is published: fc2 without the experts' rows, six experts, COCO's head and five more."""
    state = filled(17)
    for block in range(2):
        mlp = f"backbone.blocks.{block}.mlp"
        for part in ("weight", "bias"):
            state[f"{mlp}.fc2.{part}"] = state[f"{mlp}.fc2.{part}"][: DIM - PART]
        for i in range(6):
            state[f"{mlp}.experts.{i}.weight"], state[f"{mlp}.experts.{i}.bias"] = noise(PART, 4 * DIM), noise(PART)
    for i, dataset in enumerate(DATASETS[1:]):
        head = {k: v for k, v in filled(KEYPOINTS[dataset]).items() if k.startswith("keypoint_head.")}
        state |= {k.replace("keypoint_head.", f"associate_keypoint_heads.{i}."): v for k, v in head.items()}
    return state | {"backbone.cls_token": noise(1, 1, DIM)}


def single(state: dict, dataset: str) -> dict[str, torch.Tensor]:
    """What the plain network of one data set must hold, by the definition of ViTPose+."""
    index = DATASETS.index(dataset)
    head = "keypoint_head." if index == 0 else f"associate_keypoint_heads.{index - 1}."
    found = {k: v for k, v in state.items() if k.startswith("backbone.") and "experts" not in k and "cls" not in k}
    found |= {k.replace(head, "keypoint_head."): v for k, v in state.items() if k.startswith(head)}
    for block in range(2):
        mlp = f"backbone.blocks.{block}.mlp"
        for part in ("weight", "bias"):
            found[f"{mlp}.fc2.{part}"] = torch.cat([state[f"{mlp}.fc2.{part}"], state[f"{mlp}.experts.{index}.{part}"]])
    return found


def assert_holds(model: ViTPose, expected: dict[str, torch.Tensor]) -> None:
    state = model.state_dict()
    assert state.keys() == expected.keys()
    for key, value in state.items():
        if value.is_floating_point():
            assert torch.equal(value, expected[key]), key


@pytest.mark.parametrize("dataset", DATASETS)
def test_each_data_set_of_an_unsplit_file_becomes_its_plain_network(tmp_path, dataset):
    state = published_plus()
    torch.save({"state_dict": state, "meta": {"epoch": 210}}, tmp_path / "vitpose+.pth")
    model = plain(KEYPOINTS[dataset])
    load_checkpoint(model, tmp_path / "vitpose+.pth", dataset=dataset)
    assert_holds(model, single(state, dataset))


@pytest.mark.parametrize("dataset", DATASETS)
def test_a_file_split_for_coco_still_holds_the_others(dataset):
    """As the official tool writes it: fc2 whole with COCO's expert, all experts and heads left in the file."""
    state = published_plus()
    split = dict(state)
    split |= {k: v for k, v in single(state, "coco").items() if ".fc2." in k}
    model = plain(KEYPOINTS[dataset])
    fill(model, split, "coco.pth", dataset=dataset)
    assert_holds(model, single(state, dataset))


def test_a_file_split_for_coco_and_trained_on_is_taken_as_it_is():
    state = published_plus()
    split = single(state, "coco")
    split = {k: v + 0.1 if ".fc2." in k else v for k, v in split.items()}
    model = plain(17)
    fill(model, state | split, "coco.pth", dataset="coco")
    assert_holds(model, split)


def test_files_split_for_others_are_plain_even_with_experts_left_over():
    state = published_plus()
    split = single(state, "wholebody")
    for leftover in ({}, {k: v for k, v in state.items() if "experts" in k}):
        model = plain(133)
        fill(model, split | leftover, "wholebody.pth", dataset="wholebody")
        assert_holds(model, split)


def test_heads_with_more_outputs_than_keypoints_give_the_first():
    state = published_plus()
    for part, shape in (("weight", (133, 256, 1, 1)), ("bias", (133,))):
        state[f"associate_keypoint_heads.0.final_layer.{part}"] = noise(*shape)
    model = plain(14)
    fill(model, state, "vitpose+.pth", dataset="aic")
    for part in ("weight", "bias"):
        expected = state[f"associate_keypoint_heads.0.final_layer.{part}"][:14]
        assert torch.equal(model.state_dict()[f"keypoint_head.final_layer.{part}"], expected)


def test_several_heads_without_experts_are_aic_mpii_and_crowdpose():
    state = {k: v for k, v in filled(17).items()}
    for i, keypoints in enumerate((14, 16, 14)):
        head = {k: v for k, v in filled(keypoints).items() if k.startswith("keypoint_head.")}
        state |= {k.replace("keypoint_head.", f"associate_keypoint_heads.{i}."): v for k, v in head.items()}
    for dataset, keypoints, prefix in (
        ("coco", 17, "keypoint_head."),
        ("mpii", 16, "associate_keypoint_heads.1."),
        ("crowdpose", 14, "associate_keypoint_heads.2."),
    ):
        model = plain(keypoints)
        fill(model, state, "multi.pth", dataset=dataset)
        expected = {k: v for k, v in state.items() if k.startswith("backbone.")}
        expected |= {k.replace(prefix, "keypoint_head."): v for k, v in state.items() if k.startswith(prefix)}
        assert_holds(model, expected)
    with pytest.raises(
        CheckpointError, match=r"multi.pth has no head for wholebody; it has coco, aic, mpii, crowdpose\."
    ):
        fill(plain(133), state, "multi.pth", dataset="wholebody")


def test_the_wrong_experts_or_heads_are_refused():
    state = published_plus()
    with pytest.raises(CheckpointError, match=r"has no head for crowdpose; it has coco, aic, mpii, ap10k"):
        fill(plain(14), state, "a.pth", dataset="crowdpose")
    alone = {k: v for k, v in state.items() if not k.startswith("associate")}
    with pytest.raises(CheckpointError, match=r"has the experts of ap10k, but the head of coco alone"):
        fill(plain(17), alone, "a.pth", dataset="ap10k")
    without = {k: v for k, v in state.items() if "experts" not in k} | single(state, "coco")
    with pytest.raises(CheckpointError, match=r"a.pth is ViTPose\+ split for coco, without the expert of apt36k"):
        fill(plain(17), without, "a.pth", dataset="apt36k")
    fill(plain(17), without, "a.pth", dataset="coco")
    fewer = {k: v for k, v in state.items() if ".experts.5." not in k}
    with pytest.raises(
        CheckpointError, match=r"no expert for wholebody: backbone.blocks.0.mlp.experts.5.weight is missing"
    ):
        fill(plain(133), fewer, "a.pth", dataset="wholebody")
    with pytest.raises(CheckpointError, match=r"final_layer.weight is \(17, 256, 1, 1\), expected \(14, 256, 1, 1\)"):
        fill(plain(14), state, "a.pth", dataset="coco")


def test_a_network_with_experts_takes_them_all():
    state = published_plus()
    model = plain(experts=6)
    fill(model, state, "vitpose+.pth")
    for key, value in model.state_dict().items():
        if value.is_floating_point():
            assert torch.equal(value, state[key])


@pytest.mark.parametrize("rows_0", [True, False])
@pytest.mark.parametrize("grid", [(32, 24), (10, 20)])
def test_positions_are_resized_bicubically_to_the_models_grid(rows_0, grid):
    """From 16×12 cells to another grid, of any aspect; with the official row 0 and, as mmpose has it, without."""
    rows, columns = grid
    grown = plain(input_size=(columns * 16, rows * 16))
    state = filled(17)
    table = noise(1, 192 + rows_0, DIM)
    fill(grown, state | {"backbone.pos_embed": table}, "a.pth")
    found = grown.state_dict()["backbone.pos_embed"]
    assert found.shape == (1, 1 + rows * columns, DIM)
    assert torch.equal(found[0, 0], table[0, 0] if rows_0 else torch.zeros(DIM))
    table = table[:, int(rows_0) :].reshape(1, 16, 12, DIM).permute(0, 3, 1, 2)
    expected = torch.nn.functional.interpolate(table, size=grid, mode="bicubic", align_corners=False)
    assert torch.equal(found[:, 1:].transpose(1, 2).reshape(1, DIM, *grid), expected)


def test_positions_of_an_unknown_grid_are_refused():
    with pytest.raises(CheckpointError, match=r"pos_embed is \(1, 174, 32\), expected \(1, 13, 32\)"):
        fill(plain(), filled(17) | {"backbone.pos_embed": noise(1, 174, DIM)}, "a.pth")


def mae(kernel: int, grid: int) -> dict[str, torch.Tensor]:
    """As MAE's pre-training saves: no prefix, a class token, patches of its own size, a decoder beside it."""
    state = {k.removeprefix("backbone."): v for k, v in filled(17).items() if k.startswith("backbone.blocks.")}
    return state | {
        "cls_token": noise(1, 1, DIM),
        "mask_token": noise(1, 1, 16),
        "pos_embed": noise(1, 1 + grid * grid, DIM),
        "patch_embed.proj.weight": noise(DIM, 3, kernel, kernel),
        "patch_embed.proj.bias": noise(DIM),
        "norm.weight": noise(DIM),
        "norm.bias": noise(DIM),
        "decoder_embed.weight": noise(16, DIM),
        "decoder_blocks.0.norm1.weight": noise(16),
    }


@pytest.mark.parametrize(("kernel", "grid"), [(16, 14), (14, 16)])
def test_a_training_starts_from_mae(tmp_path, kernel, grid):
    state = mae(kernel, grid)
    torch.save({"model": state}, tmp_path / "mae.pth")
    model = plain()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    start_from(model, read_weights(tmp_path / "mae.pth")[0])
    found = model.state_dict()
    patches, edge = found["backbone.patch_embed.proj.weight"], (16 - kernel) // 2
    assert torch.equal(patches[..., edge : 16 - edge, edge : 16 - edge], state["patch_embed.proj.weight"])
    assert patches.abs().sum() == pytest.approx(state["patch_embed.proj.weight"].abs().sum().item(), rel=1e-5)
    assert torch.equal(found["backbone.blocks.1.mlp.fc2.weight"], state["blocks.1.mlp.fc2.weight"])
    table = state["pos_embed"][:, 1:].reshape(1, grid, grid, DIM).permute(0, 3, 1, 2)
    table = torch.nn.functional.interpolate(table, size=(4, 3), mode="bicubic", align_corners=False)
    assert torch.equal(found["backbone.pos_embed"][:, 1:], table.permute(0, 2, 3, 1).flatten(1, 2))
    assert torch.equal(found["backbone.pos_embed"][:, :1], state["pos_embed"][:, :1])
    for key in ("backbone.last_norm.weight", "keypoint_head.final_layer.weight"):
        assert torch.equal(found[key], before[key])


def test_experts_start_as_the_part_that_they_take_over():
    state = mae(16, 14)
    model = plain(experts=6)
    start_from(model, state)
    found = model.state_dict()
    for i in (0, 5):
        whole = torch.cat(
            [found["backbone.blocks.0.mlp.fc2.weight"], found[f"backbone.blocks.0.mlp.experts.{i}.weight"]]
        )
        assert torch.equal(whole, state["blocks.0.mlp.fc2.weight"])


def test_a_backbone_alone_is_refused_where_keypoints_are_wanted(tmp_path):
    torch.save({"model": mae(16, 14)}, tmp_path / "mae.pth")
    with pytest.raises(CheckpointError, match=r"mae.pth is a pre-trained backbone without a head: training can start"):
        load_checkpoint(plain(), tmp_path / "mae.pth")


def test_what_does_not_fit_is_told_with_the_config_that_does():
    state = ViTPose(384, 1, 12, head="classic", keypoints=133).state_dict()
    with pytest.raises(CheckpointError, match="nearest to vitpose_s_classic_wholebody_256x192; choose that with"):
        fill(plain(), state, "a.pth")


def test_mmposes_notes_beside_the_weights_are_no_obstacle_and_never_run(tmp_path, monkeypatch):
    """mmpose 1.x keeps numpy arrays of the data set, and mmengine's logs with their methods, beside the weights."""

    class HistoryBuffer:
        def __init__(self):
            self.values = np.array([1.0, 2.0])

        def mean(self):
            raise AssertionError("a log's method was used")

        def __getstate__(self):
            return {**self.__dict__, "statistics_methods": {"mean": HistoryBuffer.mean}}

        def __setstate__(self, state):
            raise AssertionError("a log was made")

    name = "mmengine.logging.history_buffer"
    HistoryBuffer.__module__, HistoryBuffer.__qualname__ = name, "HistoryBuffer"
    HistoryBuffer.mean.__module__, HistoryBuffer.mean.__qualname__ = name, "HistoryBuffer.mean"
    module = types.ModuleType(name)
    module.HistoryBuffer = HistoryBuffer
    for parent in ("mmengine", "mmengine.logging"):
        monkeypatch.setitem(sys.modules, parent, types.ModuleType(parent))
    monkeypatch.setitem(sys.modules, name, module)
    meta = {"dataset_meta": {"sigmas": np.array([0.1, 0.2], np.float32), "flip_indices": np.array([0, 2, 1])}}
    log = {"log_scalars": OrderedDict(loss=HistoryBuffer()), "runtime_info": {"iter": np.int64(3)}}
    torch.save({"meta": meta, "state_dict": filled(17), "message_hub": log}, tmp_path / "epoch_210.pth")
    model = plain()
    load_checkpoint(model, tmp_path / "epoch_210.pth")
    assert_holds(model, {k: v for k, v in read_weights(tmp_path / "epoch_210.pth")[0].items()})


def as_mmpose(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    names = [("blocks.", "layers."), (".norm", ".ln"), ("last_norm", "ln1"), ("keypoint_head", "head")]
    names += [
        ("mlp.fc1", "ffn.layers.0.0"),
        ("mlp.fc2", "ffn.layers.1"),
        ("patch_embed.proj", "patch_embed.projection"),
    ]
    renamed = {}
    for key, value in state.items():
        for ours, theirs in names:
            key = key.replace(ours, theirs)
        renamed[key] = value
    return renamed


def as_transformers() -> dict[str, torch.Tensor]:
    transformers = pytest.importorskip("transformers")
    backbone = transformers.VitPoseBackboneConfig(
        image_size=(64, 48), hidden_size=DIM, num_hidden_layers=2, num_attention_heads=2, out_indices=[2],
        num_experts=6, part_features=PART,
    )  # fmt: skip
    config = transformers.VitPoseConfig(backbone_config=backbone, num_labels=17, use_simple_decoder=False)
    return transformers.VitPoseForPoseEstimation(config).state_dict()


@pytest.fixture(scope="module")
def layouts():
    noise.generator = torch.Generator().manual_seed(7)
    return [published_plus(), as_mmpose(filled(17)), as_transformers(), mae(14, 16)]


@given(
    st.integers(0, 3),
    st.sampled_from(DATASETS),
    st.lists(st.tuples(st.floats(0, 0.999), st.none() | st.lists(st.integers(0, 5), max_size=4)), max_size=4),
)
@settings(max_examples=150, deadline=None)
def test_files_with_other_keys_and_shapes_fit_or_are_refused_and_nothing_else(layouts, which, dataset, changes):
    state = dict(layouts[which])
    for place, shape in changes:
        key = sorted(state)[int(place * len(state))]
        if shape is None:
            del state[key]
        else:
            state[key] = torch.zeros(shape)
    with torch.device("meta"):
        model = plain(17)
    for put, into in ((partial(fill, dataset=dataset), model), (start_from, plain(17, head="simple"))):
        try:
            put(into, state, "a.pth")
        except CheckpointError as error:
            assert "a.pth" in str(error) and "\n" not in str(error)
