"""Varied people on a CPU, once more round: small pictures of the whole world, from weights that know an easier one."""

_base_ = "train_vitpose_t_people_128x96.py"

training = dict(hardness=0.5, hardness_step=0.03, reuse=5.0, seed=21, source=dict(default_share=0.2))
