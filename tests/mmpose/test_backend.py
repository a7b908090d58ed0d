"""The backend mmpose: keypoints as the torch backend's, and the worker's own process with it."""

import os
import socket
import subprocess
import sys
from importlib import resources

import av
import numpy as np
import pytest

pytest.importorskip("mmpose", reason="`python tests/mmpose/run.py` runs the tests against mmpose")
from mmpose.apis import inference_topdown

from mocap_core.protocol import decode
from mocap_worker.backends import BackendError, TorchBackend, load_backend
from mocap_worker.backends.mmpose_backend import build_mmpose
from mocap_worker.vitpose.checkpoint import CheckpointError, save_checkpoint
from mocap_worker.vitpose.config import ConfigError
from mocap_worker.vitpose.model_config import load_model_config
from mocap_worker.vitpose.transforms import crop, crop_of

DEMO = resources.files("mocap_worker.demo")
NEAR_PX = 0.5
OFFICIAL = """
model = dict(
    type='TopDown',
    backbone=dict(type='ViT', img_size=(256, 192), patch_size=16, embed_dim=384, depth=12, num_heads=12, qkv_bias=True),
    keypoint_head=dict(
        type='TopdownHeatmapSimpleHead', in_channels=384, num_deconv_layers=2, num_deconv_filters=(256, 256),
        num_deconv_kernels=(4, 4), extra=dict(final_conv_kernel=1), out_channels=17),
    test_cfg=dict(
        flip_test=True, post_process='default', shift_heatmap=False, modulate_kernel=11,
        use_udp=True, target_type='GaussianHeatmap'))
data_cfg = dict(image_size=[192, 256], heatmap_size=[48, 64])
steps = [
    dict(type='TopDownAffine', use_udp=True),
    dict(type='NormalizeTensor', mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225])]
data = dict(test=dict(type='TopDownCocoDataset', data_cfg=data_cfg, pipeline=steps))
"""
PATIENCE_S = 300  # mmpose takes long to import on a busy machine


def clip_frames(*indices):
    with av.open(str(DEMO / "clip.mp4")) as container:
        return [f.to_ndarray(format="rgb24") for i, f in enumerate(container.decode(video=0)) if i in indices]


def people_boxes(index):
    """The person's box in a frame of the demo clip, and others that cut it or show more."""
    keypoints = np.load(str(DEMO / "clip_truth.npz"))["keypoints"][index]
    x1, y1, x2, y2 = *keypoints.min(axis=0), *keypoints.max(axis=0)
    width, height = x2 - x1, y2 - y1
    return np.array(
        [
            [x1 - 0.1 * width, y1 - 0.1 * height, x2 + 0.1 * width, y2 + 0.1 * height],
            [x1 - 0.5 * width, y1 - 0.2 * height, x2 + 0.3 * width, y2 + 0.1 * height],
            [x1, y1 + 0.3 * height, x2, y2],
            [-50.0, -30.0, x2, y2 + 100.0],
        ]
    )


@pytest.fixture(scope="module")
def shipped():
    """Both backends with the weights that ship."""
    return load_backend(device="cpu", precision="fp32"), load_backend(device="cpu", name="mmpose")


def test_keypoints_in_the_demo_clip_equal_the_torch_backends(shipped):
    ours, theirs = shipped
    assert ours.precision == "fp32" and type(ours) is not type(theirs)
    for name in ("name", "device", "skeleton", "input_size"):
        assert getattr(ours, name) == getattr(theirs, name)
    indices = (0, 60, 140, 220)
    for index, image in zip(indices, clip_frames(*indices), strict=True):
        boxes = people_boxes(index)
        keypoints, scores = ours.infer(image, boxes)
        found, their_scores = theirs.infer(image, boxes)
        assert found.shape == keypoints.shape == (4, 17, 2) and found.dtype == keypoints.dtype == np.float32
        assert their_scores.dtype == np.float32 and np.abs(scores - their_scores).max() < 2e-3
        assert np.array_equal(np.isnan(found), np.isnan(keypoints))
        distance = np.linalg.norm(found - keypoints, axis=2)
        # A map with two peaks as high as each other has either, by chance; a sure keypoint has one.
        assert np.nanmax(distance[scores > 0.3]) < NEAR_PX
        assert (distance < NEAR_PX).mean() > 0.97


@pytest.mark.parametrize("name", ["vitpose_s_classic_coco_256x192", "vitpose_s_classic_wholebody_256x192"])
@pytest.mark.parametrize("flip_test", [False, True])
def test_keypoints_with_random_weights_equal_mmposes(name, flip_test, randomise):
    """With its flip test, whose pairs mmpose takes from its own data sets; UDP and not."""
    described = load_model_config(name)
    model = randomise(described.build())
    model.keypoint_head.final_layer.bias.data.fill_(1.0)  # else some maps are below 0 and show nothing
    theirs = build_mmpose(name, model, flip_test=flip_test)
    image, boxes = clip_frames(60)[0], people_boxes(60)
    centres, sizes = crop_of(boxes, described.input_size)
    crops = crop(image, centres, sizes, described.input_size, described.codec.udp)
    ours = TorchBackend(model, described, "cpu", "fp32")
    keypoints, scores = ours.infer_crops(crops, centres, sizes, flip_test)
    samples = inference_topdown(theirs, np.ascontiguousarray(image[..., ::-1]), boxes)
    found = np.concatenate([sample.pred_instances.keypoints for sample in samples])
    their_scores = np.concatenate([sample.pred_instances.keypoint_scores for sample in samples])
    assert np.abs(scores - their_scores).max() < 1e-3
    distance = np.linalg.norm(found - keypoints, axis=2)
    print(f"{name}: median {np.median(distance):.1e} px, largest {distance.max():.1e} px")
    # Such weights show noise: now and then its two highest peaks change places.
    assert (distance < NEAR_PX).mean() > 0.98


def test_nobody_and_no_boxes(shipped):
    _, theirs = shipped
    keypoints, scores = theirs.infer(np.zeros((480, 640, 3), np.uint8), np.zeros((0, 4)))
    assert keypoints.shape == (0, 17, 2) and scores.shape == (0, 17)
    with pytest.raises(ValueError, match="no area"):
        theirs.infer(np.zeros((480, 640, 3), np.uint8), np.array([[10, 10, 10, 50]]))


def test_maps_without_a_peak_are_missing_keypoints(randomise, tmp_path):
    name = "vitpose_t_simple_coco_256x192"
    model = randomise(load_model_config(name).build())
    model.keypoint_head.final_layer.weight.data.zero_()
    model.keypoint_head.final_layer.bias.data[:] = -0.1
    model.keypoint_head.final_layer.bias.data[3] = 0.2
    save_checkpoint(model, tmp_path / "blind.safetensors", name)
    image, boxes = clip_frames(60)[0], people_boxes(60)
    for backend in ("torch", "mmpose"):
        keypoints, scores = load_backend(None, tmp_path / "blind.safetensors", "cpu", "fp32", backend).infer(
            image, boxes
        )
        assert (np.isnan(keypoints).all(axis=2) == (np.arange(17) != 3)).all(), backend
        assert (scores[:, 3] > 0.19).all() and (np.delete(scores, 3, axis=1) == 0).all(), backend


def test_what_mmpose_cannot_run_is_refused_in_a_sentence(tmp_path, randomise):
    name = "vitpose_s_simple_coco_256x192"
    weights = tmp_path / "weights.safetensors"
    save_checkpoint(randomise(load_model_config(name).build()), weights, name)
    with pytest.raises(BackendError, match="fp32 only"):
        load_backend(name, weights, "cpu", "bf16", "mmpose")
    with pytest.raises(CheckpointError, match="does not fit"):
        load_backend("vitpose_b_simple_coco_256x192", weights, "cpu", name="mmpose")
    with pytest.raises(ConfigError, match="no config"):
        load_backend("vitpose_xxl", weights, "cpu", name="mmpose")
    windows = tmp_path / "windows.py"
    base = resources.files("mocap_worker.configs") / f"{name}.py"
    windows.write_text(
        f"_base_ = {str(base)!r}\nmodel = dict(backbone=dict(attention=dict(kind='window', window=(4, 4))))\n"
    )
    with pytest.raises(BackendError, match="attention of our own"):
        load_backend(windows, weights, "cpu", name="mmpose")
    official = tmp_path / "official.py"
    official.write_text(OFFICIAL)
    assert load_model_config(official).depth == 12
    with pytest.raises(BackendError, match=r"no whole config in mmpose 1\.x format.*configs/"):
        load_backend(official, weights, "cpu", name="mmpose")


def packets_of(backend, clip, box):
    """All that the worker sends of a clip, over UDP, by capture time."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(10)
        send = f"127.0.0.1:{receiver.getsockname()[1]}"
        command = [sys.executable, "-m", "mocap_worker", "run", "--source", clip, "--send", send, "--backend", backend]
        command += ["--as-fast-as-possible", "--box", ",".join(str(round(v)) for v in box), "--control-port", "0"]
        environment = os.environ | {"VITPOSE_CONFIG": "", "VITPOSE_CHECKPOINT": "", "MOCAP_KEY": ""}
        run = subprocess.run(
            [*map(str, command), "--device", "cpu", "--precision", "fp32"],
            capture_output=True,
            text=True,
            env=environment,
            timeout=PATIENCE_S,
        )
        assert run.returncode == 0 and "Traceback" not in run.stderr, run.stderr
        packets = []
        receiver.setblocking(False)
        while True:
            try:
                packets.append(decode(receiver.recv(65536)))
            except BlockingIOError:
                return {packet.timestamp: packet for packet in packets}


def test_the_worker_sends_the_same_packets_with_mmpose(tmp_path):
    clip = tmp_path / "twelve pictures.mp4"
    images = clip_frames(*range(60, 72))
    with av.open(str(clip), "w") as container:
        stream = container.add_stream("libx264", rate=30)
        stream.height, stream.width = images[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for image in images:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())
    box = people_boxes(60)[0]
    ours, theirs = packets_of("torch", clip, box), packets_of("mmpose", clip, box)
    assert len(ours) == 12 and ours.keys() == theirs.keys()
    distances = []
    for time_s, packet in ours.items():
        same = theirs[time_s]
        assert packet.skeleton == same.skeleton and packet.size == same.size
        sure = packet.scores > 0.3
        assert sure.sum() > 8
        distances.append(np.linalg.norm(packet.keypoints - same.keypoints, axis=1)[sure])
        assert np.abs(packet.scores - same.scores).max() < 0.02
    assert distances[0].max() < NEAR_PX  # from the second on, boxes follow each one's own keypoints
    assert np.concatenate(distances).max() < 2 and np.median(np.concatenate(distances)) <= 0.1
