"""Which device to run on."""

import torch

from .backend import BackendError


def choose_device(wanted: str = "auto") -> str:
    """The device to run on, as torch names it. "auto": a GPU where torch can use one. Raises BackendError."""
    cuda = torch.cuda.is_available()  # AMD's ROCm answers to this name as well
    mps = torch.backends.mps.is_available()
    if wanted == "auto":
        return "cuda:0" if cuda else "mps" if mps else "cpu"
    usable = [
        "cpu",
        *(f"cuda:{i}" for i in range(torch.cuda.device_count() if cuda else 0)),
        *(["mps"] * mps),
    ]
    chosen = "cuda:0" if wanted == "cuda" else wanted
    if chosen not in usable:
        raise BackendError(f"The device {wanted!r} is not there; this machine has {', '.join(usable)}, or auto.")
    return chosen
