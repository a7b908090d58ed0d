"""mmpose's `inference_topdown` on the clock, for comparing in one run with what is measured in another process.

mmpose has an environment of its own, so that it runs as a process there: `MMPoseOnTheClock` starts one and takes
times from it, one call at a time, so that both sides meet the same machine in turn. Only the call is timed, from
the decoded picture in memory to keypoints in memory, with the flip test off; not the pipe between the processes.

In the environment itself: `python -m mocap_worker.vitpose.bench_mmpose --config C --checkpoint F --picture P.npy
--box 220,40,420,460 --rounds 30` prints the times as JSON.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path


class MMPoseOnTheClock:
    """A process with mmpose, its model loaded and warm. Use as a context; `close` ends it."""

    def __init__(
        self,
        python: str | Path,
        config: str | Path,
        checkpoint: str | Path,
        picture: str | Path,
        box: tuple[float, float, float, float],
        threads: int = 1,
        device: str = "cpu",
    ) -> None:
        """python: of an environment with the extra mmpose, such as the one that tests/mmpose/run.py makes.

        picture: an .npy file, (H, W, 3) uint8 RGB. box: xyxy px. threads: torch's and OpenCV's, set there.
        Raises RuntimeError with what the process said where it cannot start.
        """
        options = {"config": config, "checkpoint": checkpoint, "picture": picture, "device": device}
        options |= {"box": ",".join(str(float(side)) for side in box), "threads": threads, "rounds": 0}
        command = [str(python), "-W", "ignore", "-m", __spec__.name]
        command += [f"--{name}={value}" for name, value in options.items()]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.about = self._answer()

    def __call__(self) -> float:
        """Runs it once; milliseconds."""
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return self._answer()["ms"]

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()

    def __enter__(self) -> MMPoseOnTheClock:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _answer(self) -> dict:
        """The next line that is JSON: mmpose prints sentences of its own."""
        for line in self._process.stdout:
            if line.startswith("{"):
                return json.loads(line)
        said = self._process.communicate()[1].strip().splitlines()
        raise RuntimeError(f"mmpose's process ended: {said[-1] if said else 'it said nothing'}")


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", required=True, help="a path, or the name of one that ships")
    parser.add_argument("--checkpoint", required=True, help="any that the torch backend reads")
    parser.add_argument("--picture", required=True, help=".npy, (H, W, 3) uint8 RGB")
    parser.add_argument("--box", required=True, help="x1,y1,x2,y2 px; several with a semicolon between them")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--rounds", type=int, default=30, help="0: one for every line on standard input")
    options = parser.parse_args(arguments)

    import cv2
    import mmcv
    import mmpose
    import numpy as np
    import torch
    from mmpose.apis import inference_topdown

    from ..backends.mmpose_backend import MMPoseBackend

    torch.set_num_threads(options.threads)
    cv2.setNumThreads(options.threads)
    image = np.load(options.picture)
    bgr = np.ascontiguousarray(image[..., ::-1])  # as mmpose decodes pictures
    boxes = np.array([box.split(",") for box in options.box.split(";")], dtype=np.float32)
    backend = MMPoseBackend(options.config, options.checkpoint, options.device)
    keypoints, _ = backend.infer(image, boxes)

    def milliseconds() -> float:
        start = time.perf_counter()
        inference_topdown(backend.model, bgr, boxes)  # ends with keypoints in numpy, so that a GPU has finished
        return (time.perf_counter() - start) * 1e3

    for _ in range(2):
        milliseconds()
    about = {
        "model": backend.name,
        "device": backend.device,
        "threads": torch.get_num_threads(),
        "people": len(boxes),
        "flip_test": bool(backend.model.test_cfg["flip_test"]),
        "mmpose": mmpose.__version__,
        "mmcv": mmcv.__version__,
        "torch": torch.__version__,
        "keypoints": np.nan_to_num(keypoints).round(2).tolist(),
    }
    if options.rounds:
        times = [milliseconds() for _ in range(options.rounds)]
        figures = {"p50_ms": float(np.median(times)), "p95_ms": float(np.percentile(times, 95)), "times_ms": times}
        print(json.dumps(about | figures))
        return
    print(json.dumps(about), flush=True)
    for _ in sys.stdin:
        print(json.dumps({"ms": milliseconds()}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
