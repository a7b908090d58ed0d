"""The training loop on real drawn pictures: it learns, it resumes exactly, it stops when it must."""

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

pytest.importorskip("moderngl", reason="moderngl draws the pictures: pip install .[train]")

from mocap_worker.training import starting, weights
from mocap_worker.training.pictures import PictureSource
from mocap_worker.training.recipe import TrainingError
from mocap_worker.training.render import Renderer, RenderError
from mocap_worker.training.starting import Source, start_from
from mocap_worker.training.stream import PictureStream, StreamError, draw_chunk
from mocap_worker.training.targets import heatmap_targets, pck, peaks
from mocap_worker.training.train import Recipe, Trainer, rate
from mocap_worker.vitpose.checkpoint import CheckpointError, config_named_in, load_checkpoint
from mocap_worker.vitpose.model import ViTPose
from mocap_worker.vitpose.transforms import normalise

GLB = Path(__file__).resolve().parents[2] / "addon/assets/default_model.glb"
SIZE = (48, 64)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """PictureSource's arguments; skips where nothing can be drawn."""
    from mocap_worker.training.gltf import read_character

    try:
        Renderer(simplest := read_character(GLB), SIZE)
        assert simplest.bones
    except RenderError as error:
        pytest.skip(str(error))
    return {
        "character": str(GLB),
        "landmarks": str(GLB.with_suffix(".landmarks.json")),
        "poses": 12,
        "split": "rest",
        "folder": str(tmp_path_factory.mktemp("poses")),
        "cells_m": 0.03,
    }


def small_model(seed=0):
    torch.manual_seed(seed)
    return ViTPose(dim=48, depth=2, heads=3, input_size=SIZE)


def recipe(source, **changes):
    numbers = {
        "input_size": SIZE,
        "sigma": 1.5,
        "iterations": 250,
        "batch_size": 8,
        "lr": 3e-3,
        "warmup": 5,
        "peak_weight": 0.2,
        "part_weight": 0.1,
        "precision": "fp32",
        "chunk": 8,
        "first": 8,
        "window": 8,
        "ahead": 1,
        "reuse": 1e9,
        "log_every": 1000,
        "augmentation": {"turn_deg": 0.0, "scale": 0.0, "shift": 0.0, "gain": 0.0},
        "source": source,
    }
    return Recipe(**(numbers | changes))


def test_eight_pictures_are_learnt_by_heart(source, tmp_path):
    trainer = Trainer(small_model(), recipe(source), tmp_path)
    found = []
    train_step = trainer._train_step
    trainer._train_step = lambda batch: found.append(train_step(batch)) or found[-1]
    trainer.run(report=lambda line: None)
    assert np.mean(found[-5:]) < 0.35 * np.mean(found[:5])
    chunk = draw_chunk(PictureSource(**source, size=SIZE, seed=0), 0, 8, 0.0)
    inside = (
        (chunk.visibility > 0)
        & (chunk.keypoints > 0).all(2)
        & (chunk.keypoints < (SIZE[0] - 1, SIZE[1] - 1)).all(2)
    )
    with torch.inference_mode():
        cells = peaks(trainer.model.eval()(normalise(torch.from_numpy(chunk.images))))
    keypoints = cells * torch.tensor([(side - 1) / (side // 4 - 1) for side in SIZE])
    right = pck(keypoints, *(torch.from_numpy(a) for a in (chunk.keypoints, inside)))
    assert right.nanmean() > 0.6  # an untrained one has 0.1


def test_a_resumed_run_ends_with_the_same_bits(source, tmp_path):
    changes = {
        "iterations": 12,
        "reuse": 2.0,
        "window": 16,
        "first": 16,
        "hardness_above": 0.0,
        "hardness_every": 2,
    }
    changes |= {"augmentation": {"flip": 0.5}, "precision": "bf16"}
    straight = Trainer(small_model(), recipe(source, **changes), tmp_path / "straight")
    straight.run(report=lambda line: None)
    Trainer(small_model(), recipe(source, **changes), tmp_path / "broken").run(
        report=lambda line: None, until=7
    )
    resumed = Trainer(small_model(seed=1), recipe(source, **changes), tmp_path / "broken")
    resumed.run(report=lambda line: None)
    assert resumed.step == straight.step == 12
    assert resumed.hardness == straight.hardness > 0
    for key, value in straight.network.state_dict().items():
        assert torch.equal(value, resumed.network.state_dict()[key]), key
    for key, value in straight.average.items():
        assert torch.equal(value, resumed.average[key]), key


def test_weights_to_start_from_are_learnt_on(source, tmp_path):
    trainer = Trainer(small_model(), recipe(source, iterations=2), tmp_path)
    trainer.start_from(Source(small_model(seed=5).state_dict(), "weights", hardness=0.4))
    assert trainer.hardness == 0.4
    key = "backbone.blocks.0.attn.qkv.weight"
    before = trainer.model.state_dict()[key].clone()
    trainer.run(report=lambda line: None)
    assert not torch.equal(trainer.model.state_dict()[key], before)
    assert not torch.equal(trainer.average[key], before)


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_a_damaged_run_to_start_from_is_said(tmp_path):
    file, rng = tmp_path / "last.pt", np.random.default_rng(0)
    torch.save({"average": {"a": torch.zeros(3)}}, file, _use_new_zipfile_serialization=False)
    whole = np.frombuffer(file.read_bytes(), np.uint8)
    said = 0
    for _ in range(200):
        damaged = whole.copy()
        damaged[rng.integers(len(whole), size=2)] = rng.integers(256, size=2)
        file.write_bytes(damaged.tobytes())
        try:
            starting.read(file)
        except CheckpointError:
            said += 1
    assert said > 50
    torch.save({"average": 5}, file)
    with pytest.raises(CheckpointError, match=r"last\.pt holds no tensors"):
        starting.read(file)
    torch.save({"average": {"a": torch.zeros(3)}, "keypoints": 17}, file)
    with pytest.raises(CheckpointError, match=r"last\.pt names its keypoints by 17; expected a list of names"):
        starting.read(file)


def test_a_loss_that_is_no_number_stops_and_keeps_the_last_good_state(source, tmp_path):
    trainer = Trainer(small_model(), recipe(source, iterations=3), tmp_path)
    trainer.run(report=lambda line: None, until=2)
    good = trainer.checkpoint.read_bytes()
    broken = Trainer(small_model(), recipe(source, iterations=3, mse_weight=float("inf")), tmp_path)
    with pytest.raises(TrainingError, match=r"at step 2.*last\.pt holds the last good state"):
        broken.run(report=lambda line: None)
    assert trainer.checkpoint.read_bytes() == good


def test_a_failing_painter_is_reported_and_not_waited_for(tmp_path):
    stream = PictureStream({"character": str(tmp_path / "none.glb"), "landmarks": "", "size": SIZE}, 4)
    try:
        stream.ask(0, 0.0)
        with pytest.raises(StreamError, match=r"none\.glb cannot be read"), stream.taken(0):
            pass
    finally:
        stream.close()


def test_a_killed_painter_is_noticed_where_nobody_waits_for_it(tmp_path):
    stream = PictureStream({"character": str(tmp_path / "none.glb"), "landmarks": "", "size": SIZE}, 4)
    try:
        stream.ask(0, 0.0)
        stream._workers[0].kill()  # before it could say anything
        stream._workers[0].join()
        with pytest.raises(StreamError, match="has ended unexpectedly"):
            stream.is_here(0)
    finally:
        stream.close()


def test_unknown_settings_are_named():
    with pytest.raises(TrainingError, match="learning_rate"):
        Recipe.from_config({"learning_rate": 1.0})


def test_exported_weights_are_half_and_come_back(tmp_path):
    model = small_model()
    path = tmp_path / "out.safetensors"
    weights.export(model, model.state_dict(), path, "some_config", codec="udp")
    assert config_named_in(path) == "some_config"
    other = small_model(seed=3)
    load_checkpoint(other, path)
    for key, value in model.state_dict().items():
        assert torch.equal(other.state_dict()[key], value.half().float()), key


def test_positions_grow_with_the_picture():
    small = small_model()
    big = ViTPose(dim=48, depth=2, heads=3, input_size=(96, 128))
    start_from(big, small.state_dict())
    old = small.backbone.pos_embed[0, 1:].reshape(4, 3, 48)
    new = big.backbone.pos_embed[0, 1:].reshape(8, 6, 48)
    # The middle of four new cells is where one old cell was.
    assert new[2:4, 2:4].mean((0, 1)).detach().numpy() == pytest.approx(old[1, 1].detach().numpy(), abs=0.06)
    assert torch.equal(big.backbone.blocks[1].mlp.fc1.weight, small.backbone.blocks[1].mlp.fc1.weight)


def test_heatmap_peaks_where_the_keypoint_is():
    keypoints = torch.tensor([[[0.0, 0.0], [191.0, 255.0], [95.5, 127.5], [300.0, 5.0]]])
    maps = heatmap_targets(keypoints, torch.tensor([[True, True, True, True]]), (192, 256), (48, 64), 2.0)
    assert maps[0, 0, 0, 0] == 1 and maps[0, 1, 63, 47] == 1
    assert maps[0, 2].max() == pytest.approx(np.exp(-2 * 0.25 / 8))  # the centre lies between four cells
    assert maps[0, 3].abs().max() == 0
    assert peaks(maps)[0, :2].tolist() == [[0, 0], [47, 63]]


def test_pck_counts_within_a_fifth_of_the_torso():
    truth = torch.zeros(1, 17, 2)
    truth[0, 5] = torch.tensor([0.0, -50.0])  # left shoulder; the right hip is at 0
    guess = truth.clone()
    guess[0, 9, 0], guess[0, 10, 0] = 9.9, 10.1
    labelled = torch.ones(1, 17, dtype=torch.bool)
    labelled[0, 0] = False
    right = pck(guess, truth, labelled)
    assert right[0, 9] == 1 and right[0, 10] == 0 and torch.isnan(right[0, 0])


def test_the_rate_warms_up_and_ends():
    r = Recipe(lr=1.0, lr_end=0.1, warmup=10, iterations=110, schedule="linear")
    assert rate(r, 0) == pytest.approx(0.1)
    assert rate(r, 9) == pytest.approx(1.0)
    assert rate(r, 60) == pytest.approx(0.55)
    assert rate(r, 110) == pytest.approx(0.1)


def test_a_painter_does_not_outlive_a_killed_run(source, tmp_path):
    script = tmp_path / "run.py"
    script.write_text(
        "import os, signal\n"
        "from mocap_worker.training.stream import PictureStream\n"
        "if __name__ == '__main__':\n"
        f"    stream = PictureStream({dict(source, size=SIZE)!r}, 4)\n"
        "    stream.ask(0, 0.0)\n"
        "    with stream.taken(0):\n"
        "        pass\n"
        "    print(stream._workers[0].pid, flush=True)\n"
        "    os.kill(os.getpid(), getattr(signal, 'SIGKILL', signal.SIGTERM))\n",
        "utf-8",
    )
    out = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=120).stdout
    painter = int(out)
    deadline = time.monotonic() + 30
    while _runs(painter) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not _runs(painter)


def _runs(pid: int) -> bool:
    if sys.platform == "win32":
        return str(pid) in subprocess.run(["tasklist"], capture_output=True, text=True).stdout
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout
    return bool(state.strip()) and not state.startswith("Z")


def test_a_full_disk_keeps_the_checkpoint_that_was_there(tmp_path):
    trainer = Trainer(small_model(), recipe({}), tmp_path)
    trainer.save()
    good = trainer.checkpoint.read_bytes()
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full to stand for a full disk")
    trainer.checkpoint.with_suffix(".part").symlink_to(full)
    with pytest.raises(TrainingError, match=r"last\.pt cannot be written"):
        trainer.save()
    assert trainer.checkpoint.read_bytes() == good
