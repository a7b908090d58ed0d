"""`synthetic-val`: 2,000 pictures of people, places and clips that no training draws, fixed by a file of seeds.

The file beside this module holds each picture's seed and hardness, and the version of the generator that it was chosen
for. A picture is the part of a camera's frame about one person; others may be in it, and only that one is labelled.
`python -m mocap_worker.evaluation.synthetic_val` chooses the seeds anew, after the generator has changed.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from mocap_core.skeleton import BODY_INDEX

from ..training.held_out import UNSEEN_ACTIONS
from ..training.motion import motion_path
from ..training.pictures import GENERATOR, Picture, PictureSource
from ..training.sheet import PERSON, annotation_of, write_image
from . import EvaluationError
from .annotations import Box, read_json
from .datasets import Dataset
from .synthetic import NAMES

FILE = Path(__file__).with_name("synthetic_val.json")
COUNT = 2000
#: The part of the frame that is drawn: room enough for boxes that are off.
SIZE, GROW = (288, 384), 2.0
#: How far boxes are moved and scaled to see what that costs, as a share of their sides.
OFF = 0.10
_TORSO = [BODY_INDEX["left_shoulder"], BODY_INDEX["right_hip"]]
_SEED, _POSES = 20_000_003, 6000


def source(
    character: Path,
    motion: Path | None,
    folder: Path = Path("runs"),
    size: tuple[int, int] = SIZE,
    renderer: str = "opengl",
) -> PictureSource:
    """What draws the pictures. Raises what PictureSource raises."""
    return PictureSource(
        character,
        character.with_suffix(".landmarks.json"),
        size,
        poses=_POSES,
        split="test",
        mix=0.8,
        seed=_SEED,
        oversample=1.5,
        cells_m=0.010,
        folder=folder,
        motion=motion,
        people="varied",
        held_out=True,
        grow=GROW,
        facing=0.0,
        renderer=renderer,
    )


def dataset(
    character: Path,
    motion: Path | None,
    count: int = COUNT,
    folder: Path = Path("runs"),
    progress: Callable[[int, int], None] = lambda done, of: None,
    renderer: str = "opengl",
) -> Dataset:
    """The first `count` pictures, drawn into a folder in `folder` unless they are there.

    Raises EvaluationError, and what PictureSource raises.
    """
    chosen = _chosen()[:count]
    place = folder / f"synthetic-val-{GENERATOR}{'' if renderer == 'opengl' else f'-{renderer}'}"
    path = place / f"annotations-{len(chosen)}.json"
    if not path.is_file():
        (place / "images").mkdir(parents=True, exist_ok=True)
        content = _drawn(source(character, motion_path(motion), folder, SIZE, renderer), chosen, place, progress)
        part = path.with_suffix(".part")
        part.write_text(json.dumps(content), "utf-8")
        part.replace(path)
    content, digest = read_json(path)
    boxes = [
        Box(a["image_id"], 1, (x, y, x + w - 1, y + h - 1), 1.0, a["id"])
        for a in content["annotations"]
        for x, y, w, h in [a["bbox"]]
    ]
    images = {image["id"]: place / image["file_name"] for image in content["images"]}
    named = f"synthetic-val, {len(chosen)} pictures" if len(chosen) < COUNT else "synthetic-val"
    named += "" if renderer == "opengl" else f", drawn by {NAMES[renderer]}"
    return Dataset("synthetic", "coco17", content, boxes, images, digest, named)


def boxes_off(data: Dataset) -> Dataset:
    """The same with every box moved and scaled at random by up to OFF of its sides."""
    rng = np.random.default_rng(0)
    boxes = []
    for box in data.boxes:
        xyxy = np.array(box.xyxy)
        centre, size = (xyxy[:2] + xyxy[2:]) / 2, xyxy[2:] - xyxy[:2]
        centre = centre + rng.uniform(-OFF, OFF, 2) * size
        half = size * (1 + rng.uniform(-OFF, OFF)) / 2
        moved = (*(centre - half), *(centre + half))
        boxes.append(Box(box.image_id, 1, tuple(float(v) for v in moved), 1.0, box.annotation_id))
    return replace(data, boxes=boxes)


def unseen_actions(data: Dataset) -> Dataset:
    """Only the pictures of actions that no training knows."""
    people = [a for a in data.annotations["annotations"] if a["about"]["action"] in UNSEEN_ACTIONS]
    kept = {a["image_id"] for a in people}
    images = [image for image in data.annotations["images"] if image["id"] in kept]
    return replace(
        data,
        annotations=data.annotations | {"images": images, "annotations": people},
        boxes=[box for box in data.boxes if box.image_id in kept],
        images={number: path for number, path in data.images.items() if number in kept},
    )


def _chosen() -> list[tuple[int, float]]:
    """Seed and hardness of every picture."""
    content, _ = read_json(FILE)
    if content["generator"] != GENERATOR:
        raise EvaluationError(
            f"{FILE.name} was chosen for generator {content['generator']}, this is {GENERATOR}: choose it anew with "
            "python -m mocap_worker.evaluation.synthetic_val."
        )
    return [(seed, percent / 100) for seed, percent in content["pictures"]]


def _drawn(drawing: PictureSource, chosen, place: Path, progress) -> dict:
    """Draws the pictures and lists them in a file as it goes, from which a broken-off drawing goes on."""
    listed = place / "pictures.jsonl"
    done = _listed(listed)[: len(chosen)]
    with listed.open("w", encoding="utf-8", buffering=1) as file:
        file.writelines(json.dumps(entries) + "\n" for entries in done)
        for number, (seed, hardness) in enumerate(chosen[len(done) :], len(done)):
            done.append(_entries(in_frame(drawing.draw(seed, hardness)), number, place))
            file.write(json.dumps(done[-1]) + "\n")
            progress(number + 1, len(chosen))
    images, annotations = ([entries[k] for entries in done] for k in range(2))
    return {"images": images, "annotations": annotations, "categories": [PERSON]}


def _entries(picture: Picture, number: int, place: Path) -> list[dict]:
    """Writes a picture; COCO's entries of it and of the person."""
    name = f"images/{number:06d}.png"
    write_image(place / name, picture.image)
    height, width = picture.image.shape[:2]
    torso = np.linalg.norm(np.subtract(*picture.keypoints[_TORSO]))
    person = annotation_of(picture, number) | {"torso_px": max(float(torso), 1.0)}
    person |= {"about": {k: v for k, v in picture.about.items() if k != "frame"}}
    return [{"id": number, "file_name": name, "width": width, "height": height}, person]


def _listed(path: Path) -> list[list[dict]]:
    """What was drawn already, up to a line that is not whole."""
    out = []
    try:
        with path.open(encoding="utf-8") as file:
            for line in file:
                out.append(json.loads(line))
    except (OSError, ValueError):
        pass
    return out


def in_frame(picture: Picture) -> Picture:
    """A picture without what lies outside the camera's frame."""
    height, width = picture.parts.shape
    x0, y0, x1, y1 = picture.about["frame"]
    x0, y0, x1, y1 = max(x0, 0), max(y0, 0), min(x1, width), min(y1, height)
    image, parts = picture.image[y0:y1, x0:x1], picture.parts[y0:y1, x0:x1]
    return Picture(image, picture.keypoints - (x0, y0), picture.visibility, parts, picture.about)


def choose(drawing: PictureSource, count: int = COUNT, progress=lambda done, of: None) -> list[tuple[int, int]]:
    """Seeds and hardness in percent of pictures that show enough of somebody, evenly over the yaws.

    Of them at least 30% have a hidden joint, and 25% one beyond the frame.
    """
    bins, most = np.zeros(8, int), -(-count // 8)
    kept, open_, whole = [], 0, 0
    seed = 0
    while len(kept) < count:
        percent = int(np.random.default_rng([_SEED, seed, 1]).integers(20, 101))
        picture = drawing.draw(seed, percent / 100)
        number, seed = seed, seed + 1
        inside = in_frame(picture)
        entry = annotation_of(inside, 0)
        enough = drawing.size[0] * drawing.size[1] // 120
        if entry is None or entry["area"] < enough or (picture.visibility == 2).sum() < 3:
            continue
        turn = int((picture.about["yaw_deg"] + 180) // 45) % 8
        is_open, is_whole = not (picture.visibility == 1).any(), not (picture.visibility == 0).any()
        if bins[turn] >= most or (is_open and open_ >= 0.7 * count) or (is_whole and whole >= 0.75 * count):
            continue
        bins[turn] += 1
        open_, whole = open_ + is_open, whole + is_whole
        kept.append((number, percent))
        progress(len(kept), count)
    return kept


def main() -> None:
    """Writes the file anew."""
    from ..commands.train import default_character

    # What is seen hardly depends on the size.
    drawing = source(default_character(), motion_path(), size=(SIZE[0] // 2, SIZE[1] // 2))
    kept = choose(drawing, progress=lambda done, of: print(f"\r{done} of {of}", end="", flush=True))
    rows = ",\n".join(" ".join(f"[{a}, {b}]," for a, b in kept[i : i + 8]).rstrip(",") for i in range(0, len(kept), 8))
    FILE.write_text(f'{{"generator": {GENERATOR}, "pictures": [\n{rows}\n]}}\n', "utf-8")
    print(f"\n{FILE}")


if __name__ == "__main__":
    main()
