"""Varied people on a CPU, the end of the second round: at the full size, in the full world."""

_base_ = "train_vitpose_t_people_256x192.py"

training = dict(hardness=0.7, reuse=4.0, seed=22, source=dict(default_share=0.2))
