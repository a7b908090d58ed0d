"""The weights that ship, second stage: from the first stage's weights at the full size; the extra
losses fade, the official one stays."""

_base_ = "vitpose_t_simple_coco_256x192.py"

training = dict(
    model="vitpose_t_simple_coco_256x192",
    input_size=(192, 256),
    sigma=2.0,
    iterations=940,
    batch_size=32,
    lr=5e-4,
    lr_end=0.0,
    warmup=50,
    schedule="linear",
    weight_decay=0.1,
    clip=1.0,
    ema=0.995,
    mse_weight=250.0,
    peak_weight=0.1,
    part_weight=0.25,
    fade=0.5,
    precision="bf16",
    hardness=1.0,
    hardness_step=0.0,
    chunk=32,
    ahead=6,
    window=2560,
    first=256,
    reuse=2.0,
    workers=1,
    seed=2,
    checkpoint_every=50,
    log_every=20,
    augmentation=dict(turn_deg=5.0, scale=0.06, shift=0.02, gain=0.1, flip=0.0),
    source=dict(poses=20000, split="train", oversample=1.5, cells_m=0.012),
)
