"""Reads config files in mmpose's format without running them.

A config is Python, and mmpose runs it. Here only what describes is read: assignments to names, literals
(with lists, tuples, dicts), `dict(key=…)`, names assigned earlier in the same file, items of those
(`codec['input_size']`), sums, differences and products of numbers, strings and lists put together with `+` or in
an f-string, `list(range(17))`, and `_base_`, whose files are read first and changed by this one (a dict key by
key; `_delete_=True` in a dict starts it afresh) and whose values are `_base_.name` or `{{_base_.name}}`.
Anything else, such as an import or another call, is refused with its file and line.

A base in a folder `_base_` that is not there is left out, and what is taken from it is None: mmpose keeps run-time
settings and data sets' descriptions there, which a config copied to another place does not bring along.

What the values mean is left to model_config.py.
"""

from __future__ import annotations

import ast
import operator
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

# Far above any real config; they stop files that are made to exhaust the memory.
MAX_BYTES = 1_000_000
MAX_VALUES = 100_000
MAX_NUMBER = 10**12

ARITHMETIC = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul}


class ConfigError(Exception):
    """A config that cannot be used; the message says which file, where and why."""


def read_config(path: str | Path) -> dict[str, Any]:
    """The config's values by name, bases merged in: plain dicts, lists, tuples, strings, numbers, None.

    Raises ConfigError, and nothing else, for a file that is missing, malformed or more than a description.
    """
    path = Path(path)
    try:
        return _read(path, above=())
    except RecursionError:
        raise ConfigError(f"{path} is nested too deeply.") from None


def _read(path: Path, above: tuple[Path, ...]) -> dict[str, Any]:
    if _resolved(path) in above:
        raise ConfigError(f"{path} is its own _base_, by way of {above[-1]}.")
    above = (*above, _resolved(path))
    reader = _Reader(path, lambda bases: _read_bases(path, bases, above))
    values = reader.read(_parse(path))
    values.pop("_base_", None)
    return _merge(reader.base, values)


def _read_bases(path: Path, bases: Any, above: tuple[Path, ...]) -> dict[str, Any]:
    """The values of all `_base_` files together."""
    if isinstance(bases, str):
        bases = [bases]
    if not isinstance(bases, list | tuple) or not all(isinstance(base, str) for base in bases):
        raise ConfigError(f"{path}: _base_ is no path or list of paths.")
    merged: dict[str, Any] = {}
    for base in bases:
        if "_base_" in Path(base).parts and not _is_there(path.parent / base):
            continue
        inherited = _read(path.parent / base, above)
        twice = sorted(merged.keys() & inherited.keys())
        if twice:
            raise ConfigError(f"{path}: two of its _base_ files assign {', '.join(twice)}.")
        merged |= inherited
    return merged


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return True  # reading it says why it cannot be read


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, ValueError, RuntimeError):  # a null byte, a loop of links
        return path


def _parse(path: Path) -> ast.Module:
    try:
        with path.open("rb") as file:
            source = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise ConfigError(f"{path} is not there.") from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read: {error}.") from None
    if len(source) > MAX_BYTES:
        raise ConfigError(f"{path} is larger than {MAX_BYTES:,} bytes, so no config.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about odd escapes in strings, which are none of our business
            return ast.parse(source, filename=str(path))
    except SyntaxError as error:
        where = f", line {error.lineno}" if error.lineno else ""
        raise ConfigError(f"{path}{where} is not Python: {error.msg}.") from None
    except (ValueError, MemoryError) as error:  # null bytes; brackets without end
        raise ConfigError(f"{path} is not Python: {str(error) or 'too deeply nested'}.") from None


class _Reader:
    """Turns the syntax tree of one file into values, refusing all that would have to be run."""

    def __init__(self, path: Path, read_bases: Callable[[Any], dict[str, Any]]) -> None:
        self.path = path
        self.read_bases = read_bases
        self.base: dict[str, Any] = {}
        self.names: dict[str, Any] = {}
        self.count = 0

    def read(self, tree: ast.Module) -> dict[str, Any]:
        for statement in tree.body:
            match statement:
                case ast.Expr(value=ast.Constant(value=str())):
                    pass  # a docstring
                case ast.Assign(targets=targets, value=node):
                    value = self.value(node)
                    for target in targets:
                        if not isinstance(target, ast.Name) or target.id == "dict":
                            raise self.refusal(target, "assigns to something other than a new name")
                        if target.id == "_base_":
                            self.base = self.read_bases(value)
                        self.names[target.id] = self.copy(target, value)
                case _:
                    raise self.refusal(statement, f"has {_spoken(statement)}, which would have to be run")
        return self.names

    def value(self, node: ast.expr) -> Any:
        self.tally(node)
        match node:
            case ast.Constant(value=str() | int() | float() | None as value):
                return value
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
                return -value
            case ast.List(elts=items):
                return [self.value(item) for item in items]
            case ast.Tuple(elts=items):
                return tuple(self.value(item) for item in items)
            case ast.Dict(keys=keys, values=nodes):
                return dict(zip([self.key(node, key) for key in keys], map(self.value, nodes), strict=True))
            case ast.Call(func=ast.Name(id="dict"), args=[], keywords=keywords):
                if any(keyword.arg is None for keyword in keywords):
                    raise self.refusal(node, "unpacks into dict(…)")
                return {keyword.arg: self.value(keyword.value) for keyword in keywords}
            case ast.Call(func=ast.Name(id="list"), args=[ast.Call(func=ast.Name(id="range"))]):
                return self.numbers_to(node.args[0])
            case ast.Name(id=name):
                if name not in self.names:
                    raise self.refusal(node, f"uses {name}, which is not assigned above")
                return self.copy(node, self.names[name])
            case ast.Subscript(value=container, slice=ast.Constant(value=int() | str() as key)):
                return self.item(node, self.value(container), key)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in ARITHMETIC:
                return self.together(node, self.value(left), op, self.value(right))
            case ast.JoinedStr(values=parts):
                return self.text(node, parts)
            case ast.Set(elts=[ast.Set(elts=[ast.Attribute() as inner])]) | (ast.Attribute() as inner):
                return self.from_base(node, inner)
        raise self.refusal(node, f"has {_spoken(node)}, which would have to be run")

    def numbers_to(self, node: ast.Call) -> list[int]:
        bounds = [self.value(argument) for argument in node.args]
        whole = all(isinstance(b, int) and abs(b) <= MAX_VALUES for b in bounds)
        if node.keywords or not 1 <= len(bounds) <= 2 or not whole:
            raise self.refusal(node, "has a range of something other than one or two whole numbers")
        return self.copy(node, list(range(*bounds)))

    def item(self, node: ast.expr, container: Any, key: int | str) -> Any:
        try:
            return container[key]
        except (LookupError, TypeError):
            raise self.refusal(node, f"takes {key!r} from what has no such item") from None

    def together(self, node: ast.expr, left: Any, op: ast.operator, right: Any) -> Any:
        """Numbers with numbers; with + also text with text and lists with lists."""
        numbers = all(isinstance(v, int | float) and abs(v) <= MAX_NUMBER for v in (left, right))
        alike = isinstance(op, ast.Add) and type(left) is type(right) and isinstance(left, str | list | tuple)
        if not numbers and not alike:
            raise self.refusal(node, "has arithmetic with something other than numbers")
        made = ARITHMETIC[type(op)](left, right)
        if isinstance(made, str | list | tuple) and len(made) > MAX_VALUES:
            raise self.refusal(node, f"makes more than {MAX_VALUES:,} values")
        return made

    def text(self, node: ast.expr, parts: list[ast.expr]) -> str:
        made = ""
        for part in parts:
            match part:
                case ast.Constant(value=str() as value):
                    made += value
                case ast.FormattedValue(value=inner, conversion=-1, format_spec=None):
                    value = self.value(inner)
                    if not isinstance(value, str | int | float):
                        raise self.refusal(node, "has an f-string with something other than text and numbers")
                    made += str(value)
                case _:
                    raise self.refusal(node, "has an f-string with a format")
            if len(made) > MAX_VALUES:
                raise self.refusal(node, f"makes more than {MAX_VALUES:,} values")
        return made

    def from_base(self, node: ast.expr, inner: ast.Attribute) -> Any:
        """`_base_.a.b`; None for what is in none of the bases that are there."""
        names: list[str] = []
        at: ast.expr = inner
        while isinstance(at, ast.Attribute):
            names.append(at.attr)
            at = at.value
        if not isinstance(at, ast.Name) or at.id != "_base_":
            raise self.refusal(node, "has an attribute, which would have to be run")
        found: Any = self.base
        for name in reversed(names):
            found = found.get(name) if isinstance(found, dict) else None
        return self.copy(node, found)

    def key(self, node: ast.Dict, key: ast.expr | None) -> str | int:
        if not isinstance(key, ast.Constant) or not isinstance(key.value, str | int):
            raise self.refusal(key or node, "has a dict key that is neither a string nor a number")
        return key.value

    def copy(self, node: ast.expr, value: Any) -> Any:
        """A deep copy: no two names share a value. All count, or a few lines could fill the memory."""
        self.tally(node)
        if isinstance(value, dict):
            return {key: self.copy(node, item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(self.copy(node, item) for item in value)
        return value

    def tally(self, node: ast.expr) -> None:
        self.count += 1
        if self.count > MAX_VALUES:
            raise self.refusal(node, f"makes more than {MAX_VALUES:,} values")

    def refusal(self, node: ast.AST, what: str) -> ConfigError:
        return ConfigError(
            f"{self.path}, line {getattr(node, 'lineno', '?')} {what}. "
            "A config is read, not run: assignments, literals, dict(…), names, sums and _base_."
        )


def _spoken(node: ast.AST) -> str:
    names = {
        ast.Import: "an import",
        ast.ImportFrom: "an import",
        ast.Call: "a call",
        ast.BinOp: "arithmetic other than sums and products",
        ast.Subscript: "a subscript other than a number or a name",
        ast.FunctionDef: "a function",
        ast.ClassDef: "a class",
    }
    return names.get(type(node), f"a {type(node).__name__}")


def _merge(base: dict, change: dict) -> dict:
    """`base` changed by `change`; where both hold a dict, key by key unless the new one says `_delete_`."""
    merged = dict(base)
    for key, value in change.items():
        if isinstance(value, dict):
            fresh = bool(value.get("_delete_", False))
            value = {k: v for k, v in value.items() if k != "_delete_"}
            below = merged.get(key)
            value = _merge(below if isinstance(below, dict) and not fresh else {}, value)
        merged[key] = value
    return merged
