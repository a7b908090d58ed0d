"""Detectors of the transformers library: small ones with random weights, beside that library's own pre- and
post-processing."""

import json
import os
import shutil
import sys
import threading
from collections import deque

import numpy as np
import pytest
import torch

transformers = pytest.importorskip("transformers", reason="the extra `detect` is not installed")

from mocap_worker import people, person  # noqa: E402
from mocap_worker.detector import SURE, Detector, DetectorError  # noqa: E402
from mocap_worker.lookout import Lookout  # noqa: E402
from mocap_worker.opencv import cv2  # noqa: E402

KINDS = ("rt_detr", "d_fine")


def save_detector(kind, folder, labels=("person", "bicycle")):
    """A small detector whose random heads find a few people and bicycles anywhere."""
    torch.manual_seed(1)
    common = {
        "encoder_hidden_dim": 32, "encoder_in_channels": [16, 24, 32], "encoder_layers": 1, "encoder_ffn_dim": 64,
        "encoder_attention_heads": 2, "d_model": 32, "num_queries": 20, "decoder_in_channels": [32, 32, 32],
        "decoder_ffn_dim": 64, "decoder_layers": 2, "decoder_attention_heads": 2, "num_denoising": 0,
        "hidden_expansion": 1.0, "id2label": dict(enumerate(labels)),
    }  # fmt: skip
    stages = {"embedding_size": 8, "hidden_sizes": [8, 16, 24, 32], "depths": [1, 1, 1, 1]}
    stages["out_features"] = ["stage2", "stage3", "stage4"]
    if kind == "rt_detr":
        backbone = transformers.RTDetrResNetConfig(layer_type="basic", **stages)
        model = transformers.RTDetrForObjectDetection(transformers.RTDetrConfig(backbone_config=backbone, **common))
    else:
        backbone = transformers.HGNetV2Config(
            **stages, stem_channels=[3, 8, 8], stage_in_channels=[8, 8, 16, 24], stage_mid_channels=[4, 4, 8, 8],
            stage_out_channels=[8, 16, 24, 32], stage_num_blocks=[1, 1, 1, 1], stage_numb_of_layers=[2, 2, 2, 2],
        )  # fmt: skip
        model = transformers.DFineForObjectDetection(
            transformers.DFineConfig(backbone_config=backbone, decoder_n_points=[2, 2, 2], **common)
        )
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if ("enc_score_head" in name or "class_embed" in name) and weights.ndim == 2:
                weights.normal_(0, 1)
            elif weights.ndim > 1:  # as they come, they are so small that all outputs are the same
                torch.nn.init.xavier_uniform_(weights)
    model.save_pretrained(folder)
    transformers.models.rt_detr.image_processing_pil_rt_detr.RTDetrImageProcessorPil().save_pretrained(folder)
    return folder


@pytest.fixture(scope="module", params=KINDS)
def folder(request, tmp_path_factory):
    return save_detector(request.param, tmp_path_factory.mktemp("a detector") / request.param)


@pytest.fixture(scope="module")
def detector(folder):
    return Detector(str(folder), "cpu")


def noise(width, height):
    coarse = np.random.default_rng(0).integers(0, 255, (6, 8, 3), np.uint8)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)


def theirs(folder, image):
    """Boxes and scores of people by the library's own processor, for a picture made small as ours is."""
    height, width = image.shape[:2]
    image = cv2.resize(image, (640, 640), interpolation=cv2.INTER_AREA)
    processor = transformers.models.rt_detr.image_processing_pil_rt_detr.RTDetrImageProcessorPil.from_pretrained(folder)
    model = transformers.AutoModelForObjectDetection.from_pretrained(folder).eval()
    with torch.inference_mode():
        out = model(**processor(images=image, return_tensors="pt"))
    (found,) = processor.post_process_object_detection(out, threshold=SURE, target_sizes=[(height, width)])
    people = found["labels"] == 0
    return found["boxes"][people].numpy(), found["scores"][people].numpy()


@pytest.mark.parametrize("size", [(640, 640), (1280, 720), (64, 36)])
def test_boxes_are_the_librarys_own(folder, detector, size):
    image = noise(*size)
    boxes, scores = detector.detect(image)
    expected_boxes, expected_scores = theirs(folder, image)
    assert len(boxes) == len(expected_boxes) > 0 and boxes.shape[1] == 4
    assert (np.diff(scores) <= 0).all() and (scores >= SURE).all()
    np.testing.assert_allclose(boxes, expected_boxes, atol=1e-2)
    np.testing.assert_allclose(scores, expected_scores, atol=1e-4)


def test_detector_finds_people_through_the_lookout_and_the_tracker(detector):
    """Its boxes are looked at in the next frame, the largest first."""
    image = noise(640, 480)
    state = people.start((640, 480), 3, searching=False)
    with Lookout(detector, times := deque()) as lookout:
        lookout.offer(image, state)
        while (news := lookout.take()) is None:
            pass
        assert lookout.take() is None and len(times) == 1
    state = people.detected(state, *news, 0.0)
    found, _ = detector.detect(image)
    areas = (found[:, 2:] - found[:, :2]).prod(1)
    looked = [look.box for look in people.looks(state, 0.0)]
    assert looked and np.allclose(looked[0], person.inside(found[areas.argmax()], (640, 480)))


def test_lookout_looks_at_one_frame_at_a_time_and_then_at_the_newest():
    class Slow:
        """A detector that looks for as long as it is told to."""

        def __init__(self):
            self.go, self.seen = threading.Semaphore(0), []

        def detect(self, image):
            self.seen.append(int(image[0, 0, 0]))
            self.go.acquire()
            return np.full((1, 4), float(self.seen[-1])), np.ones(1)

    slow, state = Slow(), people.start((64, 48))
    frames = [np.full((48, 64, 3), number, np.uint8) for number in range(6)]
    with Lookout(slow, deque()) as lookout:
        for frame in frames[:4]:
            lookout.offer(frame, state)
            assert lookout.take() is None
        slow.go.release()
        while (news := lookout.take()) is None:
            pass
        assert news[1][0, 0] == 0.0
        lookout.offer(frames[5], state)
        slow.go.release()
        while lookout.take() is None:
            pass
    assert slow.seen == [0, 5]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere threads have no priority of their own")
def test_detectors_thread_stands_back():
    class Curious:
        def detect(self, image):
            self.priority = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
            return np.zeros((0, 4)), np.zeros(0)

    curious, ours = Curious(), os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    with Lookout(curious, deque()) as lookout:
        lookout.offer(np.zeros((4, 4, 3), np.uint8), people.start((4, 4)))
        while lookout.take() is None:
            pass
    assert curious.priority == min(ours + 5, 19)
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == ours


def test_failing_detector_is_heard_of():
    class Failing:
        def detect(self, image):
            raise MemoryError("no room")

    with Lookout(Failing(), deque()) as lookout:
        lookout.offer(np.zeros((4, 4, 3), np.uint8), people.start((4, 4)))
        with pytest.raises(MemoryError):
            while lookout.take() is None:
                pass


def broken(folder, path, name, content):
    """A copy with one file replaced, or taken away."""
    shutil.copytree(folder, path)
    (path / name).unlink() if content is None else (path / name).write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("config.json", None, "cannot be loaded"),
        ("config.json", b"{", "cannot be loaded"),
        ("config.json", b'{"model_type": "detr"}', "is a detr; expected one of d_fine, rt_detr"),
        ("model.safetensors", None, "cannot be loaded"),
        ("model.safetensors", b"\x00" * 50, "cannot be loaded"),
        ("preprocessor_config.json", b"[", "cannot be loaded"),
    ],
)
def test_broken_folder_is_one_sentence(folder, tmp_path, name, content, expected):
    path = broken(folder, tmp_path / "broken", name, content)
    with pytest.raises(DetectorError, match=expected) as error:
        Detector(str(path), "cpu")
    assert str(path) in str(error.value) and "\n" not in str(error.value)


def test_weights_in_a_pickle_are_not_loaded(folder, tmp_path):
    path = broken(folder, tmp_path / "pickled", "model.safetensors", None)
    torch.save({"x": torch.zeros(1)}, path / "pytorch_model.bin")
    with pytest.raises(DetectorError, match="cannot be loaded"):
        Detector(str(path), "cpu")


def test_weights_of_another_shape_are_refused(folder, tmp_path):
    config = json.loads((folder / "config.json").read_text())
    config["decoder_layers"] = 3
    path = broken(folder, tmp_path / "other", "config.json", json.dumps(config).encode())
    with pytest.raises(DetectorError, match=r"lacks \d+ weights"):
        Detector(str(path), "cpu")


def test_detector_of_no_people_is_refused(tmp_path):
    path = save_detector("rt_detr", tmp_path / "cats", ("cat", "dog"))
    with pytest.raises(DetectorError, match="finds no people; it finds cat, dog"):
        Detector(str(path), "cpu")


def test_names_that_cannot_be_had_are_one_sentence(monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(DetectorError, match="is not on this machine and cannot be fetched"):
        Detector("ustc-community/dfine-nano-coco-of-nowhere", "cpu")
    for name in ("/no/such/folder", "no name", "", "a/b/c"):
        with pytest.raises(DetectorError, match="neither a folder nor a hub name"):
            Detector(name, "cpu")
    with pytest.raises(DetectorError, match="cuda:77"):
        Detector("a/b", "cuda:77")


def test_missing_extra_is_one_sentence(monkeypatch, folder):
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(DetectorError, match=r"needs the extra `detect`.*--detector none"):
        Detector(str(folder), "cpu")
