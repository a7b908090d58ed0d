"""The network's shape: parameters as published, any size of input, and a start that can be trained."""

import pytest
import torch

from mocap_worker.evaluation.cost import parameters_and_gmacs
from mocap_worker.vitpose.model import SIZES, Attention, SimpleHead, ViTPose, sincos_positions
from mocap_worker.vitpose.model_config import load_model_config

PUBLISHED = [
    ("T", "classic", 7_363_857),
    ("T", "simple", 5_552_849),
    ("S", "classic", 24_290_577),
    ("S", "simple", 21_722_513),
    ("B", "classic", 89_994_513),
    ("B", "simple", 85_912_337),
    ("L", "classic", 308_544_785),
    ("L", "simple", 303_453_201),
    ("H", "classic", 637_208_849),
    ("H", "simple", 631_107_857),
]


@pytest.mark.parametrize(("size", "head", "count"), PUBLISHED)
def test_parameter_counts_are_the_published_ones(size, head, count):
    with torch.device("meta"):
        assert ViTPose(**SIZES[size], head=head).parameter_count() == count


@pytest.mark.parametrize(
    ("size", "count"), [("S", 33_143_697), ("B", 125_395_473), ("L", 434_404_625), ("H", 899_404_049)]
)
def test_parameter_counts_with_six_experts_are_the_published_ones(size, count):
    with torch.device("meta"):
        assert ViTPose(**SIZES[size], head="classic", experts=6).parameter_count() == count


@pytest.mark.parametrize(
    ("size", "classic", "simple"),
    [("t", 2.2, 1.3), ("s", 5.594, 4.654), ("b", 18.523, 17.461), ("l", 61.569, 60.426), ("h", 125.830, 124.606)],
)
def test_operations_are_the_published_ones(size, classic, simple):
    for head, gmacs in (("classic", classic), ("simple", simple)):
        found = parameters_and_gmacs(load_model_config(f"vitpose_{size}_{head}_coco_256x192"))[1]
        assert found == pytest.approx(gmacs, abs=0.05 if size == "t" else 0.0006)


@pytest.mark.parametrize(("scale", "grid"), [(4, (16, 12)), (2, (32, 24)), (4, (3, 5)), (4, (1, 1))])
def test_the_simple_head_gives_what_interpolating_first_gives(scale, grid):
    torch.manual_seed(0)
    head = SimpleHead(32, 17, scale).double()
    features = torch.randn(2, 32, *grid, dtype=torch.float64, requires_grad=True)
    heatmaps, published = head(features), head.as_published(features)
    assert heatmaps.shape == (2, 17, grid[0] * scale, grid[1] * scale)
    torch.testing.assert_close(heatmaps, published)
    wanted = torch.randn_like(published)
    of = (features, head.final_layer.weight, head.final_layer.bias)
    for ours, theirs in zip(
        torch.autograd.grad(heatmaps, of, wanted), torch.autograd.grad(published, of, wanted), strict=True
    ):
        torch.testing.assert_close(ours, theirs)


def test_attention_written_out_for_training_is_the_same():
    torch.manual_seed(0)
    attention, x = Attention(48, 3), torch.randn(2, 20, 48)
    torch.testing.assert_close(attention.train()(x), attention.eval()(x), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("head", ["simple", "classic"])
@pytest.mark.parametrize(("input_size", "keypoints"), [((192, 256), 17), ((96, 128), 3), ((256, 192), 133)])
def test_heatmaps_are_a_quarter_of_any_input_size(head, input_size, keypoints):
    model = ViTPose(dim=32, depth=1, heads=2, head=head, keypoints=keypoints, input_size=input_size)
    width, height = input_size
    heatmaps = model(torch.zeros(2, 3, height, width))
    assert heatmaps.shape == (2, keypoints, height // 4, width // 4)
    assert model.heatmap_size == (width // 4, height // 4)


@pytest.mark.parametrize(
    "wrong",
    [
        {"input_size": (190, 256)},
        {"heads": 5},
        {"head": "medium"},
        {"input_size": (0, 256)},
        {"ratio": 3},
        {"attention": "none"},
        {"attention": "window", "window": (8, 5)},
        {"attention": "window", "window": (8, 0)},
        {"attention": "window", "knowledge_token": True, "ratio": 2},
        {"dim": 2, "experts": 6},
    ],
)
def test_impossible_networks_are_refused(wrong):
    with pytest.raises(ValueError):
        ViTPose(**{"dim": 32, "depth": 1, "heads": 2, **wrong})


def test_sincos_positions_hold_x_then_y():
    table = sincos_positions(8, (3, 2))
    column, row = torch.tensor(1.0), torch.tensor(2.0)
    last = torch.tensor(
        [
            *(column.sin(), (column / 100).sin(), column.cos(), (column / 100).cos()),
            *(row.sin(), (row / 100).sin(), row.cos(), (row / 100).cos()),
        ]
    )
    assert torch.allclose(table[-1], last, atol=1e-6)
    assert torch.equal(table[0], torch.tensor([0.0, 0, 1, 1, 0, 0, 1, 1]))


def test_dropped_paths_are_rescaled_and_only_in_training():
    torch.manual_seed(0)
    model = ViTPose(dim=32, depth=2, heads=2, input_size=(64, 64), drop_path=0.5)
    assert [block.drop_path for block in model.backbone.blocks] == [0.0, 0.5]
    ones = torch.ones(4000, 1, 1)
    dropped = model.backbone.blocks[1]._drop(ones)
    assert set(dropped.unique().tolist()) == {0.0, 2.0}
    assert abs(dropped.mean().item() - 1.0) < 0.1
    model.eval()
    assert torch.equal(model.backbone.blocks[1]._drop(ones), ones)


def test_the_start_can_be_trained_to_one_picture():
    torch.manual_seed(0)
    model = ViTPose(dim=32, depth=2, heads=2, keypoints=2, input_size=(64, 64))
    image = torch.randn(1, 3, 64, 64)
    target = torch.zeros(1, 2, 16, 16)
    target[0, 0, 3, 12] = target[0, 1, 10, 5] = 1.0
    weights = list(model.parameters())
    for step in range(100):  # by the gradient's sign alone: an optimiser takes seconds to import
        loss = ((model(image) - target) ** 2).mean()
        gradients = torch.autograd.grad(loss, weights)
        with torch.no_grad():
            for weight, gradient in zip(weights, gradients, strict=True):
                weight -= 2e-3 * (1 - step / 100) * gradient.sign()
    peaks = model(image).flatten(2).argmax(-1).squeeze(0)
    assert peaks.tolist() == [3 * 16 + 12, 10 * 16 + 5]
