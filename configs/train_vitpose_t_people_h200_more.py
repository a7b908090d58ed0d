"""On from weights that are there, on the same GPU, in less than ten minutes: the full world from the first step on."""

_base_ = "train_vitpose_t_people_h200.py"

training = dict(
    minutes=8.5,
    ema=0.998,
    fade=0.3,
    hardness=1.0,
    hardness_by=0.0,
    seed=31,
    val_pictures=0,
    source=dict(default_share=0.15),
)
