"""Writes whole frames of drawn people as a data set, with several processes where asked.

Which frames, and what is in them, follows from the source's options, the seed and the numbers alone: the number of
processes changes nothing.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from .sheet import frame_entries, write_annotations, write_image

_SOURCE = None


def write_frames(
    options: dict,
    count: int,
    folder: Path,
    hardness: float = 1.0,
    longest: int = 640,
    workers: int = 1,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> int:
    """Writes `count` frames as images/NNNNNN.jpg and annotations.json; returns how many people they show.

    options: PictureSource's. After Ctrl-C, or an error, the annotations of what was drawn are there all the same.
    """
    (folder / "images").mkdir(parents=True, exist_ok=True)
    images, annotations = [], []
    try:
        for number, (image, people) in enumerate(_entries(options, count, folder, hardness, longest, workers)):
            images.append(image)
            annotations += [{"id": len(annotations) + k, **person} for k, person in enumerate(people)]
            progress(number + 1, count)
    finally:
        write_annotations(folder, images, annotations)
    return len(annotations)


def _entries(options, count, folder, hardness, longest, workers) -> Iterator[tuple[dict, list[dict]]]:
    numbers = [(n, str(folder), hardness, longest) for n in range(count)]
    if workers <= 1:
        _open(options, quiet=False)
        yield from map(_draw, numbers)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, _open, (options,)) as pool:
        try:
            yield from pool.map(_draw, numbers, chunksize=4)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _open(options: dict, quiet: bool = True) -> None:
    global _SOURCE
    os.environ.setdefault("LP_NUM_THREADS", "0")  # software OpenGL draws in this thread
    import cv2

    cv2.setNumThreads(1)
    if quiet:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that writes
    from .pictures import PictureSource

    _SOURCE = PictureSource(**options)


def _draw(job: tuple) -> tuple[dict, list[dict]]:
    number, folder, hardness, longest = job
    frame = _SOURCE.frame(number, hardness, longest)
    name = f"images/{number:06d}.jpg"
    write_image(Path(folder) / name, frame.image)
    return frame_entries(frame, number, name)
