"""ViTPose as a whole, read top to bottom: a plain vision transformer and a small head.

Pictures (N, 3, H, W) go in, normalised RGB; heatmaps (N, K, H/4, W/4), one a keypoint, come out.
What happens before (crop, normalise) and after (decode) is in transforms.py and codec.py; reading files
is in checkpoint.py.

The state dict has the official repository's names, so that its files need no renaming:

    backbone.pos_embed                        (1, 1 + grid, dim); row 0 is added to every token
    backbone.patch_embed.proj.{weight,bias}
    backbone.blocks.N.{norm1,norm2}.{weight,bias}
    backbone.blocks.N.attn.{qkv,proj}.{weight,bias}      qkv's rows: all of q, all of k, all of v
    backbone.blocks.N.mlp.{fc1,fc2}.{weight,bias}
    backbone.last_norm.{weight,bias}
    keypoint_head.deconv_layers.{0,1,3,4}.*   classic head only: deconvolution, BatchNorm, twice
    keypoint_head.final_layer.{weight,bias}

Xu et al., "ViTPose: Simple Vision Transformer Baselines for Human Pose Estimation", NeurIPS 2022.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

PATCH = 16
# The convolution that cuts the patches is padded, so that each patch starts 2 px up and left of its cell.
PATCH_PADDING = 2
NORM_EPS = 1e-6

SIZES = {
    "T": {"dim": 192, "depth": 12, "heads": 3},
    "S": {"dim": 384, "depth": 12, "heads": 12},
    "B": {"dim": 768, "depth": 12, "heads": 12},
    "L": {"dim": 1024, "depth": 24, "heads": 16},
    "H": {"dim": 1280, "depth": 32, "heads": 16},
}


class PatchEmbed(nn.Module):
    """Pictures (N, 3, H, W) to patch features (N, dim, H/16, W/16)."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, dim, kernel_size=PATCH, stride=PATCH, padding=PATCH_PADDING)

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
        x = F.scaled_dot_product_attention(q, k, v)
        return self.proj(x.transpose(1, 2).reshape(n, tokens, dim))


class Mlp(nn.Module):
    def __init__(self, dim: int, ratio: int = 4) -> None:
        super().__init__()
        self.fc1 = nn.Linear(dim, ratio * dim)
        self.fc2 = nn.Linear(ratio * dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.gelu(self.fc1(x)))  # the exact GELU, not the tanh approximation


class Block(nn.Module):
    """A pre-norm transformer block; `drop_path` is the chance that a picture skips a branch in training."""

    def __init__(self, dim: int, heads: int, drop_path: float = 0.0) -> None:
        super().__init__()
        self.drop_path = drop_path
        self.norm1 = nn.LayerNorm(dim, eps=NORM_EPS)
        self.attn = Attention(dim, heads)
        self.norm2 = nn.LayerNorm(dim, eps=NORM_EPS)
        self.mlp = Mlp(dim)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self._drop(self.attn(self.norm1(x)))
        return x + self._drop(self.mlp(self.norm2(x)))

    def _drop(self, branch: Tensor) -> Tensor:
        if not self.training or self.drop_path == 0.0:
            return branch
        keep = 1.0 - self.drop_path
        return branch * branch.new_empty(len(branch), 1, 1).bernoulli_(keep).div_(keep)


class Backbone(nn.Module):
    """The vision transformer: pictures (N, 3, H, W) to features (N, dim, H/16, W/16)."""

    def __init__(self, dim: int, depth: int, heads: int, grid: tuple[int, int], drop_path: float = 0.0) -> None:
        super().__init__()
        rows, columns = grid
        self.patch_embed = PatchEmbed(dim)
        # Row 0 was the class token's place in MAE pre-training. ViTPose has no class token and adds the
        # row to every token instead.
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + rows * columns, dim))
        rates = [drop_path * i / max(depth - 1, 1) for i in range(depth)]
        self.blocks = nn.ModuleList(Block(dim, heads, rate) for rate in rates)
        self.last_norm = nn.LayerNorm(dim, eps=NORM_EPS)

    def forward(self, images: Tensor) -> Tensor:
        x = self.patch_embed(images)
        n, dim, rows, columns = x.shape
        x = x.flatten(2).transpose(1, 2)
        # The brackets matter: a file that holds the sum already (and so a zero row 0) gives the same bits.
        x = x + (self.pos_embed[:, 1:] + self.pos_embed[:, :1])
        for block in self.blocks:
            x = block(x)
        return self.last_norm(x).transpose(1, 2).reshape(n, dim, rows, columns)


class ClassicHead(nn.Module):
    """Two deconvolutions, each doubling the resolution, then one 1×1 convolution."""

    def __init__(self, dim: int, keypoints: int, width: int = 256) -> None:
        super().__init__()
        self.deconv_layers = nn.Sequential(
            nn.ConvTranspose2d(dim, width, kernel_size=4, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
            nn.ConvTranspose2d(width, width, kernel_size=4, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
        )
        self.final_layer = nn.Conv2d(width, keypoints, kernel_size=1)

    def forward(self, features: Tensor) -> Tensor:
        return self.final_layer(self.deconv_layers(features))


class SimpleHead(nn.Module):
    """ReLU, four times the resolution by bilinear interpolation, one 3×3 convolution."""

    def __init__(self, dim: int, keypoints: int) -> None:
        super().__init__()
        self.final_layer = nn.Conv2d(dim, keypoints, kernel_size=3, padding=1)

    def forward(self, features: Tensor) -> Tensor:
        x = F.interpolate(F.relu(features), scale_factor=4, mode="bilinear", align_corners=False)
        return self.final_layer(x)


class ViTPose(nn.Module):
    """A ViTPose network; `ViTPose(**SIZES["S"], head="classic")` is the paper's small one for COCO.

    input_size: (width, height) in pixels, multiples of 16. `positions` is how an untrained network starts:
    "sincos" (fixed waves, learnt on from there) or "random".
    forward: (N, 3, height, width) normalised RGB -> heatmaps (N, keypoints, height/4, width/4).
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
    ) -> None:
        super().__init__()
        width, height = input_size
        if width % PATCH or height % PATCH or min(width, height) < PATCH:
            raise ValueError(f"input_size {tuple(input_size)} is not in multiples of {PATCH} px")
        if dim % heads:
            raise ValueError(f"dim {dim} cannot be shared among {heads} heads")
        if head not in ("simple", "classic"):
            raise ValueError(f"head {head!r} is neither 'simple' nor 'classic'")
        self.dim, self.depth, self.heads, self.head = dim, depth, heads, head
        self.keypoints, self.input_size = keypoints, (width, height)
        self.heatmap_size = (width // 4, height // 4)
        self.grid = (height // PATCH, width // PATCH)

        self.backbone = Backbone(dim, depth, heads, self.grid, drop_path)
        self.keypoint_head = (SimpleHead if head == "simple" else ClassicHead)(dim, keypoints)
        if not self.backbone.pos_embed.is_meta:  # else the weights come from a file
            self._init_weights(positions)

    def forward(self, images: Tensor) -> Tensor:
        return self.keypoint_head(self.backbone(images))

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


def sincos_positions(dim: int, grid: tuple[int, int]) -> Tensor:
    """Two-dimensional sine and cosine positions as in MAE: (rows · columns, dim), half for x, half for y."""
    if dim % 4:
        raise ValueError(f"dim {dim} is no multiple of 4, which sine and cosine of x and y need")
    rows, columns = grid
    rate = 1.0 / 10000 ** (torch.arange(dim // 4, dtype=torch.float64) / (dim // 4))
    y, x = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
    waves = [f(axis.reshape(-1, 1) * rate) for axis in (x, y) for f in (torch.sin, torch.cos)]
    return torch.cat(waves, dim=1).float()
