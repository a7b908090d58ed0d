"""How fast models were here, and which of the published are here: small files in the data folder."""

import json

import pytest

from mocap_core import speeds
from mocap_core.published import BETTER, NOTE, PUBLISHED
from mocap_core.speeds import note_speed, read_speeds

FIGURES = {"model": "vitpose_b", "device": "cpu", "frames_captured": 120, "people": 1, "inference_ms_p50": 37.21}


@pytest.fixture(autouse=True)
def data(monkeypatch, tmp_path):
    monkeypatch.setenv("MOCAP_DATA", str(tmp_path / "data ä"))


def test_a_speed_is_kept_by_model_and_device_and_the_last_one_counts():
    assert read_speeds() == {}
    assert note_speed(FIGURES) and note_speed(FIGURES | {"device": "cuda:0", "inference_ms_p50": 4})
    assert note_speed(FIGURES | {"inference_ms_p50": 30.0})
    assert read_speeds() == {"vitpose_b": {"cpu": 30.0, "cuda:0": 4.0}}


@pytest.mark.parametrize(
    "other", [{"frames_captured": 20}, {"people": 2}, {"people": 0}, {"model": ""}, {"inference_ms_p50": None}]
)
def test_what_says_too_little_is_not_kept(other):
    assert not note_speed(FIGURES | other) and read_speeds() == {}


def test_a_damaged_file_is_no_speed():
    for content in ("", "[1]", '{"a": 3, "b": {"cpu": "fast", "gpu": -1, "x": 5}}'):
        speeds.speeds_file().parent.mkdir(exist_ok=True)
        speeds.speeds_file().write_text(content)
        assert read_speeds().get("b", {}).keys() <= {"x"} and "a" not in read_speeds()


def test_a_published_model_is_here_once_the_worker_has_noted_it():
    assert not BETTER.is_here
    BETTER.folder.mkdir(parents=True)
    (BETTER.folder / "model.safetensors").write_bytes(b"a part")
    assert not BETTER.is_here
    (BETTER.folder / NOTE).write_text(json.dumps({"revision": "1"}))
    assert BETTER.is_here
    assert all(model.about_bytes > 1e8 for model in PUBLISHED.values())
    assert all(70 < model.ap < 80 and model.licence for model in PUBLISHED.values() if model.drives)
