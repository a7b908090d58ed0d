"""People's boxes in a whole picture, by a detector of the transformers library: D-FINE or RT-DETR.

The extra `detect` brings the library; weights come from the hub by name, or from a folder. Preparing the picture
and reading the boxes is done here, by the numbers of the model's preprocessor_config.json, so that neither Pillow
nor torchvision is needed.
"""

import json
import re
from pathlib import Path

import numpy as np
from safetensors import SafetensorError

KINDS = ("d_fine", "rt_detr", "rt_detr_v2")
SUGGESTED = "ustc-community/dfine-nano-coco"
SURE = 0.5  # the least score
_SIZE = (640, 640)  # width and height that they are trained on


class DetectorError(Exception):
    """A detector that cannot be used; the text is a sentence for the user."""


class Detector:
    """A detector ready to look. Raises DetectorError.

    name: a hub name, such as "ustc-community/dfine-nano-coco", or a folder that `save_pretrained` wrote.
    device: "auto", "cpu", "cuda:0" or "mps", "" for auto.
    """

    def __init__(self, name: str, device: str = ""):
        import torch

        from .backends import BackendError, choose_device

        try:
            self.device = choose_device(device or "auto")
        except BackendError as error:
            raise DetectorError(str(error)) from None
        self.name = name
        self._torch = torch
        self._model, preparing = _load(name)
        self._model.eval().to(self.device)
        labels = {str(label).lower(): number for number, label in self._model.config.id2label.items()}
        if "person" not in labels:
            found = ", ".join(sorted(labels)[:5])
            raise DetectorError(f"The detector {name} finds no people; it finds {found} …. Try {SUGGESTED}.")
        self._person = labels["person"]
        size = preparing.get("size") or {}
        self._size = int(size.get("width", _SIZE[0])), int(size.get("height", _SIZE[1]))
        self._factor = float(preparing.get("rescale_factor", 1 / 255)) if preparing.get("do_rescale", True) else 1.0
        self._mean_std = None
        if preparing.get("do_normalize"):
            self._mean_std = [
                torch.tensor(preparing[key], device=self.device).reshape(1, 3, 1, 1)
                for key in ("image_mean", "image_std")
            ]
        # A stream of its own: what the pose waits for is not behind this in the queue.
        self._stream = torch.cuda.Stream(self.device) if self.device.startswith("cuda") else None
        self.detect(np.zeros((480, 640, 3), np.uint8))  # the first picture is slow everywhere

    def detect(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The people in a picture (H, W, 3) uint8 RGB: boxes (N, 4) xyxy px and scores (N,), the surest first.

        Raises DetectorError where memory runs out.
        """
        torch = self._torch
        from .opencv import cv2

        small = cv2.resize(image, self._size, interpolation=cv2.INTER_AREA)
        try:
            with torch.inference_mode(), torch.cuda.stream(self._stream):
                pixels = torch.from_numpy(small).to(self.device).permute(2, 0, 1)[None].float() * self._factor
                if self._mean_std is not None:
                    pixels = (pixels - self._mean_std[0]) / self._mean_std[1]
                out = self._model(pixel_values=pixels)
                # Each query says how sure it is of each kind, by itself: no softmax and nothing to suppress.
                found = torch.cat([out.pred_boxes[0], out.logits[0, :, self._person, None].sigmoid()], 1).float()
                found = found.cpu().numpy()
        except (RuntimeError, MemoryError) as error:  # out of memory, as a rule
            reason = str(error).split("\n")[0][:200].rstrip(". ")
            raise DetectorError(
                f"The detector {self.name} failed on {self.device}: {reason}. Choose a smaller one, such as "
                f"{SUGGESTED}, or --detector none."
            ) from None
        found = found[found[:, 4] >= SURE]
        found = found[np.argsort(-found[:, 4], kind="stable")]
        height, width = image.shape[:2]
        centre, half = found[:, :2], found[:, 2:4] / 2
        boxes = np.concatenate([centre - half, centre + half], axis=1) * [width, height, width, height]
        return boxes, found[:, 4]


def _load(name: str):
    """The model and its preprocessor's settings."""
    try:
        from transformers import AutoConfig, AutoModelForObjectDetection
        from transformers.utils import logging
    except ImportError as error:
        raise DetectorError(
            f"The detector needs the extra `detect`: {error}. Install it with `uv sync --extra detect`, "
            "or go without with --detector none."
        ) from None
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    folder = _folder(name)
    try:
        described = AutoConfig.from_pretrained(folder, trust_remote_code=False)
        if described.model_type not in KINDS:
            raise DetectorError(
                f"The detector {name} is a {described.model_type}; expected one of {', '.join(KINDS)}. Try {SUGGESTED}."
            )
        model, loading = AutoModelForObjectDetection.from_pretrained(
            folder, config=described, use_safetensors=True, output_loading_info=True
        )
        file = folder / "preprocessor_config.json"
        preparing = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        reason = str(error).split("\n")[0][:200].rstrip(". ") or type(error).__name__
        raise DetectorError(
            f"The detector {name} cannot be loaded: {reason}. Expected are config.json and model.safetensors, as "
            f"save_pretrained writes them. Try {SUGGESTED}."
        ) from None
    if loading["missing_keys"]:
        missing = sorted(loading["missing_keys"])
        raise DetectorError(f"The detector {name} lacks {len(missing)} weights, the first is {missing[0]}.")
    return model, preparing


def _folder(name: str) -> Path:
    """Where the detector's files are; a hub name's are fetched the first time."""
    given = Path(name).expanduser()
    if name.strip() and given.is_dir():
        return given
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", name):
        raise DetectorError(f"The detector {name!r} is neither a folder nor a hub name such as {SUGGESTED}.")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError

    files = ["config.json", "preprocessor_config.json", "model.safetensors"]
    try:
        return Path(snapshot_download(name, allow_patterns=files, local_files_only=True))
    except (OSError, ValueError):
        pass
    try:
        return Path(snapshot_download(name, allow_patterns=files))
    except (OSError, ValueError, HFValidationError) as error:
        reason = str(error).split("\n")[0][:200].rstrip(". ") or type(error).__name__
        raise DetectorError(
            f"The detector {name} is not on this machine and cannot be fetched: {reason}. Connect to the network once, "
            "give a folder, or go without with --detector none."
        ) from None
