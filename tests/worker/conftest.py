"""Lets tests import what they share from the files beside them."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def painters_folder(tmp_path_factory):
    """Where tests that draw keep what takes a while to make: poses, clothes, surroundings."""
    return tmp_path_factory.mktemp("painters")
