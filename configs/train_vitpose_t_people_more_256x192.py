"""Varied people on a CPU, further rounds: the full world at the full size from the first step on, a seed a round."""

_base_ = "train_vitpose_t_people_again_256x192.py"

training = dict(lr=4e-4, fade=0.3, hardness=1.0, seed=23)
