"""Runs that are broken off, as it happens: killed, Ctrl-C, a full disk. Real processes, for both kinds of pictures."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from labelled_people import CONFIGS, SHORT, draw_people, write_config

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and limits of POSIX")
LABELLED = SHORT | {"epochs": 200, "steps": (150,), "ema": 0.9, "log_every": 1, "checkpoint_every": 3}
DRAWN = {
    "input_size": (96, 128), "iterations": 40, "batch_size": 4, "chunk": 4, "first": 8, "window": 16, "reuse": 2.0,
    "warmup": 2, "ema": 0.9, "log_every": 1, "checkpoint_every": 3, "samples_every": 0, "part_weight": 0.1,
    "hardness_above": 0.0, "hardness_every": 2, "source": {"poses": 4, "split": "rest", "cells_m": 0.05},
}  # fmt: skip


def start(*arguments, **options):
    return subprocess.Popen(
        [sys.executable, "-m", "mocap_worker", "train", *map(str, arguments), "--device", "cpu"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        **options,
    )


def wait_for(process, beginning):
    """The output up to the line with that beginning."""
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith(beginning):
            return "".join(lines)
    raise AssertionError("".join(lines))


def ended(process):
    text, _ = process.communicate(timeout=900)
    return text


@pytest.fixture(scope="module", params=["labelled", "drawn"])
def runs(request, tmp_path_factory, painters_folder):
    """Of one kind of pictures: the arguments of a long run and of one of ten steps, and the folder that the latter
    left when nothing broke it off."""
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "labelled":
        common = ("--data", draw_people(folder / "data", 5), "--workers", 1)
        long, short = LABELLED, LABELLED | {"epochs": 5}
    else:
        pytest.importorskip("moderngl", reason="moderngl draws the pictures: pip install .[train]")
        common, long = (), DRAWN | {"source": DRAWN["source"] | {"folder": str(painters_folder)}}
        short = long | {"iterations": 10}
    long, short = (
        (write_config(folder / f"{name}.py", n), *common) for name, n in (("long", long), ("short", short))
    )
    text = ended(start(*short, "--out", folder / "straight"))
    if "no OpenGL" in text:
        pytest.skip(text.strip())
    assert "step 10/10" in text
    return long, short, folder / "straight"


@posix
def test_a_killed_run_ends_with_the_same_bits(runs, tmp_path):
    _, short, straight = runs
    killed = start(*short, "--out", tmp_path)
    wait_for(killed, "step 5/10")
    killed.kill()
    killed.communicate()
    assert torch.load(tmp_path / "last.pt", weights_only=True)["step"] in (3, 6, 9)  # every third is kept
    text = ended(start(*short, "--out", tmp_path))
    assert "going on from step" in text and "step 10/10" in text
    one, two = (torch.load(folder / "last.pt", weights_only=True) for folder in (straight, tmp_path))
    assert one["step"] == two["step"] == 10 and one.get("hardness_of") == two.get("hardness_of")
    for part in ("network", "average"):
        for key, value in one[part].items():
            assert torch.equal(value, two[part][key]), key
    for number, kept in one["optimiser"]["state"].items():
        for key, value in kept.items():
            assert torch.equal(torch.as_tensor(value), torch.as_tensor(two["optimiser"]["state"][number][key])), key


@posix
def test_ctrl_c_keeps_every_step(runs, tmp_path):
    process = start(*runs[0], "--out", tmp_path)
    wait_for(process, "step 4/")
    process.send_signal(signal.SIGINT)
    text = ended(process)
    assert process.returncode == 130 and "Traceback" not in text and "goes on from there" in text, text
    step = int(text.split("stopped at step ")[1].split(";")[0])
    assert step >= 4 and torch.load(tmp_path / "last.pt", weights_only=True)["step"] == step
    assert not (tmp_path / "last.part").exists()


@posix
@pytest.mark.parametrize("runs", ["labelled"], indirect=True)
def test_a_full_disk_leaves_the_last_checkpoint(runs, tmp_path):
    """The limit on a file's size is between the first checkpoint's and that of the next, which has Adam's moments."""
    import resource

    whole = (runs[2] / "last.pt").stat().st_size

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (3 * whole // 4, resource.RLIM_INFINITY))

    process = start(*runs[0], "--out", tmp_path, preexec_fn=limit)
    text = ended(process)
    assert process.returncode == 1 and "Traceback" not in text, text
    assert "last.pt cannot be written" in text and "what was there is kept" in text
    assert not (tmp_path / "last.part").exists()
    assert torch.load(tmp_path / "last.pt", weights_only=True)["step"] == 0


@posix
def test_the_large_gpus_recipe_runs_by_the_clock_in_calls_that_go_on(tmp_path, painters_folder):
    """The shipped config with small numbers on the CPU: several painters, calls that are ended, a rate that is 0 at
    the end, small checkpoints, the weights that ship."""
    pytest.importorskip("moderngl", reason="moderngl draws the pictures: pip install .[train]")
    config = tmp_path / "small.py"
    numbers = {
        "batch_size": 8, "warmup": 4, "chunk": 4, "ahead": 4, "window": 32, "first": 16, "workers": 2, "val_every": 8,
        "val_pictures": 4, "checkpoint_every": 5, "log_every": 2, "samples_every": 4, "compile": False,
        "input_size": (96, 128), "sigma": 1.5,
    }  # fmt: skip
    config.write_text(
        f"_base_ = {str(CONFIGS / 'train_vitpose_t_people_h200.py')!r}\n"
        "codec = dict(input_size=(96, 128), heatmap_size=(24, 32))\n"
        "model = dict(\n"
        "    backbone=dict(img_size=(128, 96), arch=dict(embed_dims=48, num_layers=2, feedforward_channels=192)),\n"
        "    head=dict(in_channels=48, decoder=codec),\n"
        ")\n"
        f"training = dict(source=dict(poses=4, split='rest', cells_m=0.05, folder={str(painters_folder)!r}), "
        + ", ".join(f"{k}={v!r}" for k, v in numbers.items())
        + ")\n"
    )
    run = (config, "--out", tmp_path / "run", "--minutes", 0.2, "--export", tmp_path / "small.safetensors")
    first = start(*run)
    try:
        wait_for(first, "step 2 ")
    except AssertionError as error:
        if "no OpenGL" in str(error):
            pytest.skip(str(error))
        raise
    first.send_signal(signal.SIGTERM)  # what `timeout` sends
    assert "goes on from there" in ended(first)
    kept = torch.load(tmp_path / "run/last.pt", weights_only=True)
    moments = next(iter(kept["optimiser"]["state"].values()))
    assert moments["exp_avg"].dtype == torch.bfloat16 and 0 < kept["spent_s"] < 12
    assert kept["network"]["model.backbone.pos_embed"].dtype == torch.float32
    text = ended(start(*run))
    assert "going on from step" in text and "AP " in text and "weights: " in text, text
    done = torch.load(tmp_path / "run/last.pt", weights_only=True)
    assert done["spent_s"] >= 12 and done["step"] > kept["step"] and done["hardness"] == 1.0
    assert float(text.split("lr ")[-1].split()[0]) < 1e-4
    assert (tmp_path / "run/best.safetensors").is_file() and list((tmp_path / "run/samples").glob("*.png"))
    assert (tmp_path / "small.safetensors").stat().st_size < 16e6
    assert Path(tmp_path / "run/curves").is_dir()
