"""What a capture is asked for: the options of a start on the wire, and of `mocap run`, made into a Job."""

import math

from mocap_core.protocol import Start

from .cameras import CameraError
from .look import look_of
from .people import MOST
from .stream import Job


def job_of(start: Start, defaults: Job) -> Job:
    """The capture that a start asks for. Raises CameraError where its options make no sense.

    options: `box` [x1, y1, x2, y2] px, `as_fast_as_possible` true or false, `max_people` a number, and as text
    `checkpoint`, `detector`, `backend` and `precision`; and those of `look.look_of`.
    """
    options = start.options
    box = options.get("box")
    texts = {name: options.get(name) or "" for name in ("checkpoint", "detector", "backend", "precision")}
    for name, text in texts.items():
        if not isinstance(text, str):
            raise CameraError(f"The option {name} is {text!r:.40}; text was expected.")
    most = options.get("max_people")
    return Job(
        source=start.source or defaults.source,
        session="",
        config=start.model or defaults.config,
        # Another model than the default one does not fit the default one's weights.
        checkpoint=texts["checkpoint"] or ("" if start.model else defaults.checkpoint),
        device=start.device or defaults.device,
        box=defaults.box if box is None else checked_box(box),
        paced=defaults.paced and not options.get("as_fast_as_possible"),
        max_people=defaults.max_people if most is None else checked_count(most),
        detector=checked_detector(texts["detector"]) if texts["detector"] else defaults.detector,
        backend=texts["backend"] or defaults.backend,
        precision=texts["precision"] or defaults.precision,
        look=look_of(options, defaults.look),
    )


def checked_count(count: object) -> int:
    """How many people are followed at once. Raises CameraError."""
    if type(count) is not int or not 1 <= count <= MOST:
        raise CameraError(f"The number of people is {count!r:.40}; 1 to {MOST} are followed at once.")
    return count


def checked_detector(name: str) -> str:
    """The detector's name, empty for `none`."""
    return "" if name.strip().lower() == "none" else name.strip()


def checked_box(box: object) -> tuple[float, float, float, float]:
    """The box of four numbers, xyxy px. Raises CameraError."""
    try:
        x1, y1, x2, y2 = (float(value) for value in box)
    except (TypeError, ValueError, OverflowError):
        raise CameraError("The box is not four numbers x1,y1,x2,y2 in pixels.") from None
    if not (math.isfinite(x1 + y1 + x2 + y2) and x1 < x2 and y1 < y2):
        raise CameraError(f"The box {x1:g},{y1:g},{x2:g},{y2:g} is empty; x1 < x2 and y1 < y2 were expected.")
    return x1, y1, x2, y2
