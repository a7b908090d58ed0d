"""ViTPose Small, classic head, a hand's 21 keypoints (InterHand2.6M)."""

_base_ = "interhand_256x192.py"

model = dict(
    backbone=dict(
        arch=dict(embed_dims=384, num_layers=12, num_heads=12, feedforward_channels=1536),
        drop_path_rate=0.1,
    ),
    head=dict(in_channels=384),
)
