"""Every regular expression in the product is linear in the length of the text that it is given, since learners choose
text: file names, cells, answers.

All are found, in the modules' syntax trees. For each, texts are made that could keep it: what leads to every place of
the expression, then a piece that repeats, then what it does not take.
"""

from __future__ import annotations

import ast
import re
import string
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

import coursekit

try:
    from re import _constants, _parser
except ImportError:  # Python 3.10
    import sre_constants as _constants
    import sre_parse as _parser

ROOT = Path(coursekit.__file__).parent
FUNCTIONS = ("compile", "sub", "subn", "search", "match", "fullmatch", "findall", "finditer", "split")
SHORT, LONG = 2_000, 4_000  # characters; at the shorter, what is quadratic takes milliseconds
QUICK, RATIO = 2e-3, 3.0


def expressions() -> Iterator[tuple[str, re.Pattern, list[str]]]:
    """All in the package: the module and the line, the expression, and how it is used; placeholders of an f-string
    stand for a word."""
    for path in sorted(ROOT.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
        names = {id(node.value): node.targets[0].id for node in ast.walk(tree) if is_named(node)}
        for call in calls:
            if isinstance(call.func.value, ast.Name) and call.func.value.id == "re" and call.func.attr in FUNCTIONS:
                name = names.get(id(call))
                used = [each.func.attr for each in calls if name and getattr(each.func.value, "id", "") == name]
                yield f"{path.relative_to(ROOT)}:{call.lineno}", compiled(call), used or [call.func.attr]


def is_named(node: ast.AST) -> bool:
    return isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)


def compiled(call: ast.Call) -> re.Pattern:
    source = text_of(call.args[0])
    named = [
        node.attr
        for given in call.args[1:] + [each.value for each in call.keywords]
        for node in ast.walk(given)
        if isinstance(node, ast.Attribute) and isinstance(getattr(re, node.attr, None), re.RegexFlag)
    ]
    flags = 0
    for name in named:
        flags |= getattr(re, name)
    return re.compile(source, flags)


def text_of(node: ast.expr) -> str:
    """The text of an expression, as bytes decoded."""
    if isinstance(node, ast.Constant):
        return node.value.decode("latin-1") if isinstance(node.value, bytes) else node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(each.value if isinstance(each, ast.Constant) else "word" for each in node.values)
    raise AssertionError(f"line {node.lineno}: write a regular expression where it is used, so that it can be tested")


def examples(parsed, groups: dict[int, str] | None = None) -> Iterator[str]:
    """For every place of an expression, a text that leads there."""
    lead, groups = "", {} if groups is None else groups
    for operation, argument in parsed:
        pieces = [piece for branch in inner(operation, argument) for piece in examples(branch, groups)]
        pieces = pieces or [groups.get(argument, "") if operation is _constants.GROUPREF else one(operation, argument)]
        if operation is _constants.SUBPATTERN:
            groups[argument[0]] = pieces[-1]
        yield from (lead + piece for piece in pieces[:6])
        lead += pieces[-1]
    yield lead


def inner(operation, argument) -> Iterator:
    if operation is _constants.SUBPATTERN:
        yield argument[3]
    elif operation is _constants.BRANCH:
        yield from argument[1]
    elif operation in (_constants.MAX_REPEAT, _constants.MIN_REPEAT):
        yield argument[2]


def one(operation, argument) -> str:
    """A character that one part of an expression takes; empty where it takes none."""
    if operation is _constants.LITERAL:
        return chr(argument)
    if operation is _constants.ANY:
        return "a"
    if operation in (_constants.IN, _constants.NOT_LITERAL):
        return next((each for each in ALPHABET if taken(operation, argument, each)), "")
    return ""


def taken(operation, argument, character: str) -> bool:
    if operation is _constants.NOT_LITERAL:
        return ord(character) != argument
    negated = argument[0][0] is _constants.NEGATE
    return negated != any(member(*each, character) for each in argument[negated:])


def member(operation, argument, character: str) -> bool:
    if operation is _constants.LITERAL:
        return ord(character) == argument
    if operation is _constants.RANGE:
        return argument[0] <= ord(character) <= argument[1]
    name = str(argument).rpartition("_")[2]  # CATEGORY_NOT_DIGIT
    holds = {"DIGIT": str.isdecimal, "SPACE": str.isspace, "WORD": lambda each: each.isalnum() or each == "_"}
    return holds[name](character) != ("NOT_" in str(argument))


ALPHABET = string.ascii_letters + string.digits + " \n_-.'\"\\/#(" + string.punctuation


def hostile(pattern: re.Pattern) -> Iterator[tuple[str, str, str]]:
    """What leads somewhere, what repeats, what ends it."""
    written = {each for each in pattern.pattern if each in string.punctuation}
    pieces = sorted({"a", "1", " ", "\n", *written} & set(ALPHABET))
    leads = list(dict.fromkeys(examples(_parser.parse(pattern.pattern, pattern.flags & ~re.UNICODE))))
    repeated = [*pieces, *map("".join, product(pieces[:8], repeat=2)), *(lead for lead in leads if lead)]
    yield from product(["", *leads], dict.fromkeys(repeated), ["", "\0"])


def seconds(pattern: re.Pattern, used: list[str], text: str) -> float:
    """The least of three tries, each in every way in which the expression is used."""
    taken = []
    for _ in range(3):
        start = time.thread_time()
        for method in used:
            if method in ("match", "fullmatch"):
                getattr(pattern, method)(text)
            else:
                sum(1 for _ in pattern.finditer(text))
        taken.append(time.thread_time() - start)
        if taken[-1] < QUICK:
            break
    return min(taken)


def slow(pattern: re.Pattern, used: list[str]) -> Iterator[str]:
    """Texts for which twice the length takes far more than twice the time."""
    for lead, piece, end in hostile(pattern):
        short, long = (lead + piece * (length // len(piece)) + end for length in (SHORT, LONG))
        before = seconds(pattern, used, short)
        if before > QUICK and (after := seconds(pattern, used, long)) > RATIO * before:
            yield f"{lead[:20]!r} + {piece[:20]!r} * n + {end!r}: {before:.4f} s, of twice the length {after:.4f} s"


FOUND = list(expressions())


@pytest.mark.parametrize(("pattern", "used"), [each for _, *each in FOUND], ids=[place for place, *_ in FOUND])
def test_twice_the_text_takes_twice_the_time(pattern, used):
    assert next(slow(pattern, used), "") == ""


@pytest.mark.parametrize(
    "source",
    [
        r"\s*check\s*\(\s*(['\"])(?P<question>[^'\"\n]*)\1\s*\)\s*;?\s*",  # ends twice in what may be space
        r"\s*check\s*\.\s*all\s*\(\s*\)\s*;?\s*",
        r"\d+x|\d+y|z",
        r'"(?:[^"\\]|\\.)*"',  # looks for an end from every beginning
    ],
)
def test_what_is_not_linear_is_seen(source):
    assert next(slow(re.compile(source), ["search", "fullmatch"]), "")


def test_the_expressions_are_found():
    assert {place.partition(":")[0] for place, *_ in FOUND} >= {
        "grading/notebook_file.py",
        "classroom/intake/learners.py",
        "classroom/intake/cleaning.py",
        "classroom/report/similarity.py",
    }
    imported = [path for path in ROOT.rglob("*.py") if re.search(r"^\s*from re import", path.read_text(), re.MULTILINE)]
    assert imported == [], "re.compile(…) is what the test finds"
