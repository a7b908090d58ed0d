"""One measurement from start to end: predict, measure, and what the model costs."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from ..backends import Backend
from ..vitpose.skeletons import SKELETONS
from ..vitpose.transforms import crop_of
from . import EvaluationError, cost, jitter
from .datasets import KEYPOINTS, Dataset, selection
from .journal import Journal
from .measures import measure
from .predict import predict, read_picture
from .results import Prediction, coco_results
from .sigmas import SIGMAS

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Options:
    """flip: average with the mirrored crop. batch: boxes at once. workers: threads that read and crop. journal:
    the folder of journals. fresh: start over. jitter_pictures, jitter_frames: of the still clips."""

    flip: bool = True
    batch: int = 32
    workers: int = 4
    journal: Path = Path("runs/eval")
    fresh: bool = False
    jitter_pictures: int = 8
    jitter_frames: int = 20


def run(
    backend: Backend,
    weights: dict[str, str],
    dataset: Dataset,
    options: Options,
    progress: Progress = lambda what, done, of: None,
) -> dict:
    """Measures a backend on a dataset; the figures as they go into JSON, None for what cannot be measured.

    weights: what names the weights, such as their file and its SHA-256: another weight, another journal.
    A journal in options.journal keeps what is found; running the same again goes on from it.
    Raises EvaluationError and BackendError.
    """
    chosen = chosen_keypoints(backend.skeleton, backend.config.keypoints, dataset)
    if options.flip and backend.skeleton not in SKELETONS:
        raise EvaluationError(f"The flip test does not know {backend.skeleton}'s left from right; add --no-flip.")
    journal = Journal(options.journal, job_of(backend, weights, dataset, options.flip), options.fresh)
    cost.reset_peak_memory(backend.device)
    before = len(journal.done)
    try:
        timing = predict(
            backend,
            dataset,
            journal,
            chosen,
            options.flip,
            options.batch,
            options.workers,
            lambda done, of: progress("looking", done, of),
        )
    finally:
        journal.close()
    peak = cost.peak_memory_mb(backend.device)
    progress("measuring", 0, 1)
    alone = dataset.kind in ("synthetic", "take", "mpii", "interhand")  # whoever is in a box is measured, alike or not
    results = coco_results(predictions_of(dataset, backend, journal), None if alone else SIGMAS[dataset.skeleton])
    figures = measure(dataset, results)
    progress("measuring", 1, 1)
    still = still_clips(backend, dataset, options, progress)
    parameters, gmacs = cost.parameters_and_gmacs(backend.config)
    return plain(
        {
            "model": {
                "name": backend.name,
                "skeleton": backend.skeleton,
                **weights,
                "parameters": parameters,
                "gmacs": gmacs,
            },
            "run": {
                "backend": type(backend).__name__,
                "engine": getattr(backend, "engine", None),
                "device": backend.device,
                "precision": getattr(backend, "precision", "fp32"),
                "flip_test": options.flip,
                "batch": options.batch,
                "peak_memory_mb": peak,
                "peak_memory_of": "GPU" if backend.device.startswith("cuda") else "process",
                "fps": timing.pictures / timing.whole_s if timing.boxes else None,
                "people_per_s": timing.boxes / timing.whole_s if timing.boxes else None,
                "network_people_per_s": timing.boxes / timing.network_s if timing.boxes else None,
                "boxes": len(dataset.boxes),
                "boxes_from_journal": before,
                "journal": str(journal.path),
            },
            "dataset": {
                "kind": dataset.kind,
                "source": dataset.source,
                "pictures": len({box.image_id for box in dataset.boxes}),
                "boxes": dataset.boxes_of,
                "notes": dataset.notes,
            },
            **figures,
            "jitter": still,
        }
    )


def chosen_keypoints(model: str, count: int, dataset: Dataset) -> np.ndarray:
    """Which of the model's keypoints are the dataset's. Raises EvaluationError where some are missing."""
    names = SKELETONS[dataset.skeleton].keypoints
    if model in SKELETONS:
        chosen = selection(SKELETONS[model].keypoints, names)
        if chosen is not None:
            return chosen
    raise EvaluationError(
        f"The model finds {count} keypoints ({model}); {dataset.source} labels the {KEYPOINTS[dataset.skeleton]} of "
        f"{dataset.skeleton}. Choose a model for these, or say with --dataset what the data is."
    )


def job_of(backend: Backend, weights: dict[str, str], dataset: Dataset, flip: bool) -> dict:
    """What makes two measurements the same one."""
    boxes = hashlib.sha256(repr(dataset.boxes).encode()).hexdigest()
    return {
        "config": repr(asdict(backend.config)),
        "weights": weights,
        "backend": type(backend).__name__,
        "engine": getattr(backend, "engine", None),
        "precision": getattr(backend, "precision", "fp32"),
        "flip": flip,
        "kind": dataset.kind,
        "data": dataset.digest,
        "boxes": boxes,
    }


def predictions_of(dataset: Dataset, backend: Backend, journal: Journal) -> list[Prediction]:
    """The journal's entries with their boxes."""
    _, sizes = crop_of(np.array([box.xyxy for box in dataset.boxes]), backend.input_size)
    return [
        Prediction(box.image_id, box.category_id, *journal.done[i], box.score, float(size.prod()), box.annotation_id)
        for i, (box, size) in enumerate(zip(dataset.boxes, sizes, strict=True))
    ]


def still_clips(backend: Backend, dataset: Dataset, options: Options, progress: Progress) -> dict | None:
    """Jitter on some of the labelled people, evenly chosen, under a camera's noise; None for no clips."""
    labelled = [box for box in dataset.boxes if box.annotation_id is not None] or dataset.boxes
    count = min(options.jitter_pictures, len(labelled))
    if count == 0 or options.jitter_frames < 2:
        return None
    clips = []
    for i in range(count):
        progress("jitter", i, count)
        box = labelled[i * len(labelled) // count]
        image = dataset.images[box.image_id]
        image = read_picture(image) if isinstance(image, Path) else image
        frames = jitter.noisy_frames(image, options.jitter_frames, seed=i)
        clips.append(jitter.jitter(*jitter.follow(backend, frames, np.array(box.xyxy)), np.array(box.xyxy)))
    progress("jitter", count, count)
    return jitter.mean_jitter(clips) | {"frames": options.jitter_frames, "noise_levels": jitter.NOISE_LEVELS}


def weights_digest(path: Path) -> str:
    """The SHA-256 of a checkpoint: of the file, or of all files in a folder."""
    digest = hashlib.sha256()
    try:
        for file in sorted(f for f in path.iterdir() if f.is_file()) if path.is_dir() else [path]:
            with file.open("rb") as opened:
                while block := opened.read(1 << 20):
                    digest.update(block)
    except OSError as error:
        raise EvaluationError(f"{path} cannot be read: {error.strerror}.") from None
    return digest.hexdigest()


def plain(value: object) -> object:
    """For JSON: no NaN, no numpy."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
