"""The add-on: thin files over `core`. Registers what each of them brings."""


def _with_classes():
    """The modules that have `CLASSES`, in the order in which these are registered."""
    from . import (
        camera_panel,
        chain_panel,
        export_operator,
        export_panel,
        figures_panel,
        map_operators,
        map_panel,
        models_panel,
        operators,
        overriding,
        panels,
        people_panel,
        preferences,
        preview_panel,
        properties,
        record_operators,
        record_panel,
        setup_operators,
        setup_panel,
        source_operators,
        studio_presets,
        take_list,
        take_operators,
        takes_panel,
    )

    return (
        preferences,
        properties,
        take_list,
        operators,
        map_operators,
        setup_operators,
        source_operators,
        take_operators,
        record_operators,
        export_operator,
        overriding,
        studio_presets,
        panels,
        record_panel,
        camera_panel,
        preview_panel,
        map_panel,
        people_panel,
        takes_panel,
        figures_panel,
        chain_panel,
        models_panel,
        setup_panel,
        export_panel,
    )


def register() -> None:
    import bpy

    from . import (
        context_owner,
        export_operator,
        exporting,
        film_reference,
        keys,
        models,
        preview_panel,
        properties,
        session,
        setting_up,
        silence,
        take_list,
        translations,
    )

    for module in _with_classes():
        for cls in module.CLASSES:
            bpy.utils.register_class(cls)
    translations.register()
    properties.add_to_scenes()
    take_list.register()
    film_reference.register()
    export_operator.add_to_data()
    silence.register()
    exporting.register()
    session.register()
    setting_up.register()
    preview_panel.register()
    models.register()
    keys.register()
    context_owner.register()


def unregister() -> None:
    import bpy

    from . import (
        cameras,
        context_owner,
        export_operator,
        exporting,
        film_reference,
        keys,
        models,
        preview_panel,
        properties,
        refining,
        session,
        setting_up,
        silence,
        take_list,
        translations,
    )

    context_owner.unregister()
    keys.unregister()
    cameras.end()
    models.unregister()
    preview_panel.unregister()
    setting_up.unregister()
    session.unregister()
    exporting.unregister()
    silence.unregister()
    export_operator.remove_from_data()
    film_reference.unregister()
    take_list.unregister()
    refining.end()
    properties.remove_from_scenes()
    translations.unregister()
    for module in reversed(_with_classes()):
        for cls in reversed(module.CLASSES):
            bpy.utils.unregister_class(cls)
