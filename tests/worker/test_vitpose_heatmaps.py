"""Heatmaps against transformers' VitPose with the same random weights, from each layout of file."""

import os

import pytest
import torch
from safetensors.torch import save_file

from mocap_worker.vitpose.checkpoint import config_named_in, fill, load_checkpoint
from mocap_worker.vitpose.model import SIZES, ViTPose
from mocap_worker.vitpose.model_config import load_model_config

transformers = pytest.importorskip("transformers")


def memory_gb() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9 if hasattr(os, "sysconf") else 0.0


TOLERANCE = 2e-5  # of the heatmaps' range
HUGE = pytest.mark.skipif(memory_gb() < 8, reason="two of the largest models need 7 GB of memory")


def oracle_of(size: str, head: str, experts: int = 1):
    """transformers' model with all of its weights random, so that no bias or statistic is left at 0 or 1."""
    sizes = SIZES[size]
    backbone = transformers.VitPoseBackboneConfig(
        hidden_size=sizes["dim"],
        num_hidden_layers=sizes["depth"],
        num_attention_heads=sizes["heads"],
        layer_norm_eps=1e-6,
        num_experts=experts,
        part_features=sizes["dim"] // 4 if experts > 1 else 0,
        out_indices=[sizes["depth"]],
    )
    config = transformers.VitPoseConfig(backbone_config=backbone, num_labels=17, use_simple_decoder=head == "simple")
    with torch.device("meta"):
        model = transformers.VitPoseForPoseEstimation(config)
    model = model.to_empty(device="cpu").eval()
    # Drawing every one of Huge's numbers would take longer than the rest; a prime number of them never lines up.
    numbers = torch.randn(1_000_003, generator=torch.Generator().manual_seed(len(head) + sizes["dim"]))
    drawn = 0
    with torch.no_grad():
        for name, value in model.state_dict().items():
            if not value.is_floating_point():
                value.zero_()
                continue
            begin, drawn = drawn % len(numbers), drawn + value.numel()
            noise = numbers.repeat((begin + value.numel()) // len(numbers) + 1)[begin : begin + value.numel()]
            noise = noise.view(value.shape)
            if name.endswith("running_var"):
                value.copy_(0.5 + noise.abs())
            elif name.endswith("position_embeddings") or "patch_embeddings" in name:
                # So small that the first norm sees a variance near its eps: a wrong eps shows.
                value.copy_(2e-3 * noise if value.ndim < 4 else 1e-4 * noise)
            elif value.ndim == 1:
                is_scale = "norm" in name and name.endswith("weight")
                value.copy_(0.3 * noise + is_scale)
            else:
                value.copy_(noise * (value[0].numel() ** -0.5))
    return model


def ours(size: str, head: str) -> ViTPose:
    with torch.device("meta"):
        return ViTPose(**SIZES[size], head=head).eval()


@torch.inference_mode()
def heatmaps_of(model: torch.nn.Module, people: int = 1, **options) -> torch.Tensor:
    images = torch.randn(people, 3, 256, 192, generator=torch.Generator().manual_seed(7))
    output = model(images, **options)
    return output if isinstance(output, torch.Tensor) else output.heatmaps


def relative_difference(heatmaps: torch.Tensor, oracle: torch.Tensor) -> float:
    return ((heatmaps - oracle).abs().max() / (oracle.max() - oracle.min())).item()


@pytest.mark.parametrize(
    ("size", "head"),
    [
        *(("S", "simple"), ("S", "classic"), ("B", "simple"), ("B", "classic"), ("L", "classic")),
        pytest.param("H", "classic", marks=[pytest.mark.slow, HUGE]),
    ],
)
def test_heatmaps_equal_transformers(size, head):
    oracle = oracle_of(size, head)
    model = ours(size, head)
    fill(model, oracle.state_dict(), "the oracle")
    expected = heatmaps_of(oracle, people=2 if size == "S" else 1)
    found = heatmaps_of(model, people=2 if size == "S" else 1)
    assert found.shape == expected.shape
    difference = relative_difference(found, expected)
    print(f"{size} {head}: {difference:.2e} of the range")
    assert difference < TOLERANCE


def test_heatmaps_with_experts_equal_transformers():
    """ViTPose+: of transformers' experts some are folded in turn, and they are run unfolded, too."""
    oracle = oracle_of("S", "classic", experts=6)
    with torch.device("meta"):
        whole = ViTPose(**SIZES["S"], head="classic", experts=6).eval()
    fill(whole, oracle.state_dict(), "the oracle")
    for index in (0, 2, 5):
        expected = heatmaps_of(oracle, dataset_index=torch.tensor([index]))
        assert relative_difference(heatmaps_of(whole, dataset=torch.tensor([index])), expected) < TOLERANCE
        # The hub's files have COCO's head alone, and so COCO's expert; others, for the test, as the first.
        state = oracle.state_dict()
        if index:
            state = {
                k.replace(f".experts.{index}.", ".experts.0."): v for k, v in state.items() if ".experts.0." not in k
            }
        model = ours("S", "classic")
        fill(model, state, "the oracle")
        assert relative_difference(heatmaps_of(model), expected) < TOLERANCE


def official_layout(model: ViTPose) -> dict:
    """As the official repository saves: what our names are, in a container, with its optimizer's prefix."""
    return {
        "meta": {"epoch": 210},
        "state_dict": {f"module.{k}": v.clone() for k, v in model.state_dict().items()},
    }


def mmpose_layout(model: ViTPose) -> dict:
    """As mmpose 1.x saves, written out by hand, block by block."""
    ours = model.state_dict()
    table = ours["backbone.pos_embed"]
    theirs = {"backbone.pos_embed": table[:, 1:] + table[:, :1]}
    for part in ("weight", "bias"):
        theirs[f"backbone.patch_embed.projection.{part}"] = ours[f"backbone.patch_embed.proj.{part}"]
        theirs[f"backbone.ln1.{part}"] = ours[f"backbone.last_norm.{part}"]
        for i in range(model.depth):
            block, layer = f"backbone.blocks.{i}", f"backbone.layers.{i}"
            theirs[f"{layer}.ln1.{part}"] = ours[f"{block}.norm1.{part}"]
            theirs[f"{layer}.ln2.{part}"] = ours[f"{block}.norm2.{part}"]
            theirs[f"{layer}.attn.qkv.{part}"] = ours[f"{block}.attn.qkv.{part}"]
            theirs[f"{layer}.attn.proj.{part}"] = ours[f"{block}.attn.proj.{part}"]
            theirs[f"{layer}.ffn.layers.0.0.{part}"] = ours[f"{block}.mlp.fc1.{part}"]
            theirs[f"{layer}.ffn.layers.1.{part}"] = ours[f"{block}.mlp.fc2.{part}"]
    theirs |= {k.replace("keypoint_", ""): v for k, v in ours.items() if k.startswith("keypoint_head.")}
    return {"meta": {"dataset_meta": {}}, "state_dict": {k: v.clone() for k, v in theirs.items()}}


@pytest.mark.parametrize("head", ["simple", "classic"])
def test_official_mmpose_and_transformers_files_give_the_same_heatmaps(tmp_path, head):
    oracle = oracle_of("S", head)
    folder = tmp_path / "as transformers writes it"
    folder.mkdir()
    save_file({k: v.contiguous() for k, v in oracle.state_dict().items()}, folder / "model.safetensors")
    model = ours("S", head)
    load_checkpoint(model, folder)
    expected = heatmaps_of(model)
    assert relative_difference(expected, heatmaps_of(oracle)) < TOLERANCE

    torch.save(official_layout(model), tmp_path / "official.pth")
    torch.save(mmpose_layout(model), tmp_path / "mmpose.pth")
    torch.save(oracle.state_dict(), tmp_path / "transformers.bin")
    for name in ("official.pth", "mmpose.pth", "transformers.bin"):
        again = ours("S", head)
        load_checkpoint(again, tmp_path / name)
        assert torch.equal(heatmaps_of(again), expected), name


@pytest.mark.parametrize(("head", "experts"), [("simple", 1), ("classic", 6)])
def test_a_folder_that_transformers_wrote_needs_no_config(tmp_path, head, experts):
    oracle = oracle_of("S", head, experts)
    oracle.save_pretrained(tmp_path)
    name = config_named_in(tmp_path)
    assert name == f"vitpose_s_{head}_coco_256x192"
    with torch.device("meta"):
        model = load_model_config(name).build().eval()
    load_checkpoint(model, tmp_path, name)
    options = {"dataset_index": torch.tensor([0])} if experts > 1 else {}
    assert relative_difference(heatmaps_of(model), heatmaps_of(oracle, **options)) < TOLERANCE
