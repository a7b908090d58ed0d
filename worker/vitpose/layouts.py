"""The names that weights have in different programs' files, and what a file with several data sets holds.

`renamed` gives weights of any known layout the names of model.py, which are the official repository's;
`for_dataset` picks one data set's head and expert out of a file that has several, so that a plain network is left.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor

from .model import DATASETS

Weights = dict[str, Tensor]


class CheckpointError(Exception):
    """Weights that cannot be used; the message says which file, what was found and what was expected."""


# How the blocks' keys begin in each layout, and below what turns its keys into model.py's.
_OFFICIAL_BLOCKS = "backbone.blocks."
_MMPOSE_BLOCKS = "backbone.layers."
_TRANSFORMERS_BLOCKS = "backbone.encoder.layer."
_MAE_BLOCKS = "blocks."

_MMPOSE = [
    (r"^backbone\.patch_embed\.projection\.", "backbone.patch_embed.proj."),
    (r"^backbone\.ln1\.", "backbone.last_norm."),
    (r"^backbone\.layers\.(\d+)\.ln([12])\.", r"backbone.blocks.\1.norm\2."),
    (r"^backbone\.layers\.(\d+)\.ffn\.layers\.0\.0\.", r"backbone.blocks.\1.mlp.fc1."),
    (r"^backbone\.layers\.(\d+)\.ffn\.layers\.1\.", r"backbone.blocks.\1.mlp.fc2."),
    (r"^backbone\.layers\.(\d+)\.attn\.", r"backbone.blocks.\1.attn."),
    (r"^head\.", "keypoint_head."),
]
_TRANSFORMERS = [
    (r"^backbone\.embeddings\.position_embeddings$", "backbone.pos_embed"),
    (r"^backbone\.embeddings\.patch_embeddings\.projection\.", "backbone.patch_embed.proj."),
    (r"^backbone\.layernorm\.", "backbone.last_norm."),
    (r"^backbone\.encoder\.layer\.(\d+)\.layernorm_before\.", r"backbone.blocks.\1.norm1."),
    (r"^backbone\.encoder\.layer\.(\d+)\.layernorm_after\.", r"backbone.blocks.\1.norm2."),
    (r"^backbone\.encoder\.layer\.(\d+)\.attention\.attention\.", r"backbone.blocks.\1.attn."),
    (r"^backbone\.encoder\.layer\.(\d+)\.attention\.output\.dense\.", r"backbone.blocks.\1.attn.proj."),
    (r"^backbone\.encoder\.layer\.(\d+)\.mlp\.", r"backbone.blocks.\1.mlp."),
    (r"^head\.deconv1\.", "keypoint_head.deconv_layers.0."),
    (r"^head\.batchnorm1\.", "keypoint_head.deconv_layers.1."),
    (r"^head\.deconv2\.", "keypoint_head.deconv_layers.3."),
    (r"^head\.batchnorm2\.", "keypoint_head.deconv_layers.4."),
    (r"^head\.conv\.", "keypoint_head.final_layer."),
]
# Of MAE's pre-training the encoder is of use: its decoder, mask and last norm are not.
_MAE = [(r"^(patch_embed|pos_embed$|blocks)", r"backbone.\1")]

# The heads beside COCO's in multi-data-set files without experts; those with experts have DATASETS'.
MULTI = ("aic", "mpii", "crowdpose")


def renamed(weights: Mapping[str, Tensor], source: str) -> tuple[Weights, dict[str, str]]:
    """The weights under model.py's names, and for each of those the file's own name. Raises CheckpointError."""

    def has(blocks: str) -> bool:
        return any(key.startswith(blocks) for key in weights)

    if has(_OFFICIAL_BLOCKS):
        found = {key: value for key, value in weights.items() if key != "backbone.cls_token"}
        return found, {key: key for key in found}
    if has(_MMPOSE_BLOCKS):
        rules = _MMPOSE
    elif has(_TRANSFORMERS_BLOCKS):
        rules = _TRANSFORMERS
    elif has(_MAE_BLOCKS):
        raise CheckpointError(
            f"{source} is a pre-trained backbone without a head: training can start from it, but it finds no "
            "keypoints. Choose weights of a whole ViTPose."
        )
    else:
        keys = ", ".join(some(list(weights))) or "nothing"
        raise CheckpointError(
            f"{source} is no ViTPose checkpoint of a known layout: expected keys that begin with "
            f"{_OFFICIAL_BLOCKS} (official), {_MMPOSE_BLOCKS} (mmpose 1.x) or {_TRANSFORMERS_BLOCKS} "
            f"(transformers), found {keys}."
        )
    found, original = _by_rules(weights, rules)
    return _joined_qkv(found, original), original


def renamed_mae(weights: Mapping[str, Tensor]) -> Weights | None:
    """The backbone out of MAE's pre-training, or None for another file.

    Huge was pre-trained with patches of 14 px: zeros around them make 16, as in the official repository.
    """
    if any(key.startswith("backbone.") for key in weights) or "patch_embed.proj.weight" not in weights:
        return None
    found = {key: value for key, value in _by_rules(weights, _MAE)[0].items() if key.startswith("backbone.")}
    patches = found["backbone.patch_embed.proj.weight"]
    if patches.ndim == 4 and patches.shape[2:] == (14, 14):
        found["backbone.patch_embed.proj.weight"] = torch.nn.functional.pad(patches, (1, 1, 1, 1))
    return found


def for_dataset(
    found: Weights, original: dict[str, str], dataset: str, keypoints: int, source: str
) -> tuple[Weights, dict[str, str]]:
    """One data set's plain network out of a file that may have several heads and experts.

    dataset: a name in DATASETS, or "crowdpose". keypoints: of its head; heads in such files may have more
    outputs, of which the first are meant. Whether experts are a part of the network still is told by the
    second linear layers: where they are narrower than the network, the expert's outputs follow theirs
    (Xu et al., ViTPose++), and putting the two together changes nothing.
    Raises CheckpointError where the data set's head or expert is not in the file.
    """
    heads = sorted({int(m[1]) for key in found if (m := re.match(r"associate_keypoint_heads\.(\d+)\.", key))})
    experts = {key for key in found if ".mlp.experts." in key}
    plain = {k: v for k, v in found.items() if k not in experts and not k.startswith("associate_keypoint_heads.")}
    names = {key: original[key] for key in plain}
    if heads and dataset != "coco":
        if not experts and len(heads) > len(MULTI):
            raise CheckpointError(f"{source} is ViTPose+ split for coco, without the expert of {dataset}.")
        order = DATASETS[1:] if experts else MULTI
        if dataset not in order or order.index(dataset) not in heads:
            there = ", ".join(["coco", *(order[i] for i in heads if i < len(order))])
            raise CheckpointError(f"{source} has no head for {dataset}; it has {there}.")
        prefix = f"associate_keypoint_heads.{order.index(dataset)}."
        plain = {key: value for key, value in plain.items() if not key.startswith("keypoint_head.")}
        for key in found:
            if key.startswith(prefix):
                name = "keypoint_head." + key[len(prefix) :]
                plain[name], names[name] = found[key], original[key]
                if name.startswith("keypoint_head.final_layer.") and found[key].ndim:
                    plain[name] = found[key][:keypoints]
    for key in [key for key in plain if ".mlp.fc2." in key]:
        expert = key.replace(".fc2.", f".experts.{DATASETS.index(dataset) if dataset in DATASETS else '-'}.")
        first = plain.get(key.rsplit(".fc2.", 1)[0] + ".fc1.weight")
        if not experts or first is None or first.ndim != 2 or plain[key].ndim == 0:
            continue  # shapes that cannot be are told where the weights are put into the model
        width, shared = first.shape[1], len(plain[key])
        unsplit = shared < width
        if dataset != "coco" and not heads and unsplit:
            raise CheckpointError(f"{source} has the experts of {dataset}, but the head of coco alone.")
        if not unsplit and (dataset == "coco" or not heads):
            continue  # split already; the experts were left over
        if expert not in found:
            raise CheckpointError(f"{source} has no expert for {dataset}: {expert} is missing.")
        if _in_line(plain[key], found[expert]) and len(found[expert]) < width:
            plain[key] = torch.cat([plain[key][: width - len(found[expert])], found[expert]])
    return plain, names


def _by_rules(weights: Mapping[str, Tensor], rules: list[tuple[str, str]]) -> tuple[Weights, dict[str, str]]:
    found, original = {}, {}
    for key, value in weights.items():
        name = key
        for pattern, replacement in rules:
            name, count = re.subn(pattern, replacement, key)
            if count:
                break
        found[name], original[name] = value, key
    return found, original


def _joined_qkv(found: Weights, original: dict[str, str]) -> Weights:
    """transformers keeps query, key and value apart; here they are one matrix, in this order."""
    joined = dict(found)
    for name in found:
        if ".attn.query." in name:
            parts = [name.replace(".query.", f".{part}.") for part in ("query", "key", "value")]
            if all(part in found for part in parts) and _in_line(*(found[part] for part in parts)):
                whole = name.replace(".query.", ".qkv.")
                joined[whole] = torch.cat([joined.pop(part) for part in parts])
                original[whole] = original[name].replace(".query.", ".{query,key,value}.")
    return joined


def _in_line(*tensors: Tensor) -> bool:
    """Whether these can be put under each other."""
    return all(tensor.ndim and tensor.shape[1:] == tensors[0].shape[1:] for tensor in tensors)


def some(items: list[str], most: int = 4) -> list[str]:
    """The first few, and how many more there are."""
    return items if len(items) <= most else [*items[:most], f"and {len(items) - most} more"]
