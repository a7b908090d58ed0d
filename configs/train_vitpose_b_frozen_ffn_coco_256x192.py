"""The papers' trial with the rest left as MAE has it: mlp, norm2, patches and positions do not learn (72.8 AP)."""

_base_ = "train_vitpose_b_coco_256x192.py"

training = dict(freeze=("ffn",))
