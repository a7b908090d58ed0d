"""The add-on: thin files over `core`. Registers what each of them brings."""


def register() -> None:
    import bpy

    from . import (
        keys,
        map_operators,
        map_panel,
        operators,
        panels,
        preferences,
        properties,
        session,
        take_list,
        take_operators,
        takes_panel,
    )

    for module in (
        preferences,
        properties,
        take_list,
        operators,
        map_operators,
        take_operators,
        panels,
        map_panel,
        takes_panel,
    ):
        for cls in module.CLASSES:
            bpy.utils.register_class(cls)
    properties.add_to_scenes()
    take_list.register()
    session.register()
    keys.register()


def unregister() -> None:
    import bpy

    from . import (
        keys,
        map_operators,
        map_panel,
        operators,
        panels,
        preferences,
        properties,
        session,
        take_list,
        take_operators,
        takes_panel,
    )

    keys.unregister()
    session.unregister()
    take_list.unregister()
    properties.remove_from_scenes()
    for module in (
        takes_panel,
        map_panel,
        panels,
        take_operators,
        map_operators,
        operators,
        take_list,
        properties,
        preferences,
    ):
        for cls in reversed(module.CLASSES):
            bpy.utils.unregister_class(cls)
