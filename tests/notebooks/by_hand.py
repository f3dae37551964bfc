"""Which code cells of a lesson are by hand: what they print is the same in the quick run, the full run and every run.

The cells are read in their order, without running them. Each name carries a taint: what its value depends on besides
the source. Taint spreads through assignments, calls, loops and the bodies of the lesson's own functions, which are read
anew at each call; a cell is by hand when nothing that it prints is tainted.
"""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Collection, Iterable, Iterator
from functools import reduce
from operator import or_

import taints
from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode
from taints import CHANCE, NONE, RUN, SIZE, Taint, root

Definition = ast.FunctionDef | ast.ClassDef
Scope = dict[str, Taint | Definition]


def by_hand(cells: Iterable[NotebookNode], changed: Collection[str]) -> list[int]:
    """The numbers, from one, of those of a notebook's code cells whose output is by hand.

    Args:
        cells: the code cells, in order, with their outputs. A figure does not count as an output by itself.
        changed: the parameters that the quick run changes.
    """
    reader, found = Reader(), []
    for number, cell in enumerate(cells, start=1):
        told = [output for output in cell.outputs if "image/png" not in output.get("data", {})]
        reader.cell(cell.source, any(output.output_type == "execute_result" for output in told))
        if "parameters" in cell.metadata.get("tags", []):
            reader.scopes[0].update(dict.fromkeys(changed, SIZE))
        if told and reader.printed == NONE:
            found.append(number)
    return found


class Reader:
    def __init__(self) -> None:
        self.scopes: list[Scope] = [{}]  # the notebook's names, then those of functions entered
        self.parts: dict[str, set[str]] = {}  # the layers and models that a model was made of
        self.entered: list[Definition] = []
        self.printed: Taint | None = None  # by this cell; None: nothing
        self.returned = self.around = NONE  # by this function; of the conditions and loops around this line
        self.branches = 0  # of conditions around this line
        self.seeded = False  # in this cell or function, and nothing trained since

    def cell(self, source: str, shows_its_last_value: bool) -> None:
        self.printed, self.seeded = None, False
        body = ast.parse(TransformerManager().transform_cell(source)).body
        self.block(body)
        if shows_its_last_value:
            self.printed = (self.printed or NONE) | self.of(body[-1])

    def block(self, statements: Iterable[ast.stmt]) -> None:
        for statement in statements:
            self.statement(statement)

    @contextlib.contextmanager
    def under(self, condition: Taint) -> Iterator[None]:
        """Lines that run when a condition holds, or as often as it says."""
        around, self.around = self.around, self.around | condition
        yield
        self.around = around

    def statement(self, node: ast.stmt) -> None:
        match node:
            case ast.FunctionDef() | ast.ClassDef():
                self.scopes[-1][node.name] = node
            case ast.Return() | ast.Expr(ast.Yield()):
                self.returned |= self.of(node.value) | self.around
            case ast.Expr(ast.Call(ast.Attribute(receiver))):  # the value is dropped, so it changes the receiver
                self.change(receiver, self.of(node.value))
            case ast.Assign():
                for target in node.targets:
                    self.bind(target, node.value)
            case ast.AugAssign():
                self.change(node.target, self.of(node.value))
            case ast.For():
                for _ in range(2):  # what the first round taints, the second meets
                    self.bind(node.target, ast.Starred(node.iter))
                    with self.under(self.of(node.iter) & SIZE):
                        self.block(node.body)
            case ast.If() | ast.While():
                self.branches += 1
                with self.under(self.of(node.test)):
                    self.block(node.body + node.orelse)
                self.branches -= 1
            case ast.With():
                for item in node.items:
                    self.bind(item.optional_vars, item.context_expr)
                self.block(node.body)
            case ast.Try():
                self.block(node.body)
                raised = self.union(part for line in node.body for part in ast.iter_child_nodes(line))
                for handler in node.handlers:
                    self.scopes[-1][handler.name or ""] = raised & SIZE  # an error tells of shapes and types
                    self.block(handler.body)
            case _:
                self.of(node)

    def bind(self, target: ast.AST | None, value: ast.AST) -> None:
        match target, value:
            case (ast.Tuple(targets), ast.Tuple(values)) if len(targets) == len(values):
                for part in zip(targets, values):
                    self.bind(*part)
            case ((ast.Tuple(targets) | ast.List(targets)), _):
                for part in targets:
                    self.bind(part, value)
            case ast.Starred(inner), _:
                self.bind(inner, value)
            case (ast.Name(name), _) if name not in self.scopes[-1] or not (self.around or self.branches):
                self.scopes[-1][name] = self.of(value) | self.around
                self.parts[name] = {root(part) for made in taints.models_in(value) for part in ast.walk(made)}
            case ast.AST(), _:
                self.change(target, self.of(value))

    def change(self, target: ast.AST, taint: Taint) -> None:
        name = root(target)
        scope = next((scope for scope in reversed(self.scopes) if name in scope), {})
        if isinstance(before := scope.get(name), Taint):
            scope[name] = before | taint | self.around

    def look_up(self, name: str) -> Taint | Definition:
        return next((scope[name] for scope in reversed(self.scopes) if name in scope), NONE)

    def union(self, nodes: Iterable[ast.AST]) -> Taint:
        return reduce(or_, map(self.of, nodes), NONE)

    def of(self, node: ast.AST | None) -> Taint:
        """What the value of an expression depends on."""
        match node:
            case ast.Name(name):
                known = self.look_up(name)
                return known if isinstance(known, Taint) else self.enter(known, [], [])
            case ast.Attribute(value, attribute):
                taint = self.of(value) | (RUN if attribute in taints.MEASURING else NONE)
                return taint & ~CHANCE if attribute in taints.SHAPES else taint
            case ast.Call():
                return self.call(node, getattr(node.func, "attr", getattr(node.func, "id", "")))
            case ast.Lambda():
                return self.inside({argument.arg: NONE for argument in node.args.args}, [], [node.body])
            case ast.DictComp():
                return self.inside({}, node.generators, [node.key, node.value])
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
                return self.inside({}, node.generators, [node.elt])
        return self.union(ast.iter_child_nodes(node)) if node else NONE

    def inside(self, scope: Scope, loops: list[ast.comprehension], parts: list[ast.expr]) -> Taint:
        """What the body of a lambda or a comprehension depends on, with the names that are its own."""
        self.scopes = [*self.scopes, scope]
        with self.under(NONE):
            for loop in loops:
                self.bind(loop.target, ast.Starred(loop.iter))
                self.around |= self.of(loop.iter) & SIZE | self.union(loop.ifs)
            taint = self.union(parts) | self.around
        self.scopes = self.scopes[:-1]
        return taint

    def call(self, node: ast.Call, name: str) -> Taint:
        if isinstance(node.func, ast.Name) and isinstance(known := self.look_up(name), Definition):
            return self.enter(known, node.args, node.keywords)
        given = self.union([*node.args, *node.keywords])
        self.seeded = (self.seeded or name in taints.SEEDING) and name not in taints.TRAINING
        taint = self.of(node.func) | given | taints.brought_by(node, name, self.seeded)
        receiver = node.func.value if isinstance(node.func, ast.Attribute) else node
        if name == "set_weights" and isinstance(receiver, ast.Name) and receiver.id in self.scopes[-1]:
            self.scopes[-1][receiver.id] = taint = given | self.around
        if name in taints.TRAINING | taints.DRAWING:
            self.change(receiver, taint & ~CHANCE)
        if name in taints.TRAINING:
            for part in self.parts.get(root(receiver), ()):
                self.change(ast.Name(part), RUN)
        for part in ast.walk(node.args[-1]) if name in taints.STEPPING and node.args else ():
            self.change(part, taint)
        if name in taints.PRINTING:
            self.printed = (self.printed or NONE) | taint | self.around
        return taint & SIZE if name in taints.COUNTS else taint & ~CHANCE if name in taints.SHAPES else taint

    def enter(self, definition: Definition, arguments: list[ast.expr], keywords: list[ast.keyword]) -> Taint:
        """Read the body of a function, or each method of a class, with the taints of what it is given."""
        if definition in self.entered:
            return self.union([*arguments, *keywords])
        if isinstance(definition, ast.ClassDef):
            methods = [part for part in definition.body if isinstance(part, ast.FunctionDef)]
            made = self.union([*arguments, *keywords, *(ast.Call(base, [], []) for base in definition.bases)])
            return reduce(or_, (self.enter(method, [], []) for method in methods), made)
        spec = definition.args
        plain = [argument.arg for argument in [*spec.posonlyargs, *spec.args]]
        others = [argument.arg for argument in [*spec.kwonlyargs, spec.vararg, spec.kwarg] if argument]
        passed = dict(zip(plain, arguments)) | {key.arg: key.value for key in keywords if key.arg in plain + others}
        rest = [*arguments[len(plain) :], *(key for key in keywords if key.arg not in passed)]
        rest += [*(part for part in arguments if isinstance(part, ast.Starred)), *spec.defaults, *spec.kw_defaults]
        unnamed = self.union(rest)
        given: Scope = {name: self.of(passed[name]) if name in passed else unnamed for name in plain + others}
        scope = dict(given)
        saved = self.scopes, self.returned, self.seeded
        outer = self.scopes[:1] if definition in self.scopes[0].values() else self.scopes
        self.scopes, self.returned, self.entered = [*outer, scope], NONE, [*self.entered, definition]
        self.block(definition.body)
        returned = self.returned | scope.get("self", NONE)
        self.scopes, self.returned, self.seeded = saved
        self.entered = self.entered[:-1]
        rebound = {
            node.id for node in ast.walk(definition) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        }
        for name in passed.keys() - rebound:  # what it did to its arguments
            self.change(passed[name], scope[name] & ~given[name])
        return returned
