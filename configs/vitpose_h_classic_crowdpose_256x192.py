"""ViTPose Huge, classic head, CrowdPose's 14 keypoints."""

_base_ = "crowdpose_256x192.py"

model = dict(
    backbone=dict(
        arch=dict(embed_dims=1280, num_layers=32, num_heads=16, feedforward_channels=5120),
        drop_path_rate=0.55,
    ),
    head=dict(in_channels=1280),
)
