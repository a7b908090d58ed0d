"""Whole frames, and what is seen in them: labels against a ray cast by hand, files that COCO's own tools read."""

import json
import multiprocessing
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("moderngl", reason="moderngl draws the pictures: pip install .[train]")

from pycocotools.coco import COCO

from mocap_core.skeleton import COCO17
from mocap_worker.evaluation.datasets import open_dataset
from mocap_worker.training.chance import Chance
from mocap_worker.training.frames import write_frames
from mocap_worker.training.gltf import CharacterError
from mocap_worker.training.pictures import SEEN_ON, PictureSource, show
from mocap_worker.training.render import PARTS, RenderError, part_of_bone
from mocap_worker.training.scene import bystanders
from mocap_worker.training.solids import SOLIDS
from mocap_worker.training.viewpoint import sample_frame

GLB = Path(__file__).resolve().parents[2] / "addon/assets/default_model.glb"
OPTIONS = {
    "character": GLB,
    "landmarks": GLB.with_suffix(".landmarks.json"),
    "size": (96, 128),
    "poses": 40,
    "split": "rest",
    "oversample": 1.5,
    "cells_m": 0.025,
}


def source_of(**options):
    try:
        return PictureSource(**OPTIONS | options)
    except RenderError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def varied():
    return source_of(people="varied")


@pytest.fixture(scope="module")
def written(varied, tmp_path_factory):
    folder = tmp_path_factory.mktemp("zwölf")
    return folder, write_frames(OPTIONS | {"people": "varied"}, 12, folder, longest=200)


def test_same_frame_comes_again_whatever_was_drawn_between(varied):
    first = varied.frame(3, 1.0, 160)
    varied.draw(1)
    varied.frame(4, 0.5, 160)
    again = varied.frame(3, 1.0, 160)
    assert np.array_equal(first.image, again.image) and len(first.people) == len(again.people)
    assert max(first.image.shape[:2]) == 160
    for a, b in zip(first.people, again.people, strict=True):
        assert np.array_equal(a.keypoints, b.keypoints) and np.array_equal(a.mask, b.mask)


def test_joints_and_camera_of_a_frame_give_its_keypoints(varied):
    seen = 0
    for index in range(6):
        frame = varied.frame(index, 1.0, 200)
        fx, fy, cx, cy = frame.camera.intrinsics
        for person in frame.people:
            x, y, z = person.joints_camera.T
            front = z > 0.1
            pixels = np.stack([fx * x / z + cx, fy * y / z + cy], 1)
            assert person.keypoints[front] == pytest.approx(pixels[front], abs=0.05)
            seen += 1
    assert seen >= 5


def test_cocos_own_tools_read_the_frames(written):
    folder, people = written
    coco = COCO(str(folder / "annotations.json"))
    assert len(coco.getImgIds()) == 12 and len(coco.getAnnIds()) == people > 8
    for annotation in coco.loadAnns(coco.getAnnIds()):
        image = coco.loadImgs(annotation["image_id"])[0]
        x, y, w, h = annotation["bbox"]
        assert 0 <= x and 0 <= y and x + w <= image["width"] and y + h <= image["height"]
        assert 0 < annotation["area"] <= w * h
        rows = np.array(annotation["keypoints"]).reshape(17, 3)
        assert annotation["num_keypoints"] == (rows[:, 2] > 0).sum()
        assert (rows[rows[:, 2] == 0] == 0).all()
        assert np.array(annotation["joints_camera"]).shape == (17, 3)
    for image in coco.loadImgs(coco.getImgIds()):
        picture = cv2.imread(str(folder / image["file_name"])) if folder.name.isascii() else cv2.imdecode(
            np.fromfile(folder / image["file_name"], np.uint8), cv2.IMREAD_COLOR
        )  # fmt: skip
        assert picture.shape == (image["height"], image["width"], 3)
        assert np.array(image["camera"]["view"]).shape == (4, 4)


def test_frames_are_read_as_a_dataset_to_measure_and_to_train_on(written):
    folder, people = written
    dataset = open_dataset(folder)
    assert dataset.kind == "coco" and len(dataset.annotations["annotations"]) == people


def test_several_processes_write_the_same(written, tmp_path):
    folder, _ = written
    write_frames(OPTIONS | {"people": "varied"}, 3, tmp_path, longest=200, workers=2)
    one, two = (json.loads((f / "annotations.json").read_text("utf-8")) for f in (folder, tmp_path))
    assert two["images"] == one["images"][:3]
    few = [a for a in one["annotations"] if a["image_id"] < 3]
    assert two["annotations"] == few
    for image in two["images"]:
        assert (folder / image["file_name"]).read_bytes() == (tmp_path / image["file_name"]).read_bytes()


@pytest.mark.parametrize("workers", [1, 2])
def test_what_was_drawn_before_ctrl_c_is_labelled(tmp_path, workers):
    def stop(done, of):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_frames(OPTIONS | {"people": "varied"}, 9, tmp_path, longest=100, workers=workers, progress=stop)
    assert not multiprocessing.active_children()
    data = json.loads((tmp_path / "annotations.json").read_text("utf-8"))
    assert len(data["images"]) == 2 and {a["image_id"] for a in data["annotations"]} <= {0, 1}


@pytest.mark.parametrize("workers", [1, 2])
def test_where_nothing_was_drawn_the_folder_stays_free(tmp_path, workers):
    with pytest.raises((CharacterError, OSError), match=r"nobody\.glb"):
        write_frames(OPTIONS | {"character": tmp_path / "nobody.glb"}, 2, tmp_path, workers=workers)
    assert not (tmp_path / "annotations.json").exists()


def test_a_killed_process_is_said_and_what_was_drawn_is_labelled(varied, tmp_path):
    def kill(done, of):
        for process in multiprocessing.active_children():
            process.kill()

    with pytest.raises(RenderError, match="a process that draws was ended"):
        write_frames(OPTIONS | {"people": "default"}, 40, tmp_path, longest=64, workers=2, progress=kill)
    assert json.loads((tmp_path / "annotations.json").read_text("utf-8"))["images"]


# --- what is seen ---------------------------------------------------------------------------------------------


def hits(eye, points, triangles):
    """(P, T) how far along the ways from the eye to points the triangles (T, 3, 3) are hit, in shares; inf for none.

    Möller and Trumbore, "Fast, minimum storage ray/triangle intersection", 1997.
    """
    out = np.full((len(points), len(triangles)), np.inf)
    a, e1, e2 = triangles[:, 0], triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0]
    for k, point in enumerate(points):
        way = point - eye
        p = np.cross(way, e2)
        det = (e1 * p).sum(1)
        safe = np.where(np.abs(det) < 1e-12, 1e-12, det)
        s = eye - a
        u = (s * p).sum(1) / safe
        q = np.cross(s, e1)
        v, t = q @ way / safe, (e2 * q).sum(1) / safe
        good = (np.abs(det) > 1e-12) & (u >= 0) & (v >= 0) & (u + v <= 1) & (t > 1e-6)
        out[k, good] = t[good]
    return out


def test_visibility_agrees_with_rays_cast_at_every_triangle():
    """The default character's own mesh, several of it, and all solids: a limb's joint is seen where nothing but its own
    limb is hit before it."""
    source = source_of(people="default", cells_m=0.02, size=(192, 256), oversample=2.0)
    character = source.renderer.character
    names = np.array([PARTS[part_of_bone(bone)] for bone in character.bones])
    corner = character.triangles[:, 2]  # OpenGL takes flat values from the last one
    part = names[character.joints[corner, character.weights[corner].argmax(1)]]
    solids = {name: make()[0].reshape(-1, 3, 3) for name, make in SOLIDS.items()}
    agreed, total, hidden = 0, 0, 0
    for index in range(14):
        c = Chance(np.random.default_rng([7, index]))
        person = source._person(c, 1.0)
        camera, size = sample_frame(c, person.keypoints, 1.0, ((192, 256),))
        others = bystanders(c, lambda c: source._person(c, 1.0), camera.eye, person, 1.0, share=1.0)
        scene = source.places.scene(c, person, camera, 1.0, others)
        drawing = source.renderer.draw(scene, size)
        seen = show(person, 1, camera, drawing)
        soup, owner = [], []
        for number, body in enumerate(scene.people):
            m = body.bones @ np.linalg.inv(character.rest)
            p = np.concatenate([character.positions, np.ones((len(character.positions), 1))], 1)
            moved = np.einsum("vj,vjab,vb->va", character.weights, m[character.joints], p)[:, :3]
            soup.append(moved[character.triangles])
            owner += [f"own {name}" for name in part] if number == 0 else ["other"] * len(part)
        for name, shapes in scene.shapes.items():
            for model in shapes.model:
                corners = solids[name] @ model[:3, :3].T + model[:3, 3]
                if name == "quad":  # seen from its front alone
                    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
                    corners = corners[((camera.eye - corners[:, 0]) * normal).sum(1) > 0]
                soup.append(corners)
                owner += ["other"] * len(corners)
        soup, owner = np.concatenate(soup), np.array(owner)
        distance = hits(camera.eye, person.keypoints, soup)
        for k, name in list(enumerate(COCO17))[5:]:
            if seen.visibility[k] == 0:
                continue
            side, joint = name.split("_")
            own = [f"own {p.format(side)}" for p in SEEN_ON[joint]]
            first = distance[k].argmin()
            truth = distance[k, first] < np.inf and owner[first] in own
            agreed += truth == (seen.visibility[k] == 2)
            hidden += not truth
            total += 1
    assert total > 100 and hidden > 20
    assert agreed / total > 0.95  # the rest are at edges, half a pixel off
