"""ViTPose Large, classic head, COCO's 17 keypoints as the papers measure them on OCHuman: without UDP."""

_base_ = "ochuman_256x192.py"

model = dict(
    backbone=dict(
        arch=dict(embed_dims=1024, num_layers=24, num_heads=16, feedforward_channels=4096),
        drop_path_rate=0.5,
    ),
    head=dict(in_channels=1024),
)
