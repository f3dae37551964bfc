"""Assertions that a lesson makes in its full run only: the one form they may have, and how many there are.

An assertion is an ``assert``, a call of one of NumPy's, ``np.testing.assert_allclose(…)``, or a claim,
``compare(…)``. In full only are those under ``if runs_in_full(…):`` and claims with ``enough=``, whose conditions are
about the parameters, hold for their defaults and fail for those of the quick run. Whatever else makes an assertion
depend on such a parameter (or on a name derived from one) is seen by the taints of :mod:`by_hand`: their values come
of sizes alone, where what a network reached comes of training as well.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from by_hand import Reader
from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode
from taints import SIZE

GATE = "runs_in_full"
ASSERTING = re.compile(r"(?:np|numpy)\.testing\.assert_\w+|compare")


def count(cells: Iterable[NotebookNode]) -> tuple[int, int]:
    """How many assertions the code cells hold, and how many of them in a full run only.

    Claims are not among them: what a treatment is worth at the full sizes, only the full run can say.
    """
    trees = [tree_of(cell) for cell in cells]
    gated = {id(line) for tree in trees for gate in _gates(tree) for line in _assertions(gate.body)}
    return sum(not _is_claim(line) for tree in trees for line in _assertions(tree.body)), len(gated)


def other_forms(cells: Iterable[NotebookNode], changed: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
    """The number, from one, of each code cell that holds an assertion back in another form, and what it says.

    Args:
        cells: the code cells, in order, with their outputs.
        changed: the parameters that the quick run changes, and to what.
    """
    reader, defaults = _Guards(), dict[str, Any]()
    for number, cell in enumerate(cells, start=1):
        reader.found = {}
        reader.cell(cell.source, shows_its_last_value=False)
        if "parameters" in cell.metadata.get("tags", []):
            reader.scopes[0].update(dict.fromkeys(changed, SIZE))
            exec(cell.source, defaults)
        yield from ((number, text) for text in reader.found.values())
        tree = tree_of(cell)
        conditions = [_enough(line) for line in _assertions(tree.body)]
        for gate in _gates(tree):
            if problem := _misused(gate):
                yield number, problem
            conditions.append(ast.unparse(gate.test))
        for condition in filter(None, conditions):
            if problem := _at_other_sizes(condition, defaults, defaults | changed):
                yield number, problem


def _misused(gate: ast.If) -> str:
    test = ast.unparse(gate.test)
    if gate.orelse:
        return f"{test} has an else"
    return "" if any(_assertions(gate.body)) else f"{test} holds back no assertion"


def _at_other_sizes(condition: str, defaults: dict[str, Any], quick: dict[str, Any]) -> str:
    try:
        full, small = (
            eval(condition, {**parameters, GATE: lambda *enough: all(enough)}) for parameters in (defaults, quick)
        )
    except NameError as error:
        return f"{condition} asks for something else than parameters: {error}"
    if not full:
        return f"{condition} does not hold for the default parameters"
    return f"{condition} holds in the quick run as well" if small else ""


class _Guards(Reader):
    """Reads the cells as :class:`Reader` does, and keeps the assertions that depend on a size."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[tuple[int, int], str] = {}
        self.tests: list[ast.expr] = []  # of the conditions around this line
        self.chosen: set[str] = set()  # names of values that a size chose

    def statement(self, node: ast.stmt) -> None:
        match node:
            case ast.If() if not _is_gate(node):
                self.tests.append(node.test)
                super().statement(node)
                self.tests.pop()
                return
            case ast.Assign([ast.Name(name)], (ast.IfExp() | ast.BoolOp()) as value) if self.chooses(value, weak=True):
                self.chosen.add(name)
        if _is_assertion(node):
            around = next((test for test in self.tests if self.is_size(test) or self.chooses(test, weak=True)), None)
            if around or self.chooses(node):
                self.found[node.lineno, node.col_offset] = ast.unparse(around or node)
        super().statement(node)

    def is_size(self, node: ast.AST) -> bool:
        return self.of(node) == SIZE

    def chooses(self, node: ast.AST, weak: bool = False) -> bool:
        """Whether a size decides which part of an expression counts.

        Args:
            node: the expression, or the assertion with all that it says.
            weak: whether a part that fails need not make the whole fail: ``a and b`` then chooses as ``a or b`` does.
        """
        match node:
            case ast.Name(name) if name in self.chosen:
                return True
            case ast.BoolOp(operator, parts):
                weak = weak or isinstance(operator, ast.Or)
            case ast.BinOp(left, ast.BitOr() | ast.BitAnd() as operator, right):
                weak = weak or isinstance(operator, ast.BitOr)
                parts = [part for part in (left, right) if isinstance(part, ast.Compare)]
            case ast.Call(ast.Name("any"), [ast.List(parts) | ast.Tuple(parts)]):
                weak = True
            case ast.IfExp(test):
                weak, parts = True, [test]
            case _:
                weak, parts = weak or isinstance(node, ast.UnaryOp), []
        chosen = weak and any(map(self.is_size, parts))
        return chosen or any(self.chooses(part, weak) for part in ast.iter_child_nodes(node))


def tree_of(cell: NotebookNode) -> ast.Module:
    """The statements of a code cell, its magics turned into Python."""
    return ast.parse(TransformerManager().transform_cell(cell.source))


def _is_assertion(node: ast.AST) -> bool:
    match node:
        case ast.Assert():
            return True
        case ast.Expr(ast.Call(function)):
            return bool(ASSERTING.fullmatch(ast.unparse(function)))
    return False


def _is_claim(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and ast.unparse(node).startswith("compare(")


def _enough(claim: ast.AST) -> str:
    """The condition under which a claim is asserted; empty where it always is, and for other assertions."""
    keywords = claim.value.keywords if isinstance(claim, ast.Expr) and isinstance(claim.value, ast.Call) else []
    return next((ast.unparse(keyword.value) for keyword in keywords if keyword.arg == "enough"), "")


def _is_gate(node: ast.AST) -> bool:
    match node:
        case ast.If(test=ast.Call(ast.Name(name))):
            return name == GATE
    return False


def _gates(tree: ast.Module) -> Iterator[ast.If]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.If) and _is_gate(node))


def _assertions(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    return (node for statement in body for node in ast.walk(statement) if _is_assertion(node))
