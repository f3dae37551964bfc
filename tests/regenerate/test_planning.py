"""What `coursekit run` refuses before anything runs, and what it makes of names and parameters."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_notebook

from coursekit import course, regenerate
from coursekit.regenerate import records
from coursekit.regenerate.notebooks import parse

PARAMETERS = "EPOCHS = 3  # passes over the data\nRATE = 0.1\nNAME = 'adam'\nSIZES = [32, 64]"


@pytest.mark.parametrize(
    ("parameters", "complaint"),
    [
        ({"EPOCH": "2"}, r"no parameter 'EPOCH'. It has: EPOCHS = 3, RATE = 0.1, NAME = 'adam'"),
        ({"EPOCHS": "many"}, r"EPOCHS is of type int \(3 by default\); 'many' is not"),
        ({"EPOCHS": "2.5"}, "EPOCHS is of type int"),
        ({"EPOCHS": "1,2,x"}, "EPOCHS is of type int .*'x' is not"),
        ({"EPOCHS": "1,,2"}, "EPOCHS is of type int .*'' is not"),
        ({"RATE": "True"}, "RATE is of type float"),
    ],
)
def test_a_wrong_parameter_is_refused(notebook, plan, parameters, complaint):
    with pytest.raises(regenerate.CannotRun, match=complaint):
        plan(notebook(PARAMETERS), parameters=parameters)


def test_a_notebook_without_parameters_says_so(notebook, plan):
    with pytest.raises(regenerate.CannotRun, match="It has: none at all"):
        plan(notebook("x = 1"), parameters={"EPOCHS": "2"})


def test_a_parameter_goes_to_the_notebooks_that_have_it(notebook, plan):
    jobs = plan(notebook(PARAMETERS), notebook("x = 1", name="solution"), parameters={"EPOCHS": "2"})

    assert [job.parameters for job in jobs] == [{"EPOCHS": 2}, {}]


def test_a_sweep_makes_a_copy_for_each_combination(notebook, plan):
    jobs = plan(notebook(PARAMETERS), parameters={"EPOCHS": "1,5,1", "NAME": "adam, rms/prop", "RATE": "0.5"})

    assert [job.parameters for job in jobs] == [
        {"EPOCHS": epochs, "NAME": name, "RATE": 0.5} for epochs in (1, 5) for name in ("adam", "rms/prop")
    ]
    assert [job.target.stem for job in jobs][::2] == ["lesson.EPOCHS-1.NAME-adam", "lesson.EPOCHS-5.NAME-adam"]
    assert len({job.target for job in jobs}) == len({job.key for job in jobs}) == 4
    assert {job.target.parent for job in jobs} == {jobs[0].target.parent}


def test_a_list_is_one_value_of_a_parameter_that_is_a_list(notebook, plan):
    (job,) = plan(notebook(PARAMETERS), parameters={"SIZES": "[8, 16]"})
    jobs = plan(notebook(PARAMETERS), parameters={"SIZES": "[8], [16]"})

    assert job.parameters == {"SIZES": [8, 16]}
    assert [job.parameters["SIZES"] for job in jobs] == [[8], [16]]


def test_a_file_gives_parameters_and_p_overrides_it(notebook, plan, tmp_path):
    (tmp_path / "small.yaml").write_text("EPOCHS: [1, 2]\nNAME: 2026-01-01\nRATE: 1\n")

    jobs = plan(notebook(PARAMETERS), files=[tmp_path / "small.yaml"], parameters={"RATE": "0.5"})

    assert [job.parameters for job in jobs] == [{"EPOCHS": n, "NAME": "2026-01-01", "RATE": 0.5} for n in (1, 2)]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("EPOCH: 2", "no parameter 'EPOCH'"),
        ("EPOCHS: many", "EPOCHS is of type int"),
        ("EPOCHS: []", "EPOCHS needs at least one value"),
        ("- EPOCHS", "should hold lines such as"),
        ("2: EPOCHS", "should hold lines such as"),
        ("", "should hold lines such as"),
        ("a: b: c", "is no YAML file"),
        ("!!python/object/apply:os.getcwd []", "is no YAML file"),
    ],
)
def test_a_wrong_file_of_parameters_is_refused(notebook, plan, tmp_path, text, complaint):
    (tmp_path / "p.yaml").write_text(text)

    with pytest.raises(regenerate.CannotRun, match=complaint):
        plan(notebook(PARAMETERS), files=[tmp_path / "p.yaml"])


def test_two_copies_never_share_a_place(notebook, plan, tmp_path):
    path = notebook("x = 1")
    other = tmp_path / "other" / "notebooks" / path.name
    other.parent.mkdir(parents=True)
    other.write_bytes(path.read_bytes())

    with pytest.raises(regenerate.CannotRun, match="one by one"):
        plan(path, other)


def test_quick_takes_the_notebooks_own_sizes_and_p_overrides_them(notebook, plan):
    path = notebook(PARAMETERS, coursekit={"quick": {"EPOCHS": 1, "RATE": 0.5}})

    (job,) = plan(path, quick=True, parameters={"EPOCHS": "2"})

    assert job.parameters == {"EPOCHS": 2, "RATE": 0.5}


def test_quick_needs_sizes_where_there_are_parameters(notebook, plan):
    with pytest.raises(regenerate.CannotRun, match="has no quick sizes"):
        plan(notebook(PARAMETERS), quick=True)
    (job,) = plan(notebook("x = 1"), quick=True)
    assert job.parameters == {}


@pytest.mark.parametrize("options", [{"quick": True}, {"parameters": {"EPOCHS": "1"}}, {"files": [Path("p.yaml")]}])
def test_only_a_full_run_can_be_stored(notebook, plan, tmp_path, monkeypatch, options):
    monkeypatch.chdir(tmp_path)
    Path("p.yaml").write_text("EPOCHS: 1")

    with pytest.raises(regenerate.CannotRun, match="full run"):
        plan(notebook(PARAMETERS), update=True, **options)


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"nbformat": 4}', "\x00", "\N{PILE OF POO}"])
def test_a_file_that_is_no_notebook_is_refused(plan, tmp_path, content):
    (tmp_path / "x.ipynb").write_text(content, encoding="utf-16" if len(content) == 1 else "utf-8")

    with pytest.raises(regenerate.CannotRun, match="cannot be read as a notebook"):
        plan(tmp_path / "x.ipynb")


CODE = {"cell_type": "code", "source": "x = 1", "metadata": {}, "outputs": [], "execution_count": None}
ODD = {
    "deep": b"[" * 100_000,
    "not a notebook": [1],
    "no minor format": {"cells": [CODE], "metadata": {}, "nbformat": 4},
    "minor format in quotes": {"nbformat_minor": "5"},
    "another format": {"nbformat": 99},
    "cells that are no list": {"cells": {}},
    "cells that are numbers": {"cells": [3]},
    "a cell without source": {"cells": [CODE | {"source": None}]},
    "half a character": {"cells": [CODE | {"source": "x = '\ud800'"}]},
    "an id that is a number": {"cells": [CODE | {"id": 3}]},
    "another format without its parts": {"nbformat": 3, "worksheets": 3},
    "tags that are no list": {"cells": [CODE | {"metadata": {"tags": None}}]},
    "a kernel that is text": {"metadata": {"kernelspec": "python3"}},
    "a language that is a number": {"metadata": {"language_info": {"name": 3}}},
    "quick sizes that are a list": {"metadata": {"coursekit": {"quick": [1]}}},
}


@pytest.mark.parametrize("case", ODD)
def test_an_odd_notebook_is_refused_by_its_name(case, plan, tmp_path):
    content = ODD[case]
    if isinstance(content, dict) and content.get("nbformat") != 4:
        content = {"cells": [CODE], "metadata": {}, "nbformat": 4, "nbformat_minor": 5} | content
    path = tmp_path / "odd.ipynb"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    with pytest.raises(regenerate.CannotRun, match=r"odd\.ipynb cannot be read as a notebook: \S"):
        plan(path)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("minor", [0, 4, 5])
def test_cells_without_an_id_of_their_own_get_the_same_each_time(minor):
    cells = [CODE, CODE | {"id": "a"}, CODE | {"id": "cell-0"}, CODE | {"id": "a"}, CODE | {"id": "a"}]
    content = json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": minor}).encode()
    found = parse(content, "a notebook")
    assert [cell.id for cell in found.cells] == ["cell-1", "a", "cell-0", "cell-3", "cell-4"]
    nbformat.validate(found)


def test_a_byte_order_mark_is_read(notebook, plan):
    path = notebook("x = 1")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())

    assert len(plan(path)) == 1


@pytest.mark.parametrize(
    "metadata",
    [
        {"kernelspec": {"name": "ir", "display_name": "R", "language": "R"}},
        {"kernelspec": {"name": "ir", "display_name": "R"}, "language_info": {"name": "R"}},
    ],
)
def test_a_notebook_for_another_kernel_is_refused_by_its_name(notebook, plan, metadata):
    with pytest.raises(regenerate.CannotRun, match="for the kernel 'ir', in R; only Python is run"):
        plan(notebook("x <- 1", **metadata))


def test_a_cell_that_is_to_raise_is_refused(notebook, plan):
    path = notebook("x = 1", "1 / 0")
    tagged = nbformat.read(path, as_version=4)
    tagged.cells[2].metadata.tags = ["raises-exception"]
    nbformat.write(tagged, path)

    with pytest.raises(regenerate.CannotRun, match="cell 3 has the tag raises-exception"):
        plan(path)


@pytest.mark.parametrize(
    ("typed", "value"), [("good evening, all", "good evening, all"), ("'a, b'", "a, b"), ("1,2", "1,2")]
)
def test_a_text_with_a_comma_is_one_value_where_the_parameters_own_has_one(notebook, plan, typed, value):
    (job,) = plan(notebook("EPOCHS = 3\nGREETING = 'hello, world'"), parameters={"GREETING": typed})

    assert job.parameters == {"GREETING": value}


def test_a_missing_file_is_refused(plan, tmp_path):
    with pytest.raises(regenerate.CannotRun, match="is not there"):
        plan(tmp_path / "none.ipynb")


def test_an_executed_copy_never_replaces_its_source(notebook, tmp_path):
    with pytest.raises(regenerate.CannotRun, match="would overwrite"):
        regenerate.plan([str(notebook("x = 1"))], out=tmp_path)


def test_only_what_is_out_of_date_is_planned_where_that_is_asked_for(notebook, plan):
    paths = [notebook("x = 1", name=name) for name in ("fits", "edited", "new")]
    for path in paths[:2]:
        read = nbformat.read(path, as_version=4)
        nbformat.write(records.with_record(read, path, new_notebook(), 1.0, 1), path)
    edited = nbformat.read(paths[1], as_version=4)
    edited.cells[1].source = "x = 2"
    nbformat.write(edited, paths[1])

    assert [job.source.stem for job in plan(*paths, stale=True)] == ["edited", "new"]


def test_names_and_all_stand_for_lessons(plan):
    jobs = plan("all", "1", solutions=True)

    expected = [path for lesson in course.LESSONS for path in (lesson.notebook, lesson.solution)]
    assert [job.source for job in jobs] == expected
    assert len({job.target for job in jobs}) == len(jobs)
