"""The style of the course's notebooks as rules: each takes a notebook and yields what is wrong with it."""

from __future__ import annotations

import ast
import html
import itertools
import re
import statistics
from collections.abc import Callable, Iterator
from pathlib import Path

from by_hand import by_hand
from full_only import GATE, other_forms, tree_of
from matplotlib.figure import Figure
from nbformat import NotebookNode
from quiz import from_markdown

from coursekit import course
from coursekit.plotting.describing import facts_of

Rule = Callable[[NotebookNode], Iterator[str]]

HOW_TO = """**How to use this notebook**

1. The cells at the top set everything up: run them first, then go down, each with Shift+Enter.
2. A cell says `NameError`, or you begin further down? *Run ▸ Run All Above Selected Cell*, then run it again.
3. Change and try what you like. When something fails, or takes longer than stated, \
[this page](../docs/when_it_fails.md) says what helps."""

MOST_VARYING = 3
PAUSE = "**A good place to pause.**"
SITTING = 160  # cells, the three lines on how to use the notebook aside
SITTINGS = {2: "two sittings, with a marked pause between them", 3: "three sittings, with marked pauses between them"}
MAX_BYTES = 1_500_000  # two animations may be among them
SHORTEST_DESCRIPTION = 20
UNDESCRIBED = facts_of(Figure())  # what stands in for a description that nobody gave
LONGEST_LINE = 88
IMAGE = re.compile(r"<img\b[^>]*>", re.IGNORECASE)
ALT = re.compile(r"""\balt=(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
DATA_ADDRESS = re.compile(r"data:[\w/+.-]+;base64,[A-Za-z0-9+/=\s]+")
LOCAL_PATH = re.compile(r"(?<![\w.:/])(?:/(?:home|Users|root|tmp|var|mnt|opt|usr)/\w|[A-Z]:\\\\?\w)")
MAGIC = re.compile(r"^([ \t]*)(?:%{1,2}\w+ ?|!.*)", re.MULTILINE)
CHECK_CELL = re.compile(r"""check(?:\.all\(\)|\(["']\w+["']\))""")


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]


def prose_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "markdown" and cell.source.strip()]


def outputs(notebook: NotebookNode) -> Iterator[tuple[int, NotebookNode]]:
    for number, cell in enumerate(code_cells(notebook), start=1):
        for output in cell.outputs:
            yield number, output


def opens_with_a_title(notebook: NotebookNode) -> Iterator[str]:
    first = notebook.cells[0]
    if first.cell_type != "markdown" or not re.match(r"# \S", first.source):
        yield "the first cell has no title (# …)"
    titles = [cell for cell in prose_cells(notebook) if re.search(r"^# \S", cell.source, re.MULTILINE)]
    if len(titles) > 1:
        yield f"{len(titles)} titles of the first level; there should be one"


def opening_of(notebook: NotebookNode) -> str:
    """The prose before the first code."""
    cells = itertools.takewhile(lambda cell: cell.cell_type != "code", notebook.cells)
    return "\n".join(cell.source for cell in cells)


def tells_how_to_use_it(notebook: NotebookNode) -> Iterator[str]:
    """In the same three lines everywhere."""
    if HOW_TO not in opening_of(notebook):
        yield f"not before the first code, word for word: {HOW_TO}"


def pauses(notebook: NotebookNode) -> Iterator[str]:
    """A long lesson is made for several sittings, with a marked place between them; its opening says how many."""
    cells = [cell.source for cell in notebook.cells if HOW_TO not in cell.source]
    starts = [0, *(place for place, source in enumerate(cells) if PAUSE in source), len(cells)]
    for start, end in itertools.pairwise(starts):
        if end - start > SITTING:
            yield f"{end - start} cells in one sitting, from cell {start + 1}; at most {SITTING}, then {PAUSE!r}"
    told = SITTINGS.get(len(starts) - 1)
    if told and told not in opening_of(notebook):
        yield f"not before the first code: {told}"


def opens_with_goals_and_time(notebook: NotebookNode) -> Iterator[str]:
    opening = opening_of(notebook)
    if "You will learn" not in opening:
        yield "no “You will learn” before the first code"
    goals = re.findall(r"^[-*] ", opening.partition("You will learn")[2], re.MULTILINE)
    if not 3 <= len(goals) <= 6:
        yield f"{len(goals)} goals; three to six are wanted"
    if not re.search(r"\*\*Time\*\*: \d+ minutes to read, \d+ minutes? to run", opening):
        yield "no “**Time**: N minutes to read, N minutes to run” before the first code"


def closes_with_recap_practice_and_references(notebook: NotebookNode) -> Iterator[str]:
    text = "\n".join(cell.source for cell in prose_cells(notebook))
    places = [text.rfind(f"\n## {heading}") for heading in ("In this lesson", "Practise", "References")]
    if -1 in places or places != sorted(places):
        yield "does not close with the headings In this lesson, Practise, References, in this order"
        return
    if not re.search(r"\]\(\.\./exercises/exercise_\w+\.ipynb\)", text[places[1] : places[2]]):
        yield "Practise does not link the exercise"
    references = re.findall(r"^[-*] .*\b(?:19|20)\d\d\b", text[places[2] :], re.MULTILINE)
    if not 2 <= len(references) <= 3:
        yield f"{len(references)} references with a year; two or three are wanted"


def has_parameters_early(notebook: NotebookNode) -> Iterator[str]:
    tagged = [i for i, cell in enumerate(code_cells(notebook), 1) if "parameters" in cell.metadata.get("tags", [])]
    if len(tagged) != 1:
        yield f"{len(tagged)} cells are tagged `parameters`; there should be one"
    elif tagged[0] > 3:
        yield f"the parameters are code cell {tagged[0]}; they belong among the first three"


def has_short_code_cells(notebook: NotebookNode) -> Iterator[str]:
    """Statements are counted, which breaking a long line does not make more of; for the longest cells, lines too."""
    trees = [tree_of(cell) for cell in code_cells(notebook)]
    counts = [sum(isinstance(node, ast.stmt) for node in ast.walk(tree)) for tree in trees]
    if statistics.median(counts) > 5:
        yield f"the median code cell has {statistics.median(counts):g} statements; at most 5"
    short = sum(count <= 12 for count in counts) / len(counts)
    if short < 0.9:
        yield f"{short:.0%} of the code cells have at most 12 statements; 90 % should"
    for number, cell in enumerate(code_cells(notebook), start=1):
        if (length := len(cell.source.strip().splitlines())) > 40:
            yield f"code cell {number} has {length} lines; none may have over 40"


def has_as_much_prose_as_code(notebook: NotebookNode) -> Iterator[str]:
    code = [cell for cell in code_cells(notebook) if not CHECK_CELL.fullmatch(cell.source.strip())]
    prose = prose_cells(notebook)
    if len(prose) < len(code):
        yield f"{len(prose)} prose cells for {len(code)} code cells; at least one each"


def describes_its_pictures(notebook: NotebookNode) -> Iterator[str]:
    for number, output in outputs(notebook):
        data, metadata = output.get("data", {}), output.get("metadata", {})
        for image in (kind for kind in data if kind.startswith("image/")):
            told = metadata.get(image, {}).get("alt", "")
            if len(told) < SHORTEST_DESCRIPTION or told.startswith(UNDESCRIBED):
                yield f"code cell {number}: {image} has no description in its metadata: {told!r}"
            if not IMAGE.search(data.get("text/html", "")):
                yield f"code cell {number}: {image} has no <img alt=…> beside it"
        yield from (f"code cell {number}: {text}" for text in _undescribed(data.get("text/html", "")))
    for cell in prose_cells(notebook):
        yield from _undescribed(cell.source)
        yield from (f"no description: {bare}" for bare in re.findall(r"!\[\s*\]\([^)]*\)", cell.source))


def _undescribed(text: str) -> Iterator[str]:
    for tag in IMAGE.findall(text):
        found = ALT.search(tag)
        told = html.unescape(found[1] or found[2] or "") if found else ""
        if len(told) < SHORTEST_DESCRIPTION:
            yield f"<img> without a description that says anything: {told!r}"


def stores_its_outputs(notebook: NotebookNode) -> Iterator[str]:
    counts = [cell.execution_count for cell in code_cells(notebook)]
    if counts != list(range(1, len(counts) + 1)):
        yield f"execution counts are {counts}; stored outputs come from one run from top to bottom"
    if not any(True for _ in outputs(notebook)):
        yield "no outputs are stored"


def joins_what_is_printed(notebook: NotebookNode) -> Iterator[str]:
    """Where the kernel cuts a text depends on the clock, and some viewers begin a line at each part."""
    for number, cell in enumerate(code_cells(notebook), start=1):
        streams = [output.get("name") for output in cell.outputs]
        if any(one and one == next_one for one, next_one in itertools.pairwise(streams)):
            yield f"code cell {number} stores a printed text in parts"


def stores_no_outputs(notebook: NotebookNode) -> Iterator[str]:
    for number, cell in enumerate(code_cells(notebook), start=1):
        if cell.outputs or cell.execution_count is not None:
            yield f"code cell {number} stores an output or an execution count"


def ends_with_full_points(notebook: NotebookNode) -> Iterator[str]:
    checked = [cell for cell in code_cells(notebook) if cell.source.strip() == "check.all()"]
    told = [out.get("data", {}).get("text/plain", "") for cell in checked for out in cell.outputs]
    if len(told) != 1 or not re.search(r": (\d+) of \1 points; (\d+) of \2 questions? passed\.", told[0]):
        yield f"its output does not show full points: {' '.join(text[:100] for text in told)!r}"


def stores_no_errors(notebook: NotebookNode) -> Iterator[str]:
    for number, output in outputs(notebook):
        if output.output_type == "error":
            yield f"code cell {number} ends in {output.ename}: {output.evalue}"
        if output.output_type == "stream" and output.name == "stderr":
            yield f"code cell {number} wrote to standard error: {output.text[:100]!r}"


def has_no_gaps(notebook: NotebookNode) -> Iterator[str]:
    """Prose that waits for a figure of the run has ``{{`` in its place until it is written."""
    for cell in prose_cells(notebook):
        if "{{" in cell.source:
            yield f"a gap in the prose: {cell.source[cell.source.index('{{') :][:60]!r}"


def shows_no_local_path(notebook: NotebookNode) -> Iterator[str]:
    for number, output in outputs(notebook):
        texts = [output.get("text", ""), *output.get("traceback", []), *output.get("data", {}).values()]
        text = DATA_ADDRESS.sub("", "\n".join(str(part) for part in texts))
        if found := LOCAL_PATH.search(text) or re.search(re.escape(str(course.root())), text):
            yield f"code cell {number} shows a path of one machine: {text[found.start() : found.start() + 60]!r}"


def validates_every_fit(notebook: NotebookNode) -> Iterator[str]:
    """A `fit` of something that is not a network carries the tag ``no-validation``."""
    for number, cell in enumerate(code_cells(notebook), start=1):
        if "no-validation" in cell.metadata.get("tags", []):
            continue
        for call in ast.walk(ast.parse(MAGIC.sub(r"\1", cell.source))):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "fit":
                given = {keyword.arg for keyword in call.keywords}
                if not given & {"validation_data", "validation_split", None}:
                    yield f"code cell {number} calls fit without validation data"


def runs_every_cell(notebook: NotebookNode) -> Iterator[str]:
    escapes = re.compile(r"NBVAL_(?:SKIP|RAISES_EXCEPTION)|^%%(?:capture|script|bash|sh)\b", re.MULTILINE)
    for number, cell in enumerate(code_cells(notebook), start=1):
        tags = {"nbval-skip", "nbval-raises-exception", "raises-exception"} & set(cell.metadata.get("tags", []))
        if tags or escapes.search(cell.source):
            yield f"code cell {number} is marked so that it need not run to its end in sight"


def compares_something(notebook: NotebookNode) -> Iterator[str]:
    """At least one cell whose output nbval compares with what is stored, and only cells that have an output."""
    compared = [cell for cell in code_cells(notebook) if "nbval-check-output" in cell.metadata.get("tags", [])]
    if not compared:
        yield "no cell is tagged nbval-check-output"
    if not all(cell.outputs for cell in compared):
        yield "a cell tagged nbval-check-output has no stored output to compare"


def compares_what_is_by_hand(notebook: NotebookNode) -> Iterator[str]:
    """The quick run compares each cell whose output is by hand with the stored output, which the full run made.

    A cell whose output differs between machines carries the tag ``varies``, and in its metadata the reason, as
    ``{"coursekit": {"varies": "why"}}``.
    """
    cells, varying = code_cells(notebook), 0
    alike = by_hand(cells, notebook.metadata.get("coursekit", {}).get("quick", {}))
    for number, cell in enumerate(cells, start=1):
        tags, reason = cell.metadata.get("tags", []), cell.metadata.get("coursekit", {}).get("varies")
        if number in alike and not {"nbval-check-output", "varies"} & set(tags):
            first = cell.source.strip().splitlines()[0]
            yield f"code cell {number} is by hand, but not tagged nbval-check-output: {first}"
        if ("varies" in tags) != bool(reason):
            yield f"code cell {number}: the tag `varies` and a reason in the metadata belong together"
        if {"nbval-check-output", "varies"} <= set(tags):
            yield f"code cell {number} cannot vary and be compared"
        varying += "varies" in tags
    if varying > MOST_VARYING:
        yield f"{varying} cells are tagged `varies`; at most {MOST_VARYING}"


def holds_assertions_back_in_one_form(notebook: NotebookNode) -> Iterator[str]:
    """What holds in the full run only is asserted under ``if runs_in_full(…):``, on parameters of the notebook."""
    cells, quick = code_cells(notebook), notebook.metadata.get("coursekit", {}).get("quick", {})
    for number, told in other_forms(cells, quick):
        yield f"code cell {number} asserts only at some sizes, but not under a good `if {GATE}(…):`: {told}"


def asks_in_one_form(notebook: NotebookNode) -> Iterator[str]:
    """A question to check oneself by is a cell as ``tools/quiz.py`` makes it: one choice right, a reason for each."""
    for cell in prose_cells(notebook):
        if "<details" in cell.source or "Check yourself" in cell.source:
            try:
                from_markdown(cell.source)
            except ValueError as error:
                yield f"{cell.source.splitlines()[0]}: {error}"


def has_cell_ids_of_its_own(notebook: NotebookNode) -> Iterator[str]:
    ids = [cell.get("id") for cell in notebook.cells]
    if None in ids or len(set(ids)) < len(ids):
        yield "cell ids are missing or used twice"


def long_lines(notebook: NotebookNode) -> list[str]:
    """The lines of code that JupyterLab, with its file browser open, does not show whole on a laptop."""
    lines = [line for cell in code_cells(notebook) for line in cell.source.splitlines()]
    return [line for line in lines if len(line) > LONGEST_LINE]


def too_large(path: Path) -> list[str]:
    size = path.stat().st_size
    return [f"{size:,} bytes; at most {MAX_BYTES:,}"] if size > MAX_BYTES else []


ALL: tuple[Rule, ...] = (
    opens_with_a_title,
    tells_how_to_use_it,
    has_short_code_cells,
    has_as_much_prose_as_code,
    has_cell_ids_of_its_own,
    has_no_gaps,
)
EXECUTED: tuple[Rule, ...] = (
    *ALL,
    describes_its_pictures,
    stores_its_outputs,
    joins_what_is_printed,
    stores_no_errors,
    shows_no_local_path,
    validates_every_fit,
    runs_every_cell,
)
LESSON: tuple[Rule, ...] = (
    *EXECUTED,
    asks_in_one_form,
    opens_with_goals_and_time,
    pauses,
    has_parameters_early,
    closes_with_recap_practice_and_references,
    compares_something,
    compares_what_is_by_hand,
    holds_assertions_back_in_one_form,
)
SOLUTION: tuple[Rule, ...] = (*EXECUTED, ends_with_full_points)
EXERCISE: tuple[Rule, ...] = (*ALL, stores_no_outputs)
