"""One way to ask for keypoints, whatever runs the network.

A backend takes a picture and person boxes and gives keypoints in the picture. `torch` is the default; `mmpose`
stands beside it with the same attributes and the same `infer`.
"""

from .backend import Backend, BackendError
from .device import choose_device
from .loading import load_backend, shipped_checkpoint
from .torch_backend import TorchBackend

__all__ = ["Backend", "BackendError", "TorchBackend", "choose_device", "load_backend", "shipped_checkpoint"]
