"""Training as the papers do it, against mmpose's own: targets, crops, halves of the body, and one step of a network."""

from pathlib import Path

import numpy as np
import pytest
import torch

pytest.importorskip("mmpose", reason="`python tests/mmpose/run.py` runs the tests against mmpose")
import mmpose
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.structures import InstanceData, PixelData
from mmpose.apis import init_model
from mmpose.codecs import MSRAHeatmap, UDPHeatmap
from mmpose.datasets import datasets as mmpose_datasets
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.engine.optim_wrappers import layer_decay_optim_wrapper  # noqa: F401  (registers itself)
from mmpose.structures import PoseDataSample
from mmpose.structures.bbox import get_udp_warp_matrix, get_warp_matrix

from mocap_worker.backends.mmpose_backend import mmpose_weights
from mocap_worker.training.annotated import People
from mocap_worker.training.coco import CocoTrainer
from mocap_worker.training.coco_recipe import CocoRecipe
from mocap_worker.training.crops import Place, halves, place_matrix
from mocap_worker.training.labelled import Labelled
from mocap_worker.training.layers import parameter_groups
from mocap_worker.training.targets import gaussian_targets
from mocap_worker.vitpose.model_config import config_path, load_model_config
from mocap_worker.vitpose.skeletons import SKELETONS

RECIPE = Path(mmpose.__file__).parent / ".mim/configs/body_2d_keypoint/topdown_heatmap/coco"
DATASETS = {
    "coco17": "CocoDataset",
    "aic14": "AicDataset",
    "mpii16": "MpiiDataset",
    "crowdpose14": "CrowdPoseDataset",
    "ap10k17": "AP10KDataset",
    "coco133": "CocoWholeBodyDataset",
}


def some_people(keypoints, size, count=6, seed=0):
    """Keypoints (N, K, 2) px of crops, in, at the border of and out of them; labelled (N, K)."""
    rng = np.random.default_rng(seed)
    at = rng.uniform([-0.3 * size[0], -0.3 * size[1]], [1.3 * size[0], 1.3 * size[1]], (count, keypoints, 2))
    at[0, :4] = [(0, 0), (size[0] - 1, size[1] - 1), (-0.1, 10), (-28, size[1] + 20)]
    return at.astype(np.float32), rng.random((count, keypoints)) < 0.8


def mmpose_targets(codec, keypoints, labelled):
    """Its heatmaps and weights, person by person."""
    encoded = [codec.encode(k[None], v[None].astype(np.float32)) for k, v in zip(keypoints, labelled, strict=True)]
    return [np.stack([e[name] for e in encoded]) for name in ("heatmaps", "keypoint_weights")]


@pytest.mark.parametrize("udp", [True, False])
@pytest.mark.parametrize(("size", "sigma"), [((192, 256), 2), ((288, 384), 3), ((96, 128), 2)])
def test_targets_equal_mmposes(size, sigma, udp):
    keypoints, labelled = some_people(17, size, 20)
    cells = (size[0] // 4, size[1] // 4)
    maps, weight = gaussian_targets(torch.from_numpy(keypoints), torch.from_numpy(labelled), size, cells, sigma, udp)
    codec = (UDPHeatmap if udp else MSRAHeatmap)(size, cells, sigma=sigma)
    theirs, their_weight = mmpose_targets(codec, keypoints, labelled)
    assert np.array_equal(weight.numpy(), their_weight[:, 0])
    assert np.abs(maps.numpy() - theirs).max() < 1e-5
    assert 0.2 < weight.mean() < 0.8


@pytest.mark.parametrize("udp", [True, False])
def test_turned_crops_equal_mmposes(udp):
    rng = np.random.default_rng(1)
    for _ in range(20):
        centre, width, turn = rng.uniform(50, 400, 2), rng.uniform(40, 300), rng.uniform(-80, 80)
        size = np.array([width, width * 256 / 192])
        ours = place_matrix(Place(centre, size, np.radians(turn)), 500, (192, 256), udp)
        theirs = (get_udp_warp_matrix if udp else get_warp_matrix)(centre, size, turn, (192, 256))
        if not udp:  # mmpose turns the other way there; to which side is chance
            theirs = get_warp_matrix(centre, size, -turn, (192, 256))
        for point in rng.uniform(0, 500, (5, 2)):
            assert ours @ [*point, 1] == pytest.approx(theirs @ [*point, 1], abs=2e-3)


@pytest.mark.parametrize("name", DATASETS)
def test_halves_of_the_body_equal_mmposes(name):
    info = parse_pose_metainfo(getattr(mmpose_datasets, DATASETS[name]).METAINFO)
    upper, lower = halves(SKELETONS[name])
    above, below = set(info["upper_body_ids"]), set(info["lower_body_ids"])
    if name == "ap10k17":  # where the right front paw is below and the left one above; here both are above
        paw = SKELETONS[name].keypoints.index("R_F_Paw")
        above, below = above | {paw}, below - {paw}
    assert (set(np.flatnonzero(upper)), set(np.flatnonzero(lower))) == (above, below)


@pytest.mark.parametrize("name", ["classic_coco", "simple_coco", "classic_aic"])
def test_one_step_equals_mmposes(name, tmp_path, randomise):
    """Loss, gradients after clipping, and parameters; by mmpose's model, loss, layer-wise AdamW and clipping."""
    name = f"vitpose_s_{name}_256x192"
    described = load_model_config(name)
    model = randomise(described.build())
    for block in model.backbone.blocks:
        block.drop_path = 0.0
    with torch.no_grad():
        model.backbone.pos_embed[:, 0] = 0
    # mmpose has no row 0 of the positions: here it stays 0, so that it adds nothing to the gradient's length.
    model.backbone.pos_embed.register_hook(lambda grad: torch.cat([torch.zeros_like(grad[:, :1]), grad[:, 1:]], 1))

    config = Config.fromfile(config_path(name))
    config.model.backbone.drop_path_rate = 0.0
    theirs = init_model(config, device="cpu")
    theirs.load_state_dict(mmpose_weights(model.state_dict()))
    theirs.train()
    base = Config.fromfile(RECIPE / "td-hm_ViTPose-base_8xb64-210e_coco-256x192.py").optim_wrapper
    base.paramwise_cfg.layer_decay_rate = 0.8
    optimiser = build_optim_wrapper(theirs, base)

    keypoints, labelled = some_people(described.keypoints, described.input_size, 4, seed=2)
    crops = np.random.default_rng(3).integers(0, 256, (4, 256, 192, 3), dtype=np.uint8)
    nobody = np.zeros((4, described.keypoints, 3), np.float32)
    arrays = (np.zeros((0, 2)), np.arange(4), np.zeros(4, int), np.zeros((4, 4)), nobody, np.zeros(4))
    people = People([], *arrays, "", [], SKELETONS[described.skeleton])
    recipe = CocoRecipe(layer_decay=0.8, warmup=0, batch_size=4)
    trainer = CocoTrainer(model, [Labelled(name, described, people)], recipe, tmp_path)
    trainer.network.train()
    before = {key: value.clone() for key, value in mmpose_weights(model.state_dict()).items()}
    loss = trainer._train_step([torch.from_numpy(a) for a in (crops, keypoints, labelled, np.arange(4))])

    codec = (UDPHeatmap if described.codec.udp else MSRAHeatmap)((192, 256), (48, 64), sigma=2)
    samples = []
    for maps, weight in zip(*mmpose_targets(codec, keypoints, labelled), strict=True):
        sample = PoseDataSample(metainfo={"input_size": (192, 256)})
        sample.gt_fields = PixelData(heatmaps=torch.from_numpy(maps))
        sample.gt_instance_labels = InstanceData(keypoint_weights=torch.from_numpy(weight))
        samples.append(sample)
    bgr = [torch.from_numpy(c[..., ::-1].transpose(2, 0, 1).copy()) for c in crops]
    data = theirs.data_preprocessor({"inputs": bgr, "data_samples": samples}, training=True)
    their_loss = theirs.loss(data["inputs"], data["data_samples"])["loss_kpt"]
    optimiser.backward(their_loss)
    optimiser.step()

    assert loss == pytest.approx(float(their_loss.detach()), rel=1e-5)
    gradients = mmpose_weights({name: parameter.grad for name, parameter in model.named_parameters()})
    after = mmpose_weights(model.state_dict())
    length = sum(float(g.square().sum()) for g in gradients.values()) ** 0.5
    assert length == pytest.approx(1.0, rel=1e-4)  # it was clipped
    moved = 0
    for key, parameter in theirs.named_parameters():
        ours, expected = gradients[key], parameter.grad
        assert (ours - expected).abs().max() <= 1e-4 * expected.abs().max() + 1e-8, key
        # Adam's first step is lr · g / (|g| + 1e-8), so where g is nearly nothing rounding decides.
        clear = expected.abs() > 1e-5
        step, their_step = after[key] - before[key], parameter.detach() - before[key]
        assert torch.allclose(step[clear], their_step[clear], rtol=2e-2, atol=3e-7), key
        moved += int(clear.sum())
        assert clear.sum() == 0 or their_step[clear].abs().max() > 1e-7, key
    assert moved > 1_000_000
    buffers = dict(theirs.named_buffers())
    for key in [k for k in after if k.endswith(("running_mean", "running_var"))]:
        assert torch.allclose(after[key], buffers[key], rtol=1e-4, atol=1e-5), key


def test_parameter_groups_equal_mmposes():
    """Every parameter's own rate and weight decay."""
    name = "vitpose_s_classic_coco_256x192"
    model = load_model_config(name).build()
    theirs = init_model(Config.fromfile(config_path(name)), device="cpu")
    base = Config.fromfile(RECIPE / "td-hm_ViTPose-base_8xb64-210e_coco-256x192.py").optim_wrapper
    names = {id(parameter): key for key, parameter in theirs.named_parameters()}
    expected = {}
    for group in build_optim_wrapper(theirs, base).optimizer.param_groups:
        for parameter in group["params"]:
            expected[names[id(parameter)]] = (group["lr"], group["weight_decay"])
    filled = []
    for value in ("scale", "weight_decay"):
        tensors = {}
        for group in parameter_groups(model, model.depth, 0.1, 0.75):
            for key, parameter in zip(group["names"], group["params"], strict=True):
                tensors[key] = torch.full(parameter.shape, float(group[value]))
        tensors["backbone.pos_embed"][:, 0] = 0  # it is added to the other rows
        filled.append(mmpose_weights(tensors))
    assert set(filled[0]) == set(expected)
    for key, (rate, decay) in expected.items():
        assert filled[0][key].flatten()[0].item() * 5e-4 == pytest.approx(rate, rel=1e-5), key
        assert filled[1][key].flatten()[0].item() == pytest.approx(decay), key
