"""Blender 4.2: `bpy.context` belongs to a scene that is there.

In 4.2, whoever reads `bpy.context.layer_collection`, as Rigify does, or `bpy.context.tool_settings` makes the scene of
that moment the owner of all that is read from `bpy.context` later. To set `bpy.context.window.scene`, as glTF's
importer and exporter do, writes into the owner: once another file was opened, into memory that was given back. From 4.5
on, a window belongs to the window manager.
"""

import bpy
from bpy.app.handlers import persistent


@persistent
def renew(*_) -> None:
    """Let `bpy.context` belong to the scene that it has now."""
    _ = bpy.context.tool_settings


def register() -> None:
    bpy.app.handlers.load_post.append(renew)


def unregister() -> None:
    bpy.app.handlers.load_post.remove(renew)
