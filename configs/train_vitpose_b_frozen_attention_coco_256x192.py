"""The papers' trial with attention left as MAE has it: attn and norm1 of every block do not learn (75.1 AP of 75.8)."""

_base_ = "train_vitpose_b_coco_256x192.py"

training = dict(freeze=("attention",))
