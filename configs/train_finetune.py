"""Fine-tunes weights on a user's own footage: twenty minutes on a CPU. The model is the other _base_'s; --init gives
its weights.

Differs from the papers' recipe, which is for COCO's 150,000 people: a small batch, a low rate that falls with the
clock, milder changes to the pictures, averaged weights, and the last tenth of the pictures held out to measure with.
"""

training = dict(
    minutes=20.0,
    # Of a hundred equal parts of the time: the rate falls after the 60th, the 80th and the 92nd.
    epochs=100,
    steps=(60, 80, 92),
    step_factor=0.3,
    batch_size=16,
    lr=2e-4,
    warmup=50,
    warmup_from=0.01,
    weight_decay=0.1,
    clip=1.0,
    sigma=2.0,
    ema=0.998,
    # Faster where the CPU has bf16 (AMX, AVX512-BF16); "fp32" is where it has not.
    precision="bf16",
    seed=0,
    held_out=0.1,
    val_every=20,
    checkpoint_every=100,
    log_every=20,
    samples_every=200,
    augmentation=dict(
        flip=0.5,
        half_body=0.3,
        half_body_above=8,
        scale=0.35,
        rotation_deg=25.0,
        rotation_chance=0.6,
        shift=0.15,
        shift_chance=0.3,
    ),
)
