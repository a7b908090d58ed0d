"""The interface in Spanish: what is shown has it, and sentences are translated with what is filled in."""

import ast
import warnings
from importlib import import_module
from pathlib import Path

import pytest

bpy = pytest.importorskip("bpy", reason="bpy is not in this Python")

MODULE = "bl_ext.user_default.vitpose_live_mocap.addon"
# The same in Spanish: names, formats, units.
SAME = {"glTF", "FBX", "BVH", "CSV", "NumPy", "Blender", "Unreal", "Unity", "CPU", "CUDA", "ROCm", "PyTorch", "MJPG"}

REPOSITORY = Path(__file__).parents[2]
# Whose errors the worker tells Blender, or the doctor.
WORKER = ("", "backends", "chains", "commands/doctor", "vitpose/checkpoint", "vitpose/hub", "vitpose/layouts")
WORKER += ("vitpose/config", "vitpose/config_fields", "vitpose/config_mmpose", "vitpose/config_official")
WORKER += ("vitpose/fitting", "vitpose/model_config", "vitpose/weights_file")
# Counted, or for programmers.
NOT_SHOWN = {"PacketError", "AssertionError", "ValueError", "TypeError", "RuntimeError"}


def errors():
    """(where, text) of the sentences that errors and the doctor's findings are made with."""
    files = [path for path in (REPOSITORY / "addon").rglob("*.py") if "assets" not in path.parts]
    for name in WORKER:
        path = REPOSITORY / "worker" / name
        files += path.glob("*.py") if path.is_dir() else [path.with_suffix(".py")]
    files.remove(REPOSITORY / "worker" / "extension.py")  # builds the add-on
    for path in sorted(files):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            name = getattr(node.func, "id", "") if isinstance(node, ast.Call) else ""
            if name == "Finding" or (name.endswith("Error") and name not in NOT_SHOWN):
                for argument in node.args:
                    yield f"{path.relative_to(REPOSITORY)}:{node.lineno}", sentence(argument)


def sentence(node: ast.expr) -> str:
    """A text with {} for what is filled in; empty for what is put together elsewhere, or is one word."""
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    filled = [part.value if isinstance(part, ast.Constant) else "{}" for part in parts]
    text = "".join(filled).replace("{}{}", "{}") if all(isinstance(part, str) for part in filled) else ""
    return text if " " in text.replace("{}", "").strip() else ""


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


def check_spanish(sentences, least):
    """Of (where, text): what is new may lack it for a while, and is named; more than a twentieth may not."""
    texts = import_module(f"{MODULE}.spanish").TEXTS
    seen = {(where, text) for where, text in sentences if is_words(text)}
    lacking = "\n".join(sorted(f"{where}: {text}" for where, text in seen if text not in texts))
    if lacking:
        warnings.warn(f"without Spanish:\n{lacking}", stacklevel=2)
    assert len(seen) > least and len(lacking.splitlines()) < len(seen) / 20, lacking


def test_what_is_shown_has_spanish(session):
    check_spanish(shown(), least=300)


def test_what_is_wrong_has_spanish(session):
    """Of errors, the worker's too."""
    check_spanish(errors(), least=150)


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
    assert say("Camera 7 is not there; found are 0 (Cam on top).") == (
        "La cámara 7 no está; se encontraron 0 (Cam on top)."
    )
    assert say("There is no file dance on table.mp4.") == "No existe el archivo dance on table.mp4."
    assert say("Nobody wrote this sentence.") == "Nobody wrote this sentence."


def test_a_sentence_within_a_sentence_is_translated(session):
    say = import_module(f"{MODULE}.translations").LANGUAGES["es"].say
    assert say("The worker ended: error: Camera 0 is lost; opening it again.") == (
        "El proceso terminó: error: Se perdió la cámara 0; se vuelve a abrir."
    )
    assert say("Person 2: Rig shows nobody.") == "Persona 2: Rig no muestra a nadie."
    assert say("/a.take cannot be written: Permission denied.") == "/a.take no se puede escribir: permiso denegado."


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
