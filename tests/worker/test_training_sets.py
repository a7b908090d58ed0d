"""Several data sets on one backbone, other keypoints, and what a student learns from a teacher."""

import copy

import pytest
import torch
import torch.nn.functional as F
from labelled_people import COCO, CONFIGS, SHORT, STILL, draw_people, mocap_train, write_config

from mocap_worker.training import starting
from mocap_worker.training.coco_recipe import CocoRecipe
from mocap_worker.training.distil import TOKEN, check_teacher
from mocap_worker.training.labelled_run import Given, labelled_trainer
from mocap_worker.training.layers import parameter_groups
from mocap_worker.training.recipe import TrainingError
from mocap_worker.training.shared_backbone import SharedBackbone
from mocap_worker.training.starting import start_from
from mocap_worker.training.targets import gaussian_targets
from mocap_worker.vitpose.checkpoint import CheckpointError, load_checkpoint
from mocap_worker.vitpose.config import read_config
from mocap_worker.vitpose.model import DATASETS
from mocap_worker.vitpose.model_config import load_model_config
from mocap_worker.vitpose.skeletons import SKELETONS
from mocap_worker.vitpose.transforms import normalise

AIC = SKELETONS["aic14"].keypoints
CALM = SHORT | {"augmentation": STILL, "log_every": 1}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Annotations of two data sets, COCO's and AI Challenger's."""
    folder = tmp_path_factory.mktemp("data")
    return {
        "coco": draw_people(folder / "coco", 5),
        "aic": draw_people(folder / "aic", 4, seed=1, keypoints=AIC),
    }


def two_sets(folder, data, experts=False, head="classic", **numbers):
    """A trainer of both, with COCO's and AIC's own codecs."""
    folder.mkdir(parents=True, exist_ok=True)
    aic = write_config(folder / "aic.py", {}, udp=False, keypoints=14, labels="AicDataset", head=head)
    names = {"coco": str(folder / "both.py"), "aic": str(aic)}
    config = write_config(folder / "both.py", CALM | {"datasets": names, "experts": experts} | numbers, head=head)
    recipe = CocoRecipe.from_config(read_config(config)["training"])
    given = Given([f"{name}={path}" for name, path in data.items()])
    return labelled_trainer(config, recipe, given, folder / "run"), config, aic


def quietly(line):
    pass


# --- several data sets -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("experts", [False, True])
def test_each_head_learns_from_its_own_data_set(data, tmp_path, experts):
    trainer, config, aic = two_sets(tmp_path, data, experts, batch_size=9, epochs=3, lr=3e-3)
    assert isinstance(trainer.model, SharedBackbone) and len(trainer.crops) == 9
    before, batch = copy.deepcopy(trainer.model.state_dict()), first_batch(trainer)
    trainer.run(quietly)
    moved = {k for k, v in trainer.model.state_dict().items() if not torch.equal(v, before[k])}
    heads = {"keypoint_head.final_layer.weight", "associate_keypoint_heads.0.final_layer.weight"}
    assert moved >= heads | {"backbone.blocks.1.attn.qkv.weight"}
    if experts:
        taught = {int(k.split(".experts.")[1][0]) for k in moved if ".experts." in k}
        assert taught == {DATASETS.index("coco"), DATASETS.index("aic")}
    # The file is one of the official layout: each data set's config takes its own head and expert from it.
    trainer.export(tmp_path / "both.safetensors", torch.float32)
    images = normalise(batch[0])
    of = torch.from_numpy(trainer.crops.set_of(batch[3].numpy()))
    with torch.inference_mode():
        found = trainer.averaged()(images, of)
    for i, path in enumerate((config, aic)):
        described = load_model_config(path)
        plain = described.build().eval()
        load_checkpoint(plain, tmp_path / "both.safetensors", described.name, described.dataset)
        with torch.inference_mode():
            alone = plain(images[of == i])
        assert torch.allclose(alone, found[i], atol=1e-5 * float(alone.abs().max()))
        assert alone.shape[1] == described.keypoints


def first_batch(trainer):
    trainer._open()
    return next(trainer._batches)


def test_the_loss_is_that_of_each_set_by_its_own_codec_and_share_of_the_batch(data, tmp_path):
    trainer, config, aic = two_sets(tmp_path, data, head="simple", batch_size=9)
    batch = first_batch(trainer)
    trainer.network.eval()
    loss = trainer._backward(batch)
    images, of = normalise(batch[0]), trainer.crops.set_of(batch[3].numpy())
    expected = 0.0
    for i, path in enumerate((config, aic)):
        described, own = load_model_config(path), of == i
        plain = described.build().eval()
        trainer.export(tmp_path / "w.safetensors", torch.float32)
        load_checkpoint(plain, tmp_path / "w.safetensors", described.name, described.dataset)
        maps, weight = gaussian_targets(
            batch[1][own, : described.keypoints], batch[2][own, : described.keypoints], (96, 128), (24, 32), 1.5,
            described.codec.udp,
        )  # fmt: skip
        with torch.inference_mode():
            error = ((plain(images[own]) - maps) * weight[..., None, None]).square().mean()
        expected += float(error) * own.sum() / 9
    assert loss == pytest.approx(expected, rel=1e-5)
    # Layers count as in a plain network; experts are their block's, further heads learn at the full rate.
    groups = parameter_groups(trainer.network, 2, 0.1, 0.5)
    scale = {name: group["scale"] for group in groups for name in group["names"]}
    assert (
        scale["associate_keypoint_heads.0.final_layer.weight"] == 1.0 and scale["backbone.blocks.0.norm1.bias"] == 0.25
    )


def test_a_resumed_run_on_two_sets_ends_with_the_same_bits(data, tmp_path):
    straight, *_ = two_sets(tmp_path / "a", data, experts=True, ema=0.9)
    straight.run(quietly)
    two_sets(tmp_path / "b", data, experts=True, ema=0.9)[0].run(quietly, until=5)
    resumed, *_ = two_sets(tmp_path / "b", data, experts=True, ema=0.9)
    resumed.run(quietly)
    for key, value in straight.average.items():
        assert torch.equal(value, resumed.average[key]), key


def test_a_plain_network_and_one_with_experts_start_shared_ones(data, tmp_path):
    plain, experts = (two_sets(tmp_path / str(e), data, e)[0] for e in (False, True))
    whole = {k: torch.randn_like(v) for k, v in experts.model.state_dict().items() if v.is_floating_point()}
    assert start_from(experts.model, whole) == []
    again = experts.model.state_dict()
    assert all(torch.equal(again[key], value) for key, value in whole.items())
    # A plain network's last outputs become every expert's, so that nothing changes at first.
    coco = load_model_config(tmp_path / "False/both.py").build()
    state = {k: torch.randn_like(v) for k, v in coco.state_dict().items() if v.is_floating_point()}
    notes = start_from(experts.model, state)
    assert notes == ["The heads of 1 further data sets are new."]
    found, second = experts.model.state_dict(), "backbone.blocks.1.mlp."
    for i in range(6):
        rows = torch.cat([found[f"{second}fc2.weight"], found[f"{second}experts.{i}.weight"]])
        assert torch.equal(rows, state[f"{second}fc2.weight"])
    start_from(plain.model, state)
    assert torch.equal(
        plain.model.state_dict()["keypoint_head.final_layer.bias"], state["keypoint_head.final_layer.bias"]
    )


@pytest.mark.parametrize(
    ("numbers", "given", "told"),
    [
        ({}, ["coco=X"], "--data aic=DIR is missing"),
        ({}, ["mpii=X"], "--data mpii=X says none of coco, aic"),
        ({}, ["X"], "says none of coco, aic; expected --data coco=DIR"),
        ({"experts": True, "datasets": {}}, ["X"], "experts, but no datasets"),
        ({"datasets": {"aic": "aic.py", "coco": "both.py"}}, None, "expected coco first"),
        ({"learn": "token"}, ["coco=X"], "learn='token' and held_out are for one"),
    ],
)
def test_sets_that_cannot_be_are_told_of(data, tmp_path, monkeypatch, numbers, given, told):
    monkeypatch.chdir(tmp_path)
    write_config(tmp_path / "aic.py", {}, udp=False, keypoints=14, labels="AicDataset")
    config = write_config(tmp_path / "both.py", CALM | {"datasets": {"coco": "both.py", "aic": "aic.py"}} | numbers)
    given = [f"{name}={path}" for name, path in data.items()] if given is None else given
    code, text = mocap_train(config, *[a for one in given for a in ("--data", one)], "--device", "cpu")
    assert code == 1 and told in " ".join(text.split()) and not (tmp_path / "runs").exists()


def test_configs_of_another_backbone_are_refused(data, tmp_path):
    wide = write_config(tmp_path / "wide.py", {}, keypoints=14, labels="AicDataset", width=96)
    configs = {"coco": load_model_config(write_config(tmp_path / "c.py", {})), "aic": load_model_config(wide)}
    with pytest.raises(TrainingError, match="wide, the config of aic, is of another network than c"):
        SharedBackbone(configs, False)


# --- other keypoints -------------------------------------------------------------------------------------------


def test_a_new_set_of_keypoints_keeps_the_backbone_and_the_rows_it_knows(data, tmp_path):
    names = ("nose", "left_wrist", "right_wrist", "head_top")
    mine = draw_people(tmp_path / "mine", 4, keypoints=names, named=True)
    first, second = (tmp_path / "first.py", tmp_path / "second.py")
    write_config(first, CALM | {"epochs": 1}, head="classic")
    common = ("--device", "cpu", "--workers", 0)
    code, text = mocap_train(first, "--data", data["coco"], "--out", tmp_path / "first", *common)
    assert code == 0, text
    write_config(second, CALM | {"epochs": 1, "lr": 0.0}, keypoints=4, labels="Mine", head="classic")
    start = ("--init", tmp_path / "first/last.pt")
    code, text = mocap_train(second, "--data", mine, "--val", mine, "--out", tmp_path / "second", *start, *common)
    assert code == 0, text
    assert "The last layer starts anew for 1 of 4 keypoints (head_top)." in text and "PCK " in text
    old = torch.load(tmp_path / "first/last.pt", weights_only=True)
    new = torch.load(tmp_path / "second/last.pt", weights_only=True)
    assert tuple(new["keypoints"]) == names
    for key, value in old["average"].items():
        if key.startswith("keypoint_head.final_layer."):
            for row, name in enumerate(names[:3]):
                assert torch.equal(new["average"][key][row], value[COCO.keypoints.index(name)]), key
        elif "running_" not in key and "num_batches" not in key:
            assert torch.equal(new["average"][key], value), key
    # What was written knows its keypoints, so that the next training does.
    assert starting.read(tmp_path / "second/best.safetensors").keypoints == names


def test_a_head_of_another_kind_starts_anew_and_another_backbone_is_refused(tmp_path):
    simple = load_model_config(write_config(tmp_path / "simple.py", {})).build()
    classic = load_model_config(write_config(tmp_path / "classic.py", {}, head="classic")).build()
    head = classic.keypoint_head.final_layer.weight.clone()
    assert start_from(classic, simple.state_dict()) == ["The head is new: the weights' is of another kind."]
    assert torch.equal(classic.keypoint_head.final_layer.weight, head)
    assert torch.equal(classic.backbone.blocks[1].attn.qkv.weight, simple.backbone.blocks[1].attn.qkv.weight)
    wide = load_model_config(write_config(tmp_path / "wide.py", {}, width=96)).build()
    with pytest.raises(CheckpointError, match=r"wide\.pt does not fit"):
        start_from(classic, wide.state_dict(), "wide.pt")


def test_unnamed_keypoints_cannot_be_mirrored(tmp_path):
    mine = draw_people(tmp_path / "mine", 4, keypoints=("nose", "left_wrist"))
    config = write_config(tmp_path / "mine.py", CALM, keypoints=2, labels="Mine")
    code, text = mocap_train(config, "--data", mine, "--out", tmp_path / "run", "--device", "cpu")
    assert code == 1 and "name them in the annotations' category" in " ".join(text.split())


# --- teachers --------------------------------------------------------------------------------------------------


def trainer_for(folder, name, data, shape=None, given=None, **numbers):
    folder.mkdir(parents=True, exist_ok=True)
    config = write_config(folder / f"{name}.py", CALM | numbers, **(shape or {}))
    recipe = CocoRecipe.from_config(read_config(config)["training"])
    given = Given([str(data["coco"])], **(given or {}))
    return labelled_trainer(config, recipe, given, folder / name)


@pytest.fixture(scope="module")
def teacher(data, tmp_path_factory):
    """The config and the weights of a wider, trained network."""
    folder = tmp_path_factory.mktemp("teacher")
    trainer = trainer_for(folder, "large", data, {"width": 96}, batch_size=5, epochs=20, steps=(15,), lr=2e-3)
    trainer.run(quietly)
    trainer.export(folder / "large.safetensors", torch.float32)
    return folder / "large.py", folder / "large.safetensors"


def test_a_student_learns_its_teachers_heatmaps_beside_the_labels(data, teacher, tmp_path):
    config, weights = teacher
    taught = {"teacher": str(config), "teacher_weight": 0.5}
    plain = trainer_for(tmp_path, "plain", data, batch_size=5)
    trainer = trainer_for(tmp_path, "student", data, given={"teacher": weights}, batch_size=5, **taught)
    batch = first_batch(trainer)
    for one in (plain, trainer):
        one.network.eval()
    large = load_model_config(config).build().eval()
    load_checkpoint(large, weights)
    images = normalise(batch[0])
    with torch.inference_mode():
        expected = F.mse_loss(trainer.model(images), large(images))
    assert trainer._backward(batch) - plain._backward(batch) == pytest.approx(0.5 * float(expected), rel=1e-4)
    before = {k: v.clone() for k, v in trainer.teacher.state_dict().items()}
    trainer.run(quietly)
    assert all(torch.equal(v, before[k]) for k, v in trainer.teacher.state_dict().items())


def test_a_token_is_learnt_beside_a_frozen_teacher_and_then_given_to_a_student(data, teacher, tmp_path):
    config, weights = teacher
    numbers = {"learn": "token", "batch_size": 5, "epochs": 30, "steps": (25,), "lr": 3e-2, "weight_decay": 0.0}
    still = {"augmentation": STILL | {"flip": 0.0}}
    giving = trainer_for(tmp_path, "giving", data, {"width": 96, "token": True}, **numbers, **still)
    giving.start_from(starting.read(weights))
    known = {k: v.clone() for k, v in giving.model.state_dict().items()}
    lines = []
    giving.run(lines.append)
    changed = {k for k, v in giving.model.state_dict().items() if not torch.equal(v, known[k])}
    assert changed == {TOKEN}
    loss = [float(line.split("loss ")[1].split()[0]) for line in lines if "loss" in line]
    assert loss[-1] < loss[0]
    token = giving.model.backbone.knowledge_token.detach()

    for name, width in (("equal", 96), ("narrow", 48)):
        shape = {"width": width, "token": True}
        given = {"token": tmp_path / "giving/last.pt", "teacher": weights}
        both = {"teacher": str(config), "teacher_weight": 1.0, "ema": 0.9}
        student = trainer_for(tmp_path, name, data, shape, given, **both)
        first = student.model.backbone.knowledge_token.clone()
        student.run(quietly, until=3)
        again = trainer_for(tmp_path, name, data, shape, given, **both)
        again.run(quietly)
        straight = trainer_for(tmp_path / "straight", name, data, shape, given, **both)
        straight.run(quietly)
        kept = again.model.backbone.knowledge_token
        # Of the same width it stays as it was learnt; else what is learnt is how it is mapped.
        assert torch.equal(kept, token if width == 96 else again.network.map(token))
        assert torch.equal(kept, first) == (width == 96)
        for key, value in straight.average.items():
            assert torch.equal(value, again.average[key]), key
        # The written network is whole by itself.
        again.export(tmp_path / f"{name}.safetensors", torch.float32)
        alone = load_model_config(tmp_path / f"{name}.py").build().eval()
        load_checkpoint(alone, tmp_path / f"{name}.safetensors")
        images = torch.randn(2, 3, 128, 96, generator=torch.Generator().manual_seed(1))
        with torch.inference_mode():
            assert torch.allclose(alone(images), again.averaged()(images), atol=1e-6)


@pytest.mark.parametrize(
    ("numbers", "shape", "told"),
    [
        ({"teacher_weight": 1.0}, {}, "say with --teacher where its weights are"),
        ({}, {"token": True}, "say with --token which run or weights it is from"),
        ({"learn": "token"}, {}, "needs a model with attention=dict(knowledge_token=True)"),
        ({"learn": "half"}, {}, "learn='half'; expected 'all' or 'token'"),
    ],
)
def test_teachers_that_are_missing_are_told_of(data, teacher, tmp_path, numbers, shape, told):
    numbers = numbers | ({"teacher": str(teacher[0])} if "teacher_weight" in numbers else {})
    config = write_config(tmp_path / "c.py", CALM | numbers, **shape)
    code, text = mocap_train(config, "--data", data["coco"], "--out", tmp_path / "run", "--device", "cpu")
    assert code == 1 and told in " ".join(text.split()) and not (tmp_path / "run").exists()


def test_a_teacher_of_other_keypoints_or_without_a_token_is_refused(data, teacher, tmp_path):
    other = write_config(tmp_path / "aic.py", {}, udp=False, keypoints=14, labels="AicDataset")
    with pytest.raises(TrainingError, match="the teacher aic has skeleton=aic14"):
        trainer_for(tmp_path, "s", data, given={"teacher": teacher[1]}, teacher=str(other), teacher_weight=1.0)
    with pytest.raises(TrainingError, match="holds no knowledge token"):
        trainer_for(tmp_path, "t", data, {"token": True}, {"token": teacher[1]})


# --- what ships ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("config", sorted(CONFIGS.glob("train_vitpose_*.py")), ids=lambda path: path.stem)
def test_every_shipped_recipe_is_one(config):
    """Its numbers are read, its networks built, its teachers fit, and the name that its weights get is a config's."""
    table = read_config(config)["training"]
    described = load_model_config(config.stem)
    if "epochs" not in table:
        Recipe = pytest.importorskip("mocap_worker.training.train").Recipe
        recipe = Recipe.from_config(table)
        assert tuple(recipe.input_size) == tuple(described.input_size)
    else:
        recipe = CocoRecipe.from_config(table)
        if recipe.datasets:
            with torch.device("meta"):
                SharedBackbone({k: load_model_config(v) for k, v in recipe.datasets.items()}, recipe.experts)
        if recipe.teacher:
            check_teacher(load_model_config(recipe.teacher), described)
    named = load_model_config(recipe.model or config.stem)
    assert (named.dim, named.keypoints, named.knowledge_token) == (
        described.dim, described.keypoints, described.knowledge_token,
    )  # fmt: skip
