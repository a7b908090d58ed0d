"""What our APT-36K models at 256×192 have in common, with the classic head. Not a model by itself."""

_base_ = "coco_256x192.py"

dataset_type = "AP10KDataset"
dataset = "apt36k"  # mmpose has no class of its own for it

codec = dict(type="MSRAHeatmap", input_size=(192, 256), heatmap_size=(48, 64), sigma=2)

model = dict(
    head=dict(out_channels=17, decoder=codec),
    test_cfg=dict(shift_heatmap=True),
)

test_dataloader = dict(
    dataset=dict(
        type=dataset_type,
        pipeline=[
            dict(type="LoadImage"),
            dict(type="GetBBoxCenterScale"),
            dict(type="TopdownAffine", input_size=(192, 256), use_udp=False),
            dict(type="PackPoseInputs"),
        ],
    ),
)
