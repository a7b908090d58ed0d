"""The papers' variants: windows against dense references, features at 1/8, experts, the knowledge token."""

import pytest
import torch

from mocap_worker.vitpose.layouts import for_dataset
from mocap_worker.vitpose.model import DATASETS, ExpertMlp, ViTPose, WindowAttention

GRID = (16, 8)


def small(**options) -> ViTPose:
    torch.manual_seed(2)
    model = ViTPose(dim=32, depth=3, heads=2, input_size=(64, 128), **options).eval()
    with torch.no_grad():
        for value in model.parameters():
            value.add_(0.05 * torch.randn(value.shape))
        for module in model.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.running_mean.normal_()
                module.running_var.uniform_(0.5, 2.0)
    return model


def pictures(count=2):
    return torch.randn(count, 3, 128, 64, generator=torch.Generator().manual_seed(3))


def dense(attention: WindowAttention, x: torch.Tensor, window, shift, pool: bool) -> torch.Tensor:
    """The same attention by its definition: every pair of tokens, and a mask. (1, tokens, dim) in and out.

    Windows begin at `shift`; the tokens before it are in windows of their own, which the picture's edge cuts off.
    """
    rows, columns = attention.grid
    row, column = torch.arange(rows).repeat_interleave(columns), torch.arange(columns).repeat(rows)
    of = torch.stack([(row - shift[0]) // window[0], (column - shift[1]) // window[1]])
    seen = (of[:, :, None] == of[:, None, :]).all(0)
    keys = x[0]
    if pool:
        fixed = torch.stack([row // window[0], column // window[1]], 1)
        means = [x[0][(fixed == which).all(1)].mean(0) for which in fixed.unique(dim=0)]
        keys = torch.cat([keys, torch.stack(means)])
        seen = torch.cat([seen, torch.ones(len(seen), len(means), dtype=torch.bool)], 1)
    weight, bias = attention.qkv.weight.chunk(3), attention.qkv.bias.chunk(3)
    query = x[0] @ weight[0].T + bias[0]
    key, value = keys @ weight[1].T + bias[1], keys @ weight[2].T + bias[2]
    width = query.shape[1] // attention.heads
    found = []
    for head in range(attention.heads):
        part = slice(head * width, (head + 1) * width)
        scores = query[:, part] @ key[:, part].T / width**0.5
        found.append(scores.masked_fill(~seen, -torch.inf).softmax(1) @ value[:, part])
    return attention.proj(torch.cat(found, 1))[None]


@pytest.mark.parametrize("pool", [False, True])
@pytest.mark.parametrize("shift", [(0, 0), (2, 1), (4, 2), (0, 3)])
def test_windows_equal_a_masked_dense_reference(shift, pool):
    torch.manual_seed(4)
    window = (8, 4)
    attention = WindowAttention(32, 4, GRID, window, shift, pool)
    x = torch.randn(3, GRID[0] * GRID[1], 32)
    with torch.inference_mode():
        found = attention(x)
        for one, expected in zip(found, x, strict=True):
            assert torch.allclose(one, dense(attention, expected[None], window, shift, pool)[0], atol=1e-5)


@pytest.mark.parametrize("kind", ["window", "window+shift"])
def test_a_window_as_large_as_the_grid_equals_full_attention(kind):
    full = small(ratio=2)
    windows = small(ratio=2, attention=kind, window=GRID)
    windows.load_state_dict(full.state_dict())
    with torch.inference_mode():
        expected = full(pictures())
        assert torch.allclose(windows(pictures()), expected, atol=2e-5 * (expected.max() - expected.min()))


def test_every_other_block_is_shifted_and_every_kind_differs():
    kinds = ("full", "window", "window+shift", "window+pool", "window+shift+pool")
    models = [small(ratio=2, attention=kind, window=(8, 4)) for kind in kinds]
    shifts = [block.attn.shift for block in models[2].backbone.blocks]
    assert shifts == [(0, 0), (4, 2), (0, 0)]
    assert [block.attn.shift for block in models[3].backbone.blocks] == [(0, 0)] * 3
    with torch.inference_mode():
        heatmaps = [model(pictures(1)) for model in models]
    for i, one in enumerate(heatmaps):
        for other in heatmaps[i + 1 :]:
            assert (one - other).abs().max() > 1e-3 * (one.max() - one.min())
    assert len({tuple(model.state_dict()) for model in models}) == 1


def test_windows_can_be_trained_after_they_ran():
    model = small(ratio=2, attention="window+shift+pool", window=(8, 4))
    with torch.inference_mode():
        model(pictures(1))
    model.train()(pictures(1)).square().mean().backward()
    assert all(value.grad is not None and torch.isfinite(value.grad).all() for value in model.parameters())


@pytest.mark.parametrize("head", ["simple", "classic"])
def test_features_at_an_eighth_give_heatmaps_of_a_quarter(head):
    model = small(ratio=2, head=head)
    assert model.grid == GRID and model.backbone.pos_embed.shape == (1, 1 + 16 * 8, 32)
    with torch.inference_mode():
        assert model.backbone(pictures()).shape == (2, 32, *GRID)
        assert model(pictures()).shape == (2, 17, 32, 16)


def test_patches_at_an_eighth_are_centred_on_their_cells():
    """A patch's 16 px reach 4 px beyond its cell's 8 on each side."""
    model = small(ratio=2)
    with torch.no_grad():
        model.backbone.patch_embed.proj.weight.fill_(1.0)
        model.backbone.patch_embed.proj.bias.zero_()
        picture = torch.zeros(1, 3, 128, 64)
        picture[..., 40 - 4 : 48 + 4, 24 - 4 : 32 + 4] = 1.0
        sums = model.backbone.patch_embed(picture)[0, 0]
    assert sums.argmax().item() == 5 * 8 + 3 and sums.max() == 3 * 16 * 16


def test_experts_share_what_is_shared_and_differ_in_the_rest():
    torch.manual_seed(5)
    mlp = ExpertMlp(32, 6)
    x = torch.randn(4, 10, 32)
    dataset = torch.tensor([0, 5, 0, 2])
    with torch.inference_mode():
        found = mlp(x, dataset)
        hidden = torch.nn.functional.gelu(mlp.fc1(x))
        for i, expert in enumerate(dataset.tolist()):
            assert torch.allclose(found[i, :, :24], mlp.fc2(hidden[i]), atol=1e-6)
            assert torch.allclose(found[i, :, 24:], mlp.experts[expert](hidden[i]), atol=1e-6)


@pytest.mark.parametrize("dataset", DATASETS)
def test_folding_an_expert_changes_nothing(dataset):
    whole = small(head="classic", experts=6).double()
    state = whole.state_dict()
    heads = {}  # as in a file with all heads, so that each data set can be chosen
    for i in range(5):
        for key, value in state.items():
            if key.startswith("keypoint_head."):
                heads[key.replace("keypoint_head.", f"associate_keypoint_heads.{i}.")] = value
    state |= heads
    folded, _ = for_dataset(state, {key: key for key in state}, dataset, 17, "a file")
    plain = small(head="classic").double()
    plain.load_state_dict(folded)
    which = torch.full((2,), DATASETS.index(dataset))
    with torch.inference_mode():
        expected = whole(pictures().double(), which)
        found = plain(pictures().double())
    # The same products, in one matrix in place of two: only the order of summing may differ.
    assert torch.allclose(found, expected, atol=1e-13 * (expected.max() - expected.min()), rtol=0)


def test_the_knowledge_token_is_appended_seen_and_not_trained():
    with_token, without = small(knowledge_token=True), small()
    state = with_token.state_dict()
    token = state.pop("backbone.knowledge_token")
    without.load_state_dict(state)
    assert token.shape == (1, 1, 32)
    grid = without.grid
    with torch.inference_mode():
        found, bare = with_token(pictures()), without(pictures())
        assert found.shape == bare.shape and not torch.allclose(found, bare)
        # By hand: a token after the others, without a position, dropped again at the end.
        backbone = without.backbone
        x = backbone.patch_embed(pictures()).flatten(2).transpose(1, 2)
        x = x + backbone.pos_embed[:, 1:] + backbone.pos_embed[:, :1]
        x = torch.cat([x, token.expand(2, -1, -1)], 1)
        for block in backbone.blocks:
            x = block(x)
        features = backbone.last_norm(x[:, :-1]).transpose(1, 2).reshape(2, 32, *grid)
        assert torch.allclose(with_token.backbone(pictures()), features, atol=1e-6)
    with_token.train()(pictures()).sum().backward()
    assert with_token.backbone.knowledge_token.grad is None
