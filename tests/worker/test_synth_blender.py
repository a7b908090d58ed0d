"""The second renderer: Blender shows the same people in the same places as ours. Needs bpy, and OpenGL."""

import importlib.util
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("moderngl", reason="moderngl draws the pictures: pip install .[train]")
if importlib.util.find_spec("bpy") is None:
    pytest.skip("Blender's bpy is not in this environment", allow_module_level=True)

from mocap_worker.evaluation import synthetic_val
from mocap_worker.training import blender
from mocap_worker.training.pictures import Picture, PictureSource
from mocap_worker.training.render import PARTS, Backdrop, Camera, Light, RenderError, Scene, Shapes
from mocap_worker.training.viewpoint import look_at

GLB = Path(__file__).resolve().parents[2] / "addon/assets/default_model.glb"
SIZE = (96, 128)
COUNT = 5


def source(renderer):
    options = {"poses": 40, "split": "rest", "people": "varied", "default_share": 0.5, "oversample": 1.0}
    return PictureSource(GLB, GLB.with_suffix(".landmarks.json"), SIZE, cells_m=0.006, renderer=renderer, **options)


@pytest.fixture(scope="module")
def in_blender():
    try:  # in the usual folder: clothes and surroundings take long to make
        return source("blender")
    except RenderError as error:
        if "OpenGL" not in str(error):
            raise
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def pairs(in_blender):
    ours = source("opengl")
    return [(ours.draw(i, 0.7), in_blender.draw(i, 0.7)) for i in range(COUNT)]


def test_both_renderers_show_the_same_silhouettes(pairs):
    people = {ours.about["body"] == "default" for ours, _ in pairs}
    assert people == {True, False}  # one from the character's file and its armature, the others as meshes
    for ours, theirs in pairs:
        a, b = ours.parts > 0, theirs.parts > 0
        assert a.sum() > 200
        assert (a & b).sum() / (a | b).sum() > 0.95


def test_limbs_are_in_the_same_place_to_a_pixel(pairs):
    apart = []
    for ours, theirs in pairs:
        for part in range(1, len(PARTS)):
            a, b = ours.parts == part, theirs.parts == part
            if min(a.sum(), b.sum()) > 40:
                apart.append(np.linalg.norm(np.argwhere(a).mean(0) - np.argwhere(b).mean(0)))
    assert len(apart) > 4 * COUNT
    assert np.percentile(apart, 80) < 1 and np.median(apart) < 0.5  # where a limb begins is a triangle's matter


def test_a_ball_is_where_the_camera_says(in_blender):
    """A camera that looks past the middle, rolled, with pixels that are not square: Blender's own projection."""
    view = look_at(np.array([0.4, -3.0, 1.6]), np.array([0.1, 0.0, 0.9]), roll=0.4)
    camera = Camera(view, (110, 132, 35, 80), (0, 0, 95, 127))
    balls = np.array([[-0.5, 0.2, 0.5], [0.5, -0.2, 0.7], [0.0, 0.0, 1.2], [0.3, 0.5, 1.5]])
    model = np.tile(np.diag([0.08, 0.08, 0.08, 1.0]), (len(balls), 1, 1))
    model[:, :3, 3] = balls
    white, style = np.ones((len(balls), 3)), np.tile([0, 1.0, 1.0, 0], (len(balls), 1))
    dark = Light(*[np.array([0.0, 0.0, 1.0]), np.zeros(3)] * 2, np.zeros(3), np.zeros(3), 1.0, 1.0)
    shapes = {"sphere": Shapes(model, white, white, style)}
    nothing = Backdrop(0, (0.0, 0.0, 1.0, 1.0), (0.0, 0.0, 0.0))
    drawn = in_blender.renderer.draw(Scene(camera, dark, (), shapes, nothing, np.zeros((8, 8, 3), np.uint8)))
    count, _, _, middles = cv2.connectedComponentsWithStats((drawn.image[..., 1] > 100).astype(np.uint8))
    assert count == 1 + len(balls)
    expected, _ = camera.project(balls)
    apart = np.linalg.norm(expected[:, None] - middles[None, 1:], axis=2)
    assert apart.min(1).max() < 0.6
    assert not drawn.parts.any() and not drawn.people.any()


def test_the_same_joints_are_seen(pairs):
    same = np.concatenate([ours.visibility == theirs.visibility for ours, theirs in pairs])
    assert same.mean() > 0.95
    assert all(np.array_equal(ours.keypoints, theirs.keypoints) for ours, theirs in pairs)


def test_the_pictures_are_not_each_others(pairs):
    """Light falls otherwise, but on the same things."""
    for ours, theirs in pairs:
        a, b = (p.image.astype(float).mean(2).ravel() for p in (ours, theirs))
        assert np.abs(a - b).mean() > 1
        assert np.corrcoef(a, b)[0, 1] > 0.6


def test_the_same_seed_gives_the_same_picture(in_blender, pairs):
    again = in_blender.draw(COUNT - 1, 0.7)
    for name in ("image", "visibility", "parts"):
        assert np.array_equal(getattr(again, name), getattr(pairs[-1][1], name)), name


def test_what_blender_says_when_it_ends_is_told(tmp_path):
    setup = tmp_path / "setup.json"
    setup.write_text('{"surfaces": "nowhere.npy"}', "utf-8")
    with pytest.raises(RenderError, match=r"(?s)Blender ended while it drew \(exit code 1\).*nowhere\.npy"):
        blender._Blender(setup)


def test_without_blender_a_sentence_says_where_it_is(monkeypatch):
    monkeypatch.setattr(blender.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(RenderError, match="bpy module is not in this environment"):
        source("blender")


def test_walls_are_seen_from_their_front_and_pictures_fill_a_face():
    model = np.tile(np.eye(4), (3, 1, 1))
    model[:, 0, 0], model[:, 1, 1] = 4, 2  # 4 m by 2 m
    model[1, :3, :3] = [[4, 0, 0], [0, 0, -1], [0, 2, 0]]  # stands upright, its face to −y
    model[2, :3, :3] = [[4, 0, 0], [0, 0, 1], [0, -2, 0]]  # its face to +y
    colour, style = np.ones((3, 3)), np.array([[0, 0.5, 0, 0], [7, 1, 0, 0], [7, 1, 0, 0]])
    camera = Camera(look_at(np.array([0, -3.0, 1]), np.zeros(3)), (100, 100, 48, 64), (0, 0, 95, 127))
    made = blender.shape_meshes({"quad": Shapes(model, colour, colour, style)}, camera, pictures=7)
    assert set(made) == {"floors", "walls"}
    floor, wall = made["floors"], made["walls"]
    assert len(floor["uv"]) == len(wall["uv"]) == 6
    assert np.ptp(floor["uv"], axis=0).tolist() == [8, 4]  # tiles of half a metre
    assert wall["uv"].min(0).tolist() == [0, 0] and wall["uv"].max(0).tolist() == [1, 1]
    assert wall["normals"][0].tolist() == [0, -1, 0]


def test_triangles_turn_as_their_normals_say():
    made = blender.shape_meshes(
        {"cube": Shapes(np.eye(4)[None], np.ones((1, 3)), np.ones((1, 3)), np.array([[0, 1.0, 0, 0]]))},
        Camera(look_at(np.array([0, -3.0, 1]), np.zeros(3)), (100, 100, 48, 64), (0, 0, 95, 127)),
        pictures=7,
    )["things"]
    a, b, c = made["positions"].reshape(-1, 3, 3).transpose(1, 0, 2)
    assert len(a) == 12
    assert np.cross(b - a, c - a) == pytest.approx(made["normals"][::3])


def test_a_broken_off_drawing_goes_on(tmp_path):
    (tmp_path / "images").mkdir()
    asked = []

    class Drawing:
        def draw(self, seed, hardness):
            if len(asked) == 2:
                asked.append("stopped")
                raise KeyboardInterrupt
            asked.append(seed)
            parts = np.zeros((8, 6), np.uint8)
            parts[2:5, 1:4] = 1
            about = {"frame": (0, 0, 6, 8)}
            return Picture(np.full((8, 6, 3), seed, np.uint8), np.full((17, 2), 2.0), np.full(17, 2), parts, about)

    chosen = [(seed, 0.5) for seed in (3, 5, 7, 9)]
    with pytest.raises(KeyboardInterrupt):
        synthetic_val._drawn(Drawing(), chosen, tmp_path, lambda done, of: None)
    content = synthetic_val._drawn(Drawing(), chosen, tmp_path, lambda done, of: None)
    assert asked == [3, 5, "stopped", 7, 9]
    assert [image["id"] for image in content["images"]] == [a["image_id"] for a in content["annotations"]]
    assert len(list((tmp_path / "images").iterdir())) == len(content["images"]) == 4
