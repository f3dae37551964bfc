"""Parameters: those that a notebook has, the values that were typed or stand in a file, and sweeps over several."""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from coursekit.regenerate.jobs import CannotRun

Values = dict[str, list[Any]]
NUMBERS = (int, float, bool)


def known_parameters(notebook: Any) -> dict[str, str]:
    """Names and defaults, as written, in the notebook's cell that is tagged ``parameters``."""
    from papermill.translators import PythonTranslator

    for cell in notebook.cells:
        if "parameters" in cell.metadata.get("tags", []):
            return {found.name: found.default for found in PythonTranslator.inspect(cell)}
    return {}


def read_files(paths: Iterable[Path]) -> dict[str, Any]:
    """Parameters from YAML files of names and values, as papermill takes them; a later file wins.

    Raises:
        CannotRun: a file cannot be read, or is not such a mapping.
    """
    import yaml
    from papermill.iorw import NoDatesSafeLoader

    read: dict[str, Any] = {}
    for path in paths:
        try:
            content = yaml.load(path.read_text(encoding="utf-8"), NoDatesSafeLoader)
        except OSError as error:
            raise CannotRun(f"{path} cannot be read: {error.strerror}") from error
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise CannotRun(f"{path} is no YAML file: {error}") from error
        if not isinstance(content, dict) or not all(isinstance(name, str) for name in content):
            raise CannotRun(f"{path} should hold lines such as EPOCHS: 2, a name and a value each.")
        read |= content
    return read


def refuse_unknown(names: Iterable[str], known: Mapping[Path, Mapping[str, str]]) -> None:
    """Stop at a name that is a parameter of none of the notebooks.

    Raises:
        CannotRun: with the parameters that there are.
    """
    defaults = {name: default for parameters in known.values() for name, default in parameters.items()}
    for name in names:
        if name not in defaults:
            offer = ", ".join(f"{name} = {default}" for name, default in defaults.items()) or "none at all"
            raise CannotRun(f"{', '.join(path.name for path in known)} has no parameter {name!r}. It has: {offer}.")


def from_text(text: str, default: str = "") -> Any:
    """The value that a text such as ``2`` stands for, or the tuple of them of one such as ``1,5,20``.

    Args:
        text: as typed. A text with commas is one value in quotes, or where the parameter's own is such a text.
        default: that of the parameter, as written.

    >>> from_text("1,5,20"), from_text("adam,sgd"), from_text("'adam,sgd'"), from_text("now, then", "'once, again'")
    ((1, 5, 20), ('adam', 'sgd'), 'adam,sgd', 'now, then')
    """
    value, own = literal(text), literal(default)
    if isinstance(own, str) and "," in own:
        return value if isinstance(value, str) else text
    if isinstance(value, str) and value == text and "," in text:
        return tuple(literal(part.strip()) for part in text.split(","))
    return value


def checked_values(name: str, value: Any, default: str) -> list[Any]:
    """One value, or those of a list or tuple where the parameter itself is none; each of the parameter's type.

    Raises:
        CannotRun: a value is not of that type, or there is none.
    """
    kind = type(literal(default))
    several = isinstance(value, (list, tuple)) and not (
        isinstance(value, kind) or (isinstance(value, list) and kind in (list, tuple))
    )
    values = list(value) if several else [value]
    if not values:
        raise CannotRun(f"Parameter {name} needs at least one value.")
    for each in values:
        if kind in NUMBERS and not (type(each) is kind or (kind is float and type(each) is int)):
            raise CannotRun(f"Parameter {name} is of type {kind.__name__} ({default} by default); {each!r} is not.")
    return [each for number, each in enumerate(values) if each not in values[:number]]


def literal(text: str) -> Any:
    """The Python value that a text is, or else the text."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def copy_name(stem: str, chosen: Mapping[str, Any], swept: Sequence[str]) -> str:
    """The name of the executed copy with one of a sweep's values; safe on every system.

    >>> copy_name("01_mnist", {"EPOCHS": 5, "SEED": 1}, ["EPOCHS"])
    '01_mnist.EPOCHS-5'
    """
    return ".".join([stem, *(f"{name}-{_in_a_name(chosen[name])}" for name in swept)])


def _in_a_name(value: Any) -> str:
    text = str(value)
    safe = re.sub(r"[^A-Za-z0-9.+-]", "_", text)[:32]
    return safe if safe == text else f"{safe}-{hashlib.sha256(text.encode()).hexdigest()[:6]}"
