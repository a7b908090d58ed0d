"""ViTPose Base with a trained Large's knowledge token (--token) and heatmaps (--teacher)."""

_base_ = "train_vitpose_b_from_l_token_coco_256x192.py"

training = dict(
    model="train_vitpose_b_from_l_both_coco_256x192",
    teacher="vitpose_l_classic_coco_256x192",
    teacher_weight=1.0,
)
