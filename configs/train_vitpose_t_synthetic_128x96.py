"""First stage of the weights that ship: from nothing, small pictures, easy ones first.

Differs from the papers' recipe, which starts from MAE: no layer decay, no drop path, a higher rate, a small batch,
a loss on where the peak is and one on body parts beside the heatmaps' MSE, both dropped in the second stage.
"""

_base_ = "vitpose_t_simple_coco_256x192.py"

codec = dict(input_size=(96, 128), heatmap_size=(24, 32))
model = dict(backbone=dict(img_size=(128, 96)), head=dict(decoder=codec))

training = dict(
    input_size=(96, 128),
    sigma=1.5,
    iterations=3300,
    batch_size=32,
    lr=1e-3,
    lr_end=4e-4,
    warmup=200,
    schedule="linear",
    weight_decay=0.1,
    clip=1.0,
    ema=0.998,
    mse_weight=250.0,
    peak_weight=0.2,
    part_weight=0.5,
    precision="bf16",
    hardness=0.0,
    hardness_step=0.05,
    hardness_every=50,
    hardness_above=0.7,
    chunk=64,
    ahead=6,
    window=4096,
    first=1024,
    reuse=2.5,
    workers=1,
    seed=1,
    checkpoint_every=500,
    log_every=50,
    augmentation=dict(turn_deg=5.0, scale=0.06, shift=0.02, gain=0.1, flip=0.0),
    source=dict(poses=20000, split="train", oversample=1.5, cells_m=0.018),
)
