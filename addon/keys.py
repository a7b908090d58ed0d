"""The keys of the 3D view. Users change them in the preferences, under Keymap."""

import bpy

_ITEMS = (
    {"idname": "mocap.recentre", "type": "HOME", "value": "PRESS", "ctrl": True, "alt": True},
    {"idname": "mocap.record", "type": "R", "value": "PRESS", "ctrl": True, "alt": True},
)
_added: list[tuple[bpy.types.KeyMap, bpy.types.KeyMapItem]] = []


def register() -> None:
    known = bpy.context.window_manager.keyconfigs.addon
    if known is None:  # in the background there are none
        return
    keymap = known.keymaps.new(name="3D View", space_type="VIEW_3D")
    _added.extend((keymap, keymap.keymap_items.new(**item)) for item in _ITEMS)


def unregister() -> None:
    while _added:
        keymap, item = _added.pop()
        keymap.keymap_items.remove(item)
