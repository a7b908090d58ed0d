"""Learns a knowledge token beside the frozen tokens of a trained ViTPose Large, which --init takes.

The papers say "several epochs" and no more; the rest of the numbers are ours.
"""

_base_ = ["vitpose_l_classic_coco_256x192.py", "train_coco.py"]

model = dict(backbone=dict(attention=dict(knowledge_token=True)))

training = dict(learn="token", epochs=10, steps=(6, 9), lr=1e-3, weight_decay=0.0)
