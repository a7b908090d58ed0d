"""Towards varied people on a CPU, first stage: from the weights of one character, small pictures, easy ones first."""

_base_ = "train_vitpose_t_synthetic_128x96.py"

training = dict(
    iterations=9000,
    lr=8e-4,
    lr_end=4e-4,
    warmup=100,
    ema=0.998,
    hardness=0.1,
    hardness_every=40,
    hardness_above=0.65,
    reuse=3.0,
    window=8192,
    seed=11,
    checkpoint_every=250,
    log_every=50,
    augmentation=dict(turn_deg=12.0, scale=0.12, shift=0.03, gain=0.15, flip=0.5),
    source=dict(poses=20000, people="varied", default_share=0.15),
)
