"""What the statement of a question says, as rules: each takes a question with its cells and yields what is missing.

A statement is all prose from the heading ``## N · Title (P points)`` to the check cell.
"""

from __future__ import annotations

import ast
import functools
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from nbformat import NotebookNode

from coursekit.grading.questions import Question
from coursekit.grading.release import stub

HEADING = re.compile(r"^## (?P<number>\d+) · (?P<title>.+) \((?P<points>[\d.]+) points?\)$", re.MULTILINE)
GIVEN = {"pretrained_base"}  # what the exercise itself defines, and a check asks for
SHAPE = r"\([^()`]*,[^()`]*\)"
KIND = re.compile(
    r"\b(?:float\d*s?|u?int\d+|integers?|bytes?|bits?|(?:whole|one|any|positive|the)[ -]numbers?|numbers|lists?|arrays?"
    r"|dicts?|tuples?|texts?|pairs?|triples?|vectors?|(?:same|that) shape|shape of|(?:above|between|from) 0|\w+ or more"
    rf"|Keras models?)\b|\*\*compiled\*\* network|[`=]True`|`\"|{SHAPE}"
)
ANSWERS = re.compile(
    r"\b(?:returns?|gives|answers?|turns|result|predicts|picks|draws|says|counts|computes|is|in,)(?=\W)"
)
FEEDS = re.compile(
    r"\bcheck\b.*\b(?:feeds|shows|pads)\b.*(?:`u?\w*int\d+`|`float32`|`\(|like those of `|what it feeds|as `)"
)


@dataclass(frozen=True)
class Asked:
    """A question as a learner meets it.

    Attributes:
        question: as the check page has it.
        heading: the match of its heading, or ``None``.
        statement: its prose, without the heading.
        signatures: the stubs of functions, by name: the names of their arguments.
        names: what the check asks for, each with the methods that ask: ``"value"``, ``"call"`` or ``"model"``.
    """

    question: Question
    heading: re.Match | None
    statement: str
    signatures: dict[str, list[str]]
    names: dict[str, set[str]]

    def call(self, name: str) -> str:
        """How the stub, or the statement where there is none, calls the function ``name``; empty for what is none."""
        if name in self.signatures:
            return f"{name}({', '.join(self.signatures[name])})"
        written = re.search(rf"`({name}\([^`]*\))`", self.statement)
        return written[1] if written else ""

    @property
    def sentences(self) -> list[str]:
        """Sentences and the items of lists."""
        return re.split(r"(?<=[.:?!;])\s+(?=[^a-z])|\n+- ", self.statement)


Rule = Callable[[Asked], Iterator[str]]


def questions_asked(notebook: NotebookNode, questions: dict[str, Question]) -> Iterator[Asked]:
    """Each question of a solution's notebook, with the cells between its heading and its check cell."""
    prose: list[str] = []
    code: list[str] = []
    for cell in notebook.cells:
        found = re.fullmatch(r"""check\(["'](\w+)["']\)""", cell.source.strip())
        if cell.cell_type == "markdown":
            if HEADING.match(cell.source):
                prose, code = [], []
            prose.append(cell.source)
        elif found:
            yield _asked(questions[found[1]], "\n\n".join(prose), code)
        else:
            code.append(stub(cell.source))


def _asked(question: Question, prose: str, code: list[str]) -> Asked:
    heading = HEADING.match(prose)
    signatures = {
        node.name: [each.arg for each in node.args.args]
        for source in code
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef)
    }
    statement = prose[heading.end() :].strip() if heading else prose
    names = {name: ways for name, ways in names_asked(question.body).items() if name not in GIVEN}
    return Asked(question, heading, statement, signatures, names)


def names_asked(body: Callable) -> dict[str, set[str]]:
    """The names that a check asks for, by itself or through the functions that it hands `answers`."""
    found: dict[str, set[str]] = {}
    seen, waiting = set(), [inspect.unwrap(body)]
    while waiting:
        function = waiting.pop()
        if function in seen:
            continue
        seen.add(function)
        nodes = list(ast.walk(_tree(function)))
        own = {each.arg for each in nodes if isinstance(each, ast.arg)}
        own |= {each.id for each in nodes if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)}
        for node in nodes:
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _asks(node):
                found.setdefault(node.args[0].value, set()).add(node.func.attr)
            called = function.__globals__.get(node.id) if isinstance(node, ast.Name) and node.id not in own else None
            if inspect.isfunction(called) and "answers" in inspect.signature(called).parameters:
                waiting.append(called)
    return found


@functools.cache
def _tree(function: Callable) -> ast.AST:
    return ast.parse(textwrap.dedent(inspect.getsource(function)))


def _asks(call: ast.Call) -> bool:
    asking = isinstance(call.func.value, ast.Name) and call.func.value.id == "answers"
    return asking and call.func.attr in ("value", "call", "model") and isinstance(call.args[0], ast.Constant)


def says_its_number_and_points(asked: Asked) -> Iterator[str]:
    points = f"{asked.question.points:g}"
    if not asked.heading:
        yield "no heading `## N · Title (P points)` above it"
    elif asked.heading["points"] != points:
        yield f"its heading says {asked.heading['points']} points; the check gives {points}"


def names_what_the_check_asks_for(asked: Asked) -> Iterator[str]:
    """In the statement, and in the docstring, which the card shows; a function with its arguments as in the stub."""
    for name in asked.names:
        wanted = asked.call(name) or name
        for place, text in (("statement", asked.statement), ("docstring", asked.question.statement)):
            spans = [re.sub(r"=[^,)]+(?=[,)])", "", span) for span in re.findall(r"`([^`]+)`", text)]
            if not any(re.match(rf"{re.escape(wanted)}(?!\w)", span) for span in spans):
                yield f"its {place} never names `{wanted}`"


def tells_the_kind_of_each_argument(asked: Asked) -> Iterator[str]:
    """In a sentence that has a shape, a dtype or another kind: by its name; the first one may stand behind the call."""
    for name in asked.names.keys() & asked.signatures.keys():
        for position, argument in enumerate(asked.signatures[name]):
            if not any(_tells(sentence, name, argument, position) for sentence in asked.sentences):
                yield f"never says what `{argument}` is in `{asked.call(name)}`: its shape and dtype, or its kind"


def _tells(sentence: str, name: str, argument: str, position: int) -> bool:
    rest = re.sub(rf"`{name}\([^`]*\)`", "", sentence)
    if not KIND.search(rest):
        return False
    named = rf"`[^`]*\b{argument}\b[^`]*`" + (rf"|\b{argument}\b" if len(argument) > 2 else "")
    calls = rest != sentence or re.match(r"It (?:takes|gets)\b", sentence)
    return bool(re.search(named, rest) or (calls and (position == 0 or re.search(r"\b(?:two|both|all|four)\b", rest))))


def tells_the_form_of_the_answer(asked: Asked) -> Iterator[str]:
    for name in asked.names:
        if asked.call(name):
            forms = [KIND.search(each, verb.end()) for each in asked.sentences if (verb := ANSWERS.search(each))]
        else:
            named = [each for each in asked.sentences if f"`{name}" in each]
            forms = [KIND.search(each) or re.search(r"\b[Tt]rain|\bvariable\b|`fit` returns", each) for each in named]
        if not any(forms):
            yield f"never says of what form {'the answer of ' if asked.call(name) else ''}`{name}` is"


def says_what_a_model_is_fed(asked: Asked) -> Iterator[str]:
    models = [f"`{name}`" for name, ways in asked.names.items() if "model" in ways]
    if models and not any(FEEDS.search(each) for each in asked.sentences):
        yield f"never says what the check feeds to {' and '.join(models)}: dtype, shape, range"


RULES: tuple[Rule, ...] = (
    says_its_number_and_points,
    names_what_the_check_asks_for,
    tells_the_kind_of_each_argument,
    tells_the_form_of_the_answer,
    says_what_a_model_is_fed,
)
