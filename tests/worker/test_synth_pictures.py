"""Drawn pictures: repeatable, and their labels where the body is. Needs OpenGL without a display."""

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("moderngl", reason="moderngl draws the pictures: pip install .[train]")

from mocap_core.skeleton import COCO17
from mocap_worker.training.chance import Chance
from mocap_worker.training.gltf import CharacterError, read_character
from mocap_worker.training.people import Person
from mocap_worker.training.pictures import PictureSource, simplified
from mocap_worker.training.render import PARTS, Camera, PlainLook, RenderError
from mocap_worker.training.sheet import write_coco
from mocap_worker.training.viewpoint import look_at

GLB = Path(__file__).resolve().parents[2] / "addon/assets/default_model.glb"
SIZE = (96, 128)


@pytest.fixture(scope="module")
def source():
    try:  # in the usual folder: the surroundings take long to make
        return PictureSource(GLB, GLB.with_suffix(".landmarks.json"), SIZE, poses=40, split="rest")
    except RenderError as error:
        pytest.skip(str(error))


def test_same_index_gives_the_same_picture(source):
    first = source.draw(5)
    source.draw(6)
    again = source.draw(5)
    for name in ("image", "keypoints", "visibility", "parts"):
        assert np.array_equal(getattr(first, name), getattr(again, name)), name
    assert not np.array_equal(first.image, source.draw(6).image)


def test_limbs_are_drawn_between_their_keypoints(source):
    """Halfway between two joints that are seen lies that limb, in nearly all pictures."""
    limbs = [
        (f"{side}_{part}", COCO17.index(f"{side}_{a}"), COCO17.index(f"{side}_{b}"))
        for side in ("left", "right")
        for part, a, b in (
            ("upper_arm", "shoulder", "elbow"),
            ("forearm", "elbow", "wrist"),
            ("thigh", "hip", "knee"),
            ("shin", "knee", "ankle"),
        )
    ]
    right, total = 0, 0
    for index in range(40):
        picture = source.draw(index, 0.0)
        for part, a, b in limbs:
            if picture.visibility[a] == picture.visibility[b] == 2:
                x, y = np.round((picture.keypoints[a] + picture.keypoints[b]) / 2).astype(int)
                right += PARTS[picture.parts[y, x]] == part
                total += 1
    assert total > 100
    assert right / total > 0.9


def test_camera_projects_as_computed_by_hand():
    camera = Camera(
        look_at(np.array([0.0, -3.0, 1.0]), np.array([0.0, 0.0, 1.0])), (100, 100, 48, 64), (0, 0, 95, 127)
    )
    pixels, depth = camera.project(np.array([[0.0, 0.0, 1.0], [0.3, 0.0, 1.6]]))
    assert pixels == pytest.approx(np.array([[48, 64], [58, 44]]))
    assert depth == pytest.approx([3, 3])


def test_a_character_that_faces_the_camera_has_its_left_on_the_right(source):
    """The drawing itself, without the labels' own way of projecting: whole body, no distortion, no jitter."""
    rest = source.character.rest
    camera = Camera(
        look_at(np.array([0.0, -3.0, 1.0]), np.array([0.0, 0.0, 1.0])), (100, 100, 48, 64), (0, 0, 95, 127)
    )
    colours = source.character.colours
    person = Person(rest, np.zeros((17, 3)), PlainLook(colours), colours[:, :3], np.zeros(8), {})
    rng = np.random.default_rng(0)
    scene = source.places.scene(Chance(rng), person, camera, 0.0)
    scene.shapes.clear()
    parts = source.renderer.draw(scene).parts
    middle = {name: np.argwhere(parts == i).mean(0) for i, name in enumerate(PARTS) if (parts == i).any()}
    assert middle["left_hand"][1] > middle["left_upper_arm"][1] > 48 > middle["right_upper_arm"][1]
    assert middle["head"][0] < middle["torso"][0] < middle["left_thigh"][0] < middle["left_foot"][0]
    bones = source.character.bones
    for side in ("left", "right"):
        wrist = rest[bones.index(f"{side}Hand"), :3, 3]
        knuckles = rest[bones.index(f"{side}MiddleProximal"), :3, 3]
        expected, _ = camera.project((wrist + knuckles)[None] / 2)
        assert middle[f"{side}_hand"][::-1] == pytest.approx(expected[0], abs=2.5)


def test_outside_the_cameras_frame_is_black_and_unlabelled(source):
    seen = 0
    for index in range(60):
        picture = source.draw(index, 1.0)
        black = (picture.image == 0).all(2)
        if black[:3].all() and black[-3:].all():  # the whole frame as the box
            seen += 1
        for (x, y), v in zip(picture.keypoints, picture.visibility, strict=True):
            if not (-0.5 < x < SIZE[0] - 0.5 and -0.5 < y < SIZE[1] - 0.5):
                assert v < 2
    assert seen >= 3


def test_simplified_character_keeps_its_shape(source):
    whole = source.character
    light = simplified(whole, 0.02)
    assert len(light.triangles) < 0.7 * len(whole.triangles)
    assert light.positions.min(0) == pytest.approx(whole.positions.min(0), abs=0.02)
    assert light.positions.max(0) == pytest.approx(whole.positions.max(0), abs=0.02)


def test_data_set_is_written_as_coco(source, tmp_path):
    pictures = [source.draw(i, 0.0) for i in range(3)]
    write_coco(pictures, tmp_path)
    data = json.loads((tmp_path / "annotations.json").read_text("utf-8"))
    assert [image["file_name"] for image in data["images"]] == [f"images/00000{i}.png" for i in range(3)]
    annotation = data["annotations"][0]
    assert len(annotation["keypoints"]) == 51
    assert annotation["num_keypoints"] == sum(v > 0 for v in annotation["keypoints"][2::3]) >= 10
    x, y, w, h = annotation["bbox"]
    part = pictures[0].parts
    assert not part[:y].any() and not part[y + h :].any() and part[y].any() and part[:, x + w - 1].any()


def test_crops_drawn_before_ctrl_c_are_labelled(source, tmp_path):
    def broken_off():
        yield source.draw(0, 0.0)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_coco(broken_off(), tmp_path)
    data = json.loads((tmp_path / "annotations.json").read_text("utf-8"))
    assert [image["id"] for image in data["images"]] == [a["image_id"] for a in data["annotations"]] == [0]


def test_a_file_that_is_no_character_is_named(tmp_path):
    path = tmp_path / "broken.glb"
    path.write_bytes(b"no GLB at all, only text")
    with pytest.raises(CharacterError, match=r"broken\.glb is no GLB file"):
        read_character(path)
