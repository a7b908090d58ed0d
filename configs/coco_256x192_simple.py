"""The simple head in place of the classic one: ReLU and ×4 in the neck, then one 3×3 convolution."""

_base_ = "coco_256x192.py"

model = dict(
    neck=dict(type="FeatureMapProcessor", scale_factor=4.0, apply_relu=True),
    head=dict(
        deconv_out_channels=[],
        deconv_kernel_sizes=[],
        final_layer=dict(kernel_size=3, padding=1),
    ),
)
