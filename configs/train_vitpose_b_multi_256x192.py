"""Trains one ViTPose Base for COCO, AI Challenger and MPII, a classic head each, as in the papers' multi-dataset runs.

Each set's people are labelled, cropped and decoded as its own config says; --data NAME=DIR says where each is.
"""

_base_ = ["vitpose_b_classic_coco_256x192.py", "train_coco.py"]

training = dict(
    model="vitpose_b_classic_coco_256x192",
    layer_decay=0.75,
    batch_size=1024,
    split=16,
    datasets=dict(
        coco="vitpose_b_classic_coco_256x192",
        aic="vitpose_b_classic_aic_256x192",
        mpii="vitpose_b_classic_mpii_256x192",
    ),
)
