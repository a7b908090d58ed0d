"""Trains ViTPose+ Base: six data sets, a head and an expert in every block each; --init takes MAE's weights."""

_base_ = ["vitpose_b_classic_coco_256x192.py", "train_coco.py"]

training = dict(
    model="vitpose_b_classic_coco_256x192",
    layer_decay=0.75,
    batch_size=1024,
    split=16,
    lr=1e-3,
    experts=True,
    datasets=dict(
        coco="vitpose_b_classic_coco_256x192",
        aic="vitpose_b_classic_aic_256x192",
        mpii="vitpose_b_classic_mpii_256x192",
        ap10k="vitpose_b_classic_ap10k_256x192",
        apt36k="vitpose_b_classic_apt36k_256x192",
        wholebody="vitpose_b_classic_wholebody_256x192",
    ),
)
