"""Weights that a training starts from: MAE's pre-training, a whole model of any layout, or another run's.

What the weights lack stays as the model has it: heads of other data sets, rows of other keypoints, a knowledge
token. What is new in that way is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from ..backends.loading import shipped_checkpoint
from ..vitpose.checkpoint import CheckpointError, config_named_in, put, read_weights
from ..vitpose.config import ConfigError
from ..vitpose.hub import located
from ..vitpose.layouts import Weights, for_dataset, renamed, renamed_mae, some
from ..vitpose.model_config import load_model_config, shipped_configs
from ..vitpose.skeletons import SKELETONS

HEAD, FURTHER_HEADS, LAST = "keypoint_head.", "associate_keypoint_heads.", "final_layer."


@dataclass(frozen=True)
class Source:
    """keypoints: names in the order of the heatmaps, None where nothing tells. hardness: of the pictures that a run
    on drawn ones had come to. name: for messages."""

    weights: dict[str, Tensor]
    name: str
    keypoints: tuple[str, ...] | None = None
    hardness: float | None = None


def read(named: str | Path) -> Source:
    """A run's averaged weights, or a checkpoint's: by its path, by the name of weights that were pulled, or by that of
    a model whose weights ship. Raises CheckpointError for what is none of these."""
    path = Path(located(None, named)[1])
    if not path.exists() and str(named) in shipped_configs():
        path = shipped_checkpoint(load_model_config(named))
    if path.suffix == ".pt" and path.is_file():
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
        except Exception:  # damaged bytes make it fail in every way there is
            state = None  # read_weights says what is wrong with it
        if isinstance(state, dict) and isinstance(state.get("average"), Mapping):
            names = state.get("keypoints")
            if names is not None and not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
                raise CheckpointError(f"{path} names its keypoints by {names!r:.80}; expected a list of names")
            return Source(state["average"], str(path), tuple(names) if names else None, state.get("hardness"))
    weights, metadata = read_weights(path)
    if "keypoints" in metadata:
        return Source(weights, str(path), tuple(metadata["keypoints"].split(",")))
    return Source(weights, str(path), _keypoints_of(config_named_in(path)))


def _keypoints_of(config: str | None) -> tuple[str, ...] | None:
    try:
        skeleton = SKELETONS.get(load_model_config(config).skeleton) if config else None
    except ConfigError:  # another machine's
        return None
    return skeleton.keypoints if skeleton else None


def start_from(
    model: nn.Module,
    weights: Mapping[str, Tensor],
    source: str = "the weights to start from",
    keypoints: tuple[str, ...] | None = None,
    wanted: tuple[str, ...] | None = None,
    dataset: str = "coco",
) -> list[str]:
    """Fills a model, one with experts or further heads too, in place; sentences about what of it is new.

    keypoints, wanted: names of the weights' heatmaps, and of the model's. dataset: whose head and expert is taken
    for a plain model. Where the model has experts and the weights have none, each expert starts as that part of them
    (ViTPose++, section 3). Raises CheckpointError; the model is as it was then.
    """
    own = {key: value.float() for key, value in model.state_dict().items()}
    found = renamed_mae(weights)
    if found is not None:
        original, kept = {key: key for key in found}, (HEAD, FURTHER_HEADS, "backbone.last_norm.")
    else:
        found, original = renamed(weights, source)
        kept = (FURTHER_HEADS,)
    has_experts = any(".mlp.experts." in key for key in own)
    if not has_experts and found.keys() & {f"{HEAD}{LAST}weight"}:
        found, original = for_dataset(found, original, dataset, len(own[f"{HEAD}{LAST}weight"]), source)
    notes = []
    if not any(key.startswith(HEAD) for key in found):
        notes.append("The backbone is pre-trained; its last norm and the head are new.")
    if has_experts and not any(".mlp.experts." in key for key in found):
        found, original = _with_experts(found, original, own)
    found = {key: value for key, value in found.items() if not key.startswith(FURTHER_HEADS) or key in own}
    if any(key.startswith(HEAD) for key in found):
        notes += _fit_head(found, own, keypoints, wanted)
    for key, value in own.items():
        if key not in found and (key.startswith(kept) or key.endswith("knowledge_token")):
            found[key] = value
    new = {key.split(".")[1] for key in own if key.startswith(FURTHER_HEADS) and key not in original and LAST in key}
    if new and f"{HEAD}{LAST}weight" in original:
        notes.append(f"The heads of {len(new)} further data sets are new.")
    put(model, found, original, source)
    return notes


def _with_experts(found: Weights, original: dict[str, str], own: Weights) -> tuple[Weights, dict[str, str]]:
    """The second linear layers' last outputs become every expert's."""
    found, original = dict(found), dict(original)
    for key in [key for key in found if ".mlp.fc2." in key and key in own and found[key].ndim]:
        shared, whole, name = len(own[key]), found[key], original[key]
        found[key] = whole[:shared]
        for expert in own:
            if expert.startswith(key.rsplit(".fc2.", 1)[0] + ".experts.") and expert.endswith(key.rsplit(".", 1)[1]):
                found[expert], original[expert] = whole[shared:], name
    return found, original


def _fit_head(
    found: Weights, own: Weights, keypoints: tuple[str, ...] | None, wanted: tuple[str, ...] | None
) -> list[str]:
    """The last layer's rows by the keypoints' names, in place; another kind of head starts anew."""
    last = f"{HEAD}{LAST}weight"
    ours, theirs = ({key for key in state if key.startswith(HEAD)} for state in (own, found))
    if _deconvolves(ours) != _deconvolves(theirs):
        for key in theirs:
            del found[key]
        found |= {key: own[key] for key in ours}
        return ["The head is new: the weights' is of another kind."]
    if last not in theirs or found[last].ndim != own[last].ndim or found[last].shape[1:] != own[last].shape[1:]:
        return []  # told where the weights are put into the model
    if keypoints is None or wanted is None or len(keypoints) != len(found[last]) or len(wanted) != len(own[last]):
        if len(found[last]) == len(own[last]):
            return []
        rows, what = {}, f"all {len(own[last])} keypoints"
    else:
        rows = {i: keypoints.index(name) for i, name in enumerate(wanted) if name in keypoints}
        new = [name for name in wanted if name not in keypoints]
        what = f"{len(new)} of {len(wanted)} keypoints ({', '.join(some(new))})"
        if not new:
            what = ""
    count = len(found[last])
    for name in ("weight", "bias"):
        key = f"{HEAD}{LAST}{name}"
        if key not in found or found[key].ndim != own[key].ndim or len(found[key]) != count:
            return []
        fitted = own[key].clone()
        for mine, theirs_row in rows.items():
            fitted[mine] = found[key][theirs_row]
        found[key] = fitted
    return [f"The last layer starts anew for {what}."] if what else []


def _deconvolves(keys: set[str]) -> bool:
    return any("deconv_layers" in key for key in keys)
