"""Functions with one change: what :mod:`mutants` has the checks judge."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
}
COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
NAMES = {
    "sum": "mean",
    "mean": "sum",
    "max": "min",
    "min": "max",
    "argmax": "argmin",
    "argmin": "argmax",
    "maximum": "minimum",
    "minimum": "maximum",
    "log": "log2",
    "ones": "zeros",
    "zeros": "ones",
    "sigmoid": "tanh",
    "tanh": "sigmoid",
    "add": "subtract",
}
TEXTS = {
    "relu": "linear",
    "softmax": "sigmoid",
    "sigmoid": "relu",
    "same": "valid",
    "valid": "same",
    "sparse_categorical_crossentropy": "categorical_crossentropy",
    "binary_crossentropy": "mse",
    "mse": "mae",
}
LOSSES = {
    "SparseCategoricalCrossentropy": "CategoricalCrossentropy",
    "BinaryCrossentropy": "MeanSquaredError",
    "MeanSquaredError": "MeanAbsoluteError",
}


SYMMETRIC = ("minimum", "maximum", "add", "multiply", "logaddexp", "hypot", "allclose")
WEIGHTLESS = (
    "Dropout",
    "Flatten",
    "Reshape",
    "Activation",
    "ReLU",
    "MaxPooling1D",
    "MaxPooling2D",
    "Rescaling",
    "UpSampling2D",
)
CONVERSIONS = ("asarray", "array", "float", "list", "tuple")


@dataclass(frozen=True)
class Mutant:
    """A solution with one change.

    Attributes:
        line: where in the solution's cell, from 1.
        before: the lines that were changed.
        after: what they became.
        source: the whole cell, changed.
    """

    line: int
    before: str
    after: str
    source: str

    @property
    def change(self) -> str:
        """What was changed into what, with a little of what stands around it.

        >>> before = "network = keras.Sequential([first, second, third, fourth, Dense(10)])"
        >>> Mutant(1, before, before.replace("10", "11"), "").change
        '… fourth, Dense(10)]) → … fourth, Dense(11)])'
        """
        same, last = _alike(self.before, self.after), _alike(self.before[::-1], self.after[::-1])
        last = min(last, len(self.before) - same, len(self.after) - same)
        return " → ".join(_cut(text, same, len(text) - last) for text in (self.before, self.after))


def mutants(source: str) -> list[Mutant]:
    """All mutants of the functions in ``source``, each once.

    >>> [mutant.change for mutant in mutants("def double(x):\\n    return x + x")]
    ['return x + x → x = x * 0 + 1; return x + x', 'return x + x → pass', 'return x + x → return x - x']
    """
    tree = ast.parse(source)
    original = ast.unparse(tree)
    found = {original: Mutant(0, "", "", "")}
    for function in (node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)):
        frees_numbers = _makes_model(function)
        given = {id(node) for node in ast.walk(function.args)} if isinstance(function, ast.FunctionDef) else set()
        for node in ast.walk(function):
            if id(node) in given:
                continue
            for spoilt in _spoilt(node, frees_numbers):
                text = ast.unparse(ast.fix_missing_locations(_Exchange(node, spoilt).visit(copy_of(tree, node))))
                line = getattr(node, "lineno", function.lineno)
                found.setdefault(text, Mutant(line, *_difference(original, text), text))
    return list(found.values())[1:]


def copy_of(tree: ast.Module, marked: ast.AST) -> ast.Module:
    """A deep copy of ``tree`` that shares the one node ``marked`` with it."""
    return copy.deepcopy(tree, {id(marked): marked})


class _Exchange(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST | list[ast.stmt]) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> Any:
        return self.new if node is self.old else self.generic_visit(node)


def _difference(before: str, after: str) -> tuple[str, str]:
    old, new = before.splitlines(), after.splitlines()
    start = _alike(old, new)
    end = min(_alike(old[::-1], new[::-1]), len(old) - start, len(new) - start)
    if start + end == len(old):  # a line more is told with the one behind it
        end -= 1
    changed, became = ("; ".join(line.strip() for line in lines[start : len(lines) - end]) for lines in (old, new))
    return changed, became


def _cut(text: str, start: int, end: int) -> str:
    """``text`` from the word before ``start`` to the one behind ``end``, at some distance."""
    start = text.rfind(" ", 0, start - 12) if start > 40 else -1
    end = text.find(" ", end + 12) if 0 < len(text) - end > 40 else -1
    return (
        ("… " if start > 0 else "") + text[max(start, 0) : end if end > 0 else None].strip() + (" …" if end > 0 else "")
    )


def _alike(old: Sequence[str], new: Sequence[str]) -> int:
    """How many items are the same before the first that differs."""
    return len(list(takewhile(lambda pair: pair[0] == pair[1], zip(old, new))))


def _makes_model(function: ast.AST) -> bool:
    """Whether hidden sizes are the learner's choice: the function makes a network."""
    called = {ast.unparse(node.func).split(".")[-1] for node in ast.walk(function) if isinstance(node, ast.Call)}
    return bool(called & {"Sequential", "Model", "compile"})


def _spoilt(node: ast.AST, frees_numbers: bool) -> Iterator[Any]:
    """What may stand in place of ``node``."""
    for kind, change in CHANGES.items():
        if isinstance(node, kind) and not (frees_numbers and change is _number):
            yield from change(node)


def _with(node: Any, **fields: Any) -> Any:
    changed = copy.copy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed


def _moved(node: ast.expr) -> Iterator[ast.expr]:
    """One more and one less."""
    if isinstance(node, ast.Constant):
        return  # changed as a number
    for operator in (ast.Add(), ast.Sub()):
        yield ast.BinOp(node, operator, ast.Constant(1))


def _operator(node: ast.BinOp) -> Iterator[ast.expr]:
    if type(node.op) in OPERATORS:
        yield _with(node, op=OPERATORS[type(node.op)]())
    if isinstance(node.op, ast.Sub | ast.Div | ast.FloorDiv | ast.Pow | ast.MatMult):
        yield _with(node, left=node.right, right=node.left)


def _comparison(node: ast.Compare) -> Iterator[ast.expr]:
    for other in COMPARISONS.get(type(node.ops[0]), ()):
        yield _with(node, ops=[other(), *node.ops[1:]])


def _both(node: ast.BoolOp) -> Iterator[ast.expr]:
    yield _with(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())


def _sign(node: ast.UnaryOp) -> Iterator[ast.expr]:
    yield node.operand


def _branch(node: ast.IfExp) -> Iterator[ast.expr]:
    yield from (node.body, node.orelse)


def _number(node: ast.Constant) -> Iterator[ast.expr]:
    if isinstance(node.value, int | float) and not isinstance(node.value, bool):
        for value in (node.value + 1, node.value - 1, 0):
            if value != node.value:
                yield ast.Constant(value)


def _word(node: ast.Constant) -> Iterator[ast.expr]:
    if isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif node.value in TEXTS:
        yield ast.Constant(TEXTS[node.value])


def _bounds(node: ast.Slice) -> Iterator[ast.expr]:
    for name in ("lower", "upper", "step"):
        bound = getattr(node, name)
        if bound is not None:
            yield _with(node, **{name: None})
            for other in _moved(bound):
                yield _with(node, **{name: other})


def _call(node: ast.Call) -> Iterator[ast.expr]:
    args = node.args
    called = ast.unparse(node.func).split(".")[-1]
    for first in range(len(args) - 1 if called not in SYMMETRIC else 0):
        yield _with(node, args=[*args[:first], args[first + 1], args[first], *args[first + 2 :]])
    if (
        len(args) == 1
        and called not in CONVERSIONS
        and not node.keywords
        and not isinstance(args[0], ast.Starred | ast.GeneratorExp)
    ):
        yield args[0]
    if called == "range":
        for index, bound in enumerate(args):
            yield from (_with(node, args=[*args[:index], other, *args[index + 1 :]]) for other in _moved(bound))
    for index in range(len(node.keywords)):
        yield _with(node, keywords=node.keywords[:index] + node.keywords[index + 1 :])
    if ast.unparse(node.func).startswith(("layers.", "keras.layers.")) and called not in WEIGHTLESS:
        yield _with(node, keywords=[*node.keywords, ast.keyword("trainable", ast.Constant(False))])
        if called == "Dense":
            yield from (_with(node, args=[other, *args[1:]]) for units in args[:1] for other in _number_of(units))


def _number_of(units: ast.expr) -> Iterator[ast.expr]:
    """Another number of outputs than there are classes."""
    if isinstance(units, ast.Constant) and units.value in (1, 2, 3, 10):
        yield from (ast.Constant(units.value + 1), ast.Constant(max(units.value - 1, 1)))


def _list(node: ast.List | ast.Tuple) -> Iterator[ast.expr]:
    if isinstance(node.ctx, ast.Store):
        return
    items = node.elts
    if len(items) > 1:
        yield from (_with(node, elts=items[:index] + items[index + 1 :]) for index in range(len(items)))
        for first in range(len(items) - 1):
            yield _with(node, elts=[*items[:first], items[first + 1], items[first], *items[first + 2 :]])


def _attribute(node: ast.Attribute) -> Iterator[ast.expr]:
    other = (NAMES | LOSSES).get(node.attr)
    if other:
        yield _with(node, attr=other)


def _name(node: ast.Name) -> Iterator[ast.expr]:
    if node.id in ("sum", "max", "min", "round") and isinstance(node.ctx, ast.Load):
        yield ast.Name({"sum": "max", "max": "min", "min": "max", "round": "int"}[node.id], ast.Load())


def _dropped(node: ast.stmt) -> Iterator[ast.stmt]:
    documents = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    if not (documents or isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Pass | ast.Import | ast.ImportFrom)):
        yield ast.Pass()


def _ignored(node: ast.FunctionDef) -> Iterator[ast.stmt]:
    """Each argument in turn becomes 1, or an array of ones."""
    for argument in node.args.args:
        if argument.arg != "self":
            (line,) = ast.parse(f"{argument.arg} = {argument.arg} * 0 + 1").body
            yield _with(node, body=[line, *node.body])


CHANGES: dict[Any, Any] = {
    ast.FunctionDef: _ignored,
    ast.stmt: _dropped,
    ast.BinOp: _operator,
    ast.Compare: _comparison,
    ast.BoolOp: _both,
    ast.UnaryOp: _sign,
    ast.IfExp: _branch,
    ast.Slice: _bounds,
    ast.Call: _call,
    (ast.List, ast.Tuple): _list,
    ast.Attribute: _attribute,
    ast.Name: _name,
    (ast.Constant,): _number,
    ast.Constant: _word,
}
