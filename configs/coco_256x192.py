"""What all our COCO models at 256×192 have in common, with the classic head. Not a model by itself."""

default_scope = "mmpose"
dataset_type = "CocoDataset"
input_size = (192, 256)

codec = dict(type="UDPHeatmap", input_size=input_size, heatmap_size=(48, 64), sigma=2)

model = dict(
    type="TopdownPoseEstimator",
    data_preprocessor=dict(
        type="PoseDataPreprocessor",
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
    ),
    backbone=dict(
        type="mmpretrain.VisionTransformer",
        img_size=(256, 192),
        patch_size=16,
        patch_cfg=dict(padding=2),
        qkv_bias=True,
        with_cls_token=False,
        out_type="featmap",
    ),
    head=dict(
        type="HeatmapHead",
        out_channels=17,
        deconv_out_channels=(256, 256),
        deconv_kernel_sizes=(4, 4),
        loss=dict(type="KeypointMSELoss", use_target_weight=True),
        decoder=codec,
    ),
    # The flip test is for measuring accuracy; a live capture has no time for it.
    test_cfg=dict(flip_test=True, flip_mode="heatmap", shift_heatmap=False),
)

test_dataloader = dict(
    dataset=dict(
        type=dataset_type,
        data_mode="topdown",
        test_mode=True,
        pipeline=[
            dict(type="LoadImage"),
            dict(type="GetBBoxCenterScale"),
            dict(type="TopdownAffine", input_size=input_size, use_udp=True),
            dict(type="PackPoseInputs"),
        ],
    ),
)
