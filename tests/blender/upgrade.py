"""Installs, disables, enables, upgrades and uninstalls the extension; says after each step what there is.

Runs as a process of its own: `python upgrade.py ZIP NEWER_ZIP`.
"""

import json
import os
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import bpy

MODULE = "bl_ext.user_default.vitpose_live_mocap"
DATA = Path(os.environ["MOCAP_DATA"])


def tell(step: str) -> None:
    installed = MODULE in bpy.context.preferences.addons
    seen = {"step": step, "registered": hasattr(bpy.types.Scene, "mocap")}
    seen["data"] = {
        str(path.relative_to(DATA).as_posix()): path.read_bytes().hex()
        for path in sorted(DATA.rglob("*"))
        if path.is_file()
    }
    if installed:
        folder = Path(sys.modules[MODULE].__file__).parent
        seen["version"] = tomllib.loads((folder / "blender_manifest.toml").read_text("utf-8"))["version"]
        seen["source"] = bpy.context.preferences.addons[MODULE].preferences.source
    print(json.dumps(seen), flush=True)


def bpy_addons():
    return import_module("addon_utils")  # there once bpy is imported


def install(path: str) -> None:
    bpy.ops.extensions.package_install_files(filepath=path, repo="user_default", enable_on_install=True)


bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
install(sys.argv[1])
bpy.context.preferences.addons[MODULE].preferences.source = "a film.mp4"
for name in ("takes/mine.mocap", "weights/mine.safetensors"):
    (DATA / name).parent.mkdir(parents=True, exist_ok=True)
    (DATA / name).write_bytes(b"kept")
tell("installed")
bpy_addons().disable(MODULE, default_set=True)
tell("disabled")
bpy_addons().enable(MODULE, default_set=True)
tell("enabled")
install(sys.argv[2])
tell("upgraded")
repo = [repo.module for repo in bpy.context.preferences.extensions.repos].index("user_default")
bpy.ops.extensions.package_uninstall(repo_index=repo, pkg_id="vitpose_live_mocap")
tell("uninstalled")
os._exit(0)  # without Blender's clean-up, in which some wheels crash
