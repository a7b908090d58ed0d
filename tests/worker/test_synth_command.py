"""`mocap synth` as a user runs it, and what `mocap train` says to a config that is no recipe."""

import json
import signal
import subprocess
import sys

import cv2
import numpy as np
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


def drawn(*arguments):
    done = mocap("synth", "--split", "rest", "--poses", 4, *arguments)
    if "no OpenGL" in done.stderr:
        pytest.skip(done.stderr.strip())
    return done


def test_a_data_set_without_motion_data(tmp_path):
    out = tmp_path / "zwölf Bilder"
    done = drawn("--out", out, "--count", 3, "--longest", 160)
    assert done.returncode == 0, done.stderr
    data = json.loads((out / "annotations.json").read_text("utf-8"))
    assert f"{len(data['annotations'])} people in 3 frames" in done.stdout
    assert len(data["images"]) == 3
    for image in data["images"]:
        assert max(image["width"], image["height"]) == 160
        assert (out / image["file_name"]).stat().st_size > 1000
    again = drawn("--out", out)
    assert again.returncode == 1 and again.stderr.startswith(f"{out / 'annotations.json'} is there already")


def test_crops_of_one_person(tmp_path):
    done = drawn("--out", tmp_path, "--count", 2, "--crops", "96x128")
    assert done.returncode == 0, done.stderr
    data = json.loads((tmp_path / "annotations.json").read_text("utf-8"))
    assert [(i["width"], i["height"]) for i in data["images"]] == [(96, 128)] * 2


def test_a_preview_shows_pictures_above_their_histograms(tmp_path):
    done = drawn("--out", tmp_path, "--count", 16, "--crops", "96x128", "--preview")
    assert done.returncode == 0, done.stderr
    assert "16 pictures" in done.stdout and not (tmp_path / "annotations.json").exists()
    sheet = cv2.imread(str(tmp_path / "preview.png"))
    assert sheet.shape[1] == 8 * 96 and sheet.shape[0] > 2 * 128 + 200
    graphs = sheet[2 * 128 :].reshape(-1, 3)
    bars = (np.abs(graphs.astype(int) - (190, 120, 70)).max(1) < 12).sum()
    assert (graphs > 240).all(1).sum() > 0.3 * len(graphs) > bars > 2000


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "Stopped; what was drawn is in "),
        (["--crops", "96x128"], "Stopped; what was drawn is in "),
        (["--preview"], "Stopped; no preview was written."),
    ],
)
def test_ctrl_c_says_what_there_is(tmp_path, monkeypatch, arguments, sentence):
    from typer.testing import CliRunner

    from mocap_worker.cli import app
    from mocap_worker.training.pictures import PictureSource

    def stopped_in(drawing):
        def draw(self, index, *rest):
            if index == 1:
                signal.raise_signal(signal.SIGINT)
            return drawing(self, index, *rest)

        return draw

    for name in ("draw", "frame"):
        monkeypatch.setattr(PictureSource, name, stopped_in(getattr(PictureSource, name)))
    run = ["synth", "--split", "rest", "--poses", "4", "--out", str(tmp_path), "--longest", "100", *arguments]
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job begins without
    try:
        result = CliRunner().invoke(app, run)
    finally:
        signal.signal(signal.SIGINT, before)
    if "no OpenGL" in result.output:
        pytest.skip(result.output.strip())
    assert result.exit_code == 130 and sentence in result.output
    assert (tmp_path / "annotations.json").exists() == ("what was drawn" in sentence)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--crops", "big"], "--crops big is not like 192x256."),
        (["--split", "mine"], "--split mine is none of train, test and rest."),
        (["--people", "us"], "--people us is neither varied nor default."),
        (["--renderer", "me"], "--renderer me is neither opengl nor blender."),
        (["--motion", __file__, "--seed", "77", "--poses", "3"], f"{__file__} cannot be read"),
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
