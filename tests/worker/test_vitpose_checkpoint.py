"""Checkpoints that do not fit, are damaged or would run something: each gives one sentence that names it."""

import os
import pickle

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mocap_worker.vitpose.checkpoint import (
    CheckpointError,
    config_named_in,
    load_checkpoint,
    save_checkpoint,
)
from mocap_worker.vitpose.model import ViTPose


def small(head="simple", keypoints=17, dim=32, depth=2, **options) -> ViTPose:
    torch.manual_seed(1)
    return ViTPose(dim, depth, 2, head=head, keypoints=keypoints, input_size=(64, 64), **options).eval()


def refused(path, model=None) -> str:
    with pytest.raises(CheckpointError) as caught:
        load_checkpoint(model or small(), path, "vitpose_small")
    message = str(caught.value)
    assert str(path) in message and "\n" not in message and message.endswith(".")
    return message


@pytest.mark.parametrize("head", ["simple", "classic"])
def test_what_is_saved_is_loaded_and_names_its_config(tmp_path, head):
    path = tmp_path / "gewichte für später.safetensors"
    model, again = small(head), small(head, positions="random")
    save_checkpoint(model, path, "vitpose_small", note="a note")
    load_checkpoint(again, path)
    images = torch.randn(1, 3, 64, 64)
    assert torch.equal(model(images), again(images))
    assert config_named_in(path) == "vitpose_small"
    path.unlink()  # nothing of the loaded model lies in the file still
    assert torch.equal(model(images), again(images))


def test_half_precision_files_are_loaded_as_float32(tmp_path):
    path = tmp_path / "half.safetensors"
    save_checkpoint(small(), path, "vitpose_small", dtype=torch.float16)
    model = small()
    load_checkpoint(model, path)
    assert {value.dtype for value in model.state_dict().values()} == {torch.float32}


def test_a_model_on_the_meta_device_is_filled(tmp_path):
    path = tmp_path / "weights.safetensors"
    save_checkpoint(small("classic"), path, "vitpose_small")
    with torch.device("meta"):
        model = small("classic")
    load_checkpoint(model, path)
    assert torch.isfinite(model.eval()(torch.zeros(1, 3, 64, 64))).all()


def test_another_size_is_refused_with_the_keys_found_and_expected(tmp_path):
    path = tmp_path / "other.pth"
    torch.save({"state_dict": small(dim=16).state_dict()}, path)
    message = refused(path)
    assert "does not fit vitpose_small" in message
    assert "backbone.pos_embed is (1, 17, 16), expected (1, 17, 32)" in message
    assert "more" in message and len(message) < 1500


def test_another_head_and_depth_are_refused_by_their_keys(tmp_path):
    path = tmp_path / "classic.pth"
    torch.save(small("classic", depth=3).state_dict(), path)
    message = refused(path)
    assert "keypoint_head.final_layer.weight is (17, 256, 1, 1), expected (17, 32, 3, 3)" in message
    assert "not expected: backbone.blocks.2" in message
    torch.save(small(depth=1).state_dict(), path)
    assert "missing: backbone.blocks.1" in refused(path)


def test_other_keypoints_are_refused_under_the_files_own_names(tmp_path):
    state = {k.replace("keypoint_head", "head"): v for k, v in small(keypoints=14).state_dict().items()}
    state = {k.replace("blocks.", "layers.").replace("norm", "ln"): v for k, v in state.items()}
    path = tmp_path / "mmpose.pth"
    torch.save(state, path)
    assert "head.final_layer.weight is (14, 32, 3, 3), expected (17, 32, 3, 3)" in refused(path)


def test_weights_of_something_else_are_refused(tmp_path):
    path = tmp_path / "resnet.pth"
    torch.save({"layer1.0.conv1.weight": torch.zeros(3)}, path)
    message = refused(path)
    assert "no ViTPose checkpoint of a known layout" in message and "layer1.0.conv1.weight" in message
    for content in ([1, 2], {"state_dict": {}}, {"epoch": 3}, torch.zeros(3)):
        torch.save(content, path)
        refused(path)


def test_no_finite_numbers_are_refused(tmp_path):
    model = small()
    with torch.no_grad():
        model.backbone.blocks[1].attn.qkv.weight[0, 0] = float("nan")
    path = tmp_path / "nan.safetensors"
    save_checkpoint(model, path, "vitpose_small")
    assert "no finite numbers in: backbone.blocks.1.attn.qkv.weight" in refused(path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda table: table.to(torch.int8), "torch.int8"),
        (lambda table: table.to(torch.complex64), "torch.complex64"),
        (lambda table: table.to_sparse(), "sparse"),
        (lambda table: torch.quantize_per_tensor(table, 0.1, 0, torch.qint8), "quantised"),
        (lambda table: table.to("meta"), "no numbers"),
    ],
)
@pytest.mark.filterwarnings("ignore::UserWarning")  # torch will give up quantised tensors
def test_numbers_of_other_kinds_are_refused(tmp_path, change, said):
    state = small().state_dict()
    state["backbone.pos_embed"] = change(state["backbone.pos_embed"])
    path = tmp_path / "other.pth"
    torch.save(state, path)
    message = refused(path)
    assert said in message and "backbone.pos_embed" in message


def test_what_is_no_checkpoint_is_said_to_be_none(tmp_path):
    path = tmp_path / "words.pth"
    for content in (b"", b"some words\n" * 9):
        path.write_bytes(content)
        assert "is damaged or no checkpoint" in refused(path)


def test_a_missing_file_and_an_empty_folder_are_refused(tmp_path):
    assert "There is no checkpoint at" in refused(tmp_path / "nowhere.pth")
    assert "neither model.safetensors nor" in refused(tmp_path)


def test_a_git_lfs_pointer_is_recognised(tmp_path):
    path = tmp_path / "weights.safetensors"
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n")
    assert "Git LFS" in refused(path)


class Harmful:
    def __init__(self, mark):
        self.mark = str(mark)

    def __reduce__(self):
        return os.mkdir, (self.mark,)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_file_that_would_run_code_does_not(tmp_path, zipped):
    path, mark = tmp_path / "harmful.pth", tmp_path / "it ran"
    content = {"state_dict": small().state_dict(), "meta": Harmful(mark)}
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    assert "could run" in refused(path)
    path.write_bytes(pickle.dumps(content, protocol=2))
    refused(path)
    assert not mark.exists()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    save_checkpoint(small(), folder / "a.safetensors", "vitpose_small")
    torch.save({"state_dict": small().state_dict()}, folder / "a.pth")
    torch.save(small().state_dict(), folder / "a.bin", _use_new_zipfile_serialization=False)
    return [path.read_bytes() for path in sorted(folder.iterdir())]


@given(
    st.integers(0, 2),
    st.floats(0, 1),
    # The names and lengths stand at the beginning or at the end; the numbers between them may be anything.
    st.lists(st.tuples(st.integers(-3000, 3000), st.integers(0, 255)), max_size=8),
)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_files_are_loaded_or_refused_and_nothing_else(tmp_path, files, which, share, changes):
    content = bytearray(files[which][: max(1, int(len(files[which]) * share))])
    for place, value in changes:
        content[place % len(content)] = value
    path = tmp_path / "damaged"
    path.write_bytes(content)
    model = small()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    try:
        load_checkpoint(model, path)
    except CheckpointError as error:
        assert str(path) in str(error) and "\n" not in str(error)
        assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    else:
        assert all(torch.isfinite(value).all() for value in model.state_dict().values())
