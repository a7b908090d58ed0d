"""Varied people: bodies as long as they should be, landmarks where the skin is, nobody who is held out of training."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("moderngl", reason="moderngl draws the pictures: pip install .[train]")

from mocap_core.skeleton import COCO17
from mocap_worker.training.appearance import Looks
from mocap_worker.training.chance import Chance
from mocap_worker.training.cutting import Cut
from mocap_worker.training.gltf import read_character
from mocap_worker.training.held_out import HELD_OUT, Choice
from mocap_worker.training.people import VariedPeople, keypoints_of
from mocap_worker.training.physique import BODIES, Skeleton, physique_of
from mocap_worker.training.pictures import PictureSource, show
from mocap_worker.training.pile import turn_z
from mocap_worker.training.poses import read_landmarks
from mocap_worker.training.render import Backdrop, Camera, Drawing, Light, RenderError, Scene
from mocap_worker.training.scene import Places, noise_picture
from mocap_worker.training.surroundings import surroundings
from mocap_worker.training.viewpoint import look_at

GLB = Path(__file__).resolve().parents[2] / "addon/assets/default_model.glb"
MARKS = GLB.with_suffix(".landmarks.json")
SIZE = (96, 128)
BEHIND = Backdrop(0, (0.0, 0.0, 1.0, 1.0), (1.0, 1.0, 1.0))


@pytest.fixture(scope="module")
def character():
    return read_character(GLB)


@pytest.fixture(scope="module")
def skeleton(character):
    return Skeleton(character)


@pytest.fixture(scope="module")
def source():
    try:  # in the usual folder: the wardrobe takes long to make
        return PictureSource(GLB, MARKS, SIZE, poses=20, split="rest", people="varied")
    except RenderError as error:
        pytest.skip(str(error))


def test_a_plain_body_at_rest_is_the_characters_own(character, skeleton):
    bones = skeleton.posed(skeleton.rest_rotation, skeleton.plain)
    moved = character.rest[:, :3, 3] - character.rest[0, :3, 3]
    assert bones[:, :3, 3] - bones[0, :3, 3] == pytest.approx(moved, abs=1e-6)
    assert bones[0, 2, 3] == pytest.approx(character.rest[0, 2, 3], abs=0.004)  # soles on the floor


def test_named_bodies_are_as_tall_as_their_stature(skeleton):
    """The crown of the standing body, within what proportions change of it."""
    bounds = {
        "tiny": (0.98, 1.52),
        "small": (1.45, 1.65),
        "middling": (1.58, 1.78),
        "tall": (1.69, 1.93),
        "huge": (1.82, 2.1),
    }
    head = skeleton.index["head"]
    rng = np.random.default_rng(0)
    for body in BODIES:
        bones = skeleton.posed(skeleton.rest_rotation, physique_of(rng, body, skeleton))
        crown = (bones[head] @ [0, 0.18, 0, 1])[2]
        low, high = bounds[body.split(",")[0]]
        assert low < crown < high, body


def test_longer_legs_lengthen_legs_alone(character, skeleton):
    """Hand-computed: thigh and shin of the character, each half as long again, everything else as it was."""
    scale = np.ones((len(character.bones), 3))
    for side in ("left", "right"):
        for bone in ("UpperLeg", "LowerLeg"):
            scale[skeleton.index[side + bone], 1] = 1.5
    plain = skeleton.plain
    body = type(plain)(1.0, scale, plain.forms)
    points = {
        name: keypoints_of(skeleton.posed(skeleton.rest_rotation, b), read_landmarks(MARKS, character))
        for name, b in (("plain", plain), ("long", body))
    }

    def length(name, a, b):
        return np.linalg.norm(points[name][COCO17.index(a)] - points[name][COCO17.index(b)])

    for a, b, factor in (
        ("left_hip", "left_knee", 1.5),
        ("right_knee", "right_ankle", 1.5),
        ("left_shoulder", "left_hip", 1.0),
        ("right_elbow", "right_wrist", 1.0),
        ("nose", "left_eye", 1.0),
    ):
        assert length("long", a, b) == pytest.approx(factor * length("plain", a, b), rel=0.01)
    grown = points["long"][0, 2] - points["plain"][0, 2]
    legs = length("plain", "left_hip", "left_knee") + length("plain", "left_knee", "left_ankle")
    assert grown == pytest.approx(0.5 * legs, abs=0.01)


def test_the_lowest_point_stands_where_it_is_told(skeleton):
    rng = np.random.default_rng(3)
    for body in BODIES[::7]:
        bones = skeleton.posed(skeleton.rest_rotation, physique_of(rng, body, skeleton), 0.25)
        toes = bones[[skeleton.index["leftToes"], skeleton.index["rightToes"]], 2, 3]
        assert (toes > 0.25).all() and (toes < 0.32).all()


def test_training_never_draws_what_is_held_out_and_validation_nothing_else():
    seen, unseen = Looks(False), Looks(True)
    for seed in range(1500):
        for looks, held_out in ((seen, False), (unseen, True)):
            names = looks(np.random.default_rng(seed)).names
            for kind in ("hair", "top", "bottom", "feet"):
                if names[kind] not in ("dress", "swimsuit"):
                    assert (names[kind] in HELD_OUT[kind]) == held_out, (kind, names[kind])
            for kind in ("headwear", "outer"):
                if names[kind] != "none":
                    assert (names[kind] in HELD_OUT[kind]) == held_out
            for kind, name in names.items():
                if kind.startswith("pattern") and name != "plain":
                    assert (name in HELD_OUT["pattern"]) == held_out


def test_every_kind_of_body_is_drawn_by_training_or_held_out():
    shares = dict.fromkeys(BODIES, 1.0)
    train, held = Choice("body", shares, False), Choice("body", shares, True)
    assert sorted(train.names + held.names) == sorted(BODIES)
    assert set(held.names) == HELD_OUT["body"]
    assert {train(u) for u in np.linspace(0, 1, 2000)} == set(train.names)


def test_validation_has_surroundings_of_its_own(source):
    seen, unseen = source.places, Places(surroundings(held_out=True), source._default.skeleton, True)
    assert set(unseen.around.kinds) <= HELD_OUT["photo"] and not set(seen.around.kinds) & HELD_OUT["photo"]
    for use, shares in seen.around.made_of.items():
        ours, theirs = set(shares.names), set(unseen.around.made_of[use].names)
        assert ours & theirs <= {"plain"} and not ours & HELD_OUT["surface"] and len(theirs) > 1
    for chosen in ("_rooms", "_furniture"):
        assert not set(getattr(seen, chosen).names) & set(getattr(unseen, chosen).names)
    assert not np.array_equal(seen.around.photos[0], unseen.around.photos[0])


def test_edges_cut_before_drawing_change_no_picture(source, monkeypatch):
    """Drawn with every triangle asked in the shader whether it is there, bodies look the same."""
    cut = Cut.__call__

    def ask_always(self, look):
        kinds = {
            "face": [self._triangles["skin"][self._face]],
            "skin edge": [self._triangles["skin"][~self._face]],
            "worn edge": [self._triangles[name] for name in look.pieces if name != "skin"],
        }
        return {kind: np.concatenate(parts) for kind, parts in kinds.items()}

    people = VariedPeople(source.character, read_landmarks(MARKS, source.character))
    light = Light(*np.array([[0, -0.6, 0.8], [1] * 3, [0, -1, 0], [0.2] * 3, [0.4] * 3, [0.3] * 3], float), 0.5, 1.0)
    camera = Camera(look_at(np.array([0, -3.6, 1]), np.array([0, 0, 0.9])), (160, 160, 47.5, 63.5), (0, 0, 95, 127))
    shown, other, fewer = 0, 0, 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        person = people(rng, people.skeleton.rest_rotation, 1.0)
        scene = Scene(camera, light, (person,), {}, BEHIND, noise_picture(rng))
        monkeypatch.setattr(Cut, "__call__", cut)
        first = source.renderer.draw(scene)
        monkeypatch.setattr(Cut, "__call__", ask_always)
        second = source.renderer.draw(scene)
        shown += (second.people == 1).sum()
        other += (np.abs(first.image.astype(int) - second.image).max(2) > 12).sum()
        fewer += (first.parts != second.parts).sum()
    assert shown > 60 * 500
    assert other < 0.004 * shown and fewer < 0.002 * shown  # where cloth lies on cloth at the same depth


def test_what_is_held_out_must_exist():
    with pytest.raises(ValueError, match="hair braid"):
        Choice("hair", dict.fromkeys(HELD_OUT["hair"] - {"braid"}, 1.0), False)


def test_varied_people_come_again_and_differ(source):
    first = source.draw(5)
    other = source.draw(6)
    again = source.draw(5)
    for name in ("image", "keypoints", "visibility", "parts"):
        assert np.array_equal(getattr(first, name), getattr(again, name)), name
    assert not np.array_equal(first.image, other.image)


def test_landmarks_lie_on_the_head_and_joints_in_the_limbs_that_are_drawn(source):
    """In plain view of a standing body, every keypoint that is called seen is over the body, near its own depth."""
    people = VariedPeople(source.character, read_landmarks(MARKS, source.character))
    ways = np.array([[0, -0.6, 0.8], [1, 1, 1], [0, -1, 0], [0.2, 0.2, 0.2], [0.4, 0.4, 0.4], [0.3, 0.3, 0.3]])
    light = Light(*ways, 0.5, 1.0)
    checked = 0
    for seed in range(25):
        rng = np.random.default_rng(seed)
        person = people(rng, people.skeleton.rest_rotation, 1.0)
        view = look_at(np.array([0, -4.0, 0.9]), np.array([0, 0, 0.9]))
        camera = Camera(view, (160, 160, 47.5, 63.5), (0, 0, 95, 127))
        drawing = source.renderer.draw(Scene(camera, light, (person,), {}, BEHIND, noise_picture(rng)))
        pixels, depth = camera.project(person.keypoints)
        for name, (x, y), z in zip(COCO17, pixels, depth, strict=True):
            if 0 <= round(x) < 96 and 0 <= round(y) < 128 and "ear" not in name:
                at = round(y), round(x)
                assert drawing.people[at] == 1, (seed, name)
                assert z - 0.35 < drawing.depth[at] < z + 0.03, (seed, name)
                checked += 1
    assert checked > 25 * 9


def test_yaw_says_which_side_is_shown(source):
    """A body that faces −x shows its left side to a camera that looks along +y."""
    people, bare = source._default, np.zeros((128, 96), np.uint8)
    camera = Camera(look_at(np.array([0, -4.0, 1]), np.array([0, 0, 1.0])), (100, 100, 47.5, 63.5), (0, 0, 95, 127))
    nothing = Drawing(np.zeros((128, 96, 3), np.uint8), bare, bare, bare.astype(np.float32))
    for turned, yaw in ((0, 0), (-90, 90), (90, -90), (45, -45)):
        pose = turn_z(np.radians(turned)) @ people.skeleton.rest_rotation
        person = people(np.random.default_rng(0), pose, 0.0)
        assert show(person, 1, camera, nothing).about["yaw_deg"] == pytest.approx(yaw, abs=0.1)
        left, right = person.keypoints[5], person.keypoints[6]
        if abs(yaw) == 90:
            assert (left[1] < right[1]) == (yaw > 0)


def test_the_default_character_can_be_mixed_in(source):
    mixed = PictureSource(GLB, MARKS, SIZE, poses=20, split="rest", people="varied", default_share=0.5)
    c = Chance(np.random.default_rng(0))
    names = [mixed._person(c, 0.5).names["body"] for _ in range(60)]
    assert 15 < names.count("default") < 45
