"""What a value can depend on besides its source, and the names of Keras, NumPy and Python that bring it about."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from enum import Flag, auto


class Taint(Flag):
    NONE = 0
    SIZE = auto()  # of a parameter that the quick run changes
    CHANCE = auto()  # drawn without a seed on the spot, as a layer's first weights are
    RUN = auto()  # trained, timed or measured in memory


NONE, SIZE, CHANCE, RUN = Taint.NONE, Taint.SIZE, Taint.CHANCE, Taint.RUN

PRINTING = {"print", "show", "display", "summary", "LiveHistory"}
SEEDING = {"set_random_seed", "set_seed", "seed"}
STEPPING = {"apply", "apply_gradients"}  # an optimizer's; the variables come last
TRAINING = {"fit", "fit_transform", "partial_fit", "train_on_batch", "train_step"} | STEPPING
CLOCKS = {"time", "perf_counter", "process_time", "monotonic", "LiveHistory", "run_line_magic", "run_cell_magic"}
MEMORY = {"get_traced_memory", "getsizeof", "memory_info", "getrusage"}
MEASURING = CLOCKS | MEMORY
SHAPES = {"shape", "ndim", "size", "dtype", "nbytes", "itemsize", "input_shape", "output_shape", "len", "isinstance"}
COUNTS = {"count_params", "compute_output_shape"}  # shapes that no training changes either
DRAWING = {"normal", "uniform", "integers", "random", "permutation", "choice", "shuffle"}  # move a generator on

_SEEDS = re.compile(r"seed|random_state|weights|\w*initializer")  # arguments that leave nothing to chance
_GENERATORS = {"default_rng", "RandomState", "SeedGenerator"}  # seeded by their first argument
_DRAWN = re.compile(
    r"(\w+\.)*(random\.\w+|clone_model|add_weight|predictive_samples|Variational\w+)"
    r"|(keras\.)?(applications\.\w+|initializers\.(Random|Truncated|Glorot|He|Lecun|Orthogonal|Variance)\w*)"
    r"|(keras\.)?layers\.(\w*(Dense|Conv|RNN|Attention|Dropout|Noise)\w*|LSTM|GRU|Embedding|Bidirectional|Random\w+)"
)


def brought_by(call: ast.Call, name: str, seeded: bool) -> Taint:
    """The taint that a call brings into the world.

    Args:
        call: the call, of a function that the notebook does not define.
        name: the last part of the function's name.
        seeded: a seed was set on the spot, so that what Keras draws next is known.
    """
    if name in TRAINING | MEASURING:
        return RUN
    given = [keyword.arg or "" for keyword in call.keywords if getattr(keyword.value, "value", keyword) is not None]
    seeded = seeded or any(map(_SEEDS.fullmatch, given))
    drawn = not call.args if name in _GENERATORS else _DRAWN.fullmatch(ast.unparse(call.func))
    return CHANCE if drawn and not seeded else NONE


def root(node: ast.AST) -> str:
    """The name that an expression such as ``runs["plain"].history`` starts from, or nothing."""
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Starred)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def models_in(value: ast.AST) -> Iterator[ast.Call]:
    """The calls in an expression that make a model of layers and models."""
    for call in ast.walk(value):
        if isinstance(call, ast.Call) and ast.unparse(call.func) in {"keras.Sequential", "keras.Model"}:
            yield call
