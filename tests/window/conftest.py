"""A Blender with a window, for every test here."""

import os
import shutil
import sys

import pytest


@pytest.fixture
def blender() -> list[str]:
    gui = os.environ.get("BLENDER_GUI")
    if gui:
        return [gui, "run"]
    program = shutil.which("blender")
    if not program:
        pytest.skip("no Blender with a window is here: set BLENDER_GUI or put blender on PATH")
    if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
        if not shutil.which("xvfb-run"):
            pytest.skip("there is no display and no xvfb-run")
        return ["xvfb-run", "-a", "-s", "-screen 0 1600x900x24", program]
    return [program]
