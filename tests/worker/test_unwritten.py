"""Which cell was to define a name, and where its syntax fails."""

from __future__ import annotations

import pytest

from coursekit.worker.unwritten import not_parsed

BROKEN = "def double(x):\n    return (2 * x"


def line_of(*cells):
    """The line that is told of a notebook in which these cells were executed; ``None`` where nothing is told."""
    failure = not_parsed("double", {"In": ["", *cells, "check('double')"]})
    return failure and int(failure.message.partition(", line ")[2].partition(":")[0])


@pytest.mark.parametrize(
    ("line", "source"),
    [
        (2, BROKEN),
        (1, "def double(x)\n    return 2 * x"),
        (1, "Def double(x):\n    return 2 * x"),
        (1, "function double(x):\n    return 2 * x"),
        (3, "import math\nasync def double(x):\nreturn 2 * x"),
        (1, "double = lambda x: 2 * (x"),
        (1, "half, double = 1, (2"),
        (1, "double: int = = 2"),
        (3, "def double(x):\n    return 2 * x\nreturn double"),  # parsed, but not compiled
        (3, "get_ipython().run_line_magic('time', '')\nawait wait()\ndouble = )"),
    ],
)
def test_the_line_where_the_definition_fails(line, source):
    assert line_of(source) == line


@pytest.mark.parametrize(
    "cells",
    [
        (),
        ("def double(x):\n    return 2 * x",),
        ("print(double(3)",),  # names it, does not define it
        ("x\ndouble\n(",),
        ("double == (2",),
        ("other.double = (2",),
        ("doubled = (2",),
        ("# double = (2", "not double ("),
        (BROKEN, "def double(x):\n    return 2 * x"),  # mended
        (BROKEN, "double = 2"),
        ("double = " + "-" * 100_000 + "1",),  # a MemoryError
    ],
)
def test_nothing_is_told_where_the_last_definition_is_python(cells):
    assert line_of(*cells) is None


def test_a_syntax_error_without_a_line_is_told_without():
    message = not_parsed("double", {"In": ["double = '\0'"]}).message
    assert (
        message
        == "The cell that defines `double` stopped with a SyntaxError: source code string cannot contain null bytes."
    )


@pytest.mark.parametrize("history", [None, 3, [3, None], (BROKEN,)])
def test_a_name_in_of_the_learners_own_says_nothing(history):
    assert not_parsed("double", {"In": history}) is None
