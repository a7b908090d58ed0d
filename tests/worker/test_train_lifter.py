import json
import os
import signal
from pathlib import Path

import numpy as np
import pytest

from mocap_core.lift.features import (
    BONES,
    BONES_FROM_JOINTS,
    FEATURES,
    JOINTS_FROM_BONES,
    LAGS_S,
    NOMINAL_HEIGHT_M,
)
from mocap_core.lift.network import WEIGHTS, Network
from mocap_core.skeleton import BODY, BODY_INDEX
from mocap_worker.bench.lift_shots import ADULT
from mocap_worker.training.lifter_bends import rotate
from mocap_worker.training.lifter_cameras import FRAMES, detect, film, project, samples
from mocap_worker.training.lifter_people import bodies, cut, people
from mocap_worker.training.motion import Clip, load_clips

MOTION = Path(
    os.environ.get("MOCAP_MOTION") or Path(__file__).parents[3] / "shared/data/motion/cmu_clips.npz"
)
BONE = {name: i for i, name in enumerate(BONES)}


@pytest.fixture(scope="module")
def stepping():
    """A clip of our own: somebody marching on the spot and swinging both arms, z up, facing -y."""
    t = np.arange(240) / 60
    a = 0.7 * np.sin(2 * np.pi * t)
    joints = np.zeros((240, len(BODY), 3))

    def put(name, x, back, up):
        joints[:, BODY_INDEX[name]] = np.stack(np.broadcast_arrays(x, -np.asarray(back), up), -1).reshape(
            -1, 3
        )

    # The second number is how far ahead, towards -y.
    for side, s in (("left", 1), ("right", -1)):
        put(f"{side}_hip", np.full(240, 0.09 * s), 0, 0.9)
        lift = np.maximum(a * s, 0.05)
        put(f"{side}_knee", np.full(240, 0.09 * s), 0.41 * np.sin(lift), 0.9 - 0.41 * np.cos(lift))
        put(f"{side}_ankle", np.full(240, 0.09 * s), 0.41 * np.sin(lift) - 0.1, 0.5 - 0.41 * np.cos(lift))
        put(f"{side}_shoulder", np.full(240, 0.17 * s), 0, 1.39)
        put(f"{side}_elbow", np.full(240, 0.2 * s), -0.27 * np.sin(a * s), 1.39 - 0.27 * np.cos(a * s))
        put(f"{side}_wrist", np.full(240, 0.2 * s), 0.2 - 0.27 * np.sin(a * s), 1.25 - 0.27 * np.cos(a * s))
        put(f"{side}_ear", np.full(240, 0.075 * s), 0, 1.59)
        put(f"{side}_eye", np.full(240, 0.03 * s), 0.09, 1.61)
    put("nose", np.zeros(240), 0.11, 1.58)
    return Clip("train/walking_1", 60.0, joints.astype(np.float32))


def test_parts_put_together_again_are_the_pose(stepping):
    parts = cut([stepping])
    bones = BONES_FROM_JOINTS @ stepping.joints_body[:, :17]

    def direction(name):
        v = bones[:, BONE[name]]
        return v / np.linalg.norm(v, axis=-1, keepdims=True)

    arms = parts.arms @ parts.chest[:, None]
    legs = parts.legs @ parts.pelvis[:, None]
    np.testing.assert_allclose(arms[:, 0, 1], direction("left_lower_arm"), atol=1e-5)
    np.testing.assert_allclose(arms[:, 1, 0], direction("right_upper_arm"), atol=1e-5)
    np.testing.assert_allclose(legs[:, 1, 1], direction("right_lower_leg"), atol=1e-5)
    np.testing.assert_allclose((parts.torso[:, None] @ parts.pelvis)[:, 0], direction("torso"), atol=1e-5)
    head = parts.head @ parts.chest
    np.testing.assert_allclose(head[:, 0], direction("ear_half"), atol=1e-5)
    np.testing.assert_allclose(head @ head.swapaxes(1, 2), np.broadcast_to(np.eye(3), head.shape), atol=1e-5)
    assert head[:, 2, 1].max() < -0.9  # the face looks to -y


def test_a_quarter_turn_about_z_brings_x_to_y():
    turned = rotate(np.array([[1.0, 0, 0]]), np.array([[0, 0, np.pi / 2]]))
    np.testing.assert_allclose(turned, [[0, 1, 0]], atol=1e-12)


def test_bodies_have_the_nominal_height_and_many_proportions():
    body = bodies(np.random.default_rng(0), 2000)
    height = body["legs"].mean(1).sum(-1) + body["torso"] + body["neck"]
    assert np.all((height > 0.8 * NOMINAL_HEIGHT_M) & (height < 0.93 * NOMINAL_HEIGHT_M))
    for name, length in ADULT.items():
        row = "arms" if "arm" in name else "legs" if "leg" in name else name
        found = body[row][:, 0, int("lower" in name)] if row in ("arms", "legs") else body[row]
        low, high = np.percentile(found, [3, 97])
        assert low < length < high, name


def test_people_keep_their_bones_lengths_and_bend_their_knees_one_way(stepping):
    bones, hips = people(np.random.default_rng(1), cut([stepping]), 400, np.array(LAGS_S))
    assert bones.shape == (400, len(LAGS_S), len(BONES), 3) and np.isfinite(bones).all()
    length = np.linalg.norm(bones, axis=-1)
    for name in ("left_upper_arm", "right_lower_leg", "neck", "hip_half"):
        np.testing.assert_allclose(
            length[:, 1:, BONE[name]], length[:, :1, BONE[name]].repeat(len(LAGS_S) - 1, 1), rtol=1e-4
        )
    np.testing.assert_array_equal(hips[:, 0], 0)
    left, up = bones[:, :, BONE["hip_half"]], bones[:, :, BONE["torso"]]
    thigh, shin = bones[:, :, BONE["left_upper_leg"]], bones[:, :, BONE["left_lower_leg"]]
    # Bent knees turn the shin about the body's left, or a little to the side; few turn the other way.
    hinge = (np.cross(thigh, shin) * left).sum(-1) / np.linalg.norm(left, axis=-1) / 0.16
    assert (hinge < -0.35).mean() < 0.03
    assert (up[:, 0, 2] > 0).mean() > 0.9


def test_a_level_camera_sees_a_facing_person_upright_and_their_left_on_the_right(stepping):
    bones, hips = people(np.random.default_rng(2), cut([stepping]), 600, np.array(LAGS_S))
    joints, seen, _focal, size = film(np.random.default_rng(3), bones, hips)
    now = seen[:, 0]
    assert joints.shape == (600, len(LAGS_S), 17, 3)
    np.testing.assert_allclose(
        joints[:, 0], JOINTS_FROM_BONES @ now + joints[:, 0, 11:13].mean(1, keepdims=True), atol=1e-4
    )
    facing = now[:, BONE["nose"], 2] < -0.08
    assert facing.sum() > 100
    assert (now[facing, BONE["shoulder_half"], 0] > 0).mean() > 0.95
    assert (now[:, BONE["torso"], 1] < 0).mean() > 0.95
    assert set(map(tuple, size)) == {(640, 480), (640, 360), (480, 640), (540, 960)}


def test_projection_of_a_hand_computed_point():
    joints = np.zeros((1, 1, 17, 3), np.float32)
    joints[..., :] = [0.5, -1.0, 2.0]
    points = project(joints, np.array([400.0]), np.array([[640.0, 480.0]]))
    np.testing.assert_allclose(points[0, 0, 0], [420, 40])


def test_a_detector_errs_by_about_a_hundredth_and_misses_some():
    rng = np.random.default_rng(4)
    truth = np.tile(rng.uniform(100, 380, (1, 1, 17, 2)).astype(np.float32), (3000, 4, 1, 1))
    joints = np.full((3000, 4, 17, 3), 3.0)
    points, trust = detect(rng, truth, np.full((3000, 2), 480.0, np.float32), joints)
    off = np.linalg.norm(points - truth, axis=-1)[trust > 0] / np.hypot(*np.ptp(truth[0, 0], axis=0))
    assert 0.003 < np.median(off) < 0.02
    assert 0.05 < (trust == 0).mean() < 0.3
    assert trust.max() <= 1 and trust[trust > 0].min() > 0.05


def test_samples_are_finite_and_of_one_seed(stepping):
    parts = cut([stepping])
    a, b = (samples(np.random.default_rng(5), parts, 33) for _ in range(2))
    assert a.x.shape == (33, FRAMES, FEATURES) and a.bones.shape == (33, FRAMES, len(BONES), 3)
    assert np.isfinite(a.x).all() and np.isfinite(a.bones).all()
    np.testing.assert_array_equal(a.x, b.x)


def test_a_samples_frames_follow_each_other_in_one_camera(stepping):
    data = samples(np.random.default_rng(6), cut([stepping]), 200)
    bones = data.bones @ data.view
    moved = np.linalg.norm(np.diff(bones, axis=1), axis=-1)
    bent = np.linalg.norm(np.diff(bones, 2, axis=1), axis=-1)
    assert 0.001 < moved.mean() < 0.05 and bent.mean() < 0.4 * moved.mean()


def filled(**widths):
    import torch

    from mocap_worker.training.lifter import LiftNet

    torch.manual_seed(0)
    net = LiftNet(**widths)
    for norm in net.norm:  # fresh batch norms would hide a wrong fold
        for values in (norm.running_mean, norm.weight.data, norm.bias.data):
            torch.nn.init.normal_(values, 0.3, 0.5)
        torch.nn.init.uniform_(norm.running_var, 0.2, 3)
    return net


def test_training_begins_as_the_weights_that_it_is_given(tmp_path):
    import torch

    from mocap_worker.training.lifter import LiftNet

    widths = {"width": 96, "inner": 40, "blocks": 2}
    np.savez(tmp_path / "weights.npz", **filled(**widths).arrays(np.float32))
    network, net = Network(tmp_path / "weights.npz"), LiftNet(**widths)
    x = torch.from_numpy(np.random.default_rng(0).standard_normal((500, FEATURES)).astype(np.float32))
    net.begin_as(network, x)
    expected = network.raw(x.numpy())
    for mode, within in ((False, 1e-4), (True, 0.02)):  # in training the batch norms are the batch's
        with torch.no_grad():
            found = net.train(mode)(x).numpy()
        np.testing.assert_allclose(found, expected, atol=within * np.abs(expected).max())


def test_torch_and_numpy_say_the_same(tmp_path):
    import torch

    net = filled(width=96, inner=40, blocks=2)
    np.savez(tmp_path / "weights.npz", **net.arrays(np.float32))
    x = np.random.default_rng(0).standard_normal((7, FEATURES)).astype(np.float32)
    with torch.no_grad():
        expected = net.eval()(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(
        Network(tmp_path / "weights.npz").raw(x), expected, atol=2e-5 * np.abs(expected).max()
    )


def test_halves_are_rounded_to_nine_bits_and_no_further():
    from mocap_worker.training.lifter import rounded

    values = np.random.default_rng(1).standard_normal(4096).astype(np.float16)
    shorter = rounded(values)
    assert not (shorter.view(np.uint16) & 3).any()
    assert np.abs(shorter / values.astype(np.float32) - 1).max() <= 2.0**-9
    np.testing.assert_array_equal(rounded(shorter), shorter)


def test_training_learns_and_goes_on_where_it_stopped(tmp_path, stepping):
    from mocap_worker.training.lifter import train

    parts, said = cut([stepping]), []
    for minutes, workers in ((0.05, 0), (0.1, 1)):
        train(
            parts, minutes, tmp_path / "checkpoint.pt",
            workers=workers, width=64, blocks=1, batch=64, report=said.append,
        )  # fmt: skip
    first, last = said[0], said[-1]
    assert last.step > first.step > 0
    assert 0.05 <= first.minutes < last.minutes
    assert last.loss < first.loss < 6
    done = train(parts, 0.1, tmp_path / "checkpoint.pt", width=64, blocks=1, batch=64, report=said.append)
    assert said[-1] is last  # its minutes are spent
    assert all(np.isfinite(value).all() for value in done.arrays().values())


SMALL = {"width": 64, "blocks": 1, "batch": 64}


def test_a_loss_that_is_no_number_leaves_the_last_good_checkpoint(tmp_path, stepping):
    from mocap_worker.training.lifter import train
    from mocap_worker.training.recipe import TrainingError

    parts, checkpoint = cut([stepping]), tmp_path / "checkpoint.pt"
    train(parts, 0.002, checkpoint, **SMALL)
    good = checkpoint.read_bytes()
    with pytest.raises(TrainingError, match=r"the loss is .* holds the last good state"):
        train(parts, 0.1, checkpoint, rate=1e30, **SMALL)
    assert checkpoint.read_bytes() == good


def interrupted_at(step, monkeypatch):
    from mocap_worker.training import lifter

    follow, steps = lifter._follow, []

    def follow_and_stop(*arguments):
        follow(*arguments)
        steps.append(None)
        if len(steps) == step:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(lifter, "_follow", follow_and_stop)


def test_ctrl_c_keeps_every_step(tmp_path, stepping, monkeypatch):
    import torch

    from mocap_worker.training.lifter import train

    parts, checkpoint, said = cut([stepping]), tmp_path / "checkpoint.pt", []
    interrupted_at(3, monkeypatch)
    assert train(parts, 10, checkpoint, report=said.append, **SMALL) is None
    assert said[-1].step == torch.load(checkpoint, weights_only=True)["step"] == 3
    assert train(parts, said[-1].minutes, checkpoint, **SMALL) is not None  # goes on from there: nothing is left to do


def test_a_full_disk_leaves_the_last_checkpoint(tmp_path, stepping):
    from mocap_worker.training.lifter import train
    from mocap_worker.training.recipe import TrainingError

    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full to stand for a full disk")
    parts, checkpoint = cut([stepping]), tmp_path / "checkpoint.pt"
    for _ in range(2):  # before the first step, and after some
        kept = checkpoint.read_bytes() if checkpoint.exists() else None
        (tmp_path / "checkpoint.part").symlink_to(full)
        with pytest.raises(TrainingError, match=r"checkpoint\.pt cannot be written.*what was there is kept"):
            train(parts, 0.004, checkpoint, **SMALL)
        assert kept == (checkpoint.read_bytes() if checkpoint.exists() else None)
        assert not (tmp_path / "checkpoint.part").exists()
        train(parts, 0.002, checkpoint, **SMALL)


@pytest.mark.parametrize("damage", ["bytes", "names", "widths", "none"])
def test_a_checkpoint_that_cannot_be_gone_on_from_is_said(damage, tmp_path, stepping):
    import torch

    from mocap_worker.training.lifter import train
    from mocap_worker.training.recipe import TrainingError

    parts, checkpoint = cut([stepping]), tmp_path / "checkpoint.pt"
    train(parts, 0.002, checkpoint, **SMALL)
    whole = checkpoint.read_bytes()
    if damage == "bytes":
        checkpoint.write_bytes(whole[: len(whole) // 2])
    elif damage == "names":
        torch.save({"net": 5}, checkpoint)
    elif damage == "none":
        checkpoint.write_bytes(b"")
    before = checkpoint.read_bytes()
    with pytest.raises(TrainingError, match=r"checkpoint\.pt cannot be gone on from") as said:
        train(parts, 0.1, checkpoint, **SMALL | ({"width": 32} if damage == "widths" else {}))
    assert "\n" not in str(said.value) and checkpoint.read_bytes() == before


def test_weights_that_cannot_be_begun_with_are_said(tmp_path, stepping):
    from mocap_core.lift.network import LiftError
    from mocap_worker.training.lifter import train

    other = filled(width=96, inner=40, blocks=2).arrays(np.float32)
    np.savez(tmp_path / "widths.npz", **other)
    np.savez(tmp_path / "nan.npz", **other | {"w0": np.full_like(other["w0"], np.nan)})
    (tmp_path / "damaged.npz").write_bytes((tmp_path / "nan.npz").read_bytes()[:5000])
    (tmp_path / "empty.npz").write_bytes(b"")
    for name, widths, told in [
        ("widths", SMALL, "of other widths"),
        ("nan", {"width": 96, "inner": 40}, "no finite numbers"),
        ("damaged", SMALL, "damaged"),
        ("empty", SMALL, "empty"),
    ]:
        with pytest.raises(LiftError, match=told):
            train(cut([stepping]), 0.1, tmp_path / "checkpoint.pt", init=tmp_path / f"{name}.npz", **widths)
    assert not (tmp_path / "checkpoint.pt").exists()


@pytest.fixture
def command(tmp_path, stepping, monkeypatch):
    """`mocap train-lifter` on the clip of our own, and where it would install."""
    from typer.testing import CliRunner

    from mocap_core.lift import network
    from mocap_worker.cli import app
    from mocap_worker.training import motion

    shipped = tmp_path / "shipped.npz"
    shipped.write_bytes(b"those that ship")
    monkeypatch.setattr(network, "WEIGHTS", shipped)
    monkeypatch.setattr(motion, "load_clips", lambda part, path: [stepping])
    run = ["train-lifter", "--minutes", "0.01", "--workers", "0", "--install"]
    return lambda out: CliRunner().invoke(app, [*run, "--out", str(out)]), shipped


def test_weights_are_installed_once_they_are_measured(tmp_path, command, monkeypatch):
    from mocap_core.lift.network import LiftError
    from mocap_worker.bench import lift

    run, shipped = command
    out = tmp_path / "out"

    def failing(clips, weights):
        assert weights.is_file() and shipped.read_bytes() == b"those that ship"
        raise LiftError("nothing to measure")

    monkeypatch.setattr(lift, "measure_lift", failing)
    result = run(out)
    assert result.exit_code == 1 and "mocap train-lifter: nothing to measure" in result.output
    assert shipped.read_bytes() == b"those that ship"
    monkeypatch.setattr(lift, "measure_lift", lambda clips, weights: [{"name": "lift/true 2D/all", "deg": 1.0}])
    assert run(out).exit_code == 0
    assert shipped.read_bytes() == (out / "weights.npz").read_bytes() and Network(shipped)


def test_ctrl_c_and_a_place_that_is_no_folder_are_one_sentence(tmp_path, command, monkeypatch):
    run, shipped = command
    (tmp_path / "file").write_text("no folder")
    result = run(tmp_path / "file")
    assert result.exit_code == 1 and result.output.startswith("mocap train-lifter: ")
    assert "cannot be written" in result.output and result.output.count("\n") == 1
    interrupted_at(1, monkeypatch)
    result = run(tmp_path / "out")
    assert result.exit_code == 130 and f"goes on from {tmp_path / 'out' / 'checkpoint.pt'}" in result.output
    assert not (tmp_path / "out/weights.npz").exists() and shipped.read_bytes() == b"those that ship"


def test_another_process_makes_the_same_people(stepping):
    from mocap_worker.training.lifter import _Batches

    batches = _Batches(cut([stepping]), seed=5, batch=12)
    for made, own in zip(next(iter(batches.since(3, workers=1))), batches[3], strict=True):
        np.testing.assert_array_equal(made, own)


@pytest.mark.skipif(not MOTION.is_file(), reason=f"the motion clips are not at {MOTION}")
def test_the_command_trains_and_measures(tmp_path, monkeypatch):
    from typer.testing import CliRunner

    from mocap_worker.bench import lift, lift_shots
    from mocap_worker.cli import app
    from mocap_worker.training import motion

    test = load_clips("test/running_1", MOTION)
    monkeypatch.setattr(motion, "load_clips", lambda part, path: test if part == "test" else load_clips(part, path))
    monkeypatch.setattr(lift, "CONDITIONS", lift.CONDITIONS[:1])
    monkeypatch.setattr(lift_shots, "_LEAST", 1)
    before = WEIGHTS.read_bytes()
    run = ["train-lifter", "--minutes", "0.01", "--motion", str(MOTION), "--out", str(tmp_path)]
    result = CliRunner().invoke(app, run)
    assert result.exit_code == 0, result.output
    cases = {case["name"]: case for case in json.loads((tmp_path / "report.json").read_text())["cases"]}
    assert cases["lift/true 2D/running"]["bone_angle_deg"] > 0
    assert "true 2D" in result.output and (tmp_path / "weights.npz").is_file()
    assert WEIGHTS.read_bytes() == before


def test_a_length_that_is_no_number_trains_nothing(tmp_path):
    from mocap_worker.training.lifter import TrainingError, train

    with pytest.raises(TrainingError, match="minutes=nan is no length of time"):
        train(None, float("nan"), tmp_path / "checkpoint.pt", **SMALL)
    assert not list(tmp_path.iterdir())


def test_a_missing_motion_file_is_one_sentence(tmp_path):
    from typer.testing import CliRunner

    from mocap_worker.cli import app

    result = CliRunner().invoke(
        app, ["train-lifter", "--motion", str(tmp_path / "none.npz"), "--out", str(tmp_path)]
    )
    assert result.exit_code == 1
    assert "none.npz" in result.output and "Traceback" not in result.output
