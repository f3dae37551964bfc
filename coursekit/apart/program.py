"""The text of a program that calls a function of a notebook."""

from __future__ import annotations

import ast
import inspect
import json
import linecache
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

HEAD = """\
import io, json, os, shutil, signal, sys, tarfile, time
from pathlib import Path
from coursekit.apart.inside import answer, warn_of_nothing
from coursekit.apart.memory import limit_memory, peak_memory
warn_of_nothing()
"""
LIBRARIES = """\
import numpy as np
import tensorflow as tf
"""
KERAS = """\
import keras
from keras import layers, ops
"""
CALL = """
if __name__ == "__main__":
    answer({name}, {arguments!r}, {folder!r})
"""


def write_program(
    folder: Path, functions: tuple[Callable[..., Any] | type, ...], arguments: dict[str, Any], keras: bool
) -> Path:
    """Write a program that calls the first of ``functions``, and may use the others, into ``folder``.

    Args:
        folder: it holds the program, and what this answers.
        functions: their sources are taken from the notebook.
        arguments: of the first function, by name.
        keras: whether Keras is imported.

    Raises:
        TypeError: an argument cannot be written as JSON, or the source of a function is not to be had.
    """
    try:
        text = json.dumps(arguments)
    except TypeError as error:
        raise TypeError(f"{error}: hand over numbers, texts and lists, or the path of a file.") from None
    sources = [source_of(function) for function in reversed(functions)]
    call = CALL.format(name=functions[0].__name__, arguments=text, folder=str(folder))
    program = folder / "program.py"
    program.write_text("\n\n".join([HEAD + LIBRARIES + KERAS * keras, *sources, call]), encoding="utf-8")
    return program


def source_of(function: Callable[..., Any] | type) -> str:
    """The source of a function or class, as it stands in its cell.

    >>> print(source_of(source_of).splitlines()[0])
    def source_of(function: Callable[..., Any] | type) -> str:
    """
    try:
        text = _class_source(function) if isinstance(function, type) else inspect.getsource(inspect.unwrap(function))
    except (OSError, TypeError):
        raise TypeError(f"The source of {function!r} is not to be had: define it in a cell or a file.") from None
    return textwrap.dedent(text)


def _class_source(kind: type) -> str:
    """The lines of a class, found by one of its methods: Python looks for classes in files alone, not in cells."""
    for method in filter(inspect.isfunction, vars(kind).values()):
        text = "".join(linecache.getlines(method.__code__.co_filename))
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ClassDef) and node.name == kind.__name__:
                first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
                return "".join(text.splitlines(keepends=True)[first - 1 : node.end_lineno])
    raise OSError(f"no method of {kind!r} has a source")
