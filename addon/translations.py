"""The interface in other languages: `register` gives Blender what it translates by itself, `say` does the rest.

Blender looks up labels and tooltips. What is filled in first, a sentence with a name in it, `say` finds by its pattern.
"""

import re
from dataclasses import dataclass
from functools import cached_property

import bpy

from . import spanish

_CONTEXTS = ("*", "Operator")
_LEAST = 5  # letters in a row, of a sentence within another: a name, too, can read “{} on {}”


@dataclass(frozen=True)
class Language:
    """texts: English → the language, with {} for what is filled in, in the same order."""

    texts: dict[str, str]

    def say(self, text: str, least: int = 1) -> str:
        """The text, filled in or not; one that is not known stays. least: letters in a row that a filled one has."""
        if text in self.texts:
            return self.texts[text]
        for own, pattern, translation in self._patterns:
            found = pattern.fullmatch(text) if len(own) >= least and own in text else None
            if found:
                first, *rest = translation.split("{}")
                filled = [self.say(value, _LEAST) for value in found.groups()]  # which may be a text as well
                return first + "".join(value + part for value, part in zip(filled, rest, strict=True))
        return text

    @cached_property
    def _patterns(self) -> list[tuple[str, re.Pattern, str]]:
        """Of the texts with something to fill in, the most particular first; each after its longest part."""
        filled = [text for text in self.texts if "{}" in text and any(map(str.isalpha, text))]
        # What begins with its own words goes first: “The worker ended: {}” may end with any of the others.
        filled.sort(key=lambda text: (text.startswith("{}"), -len(text)))
        return [
            (
                max(text.split("{}"), key=len),
                re.compile(re.escape(text).replace(r"\{\}", "(.*?)"), re.DOTALL),
                self.texts[text],
            )
            for text in filled
        ]


LANGUAGES = {"es": Language(spanish.TEXTS)}


def say(text: str) -> str:
    """A text in the language of Blender's interface, or as it is."""
    if not text or not bpy.context.preferences.view.use_translate_interface:
        return text
    language = LANGUAGES.get(bpy.app.translations.locale.partition("_")[0])
    return text if language is None else language.say(text)


def register() -> None:
    messages = {
        code: {(context, text): other for text, other in language.texts.items() for context in _CONTEXTS}
        for code, language in LANGUAGES.items()
    }
    bpy.app.translations.register(__package__, messages)


def unregister() -> None:
    bpy.app.translations.unregister(__package__)
