"""Writes whole frames of drawn people as a data set, with several processes where asked.

Which frames, and what is in them, follows from the source's options, the seed and the numbers alone: the number of
processes changes nothing.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from pathlib import Path

from .render import RenderError
from .sheet import frame_entries, write_annotations, write_image
from .stopping import stop_asked

#: This process's PictureSource, or in one of several the error that making it ended with.
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

    options: PictureSource's; raises what making one raises, and RenderError where a process that draws was ended.
    After Ctrl-C, or an error, the annotations of what was drawn are there all the same.
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
        _open(options)
        yield from map(_draw, numbers)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, _open_in_worker, (options,)) as pool:
        try:
            yield from pool.map(_draw, numbers)
        except BrokenExecutor as error:
            raise RenderError(
                "a process that draws was ended, perhaps as the memory was full; fewer --workers need less"
            ) from error
        except BaseException:
            with stop_asked():  # a second Ctrl-C changes nothing while the last frames are drawn
                pool.shutdown(cancel_futures=True)
            raise


def _open(options: dict) -> None:
    global _SOURCE
    os.environ.setdefault("LP_NUM_THREADS", "0")  # software OpenGL draws in this thread
    import cv2

    cv2.setNumThreads(1)
    from .pictures import PictureSource

    _SOURCE = PictureSource(**options)


def _open_in_worker(options: dict) -> None:
    global _SOURCE
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that writes
    threading.Thread(target=_end_with_the_writer, daemon=True).start()
    try:
        _open(options)
    except Exception as error:  # of what is raised here the process that writes would learn nothing
        _SOURCE = error


def _end_with_the_writer() -> None:
    multiprocessing.parent_process().join()
    os._exit(1)  # it was killed, and nobody else ends this process


def _draw(job: tuple) -> tuple[dict, list[dict]]:
    number, folder, hardness, longest = job
    if isinstance(_SOURCE, Exception):
        raise _SOURCE
    frame = _SOURCE.frame(number, hardness, longest)
    name = f"images/{number:06d}.jpg"
    write_image(Path(folder) / name, frame.image)
    return frame_entries(frame, number, name)
