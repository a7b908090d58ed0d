"""Several processes that train together, as torchrun starts them: real ones, over gloo, on the CPU."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from labelled_people import SHORT, STILL, draw_people, mocap_train, write_config

from mocap_worker.training.coco_recipe import CocoRecipe
from mocap_worker.training.labelled import Order
from mocap_worker.training.labelled_run import Given, labelled_trainer
from mocap_worker.training.processes import Processes
from mocap_worker.training.recipe import TrainingError
from mocap_worker.vitpose.config import read_config

# No drop path: what is random differs between processes. Two parts, as batch norm sees one process's at a time.
NUMBERS = SHORT | {"epochs": 3, "batch_size": 4, "split": 2, "log_every": 1, "checkpoint_every": 1, "ema": 0.9}


def start(*arguments, restarts=0):
    """`mocap train` in two processes by torchrun; its output follows as it comes."""
    run = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    run += [f"--max_restarts={restarts}", "-m", "mocap_worker", "train"]
    return subprocess.Popen(
        [*run, *map(str, arguments), "--device", "cpu", "--workers", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )


def finished(process):
    text, _ = process.communicate(timeout=900)
    assert process.returncode == 0, text
    return text


def losses(text):
    return [float(line.split("loss ")[1].split()[0]) for line in text.splitlines() if line.startswith("step ")]


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    """Data, a config, and the folder and the output of a run by one process."""
    folder = tmp_path_factory.mktemp("straight")
    data = draw_people(folder / "data", 9)
    config = write_config(folder / "tiny.py", NUMBERS | {"augmentation": STILL}, head="classic")
    code, text = mocap_train(config, "--data", data, "--out", folder / "run", "--device", "cpu", "--workers", 0)
    assert code == 0, text
    return data, config, folder / "run", text


def test_processes_share_a_batch():
    whole = [[person for _, person in batch] for batch in Order(10, 4, 0, 0, 6)]
    parts = [
        [[person for _, person in batch] for batch in Order(10, 4, 0, 0, 6, Processes(rank, 2))] for rank in (0, 1)
    ]
    assert [a + b for a, b in zip(*parts, strict=True)] == whole


def test_two_processes_learn_what_one_does(straight, tmp_path):
    data, config, folder, text = straight
    both = finished(start(config, "--data", data, "--out", tmp_path))
    assert "9 people in 9 pictures, 6 steps on cpu" in both and both.count("9 people") == 1
    assert len(losses(both)) == 6 and losses(both) == pytest.approx(losses(text), rel=2e-3)
    one, two = (torch.load(f / "last.pt", weights_only=True) for f in (folder, tmp_path))
    for key, value in one["average"].items():
        # The means that batch norm goes by in use are those of the first process's part alone.
        if "running_" not in key and value.is_floating_point():
            assert torch.allclose(value, two["average"][key], atol=5e-4), key
    moved = (one["network"]["backbone.pos_embed"] - two["network"]["backbone.pos_embed"]).abs().max()
    assert moved < 5e-4


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="processes are found in /proc")
def test_a_killed_process_is_started_again_and_the_run_goes_on(straight, tmp_path):
    data, config, _, text = straight
    process = start(config, "--data", data, "--out", tmp_path, restarts=1)
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith("step 2/"):
            os.kill(_second(process.pid), signal.SIGKILL)
            break
    rest, _ = process.communicate(timeout=900)
    assert process.returncode == 0, rest
    assert "going on from step" in rest and "step 6/6" in rest and "Traceback" not in rest.split("going on")[1]
    assert losses(rest)[-1] == pytest.approx(losses(text)[-1], rel=2e-3)


def _second(parent):
    """The process of rank 1 among a process's children."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                environment = (folder / "environ").read_bytes().split(b"\0")
                status = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if b"RANK=1" in environment and int(status[1]) == parent:
                return int(folder.name)
    raise AssertionError("there is no process of rank 1")


@pytest.mark.parametrize(
    ("numbers", "told"),
    [
        ({"batch_size": 3}, "a batch of 3 cannot be shared among 2"),
        ({"batch_size": 20}, "9 people are fewer than the 10"),
    ],
)
def test_what_cannot_be_shared_is_told_of(straight, tmp_path, numbers, told):
    config = write_config(tmp_path / "odd.py", NUMBERS | numbers)
    recipe = CocoRecipe.from_config(read_config(config)["training"])
    processes = Processes(0, 2 if recipe.batch_size == 3 else 10)
    with pytest.raises(TrainingError, match=told):
        labelled_trainer(config, recipe, Given([str(straight[0])]), tmp_path / "run", processes=processes)


def test_two_processes_learn_from_pictures_that_each_has_drawn(tmp_path, painters_folder):
    pytest.importorskip("moderngl", reason="moderngl draws the pictures: pip install .[train]")
    numbers = {
        "input_size": (96, 128), "iterations": 6, "batch_size": 4, "chunk": 2, "first": 4, "window": 8, "warmup": 2,
        "log_every": 1, "precision": "fp32", "hardness_above": 0.0, "hardness_every": 2, "checkpoint_every": 3,
        "source": {"poses": 4, "split": "rest", "cells_m": 0.05, "folder": str(painters_folder)},
    }  # fmt: skip
    process = start(write_config(tmp_path / "tiny.py", numbers), "--out", tmp_path / "run")
    text, _ = process.communicate(timeout=900)
    if "no OpenGL" in text:
        pytest.skip(text.strip())
    assert process.returncode == 0 and "step 6/6" in text and len(losses(text)) == 6, text
    state = torch.load(tmp_path / "run/last.pt", weights_only=True)
    assert state["step"] == 6 and state["hardness"] > 0
