"""Training on labelled pictures: the recipe's numbers by hand, real pictures learnt by heart, resuming, bad input."""

import json
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from labelled_people import COCO, CONFIGS, SHORT, STANCE, STILL, draw_people, mocap_train, write_config
from typer.testing import CliRunner

from mocap_worker.cli import app
from mocap_worker.evaluation import EvaluationError
from mocap_worker.training.annotated import read_people
from mocap_worker.training.coco import CocoTrainer
from mocap_worker.training.coco_recipe import CocoRecipe, coco_rate
from mocap_worker.training.crops import (
    CropChanges,
    Place,
    changed_crop,
    choose_place,
    halves,
    mirror_order,
    place_matrix,
)
from mocap_worker.training.labelled import Labelled, Order
from mocap_worker.training.layers import freeze, layer_of, parameter_groups
from mocap_worker.training.recipe import TrainingError
from mocap_worker.training.targets import gaussian_targets, heatmap_mse
from mocap_worker.vitpose.checkpoint import config_named_in, load_checkpoint
from mocap_worker.vitpose.config import read_config
from mocap_worker.vitpose.model_config import load_model_config
from mocap_worker.vitpose.skeletons import SKELETONS
from mocap_worker.vitpose.transforms import crop_matrix, crop_of


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    return draw_people(tmp_path_factory.mktemp("drawn"), 5)


def trainer_for(drawn, folder, workers=0, measure=None, config=None, **changes):
    """A small trainer of five people, and always of the same untrained network."""
    folder.mkdir(exist_ok=True)
    shape = {"udp": True, "drop_path": 0.3, "head": "classic"} | (config or {})
    path = write_config(folder / "tiny.py", SHORT | changes, **shape)
    described = load_model_config(path)
    recipe = CocoRecipe.from_config(read_config(path)["training"])
    torch.manual_seed(0)
    people = read_people(drawn, described)
    return CocoTrainer(described.build(), [Labelled("data", described, people)], recipe, folder, workers, measure)


# --- the recipe ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "rate", "patches", "first", "last"),
    [  # rate^(depth + 1), rate^depth, rate^1 by hand
        ("s", 0.80, 0.0549755814, 0.0687194767, 0.80),
        ("b", 0.75, 0.0237572618, 0.0316763491, 0.75),
        ("l", 0.80, 0.0037778932, 0.0047223665, 0.80),
        ("h", 0.85, 0.0046862402, 0.0055132238, 0.85),
    ],
)
def test_layers_learn_at_the_papers_rates(size, rate, patches, first, last):
    config = CONFIGS / f"train_vitpose_{size}_coco_256x192.py"
    recipe = CocoRecipe.from_config(read_config(config)["training"])
    described = load_model_config(config)
    with torch.device("meta"):
        model = described.build()
    groups = parameter_groups(model, model.depth, recipe.weight_decay, recipe.layer_decay)
    scale = {name: group["scale"] for group in groups for name in group["names"]}
    decay = {name: group["weight_decay"] for group in groups for name in group["names"]}
    assert recipe.layer_decay == rate and set(scale) == {name for name, _ in model.named_parameters()}
    assert len(groups) == 2 * (model.depth + 2)  # positions do not decay, though they are a table
    block = f"backbone.blocks.{model.depth - 1}"
    for name, expected in {
        "backbone.pos_embed": patches,
        "backbone.patch_embed.proj.weight": patches,
        "backbone.blocks.0.norm1.weight": first,
        "backbone.blocks.0.mlp.fc2.weight": first,
        f"{block}.attn.qkv.weight": last,
        "backbone.last_norm.bias": 1.0,
        "keypoint_head.final_layer.weight": 1.0,
        "keypoint_head.deconv_layers.0.weight": 1.0,
    }.items():
        assert scale[name] == pytest.approx(expected, rel=1e-6), name
    for name in ("backbone.pos_embed", f"{block}.attn.qkv.bias", f"{block}.norm2.weight"):
        assert decay[name] == 0.0, name
    for name in ("backbone.patch_embed.proj.weight", f"{block}.mlp.fc1.weight", "keypoint_head.deconv_layers.3.weight"):
        assert decay[name] == 0.1, name
    assert layer_of("backbone.blocks.7.mlp.experts.2.weight", 12) == 8


def test_the_shipped_configs_say_what_the_papers_do():
    for size, drop in {"s": 0.1, "b": 0.3, "l": 0.5, "h": 0.55}.items():
        config = CONFIGS / f"train_vitpose_{size}_coco_256x192.py"
        recipe = CocoRecipe.from_config(read_config(config)["training"])
        assert load_model_config(config).drop_path == drop
        assert (recipe.lr, recipe.betas, recipe.clip, recipe.sigma) == (5e-4, (0.9, 0.999), 1.0, 2.0)
        assert CropChanges(**recipe.augmentation) == CropChanges()


def test_the_rate_warms_up_and_falls_in_steps():
    recipe = CocoRecipe()
    each = 292  # steps an epoch: 149,813 people in batches of 512
    assert coco_rate(recipe, 0, each) == pytest.approx(5e-7)
    assert coco_rate(recipe, 250, each) == pytest.approx(5e-4 * (0.001 + 0.999 / 2))
    assert coco_rate(recipe, 500, each) == coco_rate(recipe, 170 * each - 1, each) == 5e-4
    assert coco_rate(recipe, 170 * each, each) == coco_rate(recipe, 200 * each - 1, each) == pytest.approx(5e-5)
    assert coco_rate(recipe, 200 * each, each) == coco_rate(recipe, 210 * each - 1, each) == pytest.approx(5e-6)


def test_udp_targets_by_hand():
    at = torch.tensor([[[0.0, 0.0], [191.0, 255.0], [95.5, 127.5], [-28.0, 100.0], [-40.0, 100.0], [50.0, 50.0]]])
    labelled = torch.tensor([[True, True, True, True, True, False]])
    maps, weight = gaussian_targets(at, labelled, (192, 256), (48, 64), 2.0)
    assert weight.tolist() == [[1, 1, 1, 1, 0, 0]] and maps[0, 4:].abs().max() == 0
    assert maps[0, 0, 0, 0] == 1 and maps[0, 1, 63, 47] == 1
    assert maps[0, 2, 31, 23] == pytest.approx(np.exp(-2 * 0.25 / 8), rel=1e-4)
    # 6.89 cells left of the map, rounded to 6: of its Gaussian the last column is in the map.
    assert maps[0, 3, 25, 0] == pytest.approx(np.exp(-(6.8901**2 + 0.2941**2) / 8), rel=1e-3)
    assert maps[0, 3, :, 1:].max() == 0
    # A Gaussian ends three σ from its cell, 6 to each side.
    assert (maps[0, 2] > 0).sum() == 13 * 13


def test_msra_targets_by_hand():
    at = torch.tensor([[[95.5, 127.5], [98.1, 130.0], [192.0, 10.0]]])
    maps, weight = gaussian_targets(at, torch.ones(1, 3, dtype=torch.bool), (192, 256), (48, 64), 2.0, udp=False)
    assert maps[0, 0, 32, 24] == 1 and maps[0, 1, 33, 25] == 1  # 23.9, 31.9 and 24.5, 32.5, rounded
    assert maps[0, 2].amax() == pytest.approx(np.exp(-1 / 8)) and weight.tolist() == [[1, 1, 1]]


def test_the_loss_is_the_mean_over_keypoints():
    rng = torch.Generator().manual_seed(1)
    found, target = torch.rand(3, 5, 8, 6, generator=rng), torch.rand(3, 5, 8, 6, generator=rng)
    weight = torch.tensor([[1, 1, 0, 1, 1], [0, 1, 1, 1, 1], [1, 1, 1, 1, 0]]).float()
    expected = np.mean(
        [np.mean([((found[n, k] - target[n, k]) * weight[n, k]).square().mean() for n in range(3)]) for k in range(5)]
    )
    assert float(heatmap_mse(found, target, weight)) == pytest.approx(expected, rel=1e-6)


# --- crops -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("udp", [True, False])
def test_an_unchanged_place_is_the_crop_that_a_capture_sees(udp):
    centre, size = crop_of(np.array([[20.0, 30.0, 90.0, 190.0]]), (96, 128))
    place = Place(centre[0], size[0])
    assert place_matrix(place, 160, (96, 128), udp) == pytest.approx(crop_matrix(centre[0], size[0], (96, 128), udp))


def test_turned_and_mirrored_places_by_hand():
    # A quarter turn about the centre (50, 40): right becomes down. UDP, so 100 px of the picture are 95 steps.
    quarter = place_matrix(Place(np.array([50.0, 40.0]), np.array([75.0, 100.0]), np.pi / 2), 160, (96, 128), True)
    middle, right = quarter @ [50, 40, 1], quarter @ [60, 40, 1]
    assert middle == pytest.approx([47.5, 63.5]) and right - middle == pytest.approx([0, 10 * 127 / 100])
    mirrored = place_matrix(Place(np.array([50.0, 40.0]), np.array([75.0, 100.0]), 0.0, True), 160, (96, 128), True)
    assert mirrored @ [159 - 50, 40, 1] == pytest.approx([47.5, 63.5])
    assert mirrored @ [159 - 60, 40, 1] == pytest.approx([47.5 + 10 * 95 / 75, 63.5])


@pytest.mark.parametrize("udp", [True, False])
def test_keypoints_stay_on_what_they_mark(udp):
    """Each keypoint is a bright spot; after any change it is where the crop shows the spot."""
    rng = np.random.default_rng(3)
    upper, lower = halves(COCO)
    checked = 0
    for _ in range(60):
        keypoints = np.column_stack([rng.uniform(60, 240, (17, 2)), np.full(17, 2.0)])
        box = np.array([50.0, 50.0, 250.0, 250.0])
        place = choose_place(rng, CropChanges(), box, keypoints, 300, (192, 256), upper, lower)
        k = int(rng.integers(17))
        y, x = np.mgrid[:300, :300]
        spot = np.exp(-((x - keypoints[k, 0]) ** 2 + (y - keypoints[k, 1]) ** 2) / 18)
        image = np.repeat((250 * spot).astype(np.uint8)[..., None], 3, axis=2)
        crop, found, labelled = changed_crop(image, keypoints, place, (192, 256), udp, mirror_order(COCO))
        k = mirror_order(COCO)[k] if place.mirrored else k
        at = found[k]
        assert labelled.all()
        if 20 < at[0] < 170 and 20 < at[1] < 235:
            light = crop[..., 0].astype(float)
            centre = np.array([(light * axis).sum() for axis in np.mgrid[:256, :192][::-1]]) / light.sum()
            assert centre == pytest.approx(at, abs=0.35)
            checked += 1
    assert checked > 25


def test_places_are_as_often_and_as_far_as_the_papers_say():
    rng = np.random.default_rng(5)
    upper, lower = halves(COCO)
    keypoints = np.column_stack([100 * np.array(STANCE) + 100, np.full(17, 2.0)])
    box = np.array([60.0, 50.0, 140.0, 150.0])
    centre, size = (v[0] for v in crop_of(box[None], (192, 256)))
    places = [choose_place(rng, CropChanges(), box, keypoints, 201, (192, 256), upper, lower) for _ in range(4000)]
    turns = np.degrees([p.turn_rad for p in places])
    assert np.mean([p.mirrored for p in places]) == pytest.approx(0.5, abs=0.03)
    assert np.mean(turns != 0) == pytest.approx(0.6, abs=0.03) and np.abs(turns).max() == pytest.approx(80)
    assert turns[(turns != 0) & (np.abs(turns) < 80)].std() == pytest.approx(35, abs=2)  # 40, cut off at 80
    for part, place_of in ((upper, 0.69), (lower, 0.31)):
        middle = keypoints[part, :2].mean(0)
        shown = [p for p in places if np.abs((200 - p.centre[0] if p.mirrored else p.centre[0]) - middle[0]) < 1e-6]
        shown = [p for p in shown if np.abs(p.centre[1] - middle[1]) < 1e-6]
        assert len(shown) / len(places) == pytest.approx(0.3 * place_of, abs=0.02)
    whole = [p for p in places if np.abs(p.centre - centre).max() < 1e-4]
    assert len(whole) / len(places) == pytest.approx(0.7 * 0.7, abs=0.03)
    ratio = np.array([p.size / size for p in whole])
    assert ratio.min() == pytest.approx(0.5) and ratio.max() == pytest.approx(1.5)
    few = keypoints * ([[1, 1, 1]] * 8 + [[1, 1, 0]] * 9)
    no_half = CropChanges(half_body=1.0, shift_chance=0.0)
    p = choose_place(rng, no_half, box, few, 201, (192, 256), upper, lower)  # 8 joints are not above 8
    assert p.centre[1] == pytest.approx(centre[1])


@pytest.mark.parametrize("size", [(20, 200), (200, 20)])
def test_a_shift_is_a_share_of_the_persons_own_box(size):
    """Officially 0.4 (rand − 0.5) of its width and height, taken before it grows to the input's aspect."""
    rng, (upper, lower) = np.random.default_rng(6), halves(COCO)
    box = np.array([100, 100, 100 + size[0], 100 + size[1]], dtype=np.float32)
    how = CropChanges(flip=0.0, half_body=0.0, shift_chance=1.0)
    places = [choose_place(rng, how, box, np.zeros((17, 3)), 400, (192, 256), upper, lower) for _ in range(4000)]
    moved = (np.array([p.centre for p in places]) - (box[:2] + box[2:]) / 2) / size
    assert moved.min(0) == pytest.approx([-0.2, -0.2], abs=2e-3) and moved.max(0) == pytest.approx([0.2, 0.2], abs=2e-3)
    assert moved.std(0) == pytest.approx([0.4 / 12**0.5] * 2, rel=0.03) and np.abs(moved).max() <= 0.2


def test_halves_are_those_of_the_datasets():
    for name, lower in {
        "coco17": range(11, 17),
        "crowdpose14": range(6, 12),
        "aic14": range(6, 12),
        "mpii16": range(0, 7),
        "ap10k17": [4, 11, 12, 13, 14, 15, 16],
        "coco133": [*range(11, 23)],
    }.items():
        above, below = halves(SKELETONS[name])
        assert np.flatnonzero(below).tolist() == list(lower), name
        assert not (above & below).any()
    assert halves(SKELETONS["coco133"])[0].sum() == 11


# --- runs ------------------------------------------------------------------------------------------------------


def test_every_epoch_shows_everybody_once_and_a_resumed_one_goes_on():
    whole = list(Order(people=7, batch=3, seed=4, first=0, end=6))
    assert list(Order(people=7, batch=3, seed=4, first=3, end=6)) == whole[3:]
    for epoch in range(3):
        shown = [person for batch in whole[2 * epoch : 2 * epoch + 2] for _, person in batch]
        assert len(shown) == len(set(shown)) == 6
    assert whole[0] != whole[2] and [len(b) for b in Order(3, 8, 0, 0, 2)] == [3, 3]


def test_four_pictures_are_learnt_by_heart_to_ap_1(tmp_path):
    data = draw_people(tmp_path / "data", 4)
    numbers = {"epochs": 260, "steps": (200, 240), "batch_size": 8, "lr": 3e-3, "warmup": 20, "sigma": 1.5}
    numbers |= {"weight_decay": 0.01, "val_every": 130, "log_every": 130, "augmentation": STILL}
    config = write_config(tmp_path / "tiny.py", numbers)
    run = tmp_path / "run"
    common = [config, "--data", data, "--val", data, "--out", run, "--device", "cpu", "--workers", 0]
    code, text = mocap_train(*common, "--export", tmp_path / "half.safetensors")
    assert code == 0, text
    assert "4 people in 4 pictures, 260 steps on cpu" in text and "step 260: AP 1.0000" in text
    assert "step 260/260" in text and "pictures/s" in text and "min left" in text
    # What was kept as the best measures the same by itself; an untrained network finds nobody.
    assert config_named_in(run / "best.safetensors") == "tiny"
    model = load_model_config(config).build()
    load_checkpoint(model, run / "best.safetensors")
    for weights, least, most in ((run / "best.safetensors", 1.0, 1.0), (tmp_path / "half.safetensors", 0.95, 1.0)):
        figures = tmp_path / "figures.json"
        arguments = ["--model", config, "--checkpoint", weights, "--data", data, "--json", figures, "--no-jitter"]
        arguments += ["--journal", tmp_path / "j", "--device", "cpu"]
        done = CliRunner().invoke(app, ["eval", *map(str, arguments)])
        assert done.exit_code == 0, done.output
        assert least <= json.loads(figures.read_text())["measures"]["all"]["ap"] <= most
    # The same command has nothing left to do; the weights start another run.
    code, text = mocap_train(*common)
    assert code == 0 and "going on from step 260" in text
    other = write_config(tmp_path / "more.py", numbers | {"epochs": 1, "lr": 0.0})
    code, text = mocap_train(other, *common[1:5], "--out", tmp_path / "more", "--init", run / "last.pt", *common[7:])
    assert code == 0 and "step 1: AP 1.0000" in text, text


def same(ours: CocoTrainer, theirs: CocoTrainer) -> None:
    for mine, other in ((ours.network.state_dict(), theirs.network.state_dict()), (ours.average, theirs.average)):
        for key, value in mine.items():
            assert torch.equal(value, other[key]), key
    mine, other = ours.optimiser.state_dict()["state"], theirs.optimiser.state_dict()["state"]
    assert all(torch.equal(mine[i]["exp_avg_sq"], other[i]["exp_avg_sq"]) for i in mine) and set(mine) == set(other)


@pytest.mark.parametrize("changes", [{"ema": 0.9, "precision": "bf16"}, {"split": 2}])
def test_a_resumed_run_ends_with_the_same_bits(drawn, tmp_path, changes):
    straight = trainer_for(drawn, tmp_path / "straight", **changes)
    straight.run(report=lambda line: None)
    trainer_for(drawn, tmp_path / "broken", **changes).run(report=lambda line: None, until=3)
    resumed = trainer_for(drawn, tmp_path / "broken", **changes)
    resumed.run(report=lambda line: None)
    assert resumed.step == straight.step == 8
    same(straight, resumed)


def test_processes_that_read_change_no_bit(drawn, tmp_path):
    alone = trainer_for(drawn, tmp_path / "alone")
    alone.run(report=lambda line: None)
    helped = trainer_for(drawn, tmp_path / "helped", workers=2)
    helped.run(report=lambda line: None)
    same(alone, helped)


@pytest.mark.skipif(os.name != "posix", reason="torch is told of dead processes by SIGCHLD")
def test_a_killed_reader_ends_the_run_in_a_sentence_and_it_goes_on(drawn, tmp_path):
    """Wherever the run is just then: here, while it reports."""
    trainer = trainer_for(drawn, tmp_path / "broken", workers=1, log_every=1, checkpoint_every=1)

    def kill(line):
        if line.startswith("step 2/"):
            trainer._batches._workers[0].kill()
            for _ in range(400):
                time.sleep(0.05)  # torch's handler breaks it off

    with pytest.raises(TrainingError, match=r"A process that reads pictures has ended .*last\.pt goes on"):
        trainer.run(report=kill)
    straight, resumed = trainer_for(drawn, tmp_path / "straight"), trainer_for(drawn, tmp_path / "broken")
    straight.run(report=lambda line: None)
    resumed.run(report=lambda line: None)
    same(straight, resumed)


def test_ctrl_c_stops_between_steps_and_loses_nothing(drawn, tmp_path):
    straight = trainer_for(drawn, tmp_path / "straight")
    straight.run(report=lambda line: None)
    lines = []

    def interrupt(line):
        lines.append(line)
        if line.startswith("step 3/"):
            os.kill(os.getpid(), signal.SIGINT)

    trainer_for(drawn, tmp_path / "broken", log_every=1).run(report=interrupt)
    assert "stopped at step 3" in lines[-1] and "last.pt goes on from there" in lines[-1]
    resumed = trainer_for(drawn, tmp_path / "broken")
    resumed.run(report=lambda line: None)
    same(straight, resumed)


def test_the_best_weights_are_kept(drawn, tmp_path):
    figures, kept = iter([0.3, 0.8, 0.5, 0.7]), []

    def measure(model):
        kept.append({key: value.clone() for key, value in model.state_dict().items()})
        return next(figures)

    trainer = trainer_for(drawn, tmp_path, measure=measure, val_every=1)
    trainer.run(report=lambda line: None)
    best = load_model_config(tmp_path / "tiny.py").build()
    load_checkpoint(best, trainer.best_file)
    assert trainer.best == 0.8 and len(kept) == 4
    for key, value in best.state_dict().items():
        if not key.endswith("num_batches_tracked"):  # files do not need it
            assert torch.equal(value, kept[1][key]), key


def test_frozen_parts_stay_and_the_rest_learns(drawn, tmp_path):
    frozen_parts = {"attention": ("attn.", "norm1."), "ffn": ("mlp.", "norm2.", "pos_embed", "patch_embed.")}
    for part, stays in frozen_parts.items():
        trainer = trainer_for(drawn, tmp_path / part, freeze=(part,), config={"drop_path": 0.0})
        before = {name: value.detach().clone() for name, value in trainer.model.named_parameters()}
        trainer.run(report=lambda line: None)
        for name, value in trainer.model.named_parameters():
            frozen = name.startswith("backbone.") and any(s in name for s in stays)
            assert torch.equal(value, before[name]) == frozen, name
    with pytest.raises(TrainingError, match="freeze='head' is none of attention, ffn"):
        freeze(trainer.model, ("head",))


# --- bad input -------------------------------------------------------------------------------------------------


def changed(drawn, folder, change) -> Path:
    """A copy of the annotations, changed; the pictures stay where they are."""
    content = json.loads(drawn.read_text())
    change(content)
    file = folder / "changed.json"
    file.write_text(json.dumps(content))
    return file


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda c: c["annotations"][1].pop("keypoints"), "annotation 101 has 0 numbers in keypoints; expected 51"),
        (lambda c: c["annotations"][1].pop("bbox"), "annotation 101 has the bbox None"),
        (lambda c: c["images"][2].pop("file_name"), "image 2 has no file_name"),
        (lambda c: c.pop("categories"), "is not in COCO's format"),
        (lambda c: [a.update(bbox=[5, 5, 0, 0]) for a in c["annotations"]], "nobody to look at"),
        (lambda c: c["images"][3].update(file_name="gone.png"), r"1 of 5 pictures are missing, such as .*gone\.png"),
        (lambda c: c["annotations"][0].update(keypoints=[1, 2, 2] * 14), r"42 numbers.*tiny finds 17 \(coco17\)"),
    ],
)
def test_annotations_that_cannot_be_used_are_told_of(drawn, tmp_path, change, told):
    config = write_config(tmp_path / "tiny.py", SHORT)
    data = changed(drawn, tmp_path, change)
    with pytest.raises(EvaluationError, match=told):
        read_people(data, load_model_config(config), drawn.parent)
    code, text = mocap_train(config, "--data", data, "--images", drawn.parent, "--out", tmp_path / "run")
    assert code == 1 and "Traceback" not in text and not (tmp_path / "run").exists()


def test_people_without_a_box_are_left_out_and_counted(drawn, tmp_path):
    data = changed(drawn, tmp_path, lambda c: c["annotations"][2].update(bbox=[5, 5, 0, 0]))
    people = read_people(data, load_model_config(write_config(tmp_path / "tiny.py", SHORT)), drawn.parent)
    assert people.ids.tolist() == [100, 101, 103, 104]
    assert "1 labelled people have a box without area" in people.notes[0]


def test_a_picture_that_breaks_stops_the_run_and_keeps_it(tmp_path):
    data = draw_people(tmp_path / "data", 5)
    trainer = trainer_for(data, tmp_path / "run")
    order = list(Order(5, 2, 0, 0, 8))
    first = next(i for i, batch in enumerate(order) if any(person == 3 for _, person in batch))
    broken = (tmp_path / "data" / "3.png").read_bytes()
    (tmp_path / "data" / "3.png").write_bytes(b"no picture")
    with pytest.raises(TrainingError, match=rf"3\.png cannot be decoded.*at step {first}; .*goes on from there"):
        trainer.run(report=lambda line: None)
    (tmp_path / "data" / "3.png").write_bytes(broken)
    resumed, straight = trainer_for(data, tmp_path / "run"), trainer_for(data, tmp_path / "straight")
    resumed.run(report=lambda line: None)
    straight.run(report=lambda line: None)
    same(resumed, straight)


def test_a_loss_that_is_no_number_stops_and_says_where(drawn, tmp_path):
    trainer_for(drawn, tmp_path).run(report=lambda line: None, until=2)
    trainer = trainer_for(drawn, tmp_path)
    good = trainer.checkpoint.read_bytes()
    trainer.load()
    with torch.no_grad():
        trainer.model.keypoint_head.final_layer.bias[0] = float("nan")
    trainer.load = lambda: True
    told = r"the loss is nan.* at step 2 \(epoch 2, annotations 10\d, 10\d\); .*last\.pt.*--init .*last\.pt --out OTHER"
    with pytest.raises(TrainingError, match=told):
        trainer.run(report=lambda line: None)
    assert trainer.checkpoint.read_bytes() == good


def test_a_run_goes_on_only_with_its_own_recipe_and_people(drawn, tmp_path):
    trainer_for(drawn, tmp_path).run(report=lambda line: None, until=2)
    with pytest.raises(TrainingError, match=r"is of a run with lr=0\.001; choose another --out"):
        trainer_for(drawn, tmp_path, lr=0.01).run(report=lambda line: None)
    others = draw_people(tmp_path / "others", 5, seed=9)
    with pytest.raises(TrainingError, match="other annotations"):
        trainer_for(others, tmp_path).run(report=lambda line: None)
    (tmp_path / "last.pt").write_bytes(b"PK damaged")
    with pytest.raises(TrainingError, match=r"last\.pt cannot be gone on from"):
        trainer_for(drawn, tmp_path).run(report=lambda line: None)


def test_a_run_without_a_step_binds_nobody(drawn, tmp_path):
    """As after a first step that ran out of memory: the config is changed, and the same command given again."""
    others = trainer_for(drawn, tmp_path / "others")
    others.run(report=lambda line: None, until=3)
    trainer_for(drawn, tmp_path).run(report=lambda line: None, until=0)
    assert (tmp_path / "last.pt").is_file()
    changed, lines = trainer_for(drawn, tmp_path, lr=0.0, weight_decay=0.0, split=2, ema=0.0), []
    changed.run(report=lines.append, until=1, init=others.checkpoint)
    assert changed.step == 1 and not any("going on" in line for line in lines)
    for key, value in others.averaged().named_parameters():
        assert torch.equal(value, changed.model.get_parameter(key)), key
    # Now it has made one: --init comes too late, which is said, and what is bound is bound.
    again, lines = trainer_for(drawn, tmp_path, lr=0.0, weight_decay=0.0, split=2, ema=0.0), []
    again.run(report=lines.append, until=2, init=tmp_path / "gone.safetensors")
    assert again.step == 2 and lines[0] == "going on from step 1"
    assert "gone.safetensors is not used" in lines[1] and "another --out begins" in lines[1]
    with pytest.raises(TrainingError, match="is of a run with split=2"):
        trainer_for(drawn, tmp_path, lr=0.0, weight_decay=0.0, ema=0.0).run(report=lambda line: None)


def test_a_full_disk_is_told_of_before_anything_is_learnt(drawn, tmp_path):
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full to stand for a full disk")
    trainer = trainer_for(drawn, tmp_path)
    (tmp_path / "last.part").symlink_to(full)
    with pytest.raises(TrainingError, match=r"last\.pt cannot be written"):
        trainer.run(report=lambda line: None)
    assert trainer.step == 0 and not trainer.checkpoint.exists()


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"learning_rate": 1.0}, "unknown settings: learning_rate"),
        ({"lr": "high"}, "lr='high'; expected a number"),
        ({"batch_size": 0}, "batch_size=0; expected 1 or more"),
        ({"precision": "int4"}, "precision='int4'; expected 'fp32' or 'bf16'"),
        ({"betas": (0.9,)}, r"betas=\(0\.9,\); expected a tuple of 2 numbers"),
        ({"betas": [0.9, 1.0]}, "betas=.*; expected 0 or more, and less than 1"),
        ({"steps": ("a",)}, r"steps=\('a',\); expected a tuple of whole numbers"),
        ({"freeze": "ffn"}, "freeze='ffn'; expected a tuple of texts"),
        ({"teacher": 5}, "teacher=5; expected text"),
        ({"experts": 1}, "experts=1; expected True or False"),
        ({"epochs": True}, "epochs=True; expected a whole number"),
        ({"minutes": float("nan")}, "minutes=nan; expected a number"),
        ({"minutes": 10**400}, "minutes=1000*; expected a number"),
        ({"seed": -1}, "seed=-1; expected 0 or more"),
        ({"seed": 2**64}, "expected less than 2"),
        ({"lr": 1e38}, r"lr=1e\+38; expected 0 up to 1"),
        ({"clip": 0.0}, "clip=0.0; expected more than 0"),
        ({"sigma": 0.0}, "sigma=0.0; expected more than 0"),
        ({"ema": 1.0}, "ema=1.0; expected 0 or more, and less than 1"),
        ({"augmentation": {"flip": "a"}}, "augmentation has flip='a'; expected a number"),
        ({"augmentation": {"blur": 1.0}}, "augmentation has unknown settings: blur"),
    ],
)
def test_settings_that_cannot_be_are_told_of(settings, told):
    with pytest.raises(TrainingError, match=told):
        CocoRecipe.from_config(settings)


def test_whole_numbers_and_lists_stand_for_others():
    recipe = CocoRecipe.from_config({"lr": 0, "betas": [0, 0.5], "steps": [], "teacher": None, "minutes": 3})
    assert (recipe.lr, list(recipe.betas), list(recipe.steps), recipe.minutes) == (0, [0, 0.5], [], 3)


def test_the_command_tells_labelled_from_drawn(drawn, tmp_path):
    code, text = mocap_train(write_config(tmp_path / "tiny.py", SHORT))
    assert code == 1 and "say with --data where they are" in text
    code, text = mocap_train(CONFIGS / "train_vitpose_t_synthetic_128x96.py", "--data", drawn)
    assert code == 1 and "draws its pictures; leave --data out" in text
    code, text = mocap_train(CONFIGS / "vitpose_t_simple_coco_256x192.py", "--data", drawn)
    assert code == 1 and "no training = dict" in text
    code, text = mocap_train(tmp_path / "tiny.py", "--data", tmp_path / "nowhere")
    assert code == 1 and "There is nothing at" in text
