"""The papers' training on COCO: 210 epochs in batches of 512. What differs between sizes is in their own configs."""

training = dict(
    epochs=210,
    steps=(170, 200),
    step_factor=0.1,
    batch_size=512,
    # Officially eight GPUs with 64 people each: batch norm sees 64 at a time.
    split=8,
    lr=5e-4,
    warmup=500,
    warmup_from=0.001,
    weight_decay=0.1,
    betas=(0.9, 0.999),
    clip=1.0,
    sigma=2.0,
    ema=0.0,
    precision="bf16",
    seed=0,
    val_every=10,
    checkpoint_every=250,
    log_every=50,
    augmentation=dict(
        flip=0.5,
        half_body=0.3,
        half_body_above=8,
        scale=0.5,
        rotation_deg=40.0,
        rotation_chance=0.6,
        shift=0.2,
        shift_chance=0.3,
    ),
)
