"""Chains that follow a target: poses worked out by hand, then what must hold for any solver, then bad jobs."""

import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mocap_core.rotation import to_matrix
from mocap_worker.bench.solvers import chain, moving
from mocap_worker.chains.chain import Chain, euler, matrices
from mocap_worker.chains.follow import SOLVERS, analytic, follow, rotations
from mocap_worker.chains.job import FORMAT, JobError, read, solve

WIDE = np.radians([170.0, 0.0, 170.0])


def test_a_chain_at_rest_ends_where_its_bones_do():
    made = chain(np.array([0.3, 0.2, 0.1]), WIDE)
    np.testing.assert_allclose(made.reach(np.zeros((3, 3))), [0, 0.6, 0], atol=1e-12)
    assert made.lengths_m.tolist() == pytest.approx([0.3, 0.2, 0.1])


def test_a_quarter_turn_about_z_bends_towards_minus_x():
    made = chain(np.array([0.3, 0.2]), WIDE)
    np.testing.assert_allclose(made.reach(np.array([[0, 0, 0], [0, 0, np.pi / 2]])), [-0.2, 0.3, 0], atol=1e-12)


def test_angles_are_turned_x_first_as_blender_does():
    quarter = np.pi / 2
    # y is turned about x to z, and about z stays there; z is turned about x to −y, and about z to x.
    turned = matrices(np.array([quarter, 0, quarter]))
    np.testing.assert_allclose(turned, [[0, 0, 1], [1, 0, 0], [0, 1, 0]], atol=1e-12)


@given(st.lists(st.floats(-3, 3), min_size=3, max_size=3))
def test_euler_angles_come_back_next_to_what_they_were(angles):
    angles = np.array(angles)
    back = euler(matrices(angles), angles + 0.01)
    np.testing.assert_allclose(matrices(back), matrices(angles), atol=1e-9)
    if abs(np.cos(angles[1])) > 0.1:
        np.testing.assert_allclose(back, angles, atol=1e-6)


def test_the_jacobian_is_the_slope_of_where_the_tip_is():
    made = bent_chain()
    angles = np.random.default_rng(0).normal(0, 0.5, (4, 3))
    tip, jacobian = made.jacobian(angles)
    np.testing.assert_allclose(tip, made.reach(angles), atol=1e-12)
    for row in range(4):
        for axis in range(3):
            step = np.zeros((4, 3))
            step[row, axis] = 1e-6
            slope = (made.reach(angles + step) - made.reach(angles - step)) / 2e-6
            np.testing.assert_allclose(jacobian[:, row, axis], slope, atol=1e-7)


def bent_chain():
    """Four bones, each at rest turned and moved from the one before, and free to twist."""
    random = np.random.default_rng(1)
    offsets = np.repeat(np.eye(4)[None], 4, axis=0)
    offsets[1:, :3, :3] = matrices(random.normal(0, 0.4, (3, 3)))
    offsets[1:, :3, 3] = [0.02, 0.2, -0.01]
    limits = np.tile(np.radians([-120.0, 120.0]), (4, 3, 1))
    return Chain(offsets, np.array([0.0, 0.15, 0.03]), limits, np.ones((4, 3), bool))


@pytest.mark.parametrize("name", SOLVERS)
def test_two_bones_reach_what_the_law_of_cosines_says(name):
    made = chain(np.array([0.3, 0.4]), WIDE)
    # A right angle at the elbow: 0.3² + 0.4² = 0.5².
    seed = np.array([[0.0, 0, 0.2], [0, 0, -0.4]])
    angles = SOLVERS[name](made, np.array([0.3, 0.4, 0.0]), seed, 5.0)
    np.testing.assert_allclose(made.reach(angles), [0.3, 0.4, 0], atol=1e-4)
    elbow = made.frames(angles)[1, :3, 3]
    assert np.dot(elbow, np.array([0.3, 0.4, 0]) - elbow) == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize("name", SOLVERS)
@pytest.mark.parametrize("made", [chain(np.full(5, 0.1), WIDE), bent_chain()], ids=["straight", "bent"])
def test_every_solver_reaches_what_is_in_reach(name, made):
    random = np.random.default_rng(2)
    for _ in range(8):
        posed = made.within(random.normal(0, 0.5, (len(made), 3)) * made.free)
        target = made.reach(made.within(posed + random.normal(0, 0.15, posed.shape) * made.free))
        angles = SOLVERS[name](made, target, posed, 5.0)
        assert np.linalg.norm(made.reach(angles) - target) < 2e-3


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), name=st.sampled_from(["ikpy", "damped"]), most_deg=st.floats(5, 170))
def test_joints_stay_within_their_limits_wherever_the_target_is(seed, name, most_deg):
    random = np.random.default_rng(seed)
    made = chain(np.full(4, 0.1), np.radians([most_deg, 0.0, most_deg]))
    targets = random.normal(0, 0.4, (3, 3))
    angles = follow(made, targets, random.normal(0, 0.3, (3, 4, 3)), SOLVERS[name], 0.02)
    assert np.isfinite(angles).all()
    assert np.degrees(np.abs(angles[..., (0, 2)])).max() <= most_deg + 1e-6
    assert np.abs(angles[..., 1]).max() == 0


@pytest.mark.parametrize("name", SOLVERS)
def test_a_chain_follows_a_moving_target_without_jumps(name):
    made = chain(np.full(6, 0.1), np.radians([120.0, 0.0, 120.0]))
    targets = moving(np.array([0.0, 0.36, 0.0]), 0.12)[:25]
    angles = follow(made, targets, np.zeros((25, 6, 3)), SOLVERS[name], budget_s=5.0)
    missed = [np.linalg.norm(made.reach(row) - target) for row, target in zip(angles, targets, strict=True)]
    assert max(missed) < 5e-3
    if name != "closed form":  # which turns bones about themselves to bend in one place
        assert np.degrees(np.abs(np.diff(angles, axis=0))).max() < 15
    quaternions = rotations(angles)
    np.testing.assert_allclose(to_matrix(quaternions), matrices(angles), atol=1e-9)
    assert (np.sum(quaternions[1:] * quaternions[:-1], axis=-1) > 0).all()


def test_what_the_pose_does_anyway_is_carried_on():
    made = chain(np.full(3, 0.2), WIDE)
    posed = np.zeros((20, 3, 3))
    posed[:, :, 0] = np.linspace(0, 0.8, 20)[:, None]
    targets = np.array([made.reach(row) for row in posed])
    angles = follow(made, targets, posed, SOLVERS["damped"])
    np.testing.assert_allclose(angles, posed, atol=1e-3)


def test_a_target_that_is_too_far_away_is_pointed_at():
    made = chain(np.full(4, 0.1), WIDE)
    for name in ("ikpy", "damped", "closed form"):
        target = np.array([1.0, 1.0, 0.0])
        tip = made.reach(SOLVERS[name](made, target, analytic(made, target, np.zeros((4, 3))), 5.0))
        assert np.dot(tip, [1, 1, 0]) / np.sqrt(2) > 0.39


def job(**changed):
    made = chain(np.full(3, 0.1), WIDE)
    targets = moving(np.array([0.0, 0.2, 0.0]), 0.05)[:5]
    told = {"name": "tail", "solver": "damped", "offsets": made.offsets, "tip": made.tip, "limits": made.limits}
    told |= {"free": made.free, "posed": np.zeros((5, 3, 3)), "targets": targets, "budget_ms": 5000} | changed
    told = {key: value.tolist() if isinstance(value, np.ndarray) else value for key, value in told.items()}
    return {"format": FORMAT, "version": 1, "chains": [told]}


def test_the_command_solves_a_job_and_says_how_far_it_is(tmp_path):
    (tmp_path / "job.json").write_text(json.dumps(job(solver="ikpy")), "utf-8")
    command = [sys.executable, "-m", "mocap_worker", "solve-chains", "job.json", "-o", "ä result.json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert [float(line) for line in done.stdout.split()][-1] == 1.0
    (tail,) = json.loads((tmp_path / "ä result.json").read_text("utf-8"))["chains"]
    assert np.shape(tail["rotations"]) == (5, 3, 4) and max(tail["missed_m"]) < 1e-3
    assert np.allclose(np.linalg.norm(tail["rotations"], axis=-1), 1, atol=1e-5)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\xff", "not JSON"),
        (b"[]", "its “format”"),
        (b'{"format": "mocap chains", "version": 9}', "another version"),
        (b'{"format": "mocap chains", "version": 1}', "names no chains"),
        (job(solver="magic"), "asks for the solver 'magic'"),
        (job(tip=[0, None, 0]), "no sound tip"),
        (job(targets=[[0, 0]] * 5), "no sound targets"),
        (job(limits=np.tile([1.0, -1.0], (3, 3, 1))), "limits or a time budget"),
        (job(offsets=np.zeros((3, 4, 4)), tip=np.zeros(3)), "no length"),
        (job(posed="x"), "not whole"),
    ],
)
def test_a_job_that_cannot_be_solved_is_told_in_a_sentence(tmp_path, content, told):
    path = tmp_path / "job.json"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    with pytest.raises(JobError, match=told):
        solve(read(path), lambda share: None)
