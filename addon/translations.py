"""The interface in other languages: `register` gives Blender what it translates by itself, `say` does the rest.

Blender looks up labels and tooltips. What is filled in first, a sentence with a name in it, `say` finds by its pattern.
"""

import re
from functools import cache

import bpy

from . import spanish

_LANGUAGES = {"es": spanish.TEXTS}
_CONTEXTS = ("*", "Operator")


def say(text: str) -> str:
    """A text or a filled-in sentence in the language of Blender's interface, or as it is."""
    if not text or not bpy.context.preferences.view.use_translate_interface:
        return text
    texts = _LANGUAGES.get(bpy.app.translations.locale.partition("_")[0])
    return text if texts is None else translated(text, texts)


def translated(text: str, texts: dict[str, str]) -> str:
    """The text by a dictionary, in which {} stands for whatever is filled in. What fits no entry stays."""
    if text in texts:
        return texts[text]
    for pattern, translation in _patterns(id(texts), tuple(texts.items())):
        found = pattern.fullmatch(text)
        if found:
            first, *rest = translation.split("{}")
            return first + "".join(value + part for value, part in zip(found.groups(), rest, strict=True))
    return text


@cache
def _patterns(_: int, texts: tuple[tuple[str, str], ...]) -> list[tuple[re.Pattern, str]]:
    """Those with something to fill in, the most particular first."""
    filled = sorted((pair for pair in texts if "{}" in pair[0] and _words(pair[0])), key=lambda pair: -len(pair[0]))
    return [(re.compile(re.escape(text).replace(r"\{\}", "(.+?)"), re.DOTALL), other) for text, other in filled]


def _words(text: str) -> bool:
    return any(letter.isalpha() for letter in text.replace("{}", ""))


def register() -> None:
    messages = {
        language: {(context, text): other for text, other in texts.items() for context in _CONTEXTS}
        for language, texts in _LANGUAGES.items()
    }
    bpy.app.translations.register(__package__, messages)


def unregister() -> None:
    bpy.app.translations.unregister(__package__)
