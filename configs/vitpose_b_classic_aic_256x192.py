"""ViTPose Base, classic head, AI Challenger's 14 keypoints."""

_base_ = "aic_256x192.py"

model = dict(
    backbone=dict(
        arch=dict(embed_dims=768, num_layers=12, num_heads=12, feedforward_channels=3072),
        drop_path_rate=0.3,
    ),
    head=dict(in_channels=768),
)
