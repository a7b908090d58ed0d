"""A real person's detections from a foreign sender: five fields a packet, missing joints, a tilted and
rolled camera.

What a person sees in the video: he stands on a treadmill with his back to the camera, leans to his left
onto one leg until his torso is about level with the picture's diagonal, comes up again and steps off to the
left.
"""

import os
from pathlib import Path

import numpy as np
import pytest

from mocap_core.lift import ASSUMED_FOCAL, root_translation
from mocap_core.pipeline import Settings, State, solve_take, step
from mocap_core.protocol import decode
from mocap_core.rotation import angle_between, conjugate, dot, from_matrix, multiply, unit
from mocap_core.solve import body_joints, forward

REAL = Path(os.environ.get("MOCAP_REAL", Path(__file__).parents[3] / "shared/data/real"))
SHOULDERS, HIPS, ANKLES, TOES = (5, 6), (11, 12), (15, 16), (19, 20)


@pytest.fixture(scope="module")
def packets():
    path = REAL / "balance.packets.jsonl"
    if not path.exists():
        pytest.skip(f"the real clip's packets are not at {path}; set MOCAP_REAL")
    return [decode(line.encode()) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module", params=["live", "take"])
def solved(request, packets, humanoid_rig):
    """Bones (F, B, 4, 4), joints (F, 21, 3) and rotations from camera axes to the world (F, 3, 3)."""
    if request.param == "live":
        state, poses = State.initial(), []
        for packet in packets:
            state, pose = step(humanoid_rig, Settings(), state, packet)
            poses.append(pose)
        rotations, locations, worlds = (
            np.stack([getattr(p, name) for p in poses])
            for name in ("rotations", "hips_location", "world_from_camera")
        )
    else:
        work = solve_take(humanoid_rig, Settings(), packets, [p.timestamp for p in packets])
        while True:
            try:
                next(work)
            except StopIteration as end:
                take = end.value
                break
        rotations, locations = take.rotations, take.hips_location
        worlds = np.repeat(take.world_from_camera[None], len(rotations), axis=0)
    bones = forward(humanoid_rig, rotations, locations)
    return bones, body_joints(humanoid_rig, bones), worlds


def middle(joints, pair):
    return joints[:, pair].mean(axis=1)


def in_picture(vectors, worlds):
    """Directions (F, 2) in the picture, x right and y down, of world vectors (F, 3)."""
    return unit(np.einsum("fji,fj->fi", worlds, vectors)[:, :2])


def angle_deg(a, b):
    return np.degrees(np.arccos(np.clip(dot(a, b), -1, 1)))


def test_the_torso_leans_as_in_the_picture(packets, solved):
    _, joints, worlds = solved
    points = np.stack([p.keypoints for p in packets])
    shown = unit(middle(points, SHOULDERS) - middle(points, HIPS))
    torso = in_picture(middle(joints, SHOULDERS) - middle(joints, HIPS), worlds)
    assert np.nanmedian(angle_deg(torso, shown)) < 3
    assert np.nanmax(angle_deg(torso, shown)) < 10


def test_the_torso_stands_upright_before_he_leans(packets, solved):
    _, joints, _ = solved
    points = np.stack([p.keypoints for p in packets])
    shown = unit(middle(points, SHOULDERS) - middle(points, HIPS))
    upright = int((angle_deg(shown, np.array([0.0, -1])) > 4).argmax())  # then the picture shows how he begins to lean
    assert upright > 5
    torso = unit(middle(joints, SHOULDERS) - middle(joints, HIPS))
    assert angle_deg(torso, np.array([0.0, 0, 1]))[:upright].max() < 10


def test_the_characters_joints_are_where_the_persons_are_seen(packets, solved):
    _, joints, worlds = solved
    size = np.array(packets[0].size, float)
    focal_px = ASSUMED_FOCAL * size.max()
    off = np.full((len(packets), 17), np.nan)
    for row, (packet, body, world) in enumerate(zip(packets, joints[:, :17], worlds, strict=True)):
        here = (body - middle(body[None], HIPS)) @ world  # camera axes
        seen = np.isfinite(here).all(axis=1) & np.isfinite(packet.keypoints).all(axis=1) & (packet.scores > 0.2)
        points, here = np.where(seen[:, None], packet.keypoints, 0.0), np.where(seen[:, None], here, 0.0)
        placed = here + root_translation(here, points, seen.astype(float), size, focal_px)
        shown = placed[:, :2] / placed[:, 2:] * focal_px + size / 2
        off[row, seen] = np.linalg.norm(shown - points, axis=1)[seen]
    heights = np.array([np.ptp(p.keypoints[p.scores > 0.2, 1]) for p in packets])
    share = off / np.median(heights)
    assert np.nanmean(share) < 0.05 and np.nanmedian(share) < 0.03


def test_the_foot_that_he_stands_on_stays(solved):
    _, joints, _ = solved
    left, right = (joints[:, i] for i in ANKLES)
    lifted = right[:, 2] > left[:, 2] + 0.15
    assert lifted.sum() > 30
    stood = left[lifted]
    assert np.linalg.norm(stood - np.median(stood, axis=0), axis=1).max() < 0.03


def test_the_sides_are_not_swapped(packets, solved):
    _, joints, worlds = solved
    points = np.stack([p.keypoints for p in packets])
    for left, right in (SHOULDERS, HIPS):
        shown = points[:, left] - points[:, right]
        clear = np.abs(shown[:, 0]) > 40  # pixels
        across = in_picture(joints[:, left] - joints[:, right], worlds)
        assert clear.sum() > 40
        assert (np.sign(across[clear, 0]) == np.sign(shown[clear, 0])).all()


def test_nothing_snaps(humanoid_rig, solved):
    bones, _, _ = solved
    turns = from_matrix(bones[..., :3, :3])
    rows = humanoid_rig.parents > 0
    own = multiply(conjugate(turns[:, humanoid_rig.parents[rows]]), turns[:, rows])
    assert np.degrees(angle_between(own[:-1], own[1:])).max() < 15.1  # 900° a second, at 60 frames
    assert np.degrees(angle_between(turns[:-1], turns[1:])).max() < 22
    hips = turns[:, humanoid_rig.index["hips"]]
    assert np.degrees(angle_between(hips[:-1], hips[1:])).max() < 10
    assert np.linalg.norm(np.diff(bones[:, 0, :3, 3], axis=0), axis=-1).max() < 0.08


def test_he_neither_floats_nor_sinks(humanoid_rig, solved):
    _, joints, _ = solved
    feet = np.concatenate((ANKLES, TOES))
    rest = body_joints(humanoid_rig, humanoid_rig.rest)[feet, 2]
    lowest = (joints[:, feet, 2] - rest).min(axis=1)
    assert lowest.min() > -0.06 and lowest.max() < 0.08
