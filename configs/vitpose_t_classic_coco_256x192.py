"""ViTPose Tiny, classic head, COCO's 17 keypoints."""

_base_ = "coco_256x192.py"

model = dict(
    backbone=dict(
        arch=dict(embed_dims=192, num_layers=12, num_heads=3, feedforward_channels=768),
        drop_path_rate=0.0,
    ),
    head=dict(in_channels=192),
)
