"""ViTPose as a whole, read top to bottom: a plain vision transformer and a small head.

Pictures (N, 3, H, W) go in, normalised RGB; heatmaps (N, K, H/4, W/4), one a keypoint, come out.
What happens before (crop, normalise) and after (decode) is in transforms.py and codec.py; reading files
is in checkpoint.py.

Besides the plain network there are the papers' variants:

- Features at 1/8 of the input (ratio 2): patches of 16 px every 8 px, padded by 4 px, so that each is still
  centred on its cell. Heatmaps stay a quarter of the input: the classic head has one deconvolution, the simple
  one doubles.
- Attention in windows, for which that resolution is meant. Tokens see those of their own window ("window"), of
  windows that every other block moves by half their size ("+shift", without wrapping around the picture), and
  beside them the mean of every window ("+pool"; of the windows that do not move). Positions are the absolute
  ones, so that weights are the same for every kind of attention.
- ViTPose+: each block's second linear layer shares its first outputs among all data sets and has an expert a
  data set for the rest.
- The knowledge token of a larger model: one more token, learnt there and frozen here.

The state dict has the official repository's names, so that its files need no renaming:

    backbone.pos_embed                        (1, 1 + grid, dim); row 0 is added to every token
    backbone.patch_embed.proj.{weight,bias}
    backbone.blocks.N.{norm1,norm2}.{weight,bias}
    backbone.blocks.N.attn.{qkv,proj}.{weight,bias}      qkv's rows: all of q, all of k, all of v
    backbone.blocks.N.mlp.{fc1,fc2}.{weight,bias}
    backbone.blocks.N.mlp.experts.I.{weight,bias}        ViTPose+ only; fc2 then has 3/4 of the rows
    backbone.knowledge_token                  (1, 1, dim), where there is one
    backbone.last_norm.{weight,bias}
    keypoint_head.deconv_layers.{0,1,3,4}.*   classic head only: deconvolution, BatchNorm, twice
    keypoint_head.final_layer.{weight,bias}

Xu et al., "ViTPose: Simple Vision Transformer Baselines for Human Pose Estimation", NeurIPS 2022; "ViTPose++:
Vision Transformer for Generic Body Pose Estimation", TPAMI 2023.
"""

from __future__ import annotations

from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

PATCH = 16
# How far the convolution that cuts the patches is padded, by how many patches begin in 16 px. At 1 each patch
# begins 2 px up and left of its cell.
PATCH_PADDING = {1: 2, 2: 4}
NORM_EPS = 1e-6
ATTENTIONS = ("full", "window", "window+shift", "window+pool", "window+shift+pool")
# ViTPose+'s data sets in the order of its experts; the part of a block's width that they have for themselves.
DATASETS = ("coco", "aic", "mpii", "ap10k", "apt36k", "wholebody")
EXPERT_SHARE = 4

SIZES = {
    "T": {"dim": 192, "depth": 12, "heads": 3},
    "S": {"dim": 384, "depth": 12, "heads": 12},
    "B": {"dim": 768, "depth": 12, "heads": 12},
    "L": {"dim": 1024, "depth": 24, "heads": 16},
    "H": {"dim": 1280, "depth": 32, "heads": 16},
}


class PatchEmbed(nn.Module):
    """Pictures (N, 3, H, W) to patch features (N, dim, H · ratio / 16, W · ratio / 16)."""

    def __init__(self, dim: int, ratio: int = 1) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, dim, kernel_size=PATCH, stride=PATCH // ratio, padding=PATCH_PADDING[ratio])

    def forward(self, images: Tensor) -> Tensor:
        return self.proj(images)


class Attention(nn.Module):
    """Every token looks at every token. (N, tokens, dim) in and out."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        n, tokens, dim = x.shape
        q, k, v = self.qkv(x).view(n, tokens, 3, self.heads, dim // self.heads).permute(2, 0, 3, 1, 4)
        if self.training and x.is_cpu:
            # PyTorch's own is slow backwards on a CPU: so few tokens are quicker written out, by half at 128×96.
            x = (q * (dim // self.heads) ** -0.5 @ k.transpose(-1, -2)).softmax(-1).to(v.dtype) @ v
        else:
            x = F.scaled_dot_product_attention(q, k, v)
        return self.proj(x.transpose(1, 2).reshape(n, tokens, dim))


class WindowAttention(Attention):
    """Tokens look at those of their window, and with `pool` at the mean of every window.

    grid, window, shift: (rows, columns) in tokens; windows begin at `shift`, and what lies before it forms
    smaller windows of its own. (N, rows · columns, dim) in and out.
    """

    def __init__(
        self,
        dim: int,
        heads: int,
        grid: tuple[int, int],
        window: tuple[int, int],
        shift: tuple[int, int] = (0, 0),
        pool: bool = False,
    ) -> None:
        super().__init__(dim, heads)
        self.grid, self.window, self.shift, self.pool = grid, window, shift, pool

    def forward(self, x: Tensor) -> Tensor:
        n, tokens, dim = x.shape
        (rows, columns), (high, wide), (down, right) = self.grid, self.window, self.shift
        count = (rows // high) * (columns // wide)
        qkv = self.qkv(x).view(n, rows, columns, 3 * dim)
        # As in Swin: the picture is rolled so that all windows are whole; the mask parts what met by that.
        moved = qkv.roll((-down, -right), dims=(1, 2)) if any(self.shift) else qkv
        moved = moved.view(n, rows // high, high, columns // wide, wide, 3, self.heads, dim // self.heads)
        q, k, v = moved.permute(5, 0, 1, 3, 6, 2, 4, 7).reshape(3, n, count, self.heads, high * wide, -1)
        if self.pool:
            # Keys and values are linear in the tokens, so the mean of theirs is the mean token's.
            means = qkv.view(n, rows // high, high, columns // wide, wide, 3, self.heads, -1).mean((2, 4))
            means = means.flatten(1, 2).permute(2, 0, 3, 1, 4)[1:, :, None].expand(-1, -1, count, -1, -1, -1)
            k, v = torch.cat([k, means[0]], dim=-2), torch.cat([v, means[1]], dim=-2)
        mask = None
        if any(self.shift):
            mask = _window_mask(self.grid, self.window, self.shift, count if self.pool else 0, x.device)
        x = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        x = x.view(n, rows // high, columns // wide, self.heads, high, wide, -1).permute(0, 1, 4, 2, 5, 3, 6)
        x = x.reshape(n, rows, columns, dim)
        if any(self.shift):
            x = x.roll((down, right), dims=(1, 2))
        return self.proj(x.reshape(n, tokens, dim))


@lru_cache(maxsize=8)
def _window_mask(
    grid: tuple[int, int], window: tuple[int, int], shift: tuple[int, int], means: int, device: torch.device
) -> Tensor:
    """(windows, 1, tokens, tokens + means): who may see whom once the picture was rolled by -shift."""
    (rows, columns), (high, wide) = grid, window
    with torch.inference_mode(False):  # what is kept may be used in training later
        # Within a window, what came over from the other side of the picture is a part of its own.
        over = [torch.arange(size, device="cpu") >= size - by for size, by in zip(grid, shift, strict=True)]
        part = over[0][:, None] * 2 + over[1][None, :]
        part = part.view(rows // high, high, columns // wide, wide).transpose(1, 2).reshape(-1, 1, high * wide)
        seen = part[..., :, None] == part[..., None, :]
        return torch.cat([seen, seen.new_ones(*seen.shape[:-1], means)], dim=-1).to(device)


class Mlp(nn.Module):
    def __init__(self, dim: int, ratio: int = 4) -> None:
        super().__init__()
        self.fc1 = nn.Linear(dim, ratio * dim)
        self.fc2 = nn.Linear(ratio * dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.gelu(self.fc1(x)))  # the exact GELU, not the tanh approximation


class ExpertMlp(nn.Module):
    """ViTPose+'s: the last quarter of the outputs comes from the expert of the picture's data set."""

    def __init__(self, dim: int, experts: int, ratio: int = 4) -> None:
        super().__init__()
        part = dim // EXPERT_SHARE
        self.fc1 = nn.Linear(dim, ratio * dim)
        self.fc2 = nn.Linear(ratio * dim, dim - part)
        self.experts = nn.ModuleList(nn.Linear(ratio * dim, part) for _ in range(experts))

    def forward(self, x: Tensor, dataset: Tensor) -> Tensor:
        """dataset: (N,) which expert each picture has."""
        x = F.gelu(self.fc1(x))
        shared = self.fc2(x)
        own = shared.new_empty(*shared.shape[:2], self.experts[0].out_features)
        for i in dataset.unique().tolist():
            own[dataset == i] = self.experts[i](x[dataset == i])
        return torch.cat([shared, own], dim=-1)


class Block(nn.Module):
    """A pre-norm transformer block; `drop_path` is the chance that a picture skips a branch in training."""

    def __init__(self, dim: int, attention: Attention, drop_path: float = 0.0, experts: int = 0) -> None:
        super().__init__()
        self.drop_path = drop_path
        self.norm1 = nn.LayerNorm(dim, eps=NORM_EPS)
        self.attn = attention
        self.norm2 = nn.LayerNorm(dim, eps=NORM_EPS)
        self.mlp = ExpertMlp(dim, experts) if experts else Mlp(dim)

    def forward(self, x: Tensor, dataset: Tensor | None = None) -> Tensor:
        x = x + self._drop(self.attn(self.norm1(x)))
        x2 = self.norm2(x)
        return x + self._drop(self.mlp(x2) if dataset is None else self.mlp(x2, dataset))

    def _drop(self, branch: Tensor) -> Tensor:
        if not self.training or self.drop_path == 0.0:
            return branch
        keep = 1.0 - self.drop_path
        return branch * branch.new_empty(len(branch), 1, 1).bernoulli_(keep).div_(keep)


class Backbone(nn.Module):
    """The vision transformer: pictures (N, 3, H, W) to features (N, dim, rows, columns) of the grid."""

    def __init__(
        self,
        dim: int,
        attentions: list[Attention],
        grid: tuple[int, int],
        ratio: int = 1,
        drop_path: float = 0.0,
        experts: int = 0,
        knowledge_token: bool = False,
    ) -> None:
        super().__init__()
        rows, columns = grid
        self.patch_embed = PatchEmbed(dim, ratio)
        # Row 0 was the class token's place in MAE pre-training. ViTPose has no class token and adds the
        # row to every token instead.
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + rows * columns, dim))
        depth = len(attentions)
        rates = [drop_path * i / max(depth - 1, 1) for i in range(depth)]
        self.blocks = nn.ModuleList(
            Block(dim, attention, rate, experts) for attention, rate in zip(attentions, rates, strict=True)
        )
        self.last_norm = nn.LayerNorm(dim, eps=NORM_EPS)
        token = nn.Parameter(torch.zeros(1, 1, dim), requires_grad=False) if knowledge_token else None
        self.register_parameter("knowledge_token", token)

    def forward(self, images: Tensor, dataset: Tensor | None = None) -> Tensor:
        x = self.patch_embed(images)
        n, dim, rows, columns = x.shape
        x = x.flatten(2).transpose(1, 2)
        # The brackets matter: a file that holds the sum already (and so a zero row 0) gives the same bits.
        x = x + (self.pos_embed[:, 1:] + self.pos_embed[:, :1])
        if self.knowledge_token is not None:
            x = torch.cat([x, self.knowledge_token.expand(n, -1, -1)], dim=1)
        for block in self.blocks:
            x = block(x, dataset)
        x = self.last_norm(x)[:, : rows * columns]
        return x.transpose(1, 2).reshape(n, dim, rows, columns)


class ClassicHead(nn.Module):
    """Deconvolutions, each doubling the resolution, until it is a quarter of the input's; a 1×1 convolution."""

    def __init__(self, dim: int, keypoints: int, scale: int = 4, width: int = 256) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for channels in (dim, width)[: scale // 2]:
            layers += [
                nn.ConvTranspose2d(channels, width, kernel_size=4, stride=2, padding=1, bias=False),
                nn.BatchNorm2d(width),
                nn.ReLU(inplace=True),
            ]
        self.deconv_layers = nn.Sequential(*layers)
        self.final_layer = nn.Conv2d(width, keypoints, kernel_size=1)

    def forward(self, features: Tensor) -> Tensor:
        return self.final_layer(self.deconv_layers(features))


class SimpleHead(nn.Module):
    """ReLU, bilinear interpolation to a quarter of the input's resolution, one 3×3 convolution.

    All but the ReLU is linear, so the sums are made in another order: the convolution's nine products on the
    features as they are, then the enlarging of what they give, along columns and along rows. For Base that is
    22 M multiplications in place of 361 M. `as_published` keeps the papers' order.
    """

    def __init__(self, dim: int, keypoints: int, scale: int = 4) -> None:
        super().__init__()
        self.scale = scale
        self.final_layer = nn.Conv2d(dim, keypoints, kernel_size=3, padding=1)

    def forward(self, features: Tensor) -> Tensor:
        n, dim, rows, columns = features.shape
        weight, bias = self.final_layer.weight, self.final_layer.bias
        keypoints = len(weight)
        tokens = F.relu(features).flatten(2).transpose(1, 2)
        products = tokens @ weight.permute(1, 0, 2, 3).reshape(dim, keypoints * 9)
        products = products.view(n, rows, columns, keypoints, 3, 3).permute(0, 3, 4, 1, 5, 2)
        products = products.reshape(n, keypoints, 3 * rows, 3 * columns)
        down, along = (_enlarging(size, self.scale, weight) for size in (rows, columns))
        return down @ products @ along.T + bias.view(-1, 1, 1)

    def as_published(self, features: Tensor) -> Tensor:
        x = F.interpolate(F.relu(features), scale_factor=self.scale, mode="bilinear", align_corners=False)
        return self.final_layer(x)


def _enlarging(size: int, scale: int, like: Tensor) -> Tensor:
    """(size · scale, 3 · size): for each of a convolution's three taps, bilinear interpolation moved by the tap."""
    one = torch.eye(size, dtype=like.dtype, device=like.device)
    larger = F.interpolate(one[None], scale_factor=scale, mode="linear", align_corners=False)[0].T
    edge = torch.zeros_like(larger[:1])
    return torch.cat([torch.cat([edge, larger[:-1]]), larger, torch.cat([larger[1:], edge])], dim=1)


class ViTPose(nn.Module):
    """A ViTPose network; `ViTPose(**SIZES["S"], head="classic")` is the paper's small one for COCO.

    input_size: (width, height) in pixels, multiples of 16. `positions` is how an untrained network starts:
    "sincos" (fixed waves, learnt on from there) or "random".
    ratio: 1 for features at 1/16 of the input, 2 for 1/8. attention: one of ATTENTIONS. window: (rows, columns)
    in tokens, where attention has windows; the grid must be a multiple of it. experts: 0, or how many data sets
    share the network, as in ViTPose+. knowledge_token: whether one is appended; full attention only.
    forward: (N, 3, height, width) normalised RGB -> heatmaps (N, keypoints, height/4, width/4).
    Raises ValueError for a network that cannot be.
    """

    def __init__(
        self,
        dim: int,
        depth: int,
        heads: int,
        head: str = "simple",
        keypoints: int = 17,
        input_size: tuple[int, int] = (192, 256),
        drop_path: float = 0.0,
        positions: str = "sincos",
        ratio: int = 1,
        attention: str = "full",
        window: tuple[int, int] = (8, 8),
        experts: int = 0,
        knowledge_token: bool = False,
    ) -> None:
        super().__init__()
        width, height = input_size
        if width % PATCH or height % PATCH or min(width, height) < PATCH:
            raise ValueError(f"input_size {tuple(input_size)} is not in multiples of {PATCH} px")
        if dim % heads:
            raise ValueError(f"dim {dim} cannot be shared among {heads} heads")
        if head not in ("simple", "classic"):
            raise ValueError(f"head {head!r} is neither 'simple' nor 'classic'")
        if ratio not in PATCH_PADDING:
            raise ValueError(f"ratio {ratio} is neither 1 nor 2")
        if experts and dim % EXPERT_SHARE:
            raise ValueError(f"dim {dim} is no multiple of {EXPERT_SHARE}, as experts need")
        if knowledge_token and attention != "full":
            raise ValueError(f"a knowledge token is seen with full attention, not with {attention}")
        self.dim, self.depth, self.heads, self.head = dim, depth, heads, head
        self.keypoints, self.input_size, self.experts = keypoints, (width, height), experts
        self.heatmap_size = (width // 4, height // 4)
        self.grid = (height * ratio // PATCH, width * ratio // PATCH)

        attentions = _attentions(dim, depth, heads, self.grid, attention, window)
        self.backbone = Backbone(dim, attentions, self.grid, ratio, drop_path, experts, knowledge_token)
        self.keypoint_head = (SimpleHead if head == "simple" else ClassicHead)(dim, keypoints, scale=4 // ratio)
        if not self.backbone.pos_embed.is_meta:  # else the weights come from a file
            self._init_weights(positions)

    def forward(self, images: Tensor, dataset: Tensor | None = None) -> Tensor:
        """dataset: (N,) indices into DATASETS, where the network has experts."""
        return self.keypoint_head(self.backbone(images, dataset))

    def as_published(self, images: Tensor) -> Tensor:
        """The same heatmaps with every sum in the papers' order, which is what their operations count."""
        features, head = self.backbone(images), self.keypoint_head
        return head.as_published(features) if isinstance(head, SimpleHead) else head(features)

    def parameter_count(self) -> int:
        return sum(p.numel() for p in self.parameters())

    def _init_weights(self, positions: str) -> None:
        """Fit for training from nothing: Xavier linear layers, as in MAE; a quiet head, as in mmpose."""
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)
        patches = self.backbone.patch_embed.proj
        nn.init.xavier_uniform_(patches.weight.view(self.dim, -1))
        nn.init.zeros_(patches.bias)
        for module in self.keypoint_head.modules():
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
                nn.init.normal_(module.weight, std=0.001)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        with torch.no_grad():
            table = self.backbone.pos_embed
            if positions == "sincos":
                table[0, 1:] = sincos_positions(self.dim, self.grid)
            else:
                nn.init.trunc_normal_(table, std=0.02)


def _attentions(
    dim: int, depth: int, heads: int, grid: tuple[int, int], kind: str, window: tuple[int, int]
) -> list[Attention]:
    """One a block; every other one shifted where `kind` says so."""
    if kind not in ATTENTIONS:
        raise ValueError(f"attention {kind!r} is none of {', '.join(ATTENTIONS)}")
    if kind == "full":
        return [Attention(dim, heads) for _ in range(depth)]
    if any(w < 1 or g % w for g, w in zip(grid, window, strict=True)):
        raise ValueError(f"the grid of {grid} tokens is no multiple of the window {tuple(window)}")
    half = tuple(w // 2 if w < g else 0 for g, w in zip(grid, window, strict=True)) if "shift" in kind else (0, 0)
    shifts = [half if i % 2 else (0, 0) for i in range(depth)]
    return [WindowAttention(dim, heads, grid, tuple(window), shift, "pool" in kind) for shift in shifts]


def sincos_positions(dim: int, grid: tuple[int, int]) -> Tensor:
    """Two-dimensional sine and cosine positions as in MAE: (rows · columns, dim), half for x, half for y."""
    if dim % 4:
        raise ValueError(f"dim {dim} is no multiple of 4, which sine and cosine of x and y need")
    rows, columns = grid
    rate = 1.0 / 10000 ** (torch.arange(dim // 4, dtype=torch.float64) / (dim // 4))
    y, x = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
    waves = [f(axis.reshape(-1, 1) * rate) for axis in (x, y) for f in (torch.sin, torch.cos)]
    return torch.cat(waves, dim=1).float()
