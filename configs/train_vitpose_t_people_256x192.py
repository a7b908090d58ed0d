"""Towards varied people on a CPU, second stage: from the first stage's weights, at the full size, in the full world."""

_base_ = "train_vitpose_t_synthetic_256x192.py"

training = dict(
    iterations=1600,
    lr=5e-4,
    warmup=50,
    ema=0.995,
    mse_weight=250.0,
    fade=0.6,
    hardness=0.8,
    hardness_step=0.05,
    hardness_every=60,
    hardness_above=0.6,
    reuse=2.0,
    seed=12,
    augmentation=dict(turn_deg=12.0, scale=0.12, shift=0.03, gain=0.15, flip=0.5),
    source=dict(poses=20000, people="varied", default_share=0.15),
)
