"""Each rule of style passes a good notebook and sees what is wrong with a bad one."""

from __future__ import annotations

import copy

import notebook_style as style
import pytest
from full_only import count
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from quiz import from_text, to_markdown

from coursekit import course

DESCRIPTION = "Line chart: loss falls from 0.4 to 0.1 over five epochs."
FIGURE = new_output(
    "display_data",
    {"image/png": "iVBORw0KGgo=", "text/html": f'<img src="data:image/png;base64,iVBO/tmp/w" alt="{DESCRIPTION}">'},
    metadata={"image/png": {"alt": DESCRIPTION}},
)
OPENING = f"""# 1 · A title

**You will learn to**

- look,
- think,
- act.

**Time**: 45 minutes to read, 2 minutes to run.

{style.HOW_TO}"""
CLOSING = """## In this lesson

- we looked.

## Practise

Open [exercise 1](../exercises/exercise_01_mnist_dense.ipynb).

## References

- A: *B*, 1998.
- C: *D*, 2015."""

QUIZ = to_markdown(from_text("What do we see?\n+ a digit\n  A 5.\n- a cat\n  There are no cats in MNIST."))


def code(source, *results, tags=()):
    return new_code_cell(source, outputs=list(results), metadata={"tags": list(tags)})


def text(words, name="stdout"):
    return new_output("stream", name=name, text=words)


def varying(tags=("varies",)):
    cell = code("print(platform.machine())", text("x86_64\n"), tags=tags)
    cell.metadata.coursekit = {"varies": "The processor of this machine."}
    return cell


@pytest.fixture
def good():
    notebook = new_notebook(
        cells=[
            new_markdown_cell(OPENING),
            code("SEED, EPOCHS, WIDTHS = 1, 5, [8, 64]", tags=["parameters"]),
            new_markdown_cell("What do we see?"),
            code("show(figure)", FIGURE),
            new_markdown_cell("![a drawing of a small network](network.png)"),
            code("model.fit(x, y, validation_data=(a, b))", text("done\n"), tags=["nbval-check-output"]),
            code('check("softmax")'),
            new_markdown_cell(CLOSING),
        ]
    )
    for number, cell in enumerate(style.code_cells(notebook), start=1):
        cell.execution_count = number
    notebook.metadata.coursekit = {"quick": {"EPOCHS": 1, "WIDTHS": [8]}}
    return notebook


@pytest.mark.parametrize("rule", dict.fromkeys(style.LESSON + style.EXECUTED))
def test_a_good_notebook_passes(good, rule):
    assert list(rule(good)) == []


def test_a_good_exercise_passes(good):
    for cell in style.code_cells(good):
        cell.outputs, cell.execution_count = [], None

    assert [problem for rule in style.EXERCISE for problem in rule(good)] == []


def set_source(index, source):
    def change(notebook):
        notebook.cells[index].source = source

    return change


def replace(index, old, new):
    def change(notebook):
        assert old in notebook.cells[index].source
        notebook.cells[index].source = notebook.cells[index].source.replace(old, new)

    return change


def put_output(output):
    def change(notebook):
        notebook.cells[3].outputs = [output]

    return change


def picture(**changes):
    figure = copy.deepcopy(FIGURE)
    figure.update(changes)
    return put_output(figure)


def tag(index, *tags):
    def change(notebook):
        notebook.cells[index].metadata["tags"] = list(tags)

    return change


def delete(index):
    def change(notebook):
        del notebook.cells[index]

    return change


def append(*cells):
    def change(notebook):
        notebook.cells.extend(cells)

    return change


def set_on(index, **values):
    def change(notebook):
        notebook.cells[index].update(values)

    return change


BAD = [
    (style.opens_with_a_title, delete(0)),
    (style.opens_with_a_title, replace(0, "# 1", "## 1")),
    (style.opens_with_a_title, append(new_markdown_cell("# Another title"))),
    (style.tells_how_to_use_it, replace(0, "Run All Above", "Run All")),
    (style.tells_how_to_use_it, lambda notebook: notebook.cells.insert(0, code("x = 1"))),
    (style.opens_with_goals_and_time, replace(0, "You will learn to", "Content")),
    (style.opens_with_goals_and_time, replace(0, "- look,\n", "")),
    (style.opens_with_goals_and_time, replace(0, "45 minutes", "long")),
    (style.closes_with_recap_practice_and_references, replace(-1, "In this lesson", "The end")),
    (style.closes_with_recap_practice_and_references, replace(-1, "Practise", "Go on")),
    (style.closes_with_recap_practice_and_references, replace(-1, "../exercises/", "somewhere/")),
    (style.closes_with_recap_practice_and_references, replace(-1, ", 1998", "")),
    (style.closes_with_recap_practice_and_references, replace(-1, "## References", "## More")),
    (style.has_parameters_early, tag(1)),
    (style.has_parameters_early, tag(3, "parameters")),
    (style.has_parameters_early, lambda notebook: (tag(1)(notebook), tag(6, "parameters")(notebook))),
    (style.has_short_code_cells, append(*(code("x = 1\n" * 6) for _ in range(9)))),
    (style.has_short_code_cells, append(code("x = 1\n" * 16))),
    (style.has_short_code_cells, append(code("x = 1\n" * 41), *(code("x = 1") for _ in range(20)))),
    (style.has_as_much_prose_as_code, append(code("x = 1"), code("y = 1"))),
    (style.describes_its_pictures, picture(metadata={})),
    (style.describes_its_pictures, picture(metadata={"image/png": {"alt": "alt text"}})),
    (style.describes_its_pictures, picture(metadata={"image/png": {"alt": f'{style.UNDESCRIBED} Plot "image".'}})),
    (style.describes_its_pictures, picture(data={"image/png": "iVBORw0KGgo="})),
    (style.describes_its_pictures, picture(data={"text/html": '<img src="x.png">'})),
    (style.describes_its_pictures, picture(data={"text/html": '<IMG src="x.png" alt="">'})),
    (style.describes_its_pictures, replace(4, "a drawing of a small network", "")),
    (style.describes_its_pictures, set_source(4, '<img src="network.png" alt="figure">')),
    (style.stores_its_outputs, set_on(3, execution_count=7)),
    (style.stores_its_outputs, set_on(3, execution_count=None)),
    (style.stores_its_outputs, lambda notebook: [cell.update(outputs=[]) for cell in style.code_cells(notebook)]),
    (style.stores_no_outputs, lambda notebook: None),
    (style.joins_what_is_printed, set_on(3, outputs=[text("seed 0"), text(", seed 1\n")])),
    (style.stores_no_errors, put_output(text("a warning", name="stderr"))),
    (style.stores_no_errors, put_output(new_output("error", ename="ValueError", evalue="no", traceback=[]))),
    (style.has_no_gaps, append(new_markdown_cell("The accuracy is {{…}}."))),
    (style.shows_no_local_path, put_output(text("saved in /home/ada/model.keras"))),
    (style.shows_no_local_path, put_output(text(r"saved in C:\Users\ada"))),
    (style.shows_no_local_path, put_output(text(f"saved in {course.root()}"))),
    (style.shows_no_local_path, picture(data={"text/plain": "'/tmp/model.keras'"})),
    (style.validates_every_fit, set_source(5, "model.fit(x, y)")),
    (style.validates_every_fit, set_source(5, "%time model.fit(x, y)")),
    (style.validates_every_fit, set_source(5, "h = build().fit(\n    x, y,\n    epochs=3)")),
    (style.runs_every_cell, tag(3, "nbval-skip")),
    (style.runs_every_cell, tag(3, "raises-exception")),
    (style.runs_every_cell, set_source(3, "# NBVAL_SKIP\nx = 1")),
    (style.runs_every_cell, set_source(3, "%%capture\nx = 1")),
    (style.compares_something, tag(5)),
    (style.compares_something, set_on(5, outputs=[])),
    (style.compares_what_is_by_hand, append(code("print(2 + 3)", text("5\n")))),
    (style.compares_what_is_by_hand, append(code("print(2 + 3)", text("5\n"), tags=["varies"]))),
    (style.compares_what_is_by_hand, append(varying(tags=[]))),
    (style.compares_what_is_by_hand, append(varying(tags=["varies", "nbval-check-output"]))),
    (style.compares_what_is_by_hand, append(*(varying() for _ in range(4)))),
    (style.holds_assertions_back_in_one_form, append(code("if EPOCHS >= 5:\n    assert accuracy > 0.9"))),
    (style.asks_in_one_form, set_source(2, QUIZ.replace("Right", "No"))),
    (style.asks_in_one_form, set_source(2, QUIZ.replace("**Check yourself.** ", ""))),
    (style.asks_in_one_form, set_source(2, "**Check yourself.** Is it so?")),
    (style.pauses, append(*(new_markdown_cell("more") for _ in range(style.SITTING)))),
    (style.pauses, append(new_markdown_cell(style.PAUSE))),
    (style.has_cell_ids_of_its_own, lambda notebook: notebook.cells[1].update(id=notebook.cells[2].id)),
]


@pytest.mark.parametrize(("rule", "spoil"), BAD, ids=[f"{rule.__name__}-{i}" for i, (rule, _) in enumerate(BAD)])
def test_a_bad_notebook_is_seen(good, rule, spoil):
    spoil(good)

    assert list(rule(good))


def test_every_rule_has_a_bad_notebook():
    assert {rule for rule, _ in BAD} == set(style.LESSON + style.EXECUTED + style.EXERCISE)


def test_a_pause_begins_another_sitting(good):
    good.cells[0].source += f"\n\n**Time**: 90 minutes to read, {style.SITTINGS[2]}."
    for source in ("more", f"{style.PAUSE} What follows is the second sitting.", "more"):
        append(*(new_markdown_cell(source) for _ in range(1 if style.PAUSE in source else style.SITTING - 20)))(good)

    assert not list(style.pauses(good))


def test_a_question_to_check_oneself_by_is_good(good):
    good.cells[2].source = QUIZ

    assert list(style.asks_in_one_form(good)) == []


def test_a_fit_that_is_no_network_can_say_so(good):
    good.cells[5].source, good.cells[5].metadata.tags = "PCA(2).fit(x)", ["no-validation"]

    assert list(style.validates_every_fit(good)) == []


def test_what_is_by_hand_is_named(good):
    good.cells.append(code("\nsum_by_hand = 2 + 3\nprint(sum_by_hand)", text("5\n")))

    (problem,) = style.compares_what_is_by_hand(good)

    assert "code cell 5 " in problem
    assert "sum_by_hand = 2 + 3" in problem


@pytest.mark.parametrize(
    "cell",
    [
        code("print(2 + 3)", text("5\n"), tags=["nbval-check-output"]),
        code("assert 2 + 3 == 5"),
        code("print(EPOCHS)", text("5\n")),
        varying(),
    ],
)
def test_a_cell_that_need_not_or_may_not_be_compared(good, cell):
    good.cells.append(cell)

    assert list(style.compares_what_is_by_hand(good)) == []


TRAINED = (
    "history = model.fit(x, y, validation_data=(a, b), epochs=EPOCHS)\naccuracy = history.history['accuracy'][-1]\n"
)
GATED = "if runs_in_full(EPOCHS >= 5):\n    assert accuracy > 0.9"


@pytest.mark.parametrize(
    "source",
    [
        "if EPOCHS >= 5:\n    assert accuracy > 0.9",
        "if EPOCHS < 5:\n    print('small')\nelse:\n    assert accuracy > 0.9",
        "if EPOCHS >= 5:\n    for value in accuracies:\n        assert value > 0.9",
        "if EPOCHS >= 5:\n    np.testing.assert_allclose(accuracy, 0.9)",
        "FULL = EPOCHS >= 5 and SEED\nif FULL:\n    assert accuracy > 0.9",
        "wide = [width for width in WIDTHS if width > 8]\nif len(wide) == 1:\n    assert accuracy > 0.9",
        "if runs_in_full(EPOCHS >= 5) and accuracy > 0.5:\n    assert accuracy > 0.9",
        "if EPOCHS >= 5 and accuracy > 0.5:\n    assert accuracy > 0.9",
        "enough = runs_in_full(EPOCHS >= 5)\nif enough:\n    assert accuracy > 0.9",
        "assert accuracy > 0.9 or EPOCHS < 5",
        "assert EPOCHS < 5 or accuracy > 0.9",
        "assert not (EPOCHS >= 5 and accuracy < 0.9)",
        "assert (accuracy > 0.9) | (EPOCHS < 5)",
        "assert any([EPOCHS < 5, accuracy > 0.9])",
        "assert accuracy > (0.9 if EPOCHS >= 5 else 0.5)",
        "assert accuracy > 0.9 if EPOCHS >= 5 else True",
        "least = 0.9 if EPOCHS >= 5 else 0.5\nassert accuracy > least",
        "held = accuracy > 0.9 or EPOCHS < 5\nassert held",
        "def judge():\n    if EPOCHS >= 5:\n        assert accuracy > 0.9\n\njudge()",
        "if runs_in_full():\n    assert accuracy > 0.9",
        "if runs_in_full(EPOCHS >= 1):\n    assert accuracy > 0.9",
        "if runs_in_full(EPOCHS >= 6):\n    assert accuracy > 0.9",
        "if runs_in_full(EPOCHS >= 5, accuracy > 0.5):\n    assert accuracy > 0.9",
        "if runs_in_full(EPOCHS >= 5):\n    print(accuracy)",
        "if runs_in_full(EPOCHS >= 5):\n    assert accuracy > 0.9\nelse:\n    assert accuracy > 0.5",
        "if EPOCHS >= 5:\n    compare('It helps', arms)",
        "compare('It helps', arms, enough=EPOCHS >= 1)",
        "compare('It helps', arms, enough=EPOCHS >= 6)",
        "compare('It helps', arms, enough=accuracy > 0.9)",
    ],
)
def test_an_assertion_held_back_in_another_form_is_seen(good, source):
    good.cells.append(code(TRAINED + source))

    (problem,) = style.holds_assertions_back_in_one_form(good)

    assert problem.startswith("code cell 5 ")


@pytest.mark.parametrize(
    "source",
    [
        GATED,
        "if runs_in_full(EPOCHS >= 5, len(WIDTHS) == 2):\n    np.testing.assert_allclose(accuracy, 0.9)",
        "assert accuracy > 0.9",
        "assert accuracy > 0.5 and EPOCHS * 200 > 100",
        "assert accuracy > 1 - 2.0**-EPOCHS",
        "if EPOCHS >= 5:\n    print(accuracy)",
        "if accuracy > 0.5:\n    assert accuracy < 1",
        "best = {'steps': EPOCHS if SEED else 0}\nassert best['steps'] < 9",
        "more = {'depth': 3} if EPOCHS > 1 else {}\nreached = {'a': run(**more)}\nassert reached['a'] > 0.9",
        "both = {'a': EPOCHS} | {'b': accuracy}\nassert both['b'] > 0.9",
        "if SEED == 1:\n    assert accuracy > 0.9",
        "for width in WIDTHS:\n    assert width > 1",
        "compare('It helps', arms, enough=EPOCHS >= 5 and len(WIDTHS) == 2)",
        "compare('It helps', arms)",
    ],
)
def test_what_is_no_other_form_of_holding_an_assertion_back(good, source):
    good.cells.append(code(TRAINED + source))

    assert list(style.holds_assertions_back_in_one_form(good)) == []


def test_assertions_are_counted_and_claims_are_not():
    cells = [
        code("assert 1 < 2\nnp.testing.assert_array_equal(a, b)\nprint('assert')"),
        code("if runs_in_full(EPOCHS >= 5):\n    assert a\n    for b in c:\n        np.testing.assert_allclose(a, b)"),
        code("def judge():\n    if runs_in_full(EPOCHS >= 5):\n        assert a\n    assert b"),
        code("compare('It helps', arms, enough=EPOCHS >= 5)\ncompare('It helps', arms)"),
        code("compare('So does this', arms, enough=EPOCHS >= 5)"),
    ]

    assert count(cells) == (6, 3)


@pytest.mark.parametrize(
    ("told", "problems"),
    [
        ("A demo: 20 of 20 points; 8 of 8 questions passed.", 0),
        ("A demo: 2 of 2 points; 1 of 1 question passed.", 0),
        ("A demo: 19 of 20 points; 7 of 8 questions passed, 1 passed in part.", 1),
        (None, 1),
    ],
)
def test_a_solution_without_full_points_is_seen(told, problems):
    outputs = [new_output("display_data", {"text/plain": told})] if told else []
    solution = new_notebook(cells=[code("check.all()", *outputs)])

    assert len(list(style.ends_with_full_points(solution))) == problems


def test_a_large_file_is_seen(tmp_path):
    (tmp_path / "large.ipynb").write_bytes(b" " * (style.MAX_BYTES + 1))
    (tmp_path / "small.ipynb").write_bytes(b" ")

    assert style.too_large(tmp_path / "large.ipynb")
    assert not style.too_large(tmp_path / "small.ipynb")


def test_a_line_of_code_that_is_too_long_is_seen(good):
    fits, too_long = ("x" * length for length in (88, 89))
    good.cells.append(code(f"{fits}\n{too_long}"))

    assert style.long_lines(good) == [too_long]
