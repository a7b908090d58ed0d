"""Drawn pictures on the way to a step: the pool, the changes on the device, runs by the clock, small checkpoints."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from labelled_people import mocap_train, write_config

pytest.importorskip("moderngl", reason="moderngl draws the pictures: pip install .[train]")

from mocap_core.skeleton import COCO17
from mocap_worker.training.augment import Augmentation, augment
from mocap_worker.training.pool import Pictures, Pool
from mocap_worker.training.processes import ALONE, Processes
from mocap_worker.training.render import PARTS
from mocap_worker.training.stream import Chunk
from mocap_worker.training.train import Recipe, rate

SIZE = (48, 64)
GLB = Path(__file__).resolve().parents[2] / "addon/assets/default_model.glb"
CALM = {"turn_deg": 0.0, "scale": 0.0, "shift": 0.0, "gain": 0.0}


# --- changes ---------------------------------------------------------------------------------------------------


def spots(n=24, size=(96, 128), seed=0):
    """Pictures with one bright spot at each picture's keypoint `k`, and parts that say where it is."""
    rng = np.random.default_rng(seed)
    width, height = size
    keypoints = rng.uniform([0.3 * width, 0.3 * height], [0.7 * width, 0.7 * height], (n, 17, 2))
    k = rng.integers(17, size=n)
    y, x = np.mgrid[:height, :width]
    at = keypoints[np.arange(n), k]
    light = np.exp(-((x - at[:, :1, None]) ** 2 + (y - at[:, 1:, None]) ** 2) / 18)
    images = np.repeat((250 * light).astype(np.uint8)[..., None], 3, 3)
    hand = PARTS.index("left_hand")
    parts = (hand * (light > 0.1)).astype(np.uint8)[:, 2::4, 2::4]
    tensors = (images, keypoints.astype(np.float32), np.full((n, 17), 2, np.uint8), parts)
    return Pictures(*map(torch.from_numpy, tensors)), k


def test_keypoints_and_parts_stay_on_what_they_mark():
    pictures, k = spots()
    how = Augmentation(turn_deg=20, scale=0.2, shift=0.05, gain=0.0, flip=0.5)
    images, keypoints, visibility, parts = augment(np.random.default_rng(1), how, pictures)
    assert images.shape == pictures.images.shape and images.dtype == torch.float32
    mirror = [COCO17.index(n.replace("left", "#").replace("right", "left").replace("#", "right")) for n in COCO17]
    left, right = PARTS.index("left_hand"), PARTS.index("right_hand")
    mirrored = 0
    for image, points, one, cells in zip(images.numpy(), keypoints.numpy(), k, parts.numpy(), strict=True):
        light = image[..., 0]
        centre = [(light * axis).sum() / light.sum() for axis in np.mgrid[: light.shape[0], : light.shape[1]][::-1]]
        plain, swapped = (np.linalg.norm(points[i] - centre) for i in (one, mirror[one]))
        assert min(plain, swapped) < 0.3
        is_mirrored = (cells == right).any()
        assert (swapped if is_mirrored else plain) < 0.3 and (cells == left).any() != is_mirrored
        rows, columns = np.nonzero(cells)
        assert np.abs([columns.mean() * 4 + 2 - centre[0], rows.mean() * 4 + 2 - centre[1]]).max() < 2.5
        mirrored += is_mirrored
    assert 5 < mirrored < 19 and (visibility == 2).all()


def test_a_turn_equals_opencvs():
    pictures, _ = spots(4)
    noise = np.random.default_rng(2).integers(0, 256, pictures.images.shape, dtype=np.uint8)
    noise = np.stack([cv2.GaussianBlur(image, (0, 0), 2) for image in noise])
    pictures = Pictures(torch.from_numpy(noise), pictures.keypoints, pictures.visibility, pictures.parts)
    images, keypoints, *_ = augment(np.random.default_rng(3), Augmentation(gain=0.0), pictures)
    for image, before, after, was in zip(images.numpy(), pictures.keypoints, keypoints, noise, strict=True):
        matrix, _ = cv2.estimateAffine2D(before.numpy(), after.numpy())
        expected = cv2.warpAffine(was, matrix, (96, 128), flags=cv2.INTER_LINEAR).astype(float)
        inside = cv2.warpAffine(np.ones_like(was), matrix, (96, 128)) == 1
        inside = cv2.erode(inside.astype(np.uint8), np.ones((5, 5))) > 0
        assert np.abs(image - expected)[inside].max() < 3  # OpenCV rounds places to 1/32 px


def test_things_in_front_hide_parts_but_no_labels():
    pictures, _ = spots(64)
    pictures = Pictures(
        torch.full_like(pictures.images, 100), pictures.keypoints, pictures.visibility, torch.ones_like(pictures.parts)
    )
    how = Augmentation(**CALM, occluder=0.5)
    images, keypoints, visibility, parts = augment(np.random.default_rng(4), how, pictures)
    assert torch.equal(keypoints, pictures.keypoints) and torch.equal(visibility, pictures.visibility)
    hidden = parts == 0
    changed = (images[:, 2::4, 2::4] - 100).abs().amax(3) > 1
    assert (hidden | ~changed).all()  # what is cut out of another picture looks the same here
    assert 0.02 < hidden.float().mean() < 0.35
    assert 20 < hidden.flatten(1).any(1).sum() < 64


def test_colour_blur_and_noise_change_what_they_say():
    pictures, _ = spots(32)
    flat = Pictures(torch.full_like(pictures.images, 100), pictures.keypoints, pictures.visibility, pictures.parts)
    noisy = augment(np.random.default_rng(5), Augmentation(**CALM, noise=12.0), flat)[0]
    spread = noisy.flatten(1).std(1)
    assert 1.5 < float(spread.mean()) < 10 and float(spread.max()) <= 12.5
    bright = augment(np.random.default_rng(5), Augmentation(**CALM | {"gain": 0.2}), flat)[0].flatten(1, 2)
    assert bright.std(1).max() < 1e-3 and 8 < float(bright.mean((1, 2)).std()) < 40
    sharp = pictures.images.float()
    soft = augment(np.random.default_rng(5), Augmentation(**CALM, blur=0.5), pictures)[0]
    peak, was = soft.flatten(1).amax(1), sharp.flatten(1).amax(1)
    assert (peak <= was + 0.01).all() and 4 < int((peak < was - 1).sum()) < 28
    assert torch.allclose(soft.mean((1, 2, 3)), sharp.mean((1, 2, 3)), rtol=0.02)
    grey = augment(np.random.default_rng(5), Augmentation(**CALM, contrast=0.3, saturation=0.3), flat)[0]
    assert torch.allclose(grey, flat.images.float(), atol=1e-3)  # a flat grey has neither


def test_the_same_generator_gives_the_same_changes():
    pictures, _ = spots(8)
    how = Augmentation(flip=0.5, occluder=0.5, blur=0.5, noise=9.0, contrast=0.1, saturation=0.1)
    one, same, other = (augment(np.random.default_rng(seed), how, pictures) for seed in (6, 6, 7))
    assert all(torch.equal(a, b) for a, b in zip(one, same, strict=True)) and not torch.equal(one[0], other[0])


# --- the pool --------------------------------------------------------------------------------------------------


class Drawn:
    """Stands for the processes that draw: chunk n's pictures are all n, and it comes when it is let."""

    def __init__(self, size, let=10**9):
        self.size, self.asked, self.let = size, [], let

    def ask(self, number, hardness):
        self.asked.append((number, hardness))

    def is_here(self, number):
        return number in [n for n, _ in self.asked][: self.let]

    def taken(self, number):
        assert number in [n for n, _ in self.asked], f"chunk {number} was not asked for"
        width, height = SIZE
        images = np.full((self.size, height, width, 3), number, np.uint8)
        rows = np.zeros((self.size, 17, 2), np.float32)
        parts = np.zeros((self.size, height // 4, width // 4), np.uint8)
        from contextlib import nullcontext

        return nullcontext(Chunk(images, rows, np.full((self.size, 17), 2, np.uint8), parts))


def pool_of(stream, processes=ALONE, **numbers):
    numbers = {"input_size": SIZE, "chunk": 4, "first": 8, "window": 16, "reuse": 2.0, "batch_size": 8} | numbers
    return Pool(Recipe(**numbers), stream, torch.device("cpu"), processes)


def numbers_in(batch):
    return batch.images[:, 0, 0, 0].tolist()


def test_the_window_keeps_step_with_training_and_is_the_same_again():
    pool = pool_of(Drawn(4))
    seen = [numbers_in(pool.batch(step, hardness=0.1 * step)) for step in range(12)]
    # After step s 8 + 4 s pictures are drawn, of which the last 16 can be picked.
    for step, numbers in enumerate(seen):
        drawn = 2 + step
        assert set(numbers) <= set(range(max(0, drawn - 4), drawn)), step
    hardness = pool.hardness_of
    assert hardness == sorted(hardness) and len(hardness) == 13 + 4
    again = pool_of(stream := Drawn(4))
    again.restore(9, hardness[:14])
    assert [number for number, _ in stream.asked] == list(range(7, 14))
    assert [numbers_in(again.batch(step, 0.1 * step)) for step in (9, 10, 11)] == seen[9:]


def test_a_pool_that_takes_what_comes_does_not_wait():
    pool = pool_of(stream := Drawn(4, let=3), reuse=0.0, ahead=3)
    assert set(numbers_in(pool.batch(0, 0.0))) <= {0, 1, 2} and pool.newest == 3
    pool.batch(1, 0.0)
    assert pool.newest == 3 and len(stream.asked) == 6  # three on their way, and none of them waited for
    stream.let = 6
    picked = {n for step in range(2, 12) for n in numbers_in(pool.batch(step, 0.5))}
    assert pool.newest == 6 and pool.oldest == 2 and picked == {2, 3, 4, 5}
    # A resumed one draws no picture twice.
    again = pool_of(later := Drawn(4), reuse=0.0, ahead=3)
    again.restore(12, pool.hardness_of)
    first = set(numbers_in(again.batch(12, 0.5)))
    assert min(n for n, _ in later.asked) == len(pool.hardness_of) and first <= {n for n, _ in later.asked}


def test_processes_draw_pictures_of_their_own():
    streams = [Drawn(4), Drawn(4)]
    pools = [pool_of(stream, Processes(rank, 2)) for rank, stream in enumerate(streams)]
    batches = [numbers_in(pool.batch(0, 0.0)) for pool in pools]
    assert [len(batch) for batch in batches] == [4, 4]
    assert {n % 2 for n, _ in streams[0].asked} == {0} and {n % 2 for n, _ in streams[1].asked} == {1}


@pytest.mark.parametrize(("before", "after"), [(2, 1), (1, 2)])
def test_a_run_goes_on_with_another_number_of_processes(before, after):
    pool = pool_of(Drawn(4), Processes(0, before))
    for step in range(40):
        pool.batch(step, 0.5)
    again = pool_of(stream := Drawn(4), Processes(0, after))
    again.restore(40, pool.hardness_of)
    picked = {n for step in (40, 41) for n in numbers_in(again.batch(step, 0.5))}
    asked = [number for number, _ in stream.asked]
    # Chunks are drawn into few places: one that is asked for and not taken would hold up those that are waited for.
    first = (8 + 40 * 8 // after // 2 - 16) // 4
    assert asked == list(range(first * after, len(again.hardness_of) * after, after)) and picked <= set(asked)


# --- rates -----------------------------------------------------------------------------------------------------


def test_the_rate_follows_the_clock_where_the_clock_ends_the_run():
    r = Recipe(lr=1.0, warmup=10, schedule="cosine", minutes=5.0)
    assert rate(r, 4, 0.0) == pytest.approx(0.5)
    assert rate(r, 500, 0.5) == pytest.approx(0.5) and rate(r, 9000, 1.0) == pytest.approx(0.0)


# --- what cannot be drawn --------------------------------------------------------------------------------------


def drawing_config(path, folder):
    numbers = {"input_size": (96, 128), "val_pictures": 1, "iterations": 1}
    return write_config(path, numbers | {"source": {"poses": 2, "split": "rest", "folder": str(folder)}})


@pytest.mark.parametrize(
    ("landmarks", "told"),
    [
        (None, "landmarks.json, which says where the character's joints are, cannot be read: No such file"),
        ("{", "landmarks.json does not fit the character"),
        ("[1]", "landmarks.json does not fit the character"),
        (json.dumps({"nose": {"bone": "head", "offset": [0, 0, 0]}}), "does not fit the character"),
    ],
)
def test_a_character_without_its_landmarks_is_told_of(tmp_path, landmarks, told):
    config = drawing_config(tmp_path / "tiny.py", tmp_path)
    shutil.copy(GLB, tmp_path / "mine.glb")
    if landmarks is not None:
        (tmp_path / "mine.landmarks.json").write_text(landmarks)
    options = ("--character", tmp_path / "mine.glb", "--motion", config, "--device", "cpu")  # "rest" reads no motion
    code, text = mocap_train(config, "--out", tmp_path / "run", *options)
    assert code == 1 and told in text.replace("\n", " "), text


@pytest.mark.skipif(sys.platform != "linux", reason="takes the drivers away as libglvnd looks for them")
def test_without_opengl_one_sentence_says_so(tmp_path, painters_folder):
    config = drawing_config(tmp_path / "tiny.py", painters_folder)
    nothing = {"__EGL_VENDOR_LIBRARY_DIRS": str(tmp_path), "__EGL_VENDOR_LIBRARY_FILENAMES": ""}
    environment = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")} | nothing
    run = [sys.executable, "-m", "mocap_worker", "train", config, "--motion", config, "--device", "cpu"]
    run += ["--out", tmp_path / "run"]
    done = subprocess.run(list(map(str, run)), env=environment, capture_output=True, text=True, timeout=900)
    assert done.returncode == 1 and "no OpenGL to draw with" in done.stderr, done.stderr
    assert "Traceback" not in done.stderr
