"""The loaded model: kept from capture to capture, loaded anew when another is asked for."""

import os
from collections.abc import Callable

from mocap_core.protocol import JOINT_COUNTS


class ModelError(Exception):
    """A model that cannot be loaded; the text is a sentence for the user."""


class Models:
    """Keeps the network, the lifter and the detector that were last asked for."""

    def __init__(self):
        self._key: tuple[str, ...] | None = None
        self._backend = None
        self._lifter = None
        self._detector_key: tuple[str, str] | None = None
        self._detector = None

    def get(
        self,
        config: str,
        checkpoint: str,
        device: str,
        progress: Callable[[str, float], None],
        backend: str = "",
        precision: str = "",
    ):
        """(backend, lifter) for a model and device, empty strings meaning the defaults. Raises ModelError.

        progress: called with what is being done and 0…1, not at all where everything is loaded.
        """
        key = (config, checkpoint, device, backend, precision)
        if key != self._key:
            self._key = self._backend = None  # room first: two large models may not fit
            progress("Starting PyTorch", 0.1)
            try:
                from .backends import BackendError, load_backend
                from .vitpose.checkpoint import CheckpointError
                from .vitpose.config import ConfigError
            except ImportError as error:
                raise ModelError(f"PyTorch cannot be used: {error}. `mocap doctor` says more.") from None
            _leave_a_core_free()
            progress("Loading the model", 0.5)
            try:
                self._backend = load_backend(
                    config or None, checkpoint or None, device or None, precision or None, backend or "torch", progress
                )
            except (BackendError, CheckpointError, ConfigError) as error:
                raise ModelError(str(error)) from None
            if self._backend.skeleton not in JOINT_COUNTS:
                raise ModelError(
                    f"The model {self._backend.name} gives {self._backend.skeleton}; "
                    f"{' or '.join(JOINT_COUNTS)} is needed here."
                )
            self._key = key
        if self._lifter is None:
            from mocap_core.lift import Lifter, LiftError

            progress("Loading the lifter", 0.9)
            try:
                self._lifter = Lifter()
            except LiftError as error:
                raise ModelError(str(error)) from None
        return self._backend, self._lifter

    def detector(self, name: str, device: str, progress: Callable[[str, float], None]):
        """The `detector.Detector` of a hub name or folder on a device. Raises ModelError."""
        if (name, device) != self._detector_key:
            self._detector_key = self._detector = None
            progress("Loading the detector", 0.9)
            from .detector import Detector, DetectorError

            try:
                self._detector = Detector(name, device)
            except DetectorError as error:
                raise ModelError(str(error)) from None
            self._detector_key = (name, device)
        return self._detector


def _leave_a_core_free() -> None:
    """Keeps PyTorch off one core: Blender needs it, and threads that wait for one held up there are slower than none.

    OMP_NUM_THREADS, where set, decides instead.
    """
    import torch

    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(max(1, min(torch.get_num_threads(), (os.cpu_count() or 2) - 1)))
