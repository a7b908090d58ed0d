"""The interface in Spanish: what is shown has it, and sentences are translated with what is filled in."""

import warnings
from importlib import import_module

import pytest

bpy = pytest.importorskip("bpy", reason="bpy is not in this Python")

MODULE = "bl_ext.user_default.vitpose_live_mocap.addon"
# The same in Spanish: names, formats, units.
SAME = {"glTF", "FBX", "BVH", "CSV", "NumPy", "Blender", "Unreal", "Unity", "CPU", "CUDA", "ROCm", "PyTorch", "MJPG"}


def shown():
    """(where, text) of labels and descriptions of our classes, their properties and choices."""
    for module in import_module(MODULE)._with_classes():
        for cls in module.CLASSES:
            for name in ("bl_label", "bl_description"):
                yield f"{cls.__name__}.{name}", getattr(cls, name, "")
            ours = {name for base in cls.__mro__ for name in vars(base).get("__annotations__", {})}
            for prop in cls.bl_rna.properties:
                named = prop.name != prop.identifier  # what has no name is not shown
                if prop.identifier not in ours or prop.is_hidden or not named or prop.identifier.startswith("bl_"):
                    continue
                where = f"{cls.__name__}.{prop.identifier}"
                yield where, prop.name
                yield where, "" if prop.identifier == "name" else prop.description  # that is Blender's own
                for item in getattr(prop, "enum_items", ()):
                    yield f"{where}.{item.identifier}", item.name
                    yield f"{where}.{item.identifier}", item.description


def is_words(text: str) -> bool:
    return any(word.isalpha() and len(word) > 2 for word in text.replace("_", "0").split()) and text not in SAME


def test_what_is_shown_has_spanish(session):
    """What is new may lack it for a while, and is named; more than a twentieth may not."""
    texts = import_module(f"{MODULE}.spanish").TEXTS
    seen = {(where, text) for where, text in shown() if is_words(text)}
    lacking = "\n".join(sorted(f"{where}: {text}" for where, text in seen if text not in texts))
    if lacking:
        warnings.warn(f"without Spanish:\n{lacking}", stacklevel=1)
    assert len(seen) > 300 and len(lacking.splitlines()) < len(seen) / 20, lacking


def test_placeholders_are_the_same_in_both_languages(session):
    texts = import_module(f"{MODULE}.spanish").TEXTS
    assert not [text for text, other in texts.items() if text.count("{}") != other.count("{}")]
    assert not [text for text, other in texts.items() if not other.strip()]


def test_a_sentence_is_translated_with_what_is_filled_in(session):
    say = import_module(f"{MODULE}.translations").LANGUAGES["es"].say
    assert say("Record") == "Grabar"
    assert say("Port 5005 is in use; listening at 40123.") == "El puerto 5005 está ocupado; se escucha en el 40123."
    assert say("/tmp/a take. b.fbx cannot be written: full.") == "/tmp/a take. b.fbx no se puede escribir: full."
    assert say("No Hand: feet stay flat.") == "Falta Hand: los pies quedan planos."
    assert say("Nobody wrote this sentence.") == "Nobody wrote this sentence."


def test_blender_finds_the_spanish(session):
    view = bpy.context.preferences.view
    before = view.language
    try:
        view.language = "es"
    except TypeError:
        pytest.skip("this Blender has no Spanish")
    try:
        view.use_translate_interface = view.use_translate_tooltips = True
        if not bpy.app.translations.locale.startswith("es"):
            pytest.skip("this Blender has no Spanish")
        assert bpy.app.translations.pgettext_iface("Start Capture", "Operator") == "Iniciar captura"
        assert import_module(f"{MODULE}.translations").say("What plays: Take 1") == "Lo que se reproduce: Take 1"
    finally:
        view.language = before
