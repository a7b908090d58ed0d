"""ViTPose Base that learns the heatmaps of a trained Large beside the labels; --teacher takes Large's weights."""

_base_ = "train_vitpose_b_coco_256x192.py"

training = dict(teacher="vitpose_l_classic_coco_256x192", teacher_weight=1.0)
