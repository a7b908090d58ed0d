"""What a student learns from a larger, trained network: its heatmaps, a token that it was given, or both.

Xu et al., "ViTPose", section 3.4: heatmaps, MSE(S(X), T(X)) beside the labels; a knowledge token, learnt beside the
frozen teacher's tokens by MSE(T({t; X}), labels), then frozen and put beside the student's.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.func import functional_call

from ..vitpose.model import ViTPose
from ..vitpose.model_config import ModelConfig
from .recipe import TrainingError

TOKEN = "backbone.knowledge_token"


def check_teacher(teacher: ModelConfig, student: ModelConfig) -> None:
    """Raises TrainingError where the heatmaps cannot be compared."""
    for what in ("skeleton", "keypoints", "input_size", "mean", "std"):
        if getattr(teacher, what) != getattr(student, what):
            raise TrainingError(
                f"the teacher {teacher.name} has {what}={getattr(teacher, what)}, {student.name} has "
                f"{getattr(student, what)}; expected the same"
            )
    if teacher.codec.udp != student.codec.udp:
        raise TrainingError(f"of the teacher {teacher.name} and {student.name} one is UDP and the other is not")


class Teacher(nn.Module):
    """A trained network that does not learn: pictures to heatmaps, float32, without gradients."""

    def __init__(self, model: ViTPose) -> None:
        super().__init__()
        self.model = model.eval().requires_grad_(False)

    @torch.no_grad()
    def forward(self, images: Tensor) -> Tensor:
        return self.model(images).float()


class TokenStudent(nn.Module):
    """A student with its teacher's token beside its own.

    model: has a knowledge token. token: (1, 1, width) of the teacher's. Where the widths differ, which the paper
    leaves open, a linear map is learnt between them; in the model the mapped token is kept, so that it is whole by
    itself.
    """

    def __init__(self, model: ViTPose, token: Tensor) -> None:
        super().__init__()
        self.model = model
        self.register_buffer("token", token.float())
        width = token.shape[-1]
        self.map = nn.Linear(width, model.dim) if width != model.dim else None
        self.keep()

    def forward(self, images: Tensor) -> Tensor:
        if self.map is None:
            return self.model(images)
        return functional_call(self.model, {TOKEN: self.map(self.token)}, (images,))

    @torch.no_grad()
    def keep(self) -> None:
        """Puts the token as it is now into the model."""
        self.model.backbone.knowledge_token.copy_(self.token if self.map is None else self.map(self.token))


def token_of(weights: dict[str, Tensor], source: str) -> Tensor:
    """The token that a run with learn="token" left. Raises TrainingError."""
    token = weights.get(TOKEN)
    if token is None or token.ndim != 3 or token.shape[:2] != (1, 1):
        raise TrainingError(f"{source} holds no knowledge token; a config with learn='token' learns one")
    return token


def learn_token_alone(model: ViTPose) -> None:
    """Freezes all but the token, which starts at random. Raises TrainingError where there is none."""
    if model.backbone.knowledge_token is None:
        raise TrainingError("learn='token' needs a model with attention=dict(knowledge_token=True)")
    model.requires_grad_(False)
    model.backbone.knowledge_token.requires_grad_(True)
    nn.init.trunc_normal_(model.backbone.knowledge_token, std=0.02)
