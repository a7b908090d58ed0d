"""What runs the network: OpenVINO, PyTorch, the way of a frame on a device; and how one of them is chosen."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from mocap_worker.backends import BackendError, TorchBackend, load_backend
from mocap_worker.backends.live_path import LivePath
from mocap_worker.backends.memory import enough_memory, free_memory, model_that_fits
from mocap_worker.backends.precision import LIMIT_PX, agree, sample_crops, shifts_px
from mocap_worker.backends.torch_network import TorchNetwork
from mocap_worker.vitpose.codec import Codec, decode
from mocap_worker.vitpose.model_config import ModelConfig, load_model_config
from mocap_worker.vitpose.transforms import crop, crop_of

CONFIG = ModelConfig("small", dim=48, depth=2, heads=3, head="classic", keypoints=17, input_size=(96, 128))
SIMPLE = load_model_config("vitpose_t_simple_coco_256x192")


def network(config=CONFIG, seed=1):
    """Random weights, none of them 0 or 1; heatmaps about 0.5."""
    torch.manual_seed(seed)
    model = config.build().eval()
    with torch.no_grad():
        for value in model.state_dict().values():
            if value.is_floating_point():
                value.add_(0.05 * torch.randn_like(value).abs())
        last = model.keypoint_head.final_layer
        last.weight.normal_(std=0.02)
        last.bias.uniform_(0.4, 0.6)
    return model


def picture(height=300, width=400, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def crops_of(config, count=3):
    width, height = config.input_size
    return torch.from_numpy(np.stack([picture(height, width, seed) for seed in range(count)]))


@pytest.fixture
def told():
    messages = []
    return messages, lambda message, share: messages.append(message)


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize(
    "config",
    [
        CONFIG,
        ModelConfig("simple", dim=32, depth=2, heads=2, head="simple", keypoints=5, input_size=(64, 96)),
        ModelConfig(
            "windows", dim=32, depth=3, heads=2, head="classic", keypoints=4, input_size=(64, 96),
            ratio=2, attention="window+shift+pool", window=(4, 4),
        ),
        ModelConfig("token", 32, 2, 2, "simple", 5, (64, 96), knowledge_token=True),
    ],
    ids=lambda config: config.name,
)  # fmt: skip
def test_openvino_gives_pytorchs_heatmaps(config, count):
    model = network(config)
    backend = TorchBackend(model, config, "cpu")
    assert (backend.engine, backend.precision) == ("openvino", "fp32")
    crops = crops_of(config, count)
    with torch.inference_mode():
        expected = TorchNetwork(model, config, "cpu", "fp32")(crops)
    found = backend.heatmaps(crops)
    assert found.shape == expected.shape and found.dtype == torch.float32
    assert (found - expected).abs().max() < 2e-5 * (expected.max() - expected.min())


def test_without_openvino_pytorch_runs_and_a_word_is_said(monkeypatch, told):
    monkeypatch.setitem(sys.modules, "mocap_worker.backends.openvino_network", None)
    messages, progress = told
    backend = TorchBackend(network(), CONFIG, "cpu", "auto", progress)
    assert (backend.engine, backend.precision) == ("torch", "fp32")
    assert any("OpenVINO cannot be used" in message for message in messages)
    assert np.isfinite(backend.infer(picture(), np.array([[10, 20, 200, 280]]))[1]).all()


def test_where_openvino_gives_other_heatmaps_pytorch_runs(monkeypatch, told):
    from mocap_worker.backends import openvino_network

    right = openvino_network.OpenVinoNetwork.__call__
    monkeypatch.setattr(openvino_network.OpenVinoNetwork, "__call__", lambda self, crops: 1.01 * right(self, crops))
    messages, progress = told
    assert TorchBackend(network(), CONFIG, "cpu", "fp32", progress).engine == "torch"
    assert any("other heatmaps" in message for message in messages)


def test_bf16_of_the_model_that_ships_stays_where_fp32_is():
    exact, rounded = (load_backend(device="cpu", precision=precision) for precision in ("fp32", "bf16"))
    assert (exact.precision, rounded.precision) == ("fp32", "bf16")
    crops = sample_crops(SIMPLE)
    shifts = shifts_px(rounded.heatmaps(crops), exact.heatmaps(crops), SIMPLE)
    assert len(shifts) > 40 and 0 < np.median(shifts) < 0.1
    assert (shifts <= LIMIT_PX).mean() >= 0.98


@pytest.mark.parametrize("config", ["vitpose_t_simple_coco_256x192", "vitpose_t_classic_coco_256x192"])
@pytest.mark.parametrize("bias", [0.0, 0.1])
def test_bf16_is_near_fp32_whatever_the_norms_scale_and_shift(config, bias):
    openvino_network = pytest.importorskip("mocap_worker.backends.openvino_network")
    config = replace(load_model_config(config), depth=2)
    model = network(config)
    with torch.no_grad():
        for name, value in model.backbone.named_parameters():
            if "norm" in name:
                value.normal_() if name.endswith("weight") else value.fill_(bias)
    crops = crops_of(config, 1)
    exact, rounded = (openvino_network.OpenVinoNetwork(model, config, kind, 2)(crops) for kind in ("fp32", "bf16"))
    assert (rounded - exact).abs().max() < 0.03 * (exact.max() - exact.min())


def test_a_signal_is_survived_when_networks_have_gone():
    """As Ctrl-C, once a model has given way to another. In a process of its own, which would die."""
    script = """
import signal
from mocap_worker.backends import load_backend
for precision in ("fp32", "bf16"):
    backend = load_backend(device="cpu", precision=precision)
del backend
signal.signal(signal.SIGINT, lambda *_: print("asked to stop"))
signal.raise_signal(signal.SIGINT)
"""
    done = subprocess.run([sys.executable, "-X", "faulthandler", "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "asked to stop\n"), done.stderr


def test_auto_takes_bf16_only_where_keypoints_stay(monkeypatch):
    openvino_network = pytest.importorskip("mocap_worker.backends.openvino_network")
    monkeypatch.setattr(openvino_network, "has_bf16", lambda: True)
    assert load_backend(device="cpu", precision="auto").precision == "bf16"
    # Random weights are sure of nothing, so there is nothing to see whether bf16 does harm.
    assert TorchBackend(network(), CONFIG, "cpu", "auto").precision == "fp32"
    monkeypatch.setattr(openvino_network, "has_bf16", lambda: False)
    assert load_backend(device="cpu", precision="auto").precision == "fp32"


def test_keypoints_agree_up_to_a_quarter_of_a_pixel():
    config = ModelConfig("maps", 32, 1, 2, "simple", 17, (192, 256), codec=Codec())
    row, column = np.mgrid[:64, :48]

    def maps(shift_px, height=1.0):
        x = np.linspace(10, 35, 17)[:, None, None] + shift_px * 47 / 192
        return torch.from_numpy(height * np.exp(-((column - x) ** 2 + (row - 30) ** 2) / 8)).float()[None]

    assert agree(maps(0.2), maps(0.0), config) and not agree(maps(0.3), maps(0.0), config)
    assert np.allclose(shifts_px(maps(0.2), maps(0.0), config), 0.2, atol=0.02)
    assert not agree(maps(0.0, 0.1), maps(0.0, 0.1), config)  # no sure keypoint, no verdict


@pytest.mark.parametrize("codec", [Codec(), Codec(udp=False)], ids=["udp", "plain"])
def test_the_way_on_a_device_finds_what_the_other_finds(codec):
    config = ModelConfig("live", 48, 2, 3, "classic", 17, (96, 128), codec=codec)
    plain = TorchNetwork(network(config), config, "cpu", "fp32")
    live = LivePath(plain, config, "cpu")
    boxes = np.array([[10, 20, 200, 280], [-90, 150, 60, 500], [390, 290, 399, 299], [0, 0, 400, 300]], np.float32)
    for image in (picture(), picture(64, 64), picture()[:, :, ::-1], picture(2200, 1500, seed=3)):
        for count in (1, 3, 4):
            centres, sizes = crop_of(boxes[:count], config.input_size)
            crops = torch.from_numpy(crop(image, centres, sizes, config.input_size, codec.udp))
            with torch.inference_mode():
                keypoints, scores = decode(plain(crops), torch.tensor(centres), torch.tensor(sizes), codec)
            found = live.infer(image, boxes[:count])
            np.testing.assert_allclose(found[..., :2], keypoints, atol=0.01)
            np.testing.assert_allclose(found[..., 2], scores, rtol=1e-4)


def test_more_people_than_fit_into_one_go_are_found_alike():
    live = LivePath(TorchNetwork(network(), CONFIG, "cpu", "fp32"), CONFIG, "cpu")
    boxes = np.array([[i, i, i + 90, i + 120] for i in range(0, 170, 10)], np.float32)
    together = live.infer(picture(), boxes)
    assert together.shape == (17, 17, 3)
    np.testing.assert_allclose(together[[0, 16]], live.infer(picture(), boxes[[0, 16]]), atol=0.05)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU here")
def test_on_a_gpu_the_captured_graph_finds_what_the_cpu_finds():
    exact = load_backend(device="cpu", precision="fp32")
    boxes = np.array([[180, 60, 420, 440], [100, 0, 500, 480], [300, 100, 420, 400]], np.float32)
    for precision, limit in (("fp32", 0.02), ("auto", LIMIT_PX)):
        backend = load_backend(device="cuda", precision=precision)
        for image in (picture(480, 640), picture(1080, 1920, seed=1), picture(4320, 7680, seed=2)):
            for count in (1, 3, 2):
                keypoints, scores = exact.infer(image, boxes[:count])
                found, _ = backend.infer(image, boxes[:count])
                sure = scores > 0.3
                pixel = (boxes[:count, 3] - boxes[:count, 1])[:, None] * 1.25 / 256
                assert (np.linalg.norm(found - keypoints, axis=-1) / pixel)[sure].max(initial=0) < limit


def test_8k_frames_and_64_px_frames_are_inferred():
    backend = TorchBackend(network(), CONFIG, "cpu")
    large = np.zeros((4320, 7680, 3), np.uint8)
    large[1000:1300, 5000:5400] = picture()
    small, scores = backend.infer(picture(), np.array([[10, 20, 200, 280]]))
    found, same = backend.infer(large, np.array([[5010, 1020, 5200, 1280]]))
    np.testing.assert_allclose(found, small + np.array([5000, 1000]), atol=0.05)
    np.testing.assert_allclose(same, scores, rtol=1e-3)
    keypoints, scores = backend.infer(picture(64, 64), np.array([[0, 0, 64, 64]]))
    assert (np.isfinite(keypoints).all(axis=-1) == (scores > 0)).all() and (scores > 0).any()


def test_the_flip_test_averages_with_the_mirrored_crop():
    backend = TorchBackend(network(), CONFIG, "cpu")
    crops, pairs = crops_of(CONFIG, 2), [(i, i + 1) for i in range(1, 17, 2)]
    place = (np.full((2, 2), 48.0), np.array([[96.0, 128.0]] * 2))
    order = [0, *(index for left, right in pairs for index in (right, left))]
    plain, mirrored = backend.heatmaps(crops), backend.heatmaps(torch.flip(crops, [2]))
    expected = (plain + torch.flip(mirrored, [3])[:, order]) / 2
    keypoints, scores = backend.infer_crops(crops.numpy(), *place, flip_test=True)
    decoded, maxima = decode(expected, *(torch.from_numpy(part).float() for part in place), CONFIG.codec)
    np.testing.assert_allclose(keypoints, decoded, atol=1e-3)
    np.testing.assert_allclose(scores, maxima, rtol=1e-5)


def test_a_skeleton_without_known_sides_has_no_flip_test():
    config = ModelConfig("spots", 48, 1, 3, "simple", 2, (96, 128), skeleton="keypoints2")
    backend = TorchBackend(network(config), config, "cpu")
    with pytest.raises(BackendError, match="left from right"):
        backend.infer_crops(crops_of(config).numpy(), np.zeros((3, 2)), np.ones((3, 2)), flip_test=True)


@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError("CUDA out of memory"), MemoryError(), RuntimeError("std::bad_alloc")]
)
def test_out_of_memory_names_a_model_that_fits(error):
    with pytest.raises(BackendError, match=r"not enough memory for small on cpu.*such as vitpose_._simple_coco"):
        with enough_memory(CONFIG, "cpu"):
            raise error


def test_other_errors_are_not_taken_for_a_lack_of_memory():
    with pytest.raises(RuntimeError, match="shapes"), enough_memory(CONFIG, "cpu"):
        raise RuntimeError("shapes do not match")


def test_the_largest_model_that_fits_is_proposed():
    assert model_that_fits(24e9) == "vitpose_h_simple_coco_256x192"
    assert model_that_fits(2e9) == "vitpose_b_simple_coco_256x192"
    assert model_that_fits(1e6) is None
    assert model_that_fits(None) == "vitpose_t_simple_coco_256x192"
    assert free_memory("cpu") is None or free_memory("cpu") > 1e6


@pytest.mark.parametrize("precision", ["fp8", "fp16"])
def test_a_precision_that_is_not_there_is_refused(precision):
    with pytest.raises(BackendError, match=precision):
        TorchBackend(network(), CONFIG, "cpu", precision)


def test_openvino_tells_nobody_of_its_use():
    pytest.importorskip("openvino")
    code = (
        "import socket, sys\n"
        "sys.addaudithook(lambda event, _: event.startswith('socket.') and sys.exit(f'it asked for {event}'))\n"
        "from mocap_worker.backends import openvino_network\n"
        "assert sys.modules['openvino_telemetry'] is None\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
