"""What is keyed of a pose: by hand first, then on any rig against its own forward kinematics."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mocap_core.controls import Bends, Controls, Twist, limb_number
from mocap_core.rotation import angle_between, axis_angle, exp, from_matrix, from_rotvec, to_matrix, twist_rad, unit
from mocap_core.solve import forward
from mocap_core.solve.binding import bind

X, Y, Z = np.eye(3)
NOBODY = Bends.of(())


def controls_of(rig, **changes) -> Controls:
    """The rig's own bones as controls."""
    count = len(rig.bones)
    return replace(
        Controls(
            rig,
            row=np.arange(count),
            space=np.stack((rig.parents, np.full(count, -1)), axis=1),
            share=np.zeros(count),
            offset=np.repeat(np.eye(3)[None], count, axis=0),
            rest=rig.rest[:, :3, :3],
            head=rig.rest[:, :3, 3],
            axes=rig.rest[:, :3, :3],
            twists=(),
            swivels=NOBODY,
            trackers=np.empty((0, 3)),
            poles=NOBODY,
            pole_distances_m=np.empty(0),
        ),
        **changes,
    )


def posed(rig, **turns_deg):
    """Rotations (1, B, 4) of bones turned by rotation vectors in armature axes, against their parents."""
    rotations = np.zeros((1, len(rig.bones), 4))
    rotations[..., 0] = 1.0
    for bone, rotvec in turns_deg.items():
        rest = rig.rest[rig.index[bone], :3, :3]
        rotations[0, rig.index[bone]] = from_matrix(rest.T @ exp(np.radians(np.array(rotvec, float))) @ rest)
    return rotations


def only(controls, rig, bone, **changes):
    """The controls of one bone alone, changed so."""
    row = rig.index[bone]
    one = {name: getattr(controls, name)[[row]] for name in ("row", "space", "share", "offset", "rest", "head", "axes")}
    return replace(controls, **(one | {name: np.asarray(value) for name, value in changes.items()}))


STILL = np.zeros((1, 3))


@given(st.integers(0, 2**31))
@settings(max_examples=25, deadline=None)
def test_a_plain_rig_keys_the_solvers_own_rotations(humanoid, seed):
    random = np.random.default_rng(seed)
    rig = humanoid(random.uniform(0, 80), random.uniform(-3, 3, 40))
    rotations = from_rotvec(random.normal(size=(2, len(rig.bones), 3)))
    moved = random.normal(size=(2, 3))
    by_the_long_way = controls_of(rig)
    by_the_long_way.__dict__["_plain"] = False
    for controls in (controls_of(rig), by_the_long_way):
        turned, places = controls.basis(rotations, moved)
        assert angle_between(turned, rotations).max() < 1e-6
        assert np.allclose(places[:, rig.index["hips"]], moved)
        assert np.allclose(np.delete(places, rig.index["hips"], axis=1), 0, atol=1e-9)


def test_bone_axes_of_its_own_do_not_change_where_a_control_points(humanoid_rig):
    """The hand turned about x, keyed on a bone whose y points along the body's z: about that bone's own x."""
    rest = np.stack((X, Z, -Y), axis=1)
    one = only(controls_of(humanoid_rig), humanoid_rig, "leftHand", rest=[rest])
    turned, _ = one.basis(posed(humanoid_rig, leftHand=(30, 0, 0)), STILL)
    assert np.degrees(twist_rad(turned[0, 0], X)) == pytest.approx(30)


@pytest.mark.parametrize(("share", "left_deg"), [(0.0, 0), (0.25, 10), (1.0, 40)])
def test_a_space_between_two_bones_is_made_up_for(humanoid_rig, share, left_deg):
    """The head does not turn against the chest, which turns by 40°; its parents follow what stays by `share`."""
    chest = humanoid_rig.index["upperChest"]
    one = only(
        controls_of(humanoid_rig), humanoid_rig, "head", space=[(chest, -1)], share=[share], rest=[np.eye(3)]
    )
    turned, _ = one.basis(posed(humanoid_rig, upperChest=(0, 0, 40)), STILL)
    assert np.degrees(twist_rad(turned[0, 0], Z)) == pytest.approx(left_deg)


def test_what_others_gave_between_is_made_up_for(humanoid_rig):
    given = exp(np.radians([0, 0, 25.0]))
    one = only(controls_of(humanoid_rig), humanoid_rig, "head", offset=[given], rest=[np.eye(3)])
    turned, _ = one.basis(posed(humanoid_rig), STILL)
    assert np.degrees(twist_rad(turned[0, 0], Z)) == pytest.approx(-25)


def test_a_control_at_the_wrist_moves_with_the_hand(humanoid_rig):
    """The arm, straight along x at 1.39 m and 0.52 m long, is raised by 90°: the wrist is above the shoulder."""
    axes = np.stack((Y, Z, X), axis=1)
    one = only(controls_of(humanoid_rig), humanoid_rig, "leftHand", space=[(-1, -1)], axes=[axes])
    turned, places = one.basis(posed(humanoid_rig, leftUpperArm=(0, -90, 0)), STILL)
    assert np.allclose(axes @ places[0, 0], (-0.52, 0, 0.52), atol=1e-9)
    rest = humanoid_rig.rest[humanoid_rig.index["leftHand"], :3, :3]
    assert np.allclose(rest @ to_matrix(turned[0, 0]) @ rest.T, exp(np.radians([0, -90.0, 0])))


def test_a_space_that_moves_carries_a_control_along(humanoid_rig):
    """Hung from the chest, the wrist's control stays where it is when the chest turns and the arm with it."""
    one = only(controls_of(humanoid_rig), humanoid_rig, "leftHand", space=[(humanoid_rig.index["upperChest"], -1)])
    turned, places = one.basis(posed(humanoid_rig, upperChest=(0, 0, 50), hips=(20, 0, 0)), np.ones((1, 3)))
    assert np.allclose(places, 0, atol=1e-9) and angle_between(turned, np.array([1.0, 0, 0, 0])).max() < 1e-6


@pytest.mark.parametrize(("place", "kept_deg"), [(0.0, 0), (0.5, 40), (1.0, 80)])
def test_twist_of_an_upper_segment_grows_towards_its_end(humanoid_rig, place, kept_deg):
    index = humanoid_rig.index
    twist = Twist(index["leftUpperArm"], index["leftShoulder"], X, place, upper=True)
    one = only(
        controls_of(humanoid_rig), humanoid_rig, "leftUpperArm",
        row=[len(humanoid_rig.bones)], space=[(-1, -1)], rest=[np.eye(3)],
    )  # fmt: skip
    turned, _ = replace(one, twists=(twist,)).basis(posed(humanoid_rig, leftUpperArm=(80, 0, 0)), STILL)
    assert np.degrees(twist_rad(turned[0, 0], X)) == pytest.approx(kept_deg)


@pytest.mark.parametrize(("place", "given_deg"), [(0.0, 0), (0.5, -30), (1.0, -60)])
def test_twist_of_a_hand_grows_along_the_lower_arm(humanoid_rig, place, given_deg):
    index = humanoid_rig.index
    twist = Twist(index["leftLowerArm"], index["leftHand"], X, place, upper=False)
    one = only(
        controls_of(humanoid_rig), humanoid_rig, "leftLowerArm",
        row=[len(humanoid_rig.bones)], space=[(-1, -1)], rest=[np.eye(3)],
    )  # fmt: skip
    turned, _ = replace(one, twists=(twist,)).basis(posed(humanoid_rig, leftHand=(-60, 0, 0)), STILL)
    assert np.degrees(twist_rad(turned[0, 0], X)) == pytest.approx(given_deg)


def test_twist_in_pieces_leaves_what_hangs_from_them_where_it_is(humanoid_rig):
    """The upper arm in two pieces, the lower hanging from the second one: it turns as it would from the whole."""
    rig, index = humanoid_rig, humanoid_rig.index
    pieces = [Twist(index["leftUpperArm"], index["leftShoulder"], X, place, True) for place in (0.0, 0.5)]
    count, lower = len(rig.bones), index["leftLowerArm"]
    one = only(controls_of(rig), rig, "leftLowerArm", space=[(count + 1, -1)])
    rotations = posed(rig, leftUpperArm=(70, -20, 10), leftLowerArm=(0, 0, 50))
    turned, _ = replace(one, twists=tuple(pieces)).basis(rotations, STILL)
    matrices = forward(rig, rotations, STILL)
    second = matrices[0, index["leftUpperArm"], :3, :3] @ rig.rest[index["leftUpperArm"], :3, :3].T
    swing = exp(X * -0.5 * twist_rad(from_matrix(second), X))
    rest = rig.rest[lower, :3, :3]
    assert np.allclose(second @ swing @ rest @ to_matrix(turned[0, 0]), matrices[0, lower, :3, :3], atol=1e-9)


def limb_of(rig, part, control):
    lower, end = part.replace("Upper", "Lower"), part[: -len("UpperArm")] + ("Hand" if "Arm" in part else "Foot")
    return Bends.of([(control, limb_number(part), rig.index[part], rig.index[lower], rig.index[end])])


@pytest.mark.parametrize("turned_deg", [-150, -40, 0, 25, 90, 170])
def test_a_swivel_turns_as_the_limb_does_about_its_line(humanoid, turned_deg):
    """A leg that is straight but for its hinge, turned about its own line: the base turns by as much."""
    rig = humanoid(30.0)
    rest = np.stack((X, -Z, Y), axis=1)
    part = "leftUpperLeg"
    one = only(controls_of(rig), rig, part, rest=[rest], space=[(-1, -1)])
    one = replace(one, swivels=limb_of(rig, part, 0), trackers=rest[None, :, 1])
    down = rig.head("leftFoot") - rig.head(part)
    rotations = posed(rig, **{part: unit(down) * turned_deg})
    turned, _ = one.basis(rotations, STILL)
    hinge = bind(rig).hinge[limb_number(part)]
    before = np.degrees(np.arctan2(np.cross(rest[:, 0], hinge) @ -Z, rest[:, 0] @ hinge))
    off = np.degrees(twist_rad(turned[0, 0], Y)) - turned_deg - before
    assert abs((off + 90) % 180 - 90) < 3


@given(st.integers(0, 2**31))
@settings(max_examples=25, deadline=None)
def test_a_pole_lies_where_the_elbow_points(humanoid, seed):
    random = np.random.default_rng(seed)
    rig = humanoid(random.uniform(0, 80), random.uniform(-3, 3, 40))
    part = random.choice(["leftUpperArm", "rightUpperArm", "leftUpperLeg", "rightUpperLeg"])
    one = only(controls_of(rig), rig, part, space=[(-1, -1)], head=np.zeros((1, 3)), axes=[np.eye(3)])
    one = replace(one, poles=limb_of(rig, part, 0), pole_distances_m=np.array([0.5]))
    rotations = from_rotvec(random.normal(size=(1, len(rig.bones), 3)) * 0.3)
    lower = rig.index[part.replace("Upper", "Lower")]
    bend = bind(rig).hinge[limb_number(part)] * np.radians(random.uniform(40, 100))
    rest = rig.rest[lower, :3, :3]
    rotations[0, lower] = from_matrix(rest.T @ exp(bend) @ rest)
    _, places = one.basis(rotations, STILL)
    heads = forward(rig, rotations, STILL)[0, :, :3, 3]
    bends = one.poles
    start, elbow, end = (heads[row[0]] for row in (bends.upper, bends.lower, bends.end))
    middle = (start + end) / 2
    aside = elbow - middle - unit(end - start) * ((elbow - middle) @ unit(end - start))
    assert unit(places[0, 0] - middle) @ unit(aside) > np.cos(np.radians(1))
    assert np.linalg.norm(places[0, 0] - middle) == pytest.approx(0.5)


@pytest.mark.parametrize("part", ["leftUpperArm", "rightUpperLeg"])
def test_a_plane_far_from_the_hinge_twists_the_limb_by_little_and_never_at_once(humanoid_rig, part):
    """A limb bent by 40°, this way and that, about its upper segment whose hinge stays."""
    rig = humanoid_rig
    one = only(controls_of(rig), rig, part, space=[(-1, -1)], head=np.zeros((1, 3)), axes=[np.eye(3)])
    one = replace(one, poles=limb_of(rig, part, 0), pole_distances_m=np.array([0.5]))
    b, number = bind(rig), limb_number(part)
    lower = rig.index[part.replace("Upper", "Lower")]
    rest = rig.rest[lower, :3, :3]
    aside_deg = []
    for around_deg in range(0, 365, 5):
        axis = exp(b.upper[number] * np.radians(around_deg)) @ b.hinge[number]
        rotations = posed(rig)
        rotations[0, lower] = from_matrix(rest.T @ exp(axis * np.radians(40)) @ rest)
        _, places = one.basis(rotations, STILL)
        heads = forward(rig, rotations, STILL)[0, :, :3, 3]
        start, end = heads[one.poles.upper[0]], heads[one.poles.end[0]]
        along = unit(end - start)
        hinge = unit(b.hinge[number] - along * (b.hinge[number] @ along))
        normal = unit(np.cross(places[0, 0] - (start + end) / 2, along))
        aside_deg.append(np.degrees(np.arctan2(np.cross(hinge, normal) @ along, hinge @ normal)))
    assert 15 < max(map(abs, aside_deg)) < 20.1
    assert np.abs(np.diff(aside_deg)).max() < 8


@given(st.integers(0, 2**31))
@settings(max_examples=50, deadline=None)
def test_axis_and_angle_are_the_same_turns_without_jumps(seed):
    random = np.random.default_rng(seed)
    rotvecs = np.cumsum(random.normal(size=(60, 3)) * 0.1, axis=0)
    found = axis_angle(from_rotvec(rotvecs))
    assert angle_between(from_rotvec(found[:, :1] * found[:, 1:]), from_rotvec(rotvecs)).max() < 1e-6
    assert np.allclose(np.linalg.norm(found[:, 1:], axis=1), 1)
    assert (np.sum(found[1:, 1:] * found[:-1, 1:], axis=1) >= 0).all()


def test_no_turn_keeps_the_axis_of_before():
    turned = from_rotvec(np.array([[0, 0, 0], [0, 0, 0.5], [0, 0, 0], [0, 0, -0.5]], float))
    assert np.allclose(axis_angle(turned)[1:], [(0.5, 0, 0, 1), (0, 0, 0, 1), (-0.5, 0, 0, 1)])
    assert np.isfinite(axis_angle(turned)).all()
