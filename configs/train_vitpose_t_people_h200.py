"""The small model from nothing on one large GPU (an H100 or H200, 16 cores beside it) within half an hour.

Fifteen processes draw pictures (one core is left to training), and the latest 260,000 lie on the GPU (39 GB); there
they are mirrored, warped, coloured, covered and blurred each time a step picks them. Easy ones come first and the full
world by half of the time.

Differs from the papers' recipe, which starts from MAE: no layer decay, no drop path, three times the rate at twice the
batch, a cosine by the clock to 0, and beside the heatmaps' MSE a loss on where the peak is and one on body parts, both
gone by six tenths.
"""

_base_ = "vitpose_t_simple_coco_256x192.py"

training = dict(
    model="vitpose_t_simple_coco_256x192",
    # Of training; before it, painters need two to make their poses, clothes and surroundings.
    minutes=25.0,
    input_size=(192, 256),
    sigma=2.0,
    batch_size=1024,
    lr=1.5e-3,
    lr_end=0.0,
    warmup=300,
    schedule="cosine",
    weight_decay=0.1,
    clip=1.0,
    ema=0.999,
    mse_weight=250.0,
    peak_weight=0.2,
    part_weight=0.5,
    fade=0.6,
    precision="bf16",
    compile=True,
    hardness=0.1,
    hardness_step=0.05,
    hardness_every=100,
    hardness_above=0.7,
    hardness_by=0.5,
    chunk=64,
    ahead=64,
    window=262144,
    first=8192,
    reuse=0.0,
    workers=15,
    seed=1,
    val_every=1000,
    val_pictures=500,
    checkpoint_every=500,
    log_every=100,
    samples_every=1000,
    small_checkpoints=True,
    augmentation=dict(
        turn_deg=12.0,
        scale=0.12,
        shift=0.03,
        gain=0.15,
        contrast=0.15,
        saturation=0.2,
        flip=0.5,
        occluder=0.25,
        blur=0.2,
        noise=8.0,
    ),
    source=dict(people="varied", default_share=0.1, poses=20000, split="train", oversample=1.5, cells_m=0.012),
)
