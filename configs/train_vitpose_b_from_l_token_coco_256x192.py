"""ViTPose Base with the knowledge token of a trained Large; --token takes the run that learnt it."""

_base_ = "train_vitpose_b_coco_256x192.py"

model = dict(backbone=dict(attention=dict(knowledge_token=True)))

training = dict(model="train_vitpose_b_from_l_token_coco_256x192")
