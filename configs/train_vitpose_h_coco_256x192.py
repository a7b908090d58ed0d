"""Trains ViTPose Huge, classic head, on COCO as the papers do; --init takes MAE's weights."""

_base_ = ["vitpose_h_classic_coco_256x192.py", "train_coco.py"]

training = dict(model="vitpose_h_classic_coco_256x192", layer_decay=0.85)
