"""Which of the models on this machine is the largest."""

from mocap_core.protocol import JOINT_COUNTS


def largest() -> str:
    """The name of the fetched model with the most weights among those that a take can hold, or an empty text for the
    one that ships."""
    import torch

    from .vitpose.hub import PUBLISHED, pulled
    from .vitpose.model_config import load_model_config

    sizes = {}
    for name, (_, config) in PUBLISHED.items():
        described = load_model_config(config)
        if pulled(name) is None or described.skeleton not in JOINT_COUNTS:
            continue
        with torch.device("meta"):
            sizes[name] = sum(weights.numel() for weights in described.build().parameters())
    return max(sizes, key=sizes.get, default="")
