"""ViTPose Base, classic head, SynthPose's 17 keypoints and 35 anatomical markers."""

_base_ = "synthpose_256x192.py"

model = dict(
    backbone=dict(
        arch=dict(embed_dims=768, num_layers=12, num_heads=12, feedforward_channels=3072),
        drop_path_rate=0.3,
    ),
    head=dict(in_channels=768),
)
