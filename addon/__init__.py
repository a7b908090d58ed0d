"""The add-on: thin files over `core`. Registers what each of them brings."""


def register() -> None:
    import bpy

    from . import keys, map_operators, map_panel, operators, panels, preferences, properties, session

    for module in (preferences, properties, operators, map_operators, panels, map_panel):
        for cls in module.CLASSES:
            bpy.utils.register_class(cls)
    properties.add_to_scenes()
    session.register()
    keys.register()


def unregister() -> None:
    import bpy

    from . import keys, map_operators, map_panel, operators, panels, preferences, properties, session

    keys.unregister()
    session.unregister()
    properties.remove_from_scenes()
    for module in (map_panel, panels, map_operators, operators, properties, preferences):
        for cls in reversed(module.CLASSES):
            bpy.utils.unregister_class(cls)
