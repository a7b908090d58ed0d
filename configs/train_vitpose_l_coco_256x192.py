"""Trains ViTPose Large, classic head, on COCO as the papers do; --init takes MAE's weights."""

_base_ = ["vitpose_l_classic_coco_256x192.py", "train_coco.py"]

training = dict(model="vitpose_l_classic_coco_256x192", layer_decay=0.8)
