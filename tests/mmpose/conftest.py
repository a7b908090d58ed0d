"""Weights without a zero in them, for the tests against mmpose. `python tests/mmpose/run.py` runs these tests."""

from pathlib import Path

import pytest
import torch

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items):
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.mmpose)


@pytest.fixture(scope="session")
def randomise():
    """Makes all of a model's weights random, in place, so that no bias, norm or statistic is left at 0 or 1."""

    def randomise(model: torch.nn.Module, seed: int = 0) -> torch.nn.Module:
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for name, value in model.state_dict().items():
                if not value.is_floating_point():
                    continue
                value.normal_(generator=generator)
                if name.endswith("running_var"):
                    value.abs_().add_(0.5)
                elif "pos_embed" in name or "patch_embed" in name:
                    # So small that the first norm sees a variance near its eps: a wrong eps shows.
                    value.mul_(2e-3 if value.ndim < 4 else 1e-4)
                elif value.ndim == 1:
                    is_scale = name.endswith("weight") and ("norm" in name or "deconv" in name)
                    value.mul_(0.3).add_(float(is_scale))
                else:
                    value.mul_(value[0].numel() ** -0.5)
        return model.eval()

    return randomise
