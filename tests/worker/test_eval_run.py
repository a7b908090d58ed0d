"""A measurement from start to end: real weights on drawn people, broken off and gone on with, and what it costs."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from mocap_worker.cli import app
from mocap_worker.evaluation import EvaluationError, cost, jitter
from mocap_worker.evaluation.datasets import open_dataset
from mocap_worker.evaluation.job import Options, run, weights_digest
from mocap_worker.evaluation.journal import Journal
from mocap_worker.evaluation.predict import read_picture
from mocap_worker.vitpose.model_config import load_model_config

sys.path.insert(0, str(Path(__file__).parent))
from test_eval_datasets import TrueBackend, write_dataset

ROOT = Path(__file__).resolve().parents[2]
WEIGHTS = ROOT / "checkpoints/vitpose_t_synthetic.safetensors"
GLB = ROOT / "addon/assets/default_model.glb"
SIZE = (192, 256)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """The folder of a COCO-format dataset: four larger pictures with two drawn people each, and a lone one."""
    pytest.importorskip("moderngl", reason="moderngl draws the pictures: pip install .[train]")
    from mocap_worker.training.pictures import PictureSource
    from mocap_worker.training.render import RenderError
    from mocap_worker.training.sheet import annotation_of

    folder = tmp_path_factory.mktemp("drawn")
    try:
        source = PictureSource(
            GLB, GLB.with_suffix(".landmarks.json"), SIZE, poses=12, split="rest", mix=0.3, cells_m=0.02
        )
    except RenderError as error:
        pytest.skip(str(error))
    (folder / "val2017").mkdir()
    (folder / "annotations").mkdir()
    rng = np.random.default_rng(0)
    images, annotations, index = [], [], 0
    for number in range(5):
        canvas = rng.integers(90, 120, (300, 460, 3), dtype=np.uint8)
        for place in ((10, 20), (240, 30))[: 2 if number < 4 else 1]:
            annotation = None
            while annotation is None or annotation["num_keypoints"] < 10:
                picture = source.draw(index, 0.0)
                annotation, index = annotation_of(picture, len(annotations)), index + 1
            x, y = place
            canvas[y : y + SIZE[1], x : x + SIZE[0]] = picture.image
            rows = np.array(annotation["keypoints"]).reshape(-1, 3)
            rows[:, :2] += np.array(place) * (rows[:, 2:] > 0)
            annotation |= {"image_id": number, "keypoints": rows.reshape(-1).tolist()}
            annotation["bbox"] = [annotation["bbox"][0] + x, annotation["bbox"][1] + y, *annotation["bbox"][2:]]
            annotations.append(annotation)
        name = f"{number:012d}.jpg"
        cv2.imwrite(str(folder / "val2017" / name), cv2.cvtColor(canvas, cv2.COLOR_RGB2BGR))
        images.append({"id": number, "file_name": name, "width": 460, "height": 300})
    content = {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "person"}]}
    (folder / "annotations" / "person_keypoints_val2017.json").write_text(json.dumps(content))
    return folder


@pytest.fixture(scope="module")
def tiny():
    from mocap_worker.backends import load_backend

    return load_backend(None, WEIGHTS, "cpu")


def evaluate(*arguments):
    """`mocap eval` in this process: its exit code and everything it printed."""
    done = CliRunner().invoke(app, ["eval", *map(str, arguments)])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


# --- real weights -----------------------------------------------------------------------------------------


def test_the_shipped_weights_find_drawn_people_and_say_what_it_took(drawn, tmp_path):
    out = tmp_path / "figures.json"
    common = ["--data", drawn, "--journal", tmp_path / "j", "--json", out, "--device", "cpu"]
    code, text = evaluate("--model", WEIGHTS, *common, "--no-flip", "--no-jitter", "--batch", 4)
    assert code == 0, text
    figures = json.loads(out.read_text())
    measures = figures["measures"]["all"]
    assert measures["ap"] > 0.3 and measures["ar"] >= measures["ap"] and measures["ap_50"] > 0.8
    assert figures["people"] == figures["people_found"] == 9
    assert figures["model"]["parameters"] == 5_552_849 and figures["model"]["gmacs"] == pytest.approx(1.3, abs=0.05)
    assert figures["run"]["peak_memory_mb"] > 50 and figures["run"]["fps"] > 0
    assert figures["joints"]["visible"]["count"] > 50
    assert {"machine", "commit"} <= set(figures)
    (case,) = figures["cases"]
    assert case["name"] == "eval/coco/vitpose_t_simple_coco_256x192" and case["ap"] == measures["ap"]
    assert f"{measures['ap']:.3f}" in text and "5,552,849" in text and "GMACs" in text
    # The same again comes out of the journal, with the same figures; with the flip test it is another job.
    code, text = evaluate("--model", WEIGHTS, *common, "--no-flip", "--no-jitter")
    again = json.loads(out.read_text())
    assert code == 0 and again["measures"] == figures["measures"] and again["jitter"] is None
    assert again["run"]["boxes_from_journal"] == 9 and again["run"]["fps"] is None
    picture = read_picture(drawn / "val2017" / "000000000004.jpg")[20:276, 10:202]
    video(tmp_path / "still.mp4", [picture] * 3)
    still = ["--still", tmp_path / "still.mp4", "--box", "20,20,180,250"]
    code, text = evaluate("--model", WEIGHTS, *common, "--flip", "--no-jitter", *still)
    flipped = json.loads(out.read_text())
    assert flipped["still"]["frames"] == 3 and 0 <= flipped["still"]["jitter_px"] < 1 and "still.mp4: jitter" in text
    assert code == 0 and flipped["run"]["boxes_from_journal"] == 0 and flipped["run"]["flip_test"]
    assert flipped["joints"]["all"]["score"] != figures["joints"]["all"]["score"]


def test_batches_and_threads_change_nothing(drawn, tiny, tmp_path):
    dataset = open_dataset(drawn)
    one = run(tiny, {}, dataset, Options(False, 1, 1, tmp_path / "one", jitter_pictures=2, jitter_frames=4))
    many = run(tiny, {}, dataset, Options(False, 7, 5, tmp_path / "many", jitter_pictures=0))
    assert one["measures"]["all"] == pytest.approx(many["measures"]["all"], abs=1e-6)
    assert one["joints"]["all"] == pytest.approx(many["joints"]["all"], abs=1e-4)
    assert 0 < one["jitter"]["jitter_px"] < 3 and one["jitter"]["clips"] == 2 and many["jitter"] is None


def test_crops_that_the_backend_makes_itself_give_the_same(drawn, tiny, tmp_path):
    class Cropping:
        """The same backend, with nothing but what every backend has."""

        def __init__(self):
            for name in ("config", "name", "device", "skeleton", "input_size"):
                setattr(self, name, getattr(tiny, name))

        def infer(self, image, boxes, flip_test=False):
            return tiny.infer(image, boxes)

    dataset = open_dataset(drawn)
    options = Options(False, 4, 2, tmp_path / "j", jitter_pictures=0)
    ours = run(tiny, {}, dataset, options)
    assert run(Cropping(), {"other": "1"}, dataset, options)["measures"]["all"] == pytest.approx(
        ours["measures"]["all"], abs=0.02
    )


def test_drawn_pictures_are_measured_with_torsos_and_false_people(tiny, tmp_path):
    pytest.importorskip("moderngl", reason="moderngl draws the pictures: pip install .[train]")
    from mocap_worker.evaluation.synthetic import dataset_of
    from mocap_worker.training.pictures import PictureSource

    source = PictureSource(
        GLB, GLB.with_suffix(".landmarks.json"), SIZE, poses=12, split="rest", mix=0.3, cells_m=0.02
    )
    pictures = [source.draw(i, 0.3) for i in range(12)]
    dataset = dataset_of(pictures, "12 pictures")
    options = Options(False, 8, 1, tmp_path / "j", jitter_pictures=1, jitter_frames=3)
    figures = run(tiny, {}, dataset, options)
    assert figures["measures"]["all"]["ap"] > 0.3
    assert figures["measures"]["all"]["pck_0_2"] == pytest.approx(
        np.mean([v for v in figures["pck_0_2_by_keypoint"].values() if v is not None])
    )
    # The crop is the picture itself, so the network sees exactly what was drawn.
    steps = np.array([[191.0, 255.0]])
    direct = tiny.infer_crops(pictures[0].image[None], steps / 2, steps)
    kept = Journal(tmp_path / "j", json.loads(Path(figures["run"]["journal"]).read_text().splitlines()[0])["job"])
    np.testing.assert_allclose(kept.done[0][0], direct[0][0], atol=1e-3)


# --- broken off -------------------------------------------------------------------------------------------


def test_a_broken_off_measurement_goes_on_where_it_stopped(tmp_path):
    write_dataset(tmp_path / "data", "coco", images=9)
    dataset = open_dataset(tmp_path / "data")
    whole = run(TrueBackend("coco17", dataset, off=1), {}, dataset, Options(False, journal=tmp_path / "a"))
    broken = TrueBackend("coco17", dataset, off=1)
    broken.stop_after = 7
    options = Options(False, journal=tmp_path / "b", jitter_pictures=0)
    with pytest.raises(KeyboardInterrupt):
        run(broken, {}, dataset, options)
    rest = TrueBackend("coco17", dataset, off=1)
    figures = run(rest, {}, dataset, options)
    assert rest.asked == 18 - 6 and figures["run"]["boxes_from_journal"] == 6
    assert figures["measures"] == whole["measures"] and figures["joints"] == whole["joints"]
    fresh = TrueBackend("coco17", dataset, off=1)
    run(fresh, {}, dataset, Options(False, journal=tmp_path / "b", fresh=True, jitter_pictures=0))
    assert fresh.asked == 18


def test_another_model_data_or_flip_has_another_journal(tmp_path):
    write_dataset(tmp_path / "data", "coco")
    dataset = open_dataset(tmp_path / "data")
    paths = set()
    for weights, flip in (({"sha": "1"}, False), ({"sha": "2"}, False), ({"sha": "1"}, True)):
        backend = TrueBackend("coco17", dataset)
        figures = run(backend, weights, dataset, Options(flip, journal=tmp_path / "j", jitter_pictures=0))
        paths.add(figures["run"]["journal"])
        assert backend.asked == 8
    assert len(paths) == 3


@given(st.integers(0, 2**32 - 1), st.floats(0, 1))
@settings(max_examples=40, deadline=None)
def test_a_journal_cut_off_anywhere_keeps_every_whole_line(tmp_path_factory, seed, share):
    rng = np.random.default_rng(seed)
    folder, job = tmp_path_factory.mktemp("j"), {"any": "job"}
    journal = Journal(folder, job)
    entries = {}
    for i in range(5):
        places, scores = rng.normal(0, 300, (17, 2)).astype(np.float32), rng.random(17).astype(np.float32)
        places[i] = np.nan
        entries[i] = places, scores
        journal.add(i, places, scores)
    journal.close()
    content = journal.path.read_bytes()
    cut = content[: int(share * len(content))]
    journal.path.write_bytes(cut)
    again = Journal(folder, job)
    assert len(again.done) == max(cut.count(b"\n") - 1, 0)
    for i, (places, scores) in again.done.items():
        np.testing.assert_array_equal(places, entries[i][0])
        np.testing.assert_array_equal(scores, entries[i][1])
    again.add(9, *entries[0])
    again.close()
    assert set(Journal(folder, job).done) == {*range(len(again.done) - 1), 9}


def test_a_damaged_journal_and_one_that_cannot_be_written_are_said(tmp_path):
    journal = Journal(tmp_path, {"a": 1})
    journal.add(0, np.zeros((2, 2)), np.zeros(2))
    journal.close()
    lines = journal.path.read_text().splitlines()
    journal.path.write_text(lines[0] + "\n{nonsense\n" + lines[1] + "\n")
    with pytest.raises(EvaluationError, match=r"damaged in line 2 .*--fresh"):
        Journal(tmp_path, {"a": 1})
    assert Journal(tmp_path, {"a": 1}, fresh=True).done == {}
    (tmp_path / "file").write_text("")
    with pytest.raises(EvaluationError, match="cannot be used"):
        Journal(tmp_path / "file", {"a": 1})


def _heed_ctrl_c():
    """What a shell starts in the background ignores Ctrl-C, and so does all that it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.skipif(sys.platform == "win32", reason="a console's Ctrl-C cannot be sent to one process there")
def test_ctrl_c_stops_with_130_and_the_same_command_goes_on(drawn, tmp_path):
    content = json.loads((drawn / "annotations/person_keypoints_val2017.json").read_text())
    first = content["annotations"][0]
    content["annotations"] = [{**first, "id": i} for i in range(5000)]  # more than it can do in this time
    file = tmp_path / "many.json"
    file.write_text(json.dumps(content))
    command = [sys.executable, "-m", "mocap_worker", "eval", "--model", str(WEIGHTS), "--data", str(file)]
    command += ["--images", str(drawn / "val2017"), "--journal", str(tmp_path / "j"), "--batch", "2", "--device", "cpu"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path, preexec_fn=_heed_ctrl_c
    )
    try:
        until = time.monotonic() + 120
        while time.monotonic() < until and process.poll() is None:
            journals = list((tmp_path / "j").glob("*.jsonl"))
            if journals and journals[0].read_bytes().count(b"\n") > 3:
                break
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130 and "goes on from here" in said and "Traceback" not in said
    kept = journals[0].read_bytes()
    assert kept.endswith(b"\n") and 3 < kept.count(b"\n") < 5000


# --- bad input --------------------------------------------------------------------------------------------


def test_pictures_that_cannot_be_read_or_have_another_size_are_said(tmp_path):
    picture = tmp_path / "a.png"
    cv2.imwrite(str(picture), np.zeros((20, 30, 3), np.uint8))
    assert read_picture(picture, 30, 20).shape == (20, 30, 3)
    with pytest.raises(EvaluationError, match="is 30×20, the annotations say 20×30"):
        read_picture(picture, 20, 30)
    picture.write_bytes(picture.read_bytes()[:40])
    for content in (picture.read_bytes(), b"", b"text"):
        picture.write_bytes(content)
        with pytest.raises(EvaluationError, match="cannot be decoded"):
            read_picture(picture)
    with pytest.raises(EvaluationError, match="cannot be read: No such file"):
        read_picture(tmp_path / "none.png")


def test_grey_alpha_and_16_bit_pictures_are_read_as_colours(tmp_path):
    grey = np.random.default_rng(0).integers(0, 256, (8, 9), dtype=np.uint8)
    for name, image in (
        ("grey", grey),
        ("alpha", np.dstack([grey, grey, grey, grey])),
        ("deep", grey.astype(np.uint16) * 257),
    ):
        cv2.imwrite(str(tmp_path / f"{name}.png"), image)
        np.testing.assert_array_equal(read_picture(tmp_path / f"{name}.png"), np.dstack([grey] * 3))


def test_a_damaged_picture_stops_the_measurement_with_its_name(tmp_path):
    write_dataset(tmp_path / "data", "coco")
    (tmp_path / "data" / "val2017" / "002.png").write_bytes(b"\x89PNG broken")
    dataset = open_dataset(tmp_path / "data")
    with pytest.raises(EvaluationError, match=r"002\.png cannot be decoded"):
        run(TrueBackend("coco17", dataset), {}, dataset, Options(False, journal=tmp_path / "j"))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "Nothing to measure on"),
        (["--data", "nowhere"], "There is nothing at nowhere"),
        (["--data", ".", "--model", "none.safetensors"], "There is no checkpoint at none.safetensors"),
        (["--data", ".", "--dataset", "lsp", "--model", WEIGHTS], "no dataset 'lsp'"),
        (["--data", ".", "--device", "cuda:77"], "cuda:77"),
        (["--data", ".", "--backend", "caffe"], "no backend 'caffe'"),
        (["--still", "nowhere.mp4"], "--still: There is no file nowhere.mp4"),
        (["--still", "."], "--still: Cannot read ."),
        (["--data", ".", "--batch", "0"], "batch"),
        (["--data", "synthetic", "--detections", "x.json"], "Drawn pictures need no"),
        (["--data", "demo", "--model", WEIGHTS, "--dataset", "coco"], "The demo's clip needs no"),
        (["--data", ".", "--box", "1,2,3,4"], "give --still, too"),
    ],
)
def test_what_cannot_be_measured_is_said_in_a_sentence(arguments, sentence, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, text = evaluate(*arguments)
    assert code in (1, 2) and sentence in " ".join(text.split()) and "Traceback" not in text


# --- jitter and cost --------------------------------------------------------------------------------------


def test_jitter_by_hand():
    still = np.zeros((4, 3, 2))
    still[:, 0] = [[10, 0], [14, 0], [10, 0], [14, 0]]  # 2 px from its mean, 4 px a frame
    still[:, 2] = [[0, 0], [500, 500], [0, 0], [500, 500]]  # not confident
    scores = np.tile([0.9, 0.9, 0.1], (4, 1))
    box = np.array([0, 0, 50, 100.0])
    found = jitter.jitter(still, scores, box)
    assert found["jitter_px"] == pytest.approx(np.sqrt((4 + 0) / 2)) and found["keypoints"] == 2
    assert found["jitter_percent"] == pytest.approx(found["jitter_px"]) and found["step_px_p95"] == pytest.approx(4.0)
    assert jitter.jitter(still, 0 * scores, box)["keypoints"] == 0
    still[1, 0] = np.nan
    assert jitter.jitter(still, scores, box)["jitter_px"] == 0.0


def test_noise_has_its_strength_and_comes_again_with_its_seed():
    picture = np.full((64, 64, 3), 128, np.uint8)
    first, second = list(jitter.noisy_frames(picture, 2, seed=3))
    assert first.std() == pytest.approx(jitter.NOISE_LEVELS, rel=0.05) and (first != second).any()
    np.testing.assert_array_equal(first, next(iter(jitter.noisy_frames(picture, 1, seed=3))))
    assert abs(float(first.mean()) - 128) < 0.1


def video(path, frames):
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.height, stream.width = frames[0].shape[:2]
        stream.bit_rate = 8_000_000
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())


def test_a_still_video_jitters_less_than_a_shaking_one(drawn, tiny, tmp_path):
    picture = read_picture(drawn / "val2017" / "000000000004.jpg")[20:276, 10:202]
    shaken = [np.roll(picture, (3 * (i % 2), 2 * (i % 3)), axis=(0, 1)) for i in range(6)]
    measured = {}
    for name, frames in (("still", [picture] * 6), ("shaken", shaken)):
        video(tmp_path / f"{name}.mp4", frames)
        read = jitter.video_frames(tmp_path / f"{name}.mp4")
        box = jitter.still_box(tiny, read[0])
        assert len(read) == 6 and (box >= 0).all() and (box[2:] <= SIZE).all()
        measured[name] = jitter.jitter(*jitter.follow(tiny, read, box), box)
    assert measured["still"]["jitter_px"] < 0.5 < 1.0 < measured["shaken"]["jitter_px"] < 5
    with pytest.raises(EvaluationError, match=r"nobody is found .*--box"):
        jitter.still_box(tiny, np.zeros((64, 64, 3), np.uint8))
    video(tmp_path / "one.mp4", [picture])
    with pytest.raises(EvaluationError, match="jitter needs two or more"):
        jitter.video_frames(tmp_path / "one.mp4")


@pytest.mark.parametrize(
    ("size", "head", "parameters", "gmacs"),
    [
        ("s", "classic", 24_290_577, 5.594),
        ("b", "simple", 85_912_337, 17.461),
        ("l", "classic", 308_544_785, 61.569),
        ("h", "simple", 631_107_857, 124.606),
    ],
)
def test_parameters_and_multiplications_are_the_published_ones(size, head, parameters, gmacs):
    found = cost.parameters_and_gmacs(load_model_config(f"vitpose_{size}_{head}_coco_256x192"))
    assert found[0] == parameters and found[1] == pytest.approx(gmacs, abs=0.0006)


def test_peak_memory_is_of_this_process_and_never_falls():
    before = cost.peak_memory_mb("cpu")
    if before is None:
        pytest.skip("not measured on Windows")
    block = np.ones(60_000_000 // 8)
    block += 1
    assert cost.peak_memory_mb("cpu") >= before and before > 20
    assert os.getpid() and block.size


def test_weights_have_a_digest_in_a_file_or_a_folder(tmp_path):
    (tmp_path / "a").write_bytes(b"one")
    (tmp_path / "b").write_bytes(b"two")
    assert weights_digest(tmp_path / "a") == "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"
    before = weights_digest(tmp_path)
    (tmp_path / "b").write_bytes(b"three")
    assert weights_digest(tmp_path) != before
    with pytest.raises(EvaluationError, match="cannot be read"):
        weights_digest(tmp_path / "none")
