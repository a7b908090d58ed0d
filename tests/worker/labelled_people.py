"""What tests of training share: small pictures of labelled people, a config of a very small ViTPose, the command."""

import json
from pathlib import Path

import cv2
import numpy as np
from typer.testing import CliRunner

from mocap_worker.cli import app
from mocap_worker.vitpose.skeletons import SKELETONS

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
STILL = {"flip": 0.5, "half_body": 0.0, "scale": 0.0, "rotation_chance": 0.0, "shift_chance": 0.0}
SHORT = {"epochs": 4, "steps": (3,), "batch_size": 2, "lr": 1e-3, "warmup": 2, "sigma": 1.5, "log_every": 1000}
COCO = SKELETONS["coco17"]

PICTURE = (160, 200)
# Where COCO's keypoints are in a figure 1 high, its middle at 0; limbs move by up to 0.05.
STANCE = [
    *[(0.0, -0.42), (0.04, -0.46), (-0.04, -0.46), (0.08, -0.43), (-0.08, -0.43)],
    *[(0.14, -0.28), (-0.14, -0.28), (0.24, -0.12), (-0.24, -0.12), (0.26, 0.04), (-0.26, 0.04)],
    *[(0.09, 0.04), (-0.09, 0.04), (0.11, 0.26), (-0.11, 0.26), (0.12, 0.46), (-0.12, 0.46)],
]
LIMBS = [(5, 7), (7, 9), (6, 8), (8, 10), (5, 6), (5, 11), (6, 12), (11, 12), (11, 13), (13, 15), (12, 14), (14, 16)]


# Further keypoints that other data sets label, in the same figure.
FURTHER = {"head_top": (0.0, -0.5), "neck": (0.0, -0.32)}


def draw_people(folder, count=4, seed=0, name="annotations.json", keypoints=COCO.keypoints, named=False):
    """Writes `count` pictures with one person each, and their annotations; the annotation file.

    keypoints: names of those that are labelled; named: whether the category says so.
    """
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    images, annotations = [], []
    for i in range(count):
        width, height = PICTURE
        image = rng.integers(60, 110, (height, width, 3), dtype=np.uint8)
        middle = np.array([width / 2, height / 2]) + rng.uniform(-8, 8, 2)
        points = middle + 150 * (np.array(STANCE) + rng.uniform(-0.05, 0.05, (17, 2)))
        for a, b in LIMBS:
            cv2.line(image, points[a].astype(int).tolist(), points[b].astype(int).tolist(), (200, 200, 200), 4)
        for k, point in enumerate(points):  # left and right in the same colour, as in life
            colour = [(40, 255), (255, 40), (40, 40)][(k + 1) // 2 % 3]
            cv2.circle(image, point.astype(int).tolist(), 4, (*colour, 28 * ((k + 1) // 2)), -1)
        cv2.imwrite(str(folder / f"{i}.png"), image)
        low, high = points.min(0) - 6, points.max(0) + 6
        box = [*low.tolist(), *(high - low).tolist()]
        further = {k: middle + 150 * np.array(v) for k, v in FURTHER.items()}
        places = dict(zip(COCO.keypoints, points, strict=True)) | further
        rows = np.array([[*places[k], 2.0] for k in keypoints])
        images.append({"id": i, "file_name": f"{i}.png", "width": width, "height": height})
        person = {"id": 100 + i, "image_id": i, "category_id": 1, "bbox": box, "area": 0.5 * box[2] * box[3]}
        annotations.append(person | {"keypoints": rows.reshape(-1).tolist(), "num_keypoints": len(rows), "iscrowd": 0})
    category = {"id": 1, "name": "person"} | ({"keypoints": list(keypoints)} if named else {})
    content = {"images": images, "annotations": annotations, "categories": [category]}
    (folder / name).write_text(json.dumps(content), "utf-8")
    return folder / name


def write_config(
    path, training, udp=True, keypoints=17, drop_path=0.0, head="simple", labels="CocoDataset", width=48, token=False
):
    """A config of a very small ViTPose for 96×128 px with that `training`; its path."""
    codec = "UDPHeatmap" if udp else "MSRAHeatmap"
    widths, kernels, last = ((), (), "dict(kernel_size=3, padding=1)")
    neck = "neck=dict(type='FeatureMapProcessor', scale_factor=4.0, apply_relu=True), "
    if head == "classic":
        widths, kernels, last, neck = (256, 256), (4, 4), "dict(kernel_size=1)", ""
    path.write_text(
        f"""
codec = dict(type='{codec}', input_size=(96, 128), heatmap_size=(24, 32), sigma=2)
dataset_type = '{labels}'
model = dict(
    type='TopdownPoseEstimator',
    data_preprocessor=dict(bgr_to_rgb=True),
    backbone=dict(
        type='mmpretrain.VisionTransformer', img_size=(128, 96), patch_size=16, patch_cfg=dict(padding=2),
        with_cls_token=False, drop_path_rate={drop_path},
        arch=dict(embed_dims={width}, num_layers=2, num_heads=3, feedforward_channels={4 * width}),
        attention=dict(knowledge_token={token}),
    ),
    {neck}head=dict(
        type='HeatmapHead', in_channels={width}, out_channels={keypoints}, decoder=codec, final_layer={last},
        deconv_out_channels={widths}, deconv_kernel_sizes={kernels},
    ),
    test_cfg=dict(shift_heatmap={not udp}),
)
training = dict({", ".join(f"{k}={v!r}" for k, v in training.items())})
""",
        "utf-8",
    )
    return path


def mocap_train(*arguments):
    done = CliRunner().invoke(app, ["train", *map(str, arguments)])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output
