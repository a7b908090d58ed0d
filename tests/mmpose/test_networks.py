"""Our networks, configs and files against mmpose's, with random weights."""

import os
from importlib import resources
from pathlib import Path

import pytest
import torch

pytest.importorskip("mmpose", reason="`python tests/mmpose/run.py` runs the tests against mmpose")
import mmpose
from mmengine.config import Config
from mmengine.runner import load_checkpoint as load_as_mmpose
from mmpose.apis import init_model
from safetensors.torch import save_file
from transformers import VitPoseBackboneConfig, VitPoseConfig, VitPoseForPoseEstimation

from mocap_worker.backends import load_backend
from mocap_worker.backends.mmpose_backend import build_mmpose, mmpose_weights
from mocap_worker.vitpose.checkpoint import fill, load_checkpoint
from mocap_worker.vitpose.config import read_config
from mocap_worker.vitpose.model import DATASETS
from mocap_worker.vitpose.model_config import load_model_config, shipped_configs

TOLERANCE = 2e-5  # of the heatmaps' range
OURS = Path(str(resources.files("mocap_worker.configs")))
THEIRS = Path(mmpose.__file__).parent / ".mim/configs/body_2d_keypoint/topdown_heatmap/coco"


def some_pictures(count=1):
    return torch.randn(count, 3, 256, 192, generator=torch.Generator().manual_seed(3))


@torch.inference_mode()
def mmpose_heatmaps(model, images):
    return model.head(model.extract_feat(images))


@torch.inference_mode()
def difference(model, theirs) -> float:
    """The largest, as a share of the heatmaps' range."""
    images = some_pictures()
    ours, oracle = model(images), mmpose_heatmaps(theirs, images)
    assert ours.shape == oracle.shape
    return ((ours - oracle).abs().max() / (oracle.max() - oracle.min())).item()


def huge(head):
    free_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES") / 1e9
    needs = pytest.mark.skipif(free_gb < 8, reason="needs 8 GB of memory")
    return pytest.param("h", head, marks=[pytest.mark.slow, needs])


@pytest.mark.parametrize(
    ("size", "head"),
    [*((size, head) for size in "tsbl" for head in ("simple", "classic")), huge("classic")],
)
def test_heatmaps_equal_mmposes(size, head, randomise):
    name = f"vitpose_{size}_{head}_coco_256x192"
    model = randomise(load_model_config(name).build())
    found = difference(model, build_mmpose(name, model))
    print(f"{name}: {found:.2e} of the range")
    assert found < TOLERANCE


@pytest.mark.parametrize("head", ["simple", "classic"])
def test_mmposes_own_configs_are_read_as_it_reads_them(head, randomise):
    path = THEIRS / f"td-hm_ViTPose-small{'-simple' if head == 'simple' else ''}_8xb64-210e_coco-256x192.py"
    described = load_model_config(path)
    model = randomise(described.build())
    theirs = init_model(Config.fromfile(path), device="cpu")
    theirs.load_state_dict(mmpose_weights(model.state_dict()))
    assert difference(model, theirs) < TOLERANCE
    assert theirs.test_cfg.shift_heatmap == described.codec.flip_shift


@pytest.mark.parametrize("name", shipped_configs())
def test_every_config_builds_in_mmpose(name):
    """By mmpose's own reader, which runs them, and without memory for the weights."""
    path = OURS / f"{name}.py"
    ran = Config.fromfile(path)
    assert plain(ran.to_dict()) == plain(read_config(path))
    described = load_model_config(path)
    with torch.device("meta"):
        theirs = init_model(ran, device="meta")
        ours = mmpose_weights(described.build().state_dict())
    assert {k: v.shape for k, v in ours.items()} == {k: v.shape for k, v in theirs.state_dict().items()}
    decoder = theirs.head.decoder
    assert type(decoder).__name__ == ("UDPHeatmap" if described.codec.udp else "MSRAHeatmap")
    assert (list(decoder.input_size), theirs.test_cfg.shift_heatmap) == (
        list(described.input_size),
        described.codec.flip_shift,
    )
    assert getattr(decoder, "blur_kernel_size", 11) == described.codec.blur
    crop = next(step for step in ran.test_dataloader.dataset.pipeline if step.type == "TopdownAffine")
    assert (crop.get("use_udp", False), tuple(crop.input_size)) == (described.codec.udp, described.input_size)


def plain(value):
    """Tuples and lists alike, as mmpose's reader turns some into the other."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value


def transformers_model(described):
    backbone = VitPoseBackboneConfig(
        hidden_size=described.dim,
        num_hidden_layers=described.depth,
        num_attention_heads=described.heads,
        layer_norm_eps=1e-6,
        out_indices=[described.depth],
    )
    simple = described.head == "simple"
    return VitPoseForPoseEstimation(VitPoseConfig(backbone_config=backbone, num_labels=17, use_simple_decoder=simple))


@pytest.mark.parametrize("head", ["simple", "classic"])
def test_files_of_every_program_give_mmposes_heatmaps(head, tmp_path, randomise):
    """transformers' own weights, saved by it; official ones; and mmpose's, which mmpose loads by itself."""
    name = f"vitpose_s_{head}_coco_256x192"
    described = load_model_config(name)
    oracle = randomise(transformers_model(described))
    oracle.save_pretrained(tmp_path / "transformers")
    ours = described.build().eval()
    fill(ours, oracle.state_dict(), "transformers' model")
    official = {f"module.{key}": value for key, value in ours.state_dict().items()}
    torch.save({"meta": {}, "state_dict": official}, tmp_path / "official.pth")
    torch.save({"meta": {}, "state_dict": mmpose_weights(ours.state_dict())}, tmp_path / "mmpose.pth")

    theirs = init_model(Config.fromfile(OURS / f"{name}.py"), device="cpu")
    load_as_mmpose(theirs, str(tmp_path / "mmpose.pth"), strict=True)
    expected = mmpose_heatmaps(theirs, some_pictures())
    with torch.inference_mode():
        assert (oracle(some_pictures()).heatmaps - expected).abs().max() < TOLERANCE * (expected.max() - expected.min())
    for file in ("transformers", "official.pth", "mmpose.pth"):
        backend = load_backend(name, tmp_path / file, "cpu", name="mmpose")
        assert torch.equal(mmpose_heatmaps(backend.model, some_pictures()), expected), file
        again = described.build().eval()
        load_checkpoint(again, tmp_path / file)
        assert difference(again, theirs) < TOLERANCE, file


def plus_file(models, split, part):
    """An official ViTPose+ file of networks that differ in their heads and in the last `part` outputs of each fc2.

    Unsplit, the shared outputs of fc2 stand alone; split, the first network's expert is put back behind them."""
    shared = models["coco"].state_dict()
    file = {key: value[: None if split else -part] if ".fc2." in key else value for key, value in shared.items()}
    for index, model in enumerate(models.values()):
        for key, value in model.state_dict().items():
            if ".fc2." in key:
                file[key.replace("fc2", f"experts.{index}")] = value[-part:]
            elif index and key.startswith("keypoint_head."):
                file[key.replace("keypoint_head", f"associate_keypoint_heads.{index - 1}")] = value
    return {key: value.clone(memory_format=torch.contiguous_format) for key, value in file.items()}


@pytest.mark.parametrize("split", [False, True])
def test_each_data_set_of_a_vitpose_plus_file_runs_in_mmpose(split, tmp_path, randomise):
    """mmpose has no experts; it gets one of the six folded into a plain network."""
    names = {dataset: f"vitpose_s_classic_{dataset}_256x192" for dataset in DATASETS}
    models = {d: randomise(load_model_config(name).build(), seed) for seed, (d, name) in enumerate(names.items())}
    part = 96
    shared = models["coco"].backbone.state_dict()
    for model in models.values():
        experts = {key: value[-part:] for key, value in model.backbone.state_dict().items() if ".fc2." in key}
        joined = {key: torch.cat([shared[key][:-part], expert]) for key, expert in experts.items()}
        model.backbone.load_state_dict(shared | joined)
    save_file(plus_file(models, split, part), tmp_path / "plus.safetensors")
    for dataset, model in models.items():
        backend = load_backend(names[dataset], tmp_path / "plus.safetensors", "cpu", name="mmpose")
        assert difference(model, backend.model) < TOLERANCE, dataset
