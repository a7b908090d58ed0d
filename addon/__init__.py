"""The add-on: thin files over `core`. Registers what each of them brings."""


def register() -> None:
    import bpy

    from . import keys, operators, panels, preferences, properties, session

    for cls in (*preferences.CLASSES, *properties.CLASSES, *operators.CLASSES, *panels.CLASSES):
        bpy.utils.register_class(cls)
    properties.add_to_scenes()
    session.register()
    keys.register()


def unregister() -> None:
    import bpy

    from . import keys, operators, panels, preferences, properties, session

    keys.unregister()
    session.unregister()
    properties.remove_from_scenes()
    for cls in reversed((*preferences.CLASSES, *properties.CLASSES, *operators.CLASSES, *panels.CLASSES)):
        bpy.utils.unregister_class(cls)
