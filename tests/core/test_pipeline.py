"""Packets to poses: true motion through a virtual camera, what must not change, and senders of every kind."""

from dataclasses import replace

import numpy as np
import pytest
from acting import ANKLES, FPS, HIPS, camera, joints_of, run_live, run_take, to_packets
from hypothesis import given, settings
from hypothesis import strategies as st

from mocap_core.level import WORLD_FROM_CAMERA
from mocap_core.lift import ASSUMED_FOCAL
from mocap_core.pipeline import Settings, Stand, State, step
from mocap_core.protocol import PosePacket
from mocap_core.rotation import angle_between, dot, exp, unit
from mocap_core.skeleton import ARM_LIMBS, BODY_INDEX, LEG_LIMBS, LIMBS
from mocap_core.solve import body_joints, forward


def limb_directions(joints):
    return unit(np.stack([joints[..., tail, :] - joints[..., head, :] for _, head, tail in LIMBS], axis=-2))


def angle_deg(a, b):
    return np.degrees(np.arctan2(np.linalg.norm(np.cross(a, b), axis=-1), dot(a, b)))


def test_first_pose_stands_at_rest_height_facing_forwards(humanoid_rig, standing):
    _, poses = run_live(humanoid_rig, Settings(), to_packets(standing, camera(70)))
    bones = forward(humanoid_rig, poses[0].rotations, poses[0].hips_location)
    np.testing.assert_allclose(bones[humanoid_rig.index["hips"], :3, 3], humanoid_rig.head("hips"), atol=0.03)
    joints = body_joints(humanoid_rig, bones)
    np.testing.assert_allclose(joints[ANKLES, 2], 0.08, atol=0.02)
    across = joints[HIPS[0]] - joints[HIPS[1]]
    assert across[0] > 0.15 and abs(across[1]) < 0.01


def test_stand_moves_and_turns_the_character(humanoid_rig, standing):
    stand = Stand((1.0, 2.0, 0.5), np.pi / 2)
    packets = to_packets(standing, camera(-40))
    _, poses = run_live(humanoid_rig, Settings(), packets, State.initial(stand))
    take, _ = run_take(humanoid_rig, Settings(), packets, np.arange(60) / FPS, stand)
    for rotations, location in (
        (poses[0].rotations, poses[0].hips_location),
        (take.rotations[0], take.hips_location[0]),
    ):
        joints = body_joints(humanoid_rig, forward(humanoid_rig, rotations, location))
        np.testing.assert_allclose(joints[HIPS].mean(axis=0), [1.0, 2.0, 1.4], atol=0.05)
        across = unit(joints[HIPS[0]] - joints[HIPS[1]])
        np.testing.assert_allclose(across, [0, 1, 0], atol=0.05)


def test_level_off_and_unmirrored_is_x_z_minus_y_but_for_the_heading(humanoid_rig, standing):
    _, poses = run_live(humanoid_rig, Settings(level="OFF"), to_packets(standing, camera(0, 0)))
    np.testing.assert_allclose(poses[0].world_from_camera, WORLD_FROM_CAMERA, atol=1e-6)


def test_mirror_swaps_the_sides(humanoid_rig, standing):
    raised = standing.copy()
    shoulder = raised[:, BODY_INDEX["left_shoulder"]]
    for name, height in (("left_elbow", 0.27), ("left_wrist", 0.52), ("left_hand", 0.61)):
        raised[:, BODY_INDEX[name]] = shoulder + np.array([0, 0, height])
    for mirror, up in ((False, "left_wrist"), (True, "right_wrist")):
        _, poses = run_live(humanoid_rig, Settings(mirror=mirror), to_packets(raised, camera(0, 0)))
        joints = joints_of(humanoid_rig, poses[-1:])[0]
        other = "right_wrist" if up == "left_wrist" else "left_wrist"
        assert joints[BODY_INDEX[up], 2] > 1.7 > 1.5 > joints[BODY_INDEX[other], 2]


def test_turning_the_camera_changes_nothing(humanoid_rig, cmu):
    joints, _ = cmu("test/jumping_1")
    results = []
    for yaw in (0, 75):
        take, _ = run_take(
            humanoid_rig, Settings(), to_packets(joints[:120:2], camera(yaw, 0)), np.arange(60) / FPS
        )
        results.append(take)
    np.testing.assert_allclose(results[0].hips_location, results[1].hips_location, atol=0.06)  # depth is damped
    assert np.degrees(angle_between(results[0].rotations, results[1].rotations)).max() < 2.0


def test_step_is_pure(humanoid_rig, standing):
    random = np.random.default_rng(0)
    noisy = standing + random.normal(0, 0.02, standing.shape)
    packets = to_packets(noisy, camera())
    state, _ = run_live(humanoid_rig, Settings(), packets[:30])
    kept = [
        a.copy() for a in (state.track.position, state.track.noise, state.pose.rotations, state.ankles)
    ]
    given = packets[30].joints_3d.copy()
    first_state, first = step(humanoid_rig, Settings(), state, packets[30])
    run_live(humanoid_rig, Settings(), packets[31:], first_state)
    _, again = step(humanoid_rig, Settings(), state, packets[30])
    np.testing.assert_array_equal(first.rotations, again.rotations)
    np.testing.assert_array_equal(first.hips_location, again.hips_location)
    for now, before in zip(
        (state.track.position, state.track.noise, state.pose.rotations, state.ankles), kept, strict=True
    ):
        np.testing.assert_array_equal(now, before)
    np.testing.assert_array_equal(packets[30].joints_3d, given)


def test_lifting_is_pure_too(humanoid_rig):
    packets = [five_fields(person_2d(i / 5), i / FPS) for i in range(12)]
    state, _ = run_live(humanoid_rig, Settings(), packets[:8])
    following, first = step(humanoid_rig, Settings(), state, packets[8])
    run_live(humanoid_rig, Settings(), packets[9:], following)
    _, again = step(humanoid_rig, Settings(), state, packets[8])
    np.testing.assert_array_equal(first.rotations, again.rotations)


def person_2d(phase=0.0):
    """(17, 2) px of somebody who stands in a picture of 640×480 and waves an arm."""
    wave = 30 * np.sin(phase)
    x = [320, 326, 314, 334, 306, 350, 290, 370, 270, 375, 265, 338, 302, 340, 300, 341, 299]
    y = [100, 94, 94, 98, 98, 140, 140, 190, 190 - wave, 240, 240 - 2 * wave, 240, 240, 320, 320, 400, 400]
    return np.stack((x, y), axis=-1).astype(float)


def five_fields(keypoints, time_s):
    return PosePacket(keypoints, np.full(17, 0.9), None, time_s, {"frame_size": [640, 480]})


def test_packets_with_just_five_fields_drive_the_rig(humanoid_rig):
    _, poses = run_live(humanoid_rig, Settings(), [five_fields(person_2d(), i / FPS) for i in range(30)])
    joints = joints_of(humanoid_rig, poses[-1:])[0]
    middle = joints[[5, 6]].mean(axis=0) - joints[HIPS].mean(axis=0)
    assert angle_deg(middle, np.array([0.0, 0, 1])) < 15
    assert joints[ANKLES, 2].max() < 0.3


def test_nobody_seen_yet_gives_no_pose(humanoid_rig):
    empty = PosePacket(np.full((17, 2), np.nan), np.zeros(17), None, 0.0, {})
    state, pose = step(humanoid_rig, Settings(), State.initial(), empty)
    assert pose is None
    weak = PosePacket(person_2d(), np.full(17, 0.1), None, 0.1, {})
    assert step(humanoid_rig, Settings(), state, weak)[1] is None


def test_an_empty_frame_holds_the_pose(humanoid_rig, standing):
    packets = to_packets(standing, camera())
    state, poses = run_live(humanoid_rig, Settings(), packets[:20])
    empty = PosePacket(np.full((17, 2), np.nan), np.zeros(17), None, 20 / FPS, packets[0].meta)
    _, held = step(humanoid_rig, Settings(), state, empty)
    np.testing.assert_array_equal(held.rotations, poses[-1].rotations)
    assert held.time_s == 20 / FPS


def test_late_and_repeated_packets_hold_the_pose(humanoid_rig, standing):
    packets = to_packets(standing, camera())
    state, poses = run_live(humanoid_rig, Settings(), packets[:20])
    for late in (packets[19], packets[10]):
        after, held = step(humanoid_rig, Settings(), state, late)
        assert after is state
        np.testing.assert_array_equal(held.rotations, poses[-1].rotations)


@pytest.mark.parametrize("restart", ["pause", "clock set back", "new session"])
def test_a_restarted_source_eases_over(humanoid_rig, standing, restart):
    first = to_packets(standing, camera(), start_s=100.0)
    moved = standing.copy()
    wrist, elbow = BODY_INDEX["left_wrist"], BODY_INDEX["left_elbow"]
    moved[:, elbow] = moved[:, BODY_INDEX["left_shoulder"]] - [0, 0, 0.27]
    moved[:, wrist] = moved[:, elbow] - [0, 0, 0.25]
    start = {"pause": 110.0, "clock set back": 0.0, "new session": 102.1}[restart]
    second = to_packets(moved, camera(), start_s=start, session="b" if restart == "new session" else "a")
    state, before = run_live(humanoid_rig, Settings(), first)
    _, after = run_live(humanoid_rig, Settings(), second, state)
    rotations = np.stack([p.rotations for p in before[-1:] + after])
    assert np.degrees(angle_between(rotations[:-1], rotations[1:])).max() < 15
    arm = joints_of(humanoid_rig, after[-1:])[0]
    assert angle_deg(arm[elbow] - arm[BODY_INDEX["left_shoulder"]], np.array([0.0, 0, -1])) < 3
    place = joints_of(humanoid_rig, after)[:, HIPS].mean(axis=1)
    assert np.linalg.norm(np.diff(place, axis=0), axis=-1).max() < 0.05


def test_a_limb_out_of_sight_holds_and_comes_back_without_a_snap(humanoid_rig, standing):
    moving = standing.copy()
    shoulder, elbow, wrist = (BODY_INDEX[f"right_{name}"] for name in ("shoulder", "elbow", "wrist"))
    moving[30:, elbow] = moving[30:, shoulder] - [0, 0, 0.27]
    moving[30:, wrist] = moving[30:, elbow] - [0, 0, 0.25]
    packets = to_packets(moving, camera())
    hidden = []
    for i, p in enumerate(packets):
        joints, scores = p.joints_3d.copy(), p.scores.copy()
        if 15 <= i < 30:
            joints[[elbow, wrist]], scores[[elbow, wrist]] = np.nan, 0.0
        hidden.append(PosePacket(p.keypoints, scores, joints, p.timestamp, p.meta))
    _, poses = run_live(humanoid_rig, Settings(), hidden)
    rotations = np.stack([p.rotations for p in poses])
    assert np.degrees(angle_between(rotations[:-1], rotations[1:])).max() < 15
    held = joints_of(humanoid_rig, poses[15:30])
    assert angle_deg(held[:, elbow] - held[:, shoulder], np.array([-1.0, 0, 0])).max() < 6
    back = joints_of(humanoid_rig, poses[-1:])[0]
    assert angle_deg(back[elbow] - back[shoulder], np.array([0.0, 0, -1])) < 3


def test_root_travel_is_scaled_to_the_rig(humanoid):
    actor, rig = humanoid(), humanoid(scale=0.5)
    joints = np.repeat(body_joints(actor, actor.rest)[None], 60, axis=0)
    walked = joints + np.linspace(0, 1, 60)[:, None, None] * [0.6, 0, 0]
    take, _ = run_take(rig, Settings(contact=False), to_packets(walked, camera(0, 0)), np.arange(60) / FPS)
    hips = body_joints(rig, forward(rig, take.rotations, take.hips_location))[:, HIPS].mean(axis=1)
    np.testing.assert_allclose(hips[-1] - hips[0], [0.3, 0, 0], atol=0.02)


def test_without_a_root_the_character_stays_in_place_on_the_floor(humanoid_rig, cmu):
    joints, _ = cmu("test/walking_1")
    packets = to_packets(joints[::2], camera(), root=False)
    _, poses = run_live(humanoid_rig, Settings(), packets)
    placed = joints_of(humanoid_rig, poses)
    assert np.abs(placed[:, HIPS, :2].mean(axis=1)).max() < 0.25
    assert np.abs(placed[:, ANKLES, 2].min(axis=1) - 0.08).max() < 0.06


@pytest.mark.parametrize("clip", ["test/jumping_1", "test/washwindow_1"])
def test_true_motion_is_followed(humanoid_rig, cmu, clip, capsys):
    joints, _ = cmu(clip)
    joints = joints[::2]
    eye = camera()
    packets = to_packets(joints, eye)
    _, poses = run_live(humanoid_rig, Settings(), packets)
    take, progress = run_take(humanoid_rig, Settings(), packets, np.arange(len(joints)) / FPS)
    true = limb_directions(joints)
    live_true = np.stack([t @ (p.world_from_camera @ eye).T for t, p in zip(true, poses, strict=True)])
    live = angle_deg(limb_directions(joints_of(humanoid_rig, poses)), live_true)
    final_joints = body_joints(humanoid_rig, forward(humanoid_rig, take.rotations, take.hips_location))
    final = angle_deg(limb_directions(final_joints), true @ (take.world_from_camera @ eye).T)
    with capsys.disabled():
        for name, error in (("live", live), ("take", final)):
            arm, leg = error[:, ARM_LIMBS].mean(), error[:, LEG_LIMBS].mean()
            print(f"\n{clip} {name}: true_3d_deg {error.mean():.2f} (arm {arm:.2f}, leg {leg:.2f})", end="")
    assert live.mean() < 3 and final.mean() < 2
    assert np.degrees(np.arccos((take.world_from_camera @ eye)[2, 2])) < 8
    assert progress == sorted(progress) and 0 <= progress[0] and progress[-1] <= 1
    dots = dot(take.rotations[:-1], take.rotations[1:])
    assert (dots > 0).all()


def test_a_jump_leaves_the_floor(humanoid_rig, cmu):
    joints, _ = cmu("test/jumping_1")
    joints = joints[::2]
    packets = to_packets(joints, camera())
    _, poses = run_live(humanoid_rig, Settings(), packets)
    take, _ = run_take(humanoid_rig, Settings(), packets, np.arange(len(joints)) / FPS)
    final = body_joints(humanoid_rig, forward(humanoid_rig, take.rotations, take.hips_location))
    scale = 0.82 / (np.linalg.norm(np.diff(joints[0, [11, 13, 15]], axis=0), axis=-1).sum())
    true = np.ptp(joints[:, HIPS, 2].mean(axis=1)) * scale
    for solved in (joints_of(humanoid_rig, poses), final):
        apex = solved[:, HIPS, 2].mean(axis=1)
        assert np.ptp(apex) > 0.8 * true
        assert solved[:, ANKLES, 2].min(axis=1).max() > 0.2


def test_a_jump_towards_a_camera_that_looks_down_rises(humanoid_rig, standing):
    flight = np.linspace(0, 1, 16)[:, None, None]
    joints = np.concatenate([standing, standing[:16] + flight * [0, -1.2, 0] + 4 * flight * (1 - flight) * [0, 0, 0.3]])
    joints = np.concatenate([joints, standing + np.array([0, -1.2, 0])])
    packets = to_packets(joints, camera(0, 15))
    _, poses = run_live(humanoid_rig, Settings(), packets)
    take, _ = run_take(humanoid_rig, Settings(), packets, np.arange(len(joints)) / FPS)
    final = body_joints(humanoid_rig, forward(humanoid_rig, take.rotations, take.hips_location))
    for solved in (joints_of(humanoid_rig, poses), final):
        apex = np.ptp(solved[:, HIPS, 2].mean(axis=1))
        assert 0.8 * 0.3 < apex < 1.1 * 0.3


@pytest.mark.parametrize("lifted_by", ["the add-on", "the sender"])
def test_nobody_leaps_where_a_guess_of_depth_was_wrong(humanoid_rig, standing, lifted_by):
    """Somebody who seems to be nearer from one frame to the next: keypoints alone, or lifted as a worker does."""
    focal_px, size = ASSUMED_FOCAL * 640, [640, 480]
    packets = []
    for i in range(90):
        place = standing[0, :17] @ camera(0, 0).T + [0, 0.9, 5.0 if i < 45 else 4.2]
        keypoints = place[:, :2] / place[:, 2:] * focal_px + [320, 240]
        joints, meta = None, {"v": 1, "session": "a", "size": size}
        if lifted_by == "the sender":
            root = place[11:13].mean(axis=0)
            joints, meta = place - root, meta | {"units": "m", "root": root.tolist()}
        packets.append(PosePacket(keypoints, np.ones(17), joints, i / FPS, meta))
    _, poses = run_live(humanoid_rig, Settings(level="OFF"), packets)
    hips = joints_of(humanoid_rig, poses)[:, HIPS].mean(axis=1)
    assert np.linalg.norm(hips[-1] - hips[40]) > 0.4
    assert np.linalg.norm(np.diff(hips, axis=0), axis=1).max() < 0.2


def test_a_low_step_towards_the_camera_is_followed(humanoid_rig, standing):
    """The picture hides how fast such a foot is; a sender that measured it does not."""
    leg = [BODY_INDEX[f"left_{joint}"] for joint in ("knee", "ankle", "toe")]
    joints = standing.copy()
    hip = joints[:, [BODY_INDEX["left_hip"]]]
    for i, angle in enumerate(np.radians(15) * np.clip((np.arange(len(joints)) - 30) / 10, 0, 1)):
        joints[i, leg] = hip[i] + (joints[i, leg] - hip[i]) @ exp(np.array([-angle, 0, 0])).T
    _, poses = run_live(humanoid_rig, Settings(level="OFF"), to_packets(joints, camera(0, 0)))
    error = angle_deg(limb_directions(joints_of(humanoid_rig, poses)), limb_directions(joints))
    assert error[:, LEG_LIMBS].max() < 3


def test_standing_feet_stay_where_they_are(humanoid_rig, standing):
    random = np.random.default_rng(2)
    noisy = np.concatenate([standing] * 3) + random.normal(0, 0.01, (180, 21, 3))
    take, _ = run_take(humanoid_rig, Settings(), to_packets(noisy, camera()), np.arange(180) / FPS)
    loose, _ = run_take(
        humanoid_rig, Settings(contact=False), to_packets(noisy, camera()), np.arange(180) / FPS
    )
    moved = [
        np.linalg.norm(
            np.diff(
                body_joints(humanoid_rig, forward(humanoid_rig, t.rotations, t.hips_location))[30:, ANKLES],
                axis=0,
            ),
            axis=-1,
        ).mean()
        for t in (take, loose)
    ]
    assert moved[0] < moved[1] and moved[0] < 0.0005  # metres a frame, of 10 mm of noise


@pytest.mark.parametrize("gone", [["left_ankle"], ["right_ankle"], ["left_ankle", "right_ankle"]])
def test_an_ankle_out_of_sight_nails_nobody_to_the_spot(humanoid_rig, cmu, gone):
    joints, _ = cmu("test/walking_1")
    joints = joints[:240:2].copy()
    whole, _ = run_take(humanoid_rig, Settings(), to_packets(joints, camera()), np.arange(len(joints)) / FPS)
    joints[30:, [BODY_INDEX[name] for name in gone]] = np.nan
    packets = to_packets(joints, camera())
    take, _ = run_take(humanoid_rig, Settings(), packets, np.arange(len(joints)) / FPS)
    _, live = run_live(humanoid_rig, Settings(), packets)
    walked = np.linalg.norm(np.ptp(whole.hips_location[:, :2], axis=0))
    for locations in (take.hips_location, np.array([pose.hips_location for pose in live])):
        assert np.linalg.norm(np.ptp(locations[:, :2], axis=0)) > 0.85 * walked > 0.8


@pytest.mark.parametrize("every_s", [0.9, 1.1, 3.0])
def test_a_source_of_few_pictures_is_followed(humanoid_rig, standing, every_s):
    raised = standing.copy()
    for name, height in (("left_elbow", 0.27), ("left_wrist", 0.52), ("left_hand", 0.61)):
        raised[1:, BODY_INDEX[name]] = raised[1:, BODY_INDEX["left_shoulder"]] + np.array([0, 0, height])
    packets = [replace(p, timestamp=every_s * i) for i, p in enumerate(to_packets(raised[:25], camera(0, 0)))]
    _, poses = run_live(humanoid_rig, Settings(), packets)
    assert joints_of(humanoid_rig, poses[-1:])[0][BODY_INDEX["left_wrist"], 2] > 1.7


def test_mirror_and_level_count_at_once_in_the_middle_of_a_capture(humanoid_rig, standing):
    packets = to_packets(np.concatenate([standing] * 4), camera(0, 0, roll_deg=12))

    def lean(poses):
        return np.degrees(np.arccos(min(1.0, (poses[-1].world_from_camera @ [0.0, -1.0, 0.0])[2])))

    state, _ = run_live(humanoid_rig, Settings(), packets[:-60])
    _, still = run_live(humanoid_rig, Settings(), packets[-60:], state)
    later = [replace(p, timestamp=p.timestamp + 2.0 * n) for n in range(1, 6) for p in packets[-60:]]
    _, mirrored = run_live(humanoid_rig, Settings(mirror=True), later, state)
    _, off = run_live(humanoid_rig, Settings(level="OFF"), later, state)
    fresh, _ = run_live(humanoid_rig, Settings(mirror=True), packets)
    np.testing.assert_allclose(mirrored[-1].world_from_camera, fresh.rotation, atol=0.03)
    assert lean(off) < 0.5 < lean(still)


def test_a_take_of_nobody_is_the_rest_pose(humanoid_rig):
    times = np.arange(5) / FPS
    empty = [PosePacket(np.full((17, 2), np.nan), np.zeros(17), None, t, {}) for t in times]
    for packets in ([], empty):
        take, _ = run_take(humanoid_rig, Settings(), packets, times)
        np.testing.assert_array_equal(take.rotations[..., 0], 1)
        np.testing.assert_array_equal(take.hips_location, 0)


def test_a_take_is_sampled_at_any_rate(humanoid_rig, cmu):
    joints, _ = cmu("test/jumping_1")
    packets = to_packets(joints[:240], camera(), fps=60.0)
    at_60, _ = run_take(humanoid_rig, Settings(contact=False), packets, np.arange(240) / 60)
    at_24, _ = run_take(humanoid_rig, Settings(contact=False), packets, np.arange(80) / 20)
    shuffled = [packets[i] for i in np.random.default_rng(0).permutation(240)]
    again, _ = run_take(humanoid_rig, Settings(contact=False), shuffled, np.arange(240) / 60)
    assert np.degrees(angle_between(at_60.rotations[::3], at_24.rotations)).max() < 8
    np.testing.assert_allclose(np.abs(dot(at_60.rotations, again.rotations)), 1, atol=1e-9)


anything = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from([0.0, 1e6, -1e6, 320.0, 240.0, 0.5, 1e300]),
)


@st.composite
def packets(draw):
    count = draw(st.sampled_from([17, 17, 17, 133]))
    seed = draw(st.integers(0, 2**32 - 1))
    random = np.random.default_rng(seed)
    keypoints = random.uniform(0, 640, (count, 2))
    joints = random.normal(0, 0.5, (count, 3)) if draw(st.booleans()) else None
    scores = random.uniform(0, 1, count)
    for array in (keypoints, scores) if joints is None else (keypoints, scores, joints):
        for _ in range(draw(st.integers(0, 4))):
            array[draw(st.integers(0, count - 1))] = draw(anything)
    meta = {}
    if draw(st.booleans()):
        meta["units"] = "m"
    if draw(st.booleans()):
        meta |= {
            "v": 1,
            "session": draw(st.sampled_from(["a", "b"])),
            "root": draw(st.lists(anything, min_size=3, max_size=3)),
        }
    if draw(st.booleans()):
        meta["size"] = [draw(st.sampled_from([1, 640, 100000])), draw(st.sampled_from([1, 480, 100000]))]
    return PosePacket(keypoints, scores, joints, draw(st.one_of(st.floats(0, 3), anything)), meta)


@pytest.mark.filterwarnings("error")
@settings(max_examples=20, deadline=None)
@given(st.lists(packets(), min_size=1, max_size=8), st.booleans())
def test_any_packets_give_unit_rotations_or_nothing(humanoid_rig, stream, mirror):
    _, poses = run_live(humanoid_rig, Settings(mirror=mirror), stream)
    take, _ = run_take(humanoid_rig, Settings(mirror=mirror), stream, np.linspace(0, 3, 7))
    rotations = [p.rotations for p in poses if p is not None] + list(take.rotations)
    locations = [p.hips_location for p in poses if p is not None] + list(take.hips_location)
    np.testing.assert_allclose(np.linalg.norm(rotations, axis=-1), 1, atol=1e-6)
    assert np.isfinite(locations).all()
