"""ViTPose Live Mocap, the Blender extension: everything is in `addon`."""


def register() -> None:
    from . import addon

    addon.register()


def unregister() -> None:
    from . import addon

    addon.unregister()
