"""ViTPose Small, classic head, MPII's 16 keypoints."""

_base_ = "mpii_256x192.py"

model = dict(
    backbone=dict(
        arch=dict(embed_dims=384, num_layers=12, num_heads=12, feedforward_channels=1536),
        drop_path_rate=0.1,
    ),
    head=dict(in_channels=384),
)
