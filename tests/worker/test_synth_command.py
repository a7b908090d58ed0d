"""`mocap synth` as a user runs it, and what `mocap train` says to a config that is no recipe."""

import json
import subprocess
import sys

import pytest

pytest.importorskip("moderngl", reason="moderngl draws the pictures: pip install .[train]")


def mocap(*arguments):
    return subprocess.run(
        [sys.executable, "-c", "from mocap_worker.cli import main; main()", *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
    )


def test_a_data_set_without_motion_data(tmp_path):
    out = tmp_path / "zwölf Bilder"
    done = mocap("synth", "--out", out, "--count", 3, "--split", "rest", "--poses", 4, "--size", "96x128")
    if "no OpenGL" in done.stderr:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    data = json.loads((out / "annotations.json").read_text("utf-8"))
    assert len(data["images"]) == 3
    for image in data["images"]:
        assert (image["width"], image["height"]) == (96, 128)
        assert (out / image["file_name"]).stat().st_size > 1000


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--size", "big"], "--size big is not like 192x256."),
        (["--split", "mine"], "--split mine is none of train, test and rest."),
        (["--motion", "nowhere.npz"], "the motion data is not at nowhere.npz"),
    ],
)
def test_bad_arguments_get_a_sentence(tmp_path, arguments, sentence):
    done = mocap("synth", "--out", tmp_path, *arguments)
    assert done.returncode == 1
    assert done.stderr.startswith(sentence)
    assert "Traceback" not in done.stderr


def test_a_config_without_training_is_refused(tmp_path):
    config = tmp_path / "model.py"
    config.write_text("model = dict()\n", "utf-8")
    done = mocap("train", config, "--out", tmp_path / "run")
    assert done.returncode == 1
    assert "has no training = dict(…)" in done.stderr
    assert "Traceback" not in done.stderr
