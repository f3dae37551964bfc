"""A notebook in grading has the modules beside it that it imports, and those of nobody else."""

from __future__ import annotations

import json
import os
import re
import tracemalloc
from pathlib import PurePosixPath

import batch_demo
import grading_demo as demo
import pytest
from test_marking import markers
from test_submissions import zipped

from coursekit.classroom import pipeline
from coursekit.classroom.intake import modules
from coursekit.classroom.intake.sources import UnusableFile, open_source
from coursekit.classroom.intake.submissions import HandedIn, find
from coursekit.classroom.settings import GradingSettings
from coursekit.sandbox import companions
from coursekit.worker import bounds

pytestmark = pytest.mark.usefixtures("demo_lesson")

MODULE = b"import other\nVALUE = other.VALUE\n"


def notebook(source="from helper import VALUE\ncount = VALUE"):
    cell = {"cell_type": "code", "source": source, "metadata": {}}
    return json.dumps({"cells": [cell], "metadata": {"coursekit": {"exercise": "99_demo"}}, "nbformat": 4}).encode()


@pytest.mark.parametrize(
    ("place", "files"),
    [
        ("ada/x.ipynb", {"ada/helper.py": 1, "ada/other.py": 1, "ada/unused.py": 0, "ada/deep/helper.py": 0}),
        (
            "A L_11_assignsubmission_file_x.ipynb",
            {"A L_11_assignsubmission_file_helper.py": 1, "A L_11_assignsubmission_file_other.py": 1},
        ),
        ("al_101_1_x-1.ipynb", {"al_101_2_helper-1.py": 1, "al_101_3_other-1.py": 1, "bk_102_2_helper.py": 0}),
        ("ada/x.ipynb", {"bob/helper.py": 0, "ada/my_helper.py": 0, "helper.py": 0}),
        ("ada.ipynb", {"helper.py": 0, "ada_helper.py": 0}),
        ("ada/01_x.ipynb", {"ada/01_helper.py": 0, "ada/helper-1.py": 0}),  # ones that no check of one's own has
    ],
)
def test_modules_are_found_as_platforms_export_them(place, files, tmp_path):
    members = {name: MODULE if "helper" in name else b"VALUE = 10\n" for name in files}
    notebooks = {place: notebook(), "zoe_9_1_y.ipynb": notebook("x = 1")}
    handed_in = HandedIn(open_source(zipped(tmp_path / "a.zip", notebooks | members)))
    (found,) = (each for each in find(handed_in) if each.file == place)
    assert {path for _, path in found.modules} == {name for name, given in files.items() if given}
    cells, modules = handed_in.of(found)
    assert [cell.source for cell in cells] == ["from helper import VALUE\ncount = VALUE"]
    assert modules == ({"helper": MODULE, "other": b"VALUE = 10\n"} if found.modules else {})


def test_other_modules_make_another_job_and_a_changed_one_is_not_read(tmp_path):
    for name in ("ada", "bob", "cyd"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.ipynb").write_bytes(notebook())
    (tmp_path / "ada" / "helper.py").write_text("VALUE = 10")
    (tmp_path / "bob" / "helper.py").write_text("VALUE = 11")
    handed_in = HandedIn(open_source(tmp_path))
    found = find(handed_in)
    assert len({each.digest for each in found}) == 3
    (tmp_path / "ada" / "helper.py").write_text("VALUE = 12")
    with pytest.raises(UnusableFile, match="has changed"):
        handed_in.of(found[0])


def test_a_mark_has_the_modules_that_ones_own_check_has(tmp_path):
    folder = tmp_path / "in" / "ada"
    batch_demo.write_class(folder, x=("from helper import VALUE\ncount = VALUE", demo.DOUBLE))
    (folder / "helper.py").write_text("VALUE = 10")
    settings = GradingSettings(submissions=str(tmp_path / "in"), exercise="99_demo")
    with markers() as make:
        result = pipeline.grade_class(tmp_path / "out", settings, make)
    assert [each.points for each in result.grades] == [3], result.grades


def test_ones_own_check_and_grading_leave_out_the_same_large_module(tmp_path, monkeypatch):
    monkeypatch.setattr(companions, "MODULE_BYTES", 100)
    monkeypatch.setattr(companions, "COMPANION_BYTES", 150)
    sources = ["import large, one\nimport two"]
    for name, size in {"large": 101, "one": 90, "two": 90}.items():
        (tmp_path / f"{name}.py").write_text("#" * size)
    others = [PurePosixPath(file.name) for file in tmp_path.iterdir()]
    graded, told = modules.imported(sources, PurePosixPath("x.ipynb"), others, open_source(tmp_path), renamed=False)
    own, told_there = companions.imported(sources, companions.beside(tmp_path), companions.read_module)
    assert [*graded] == [*own] == ["one"]
    assert told == told_there
    assert [re.search(r"`(\w+)\.py`, which is left out: (it has|at most)", each).groups() for each in told] == [
        ("large", "it has"),
        ("two", "at most"),
    ]


def test_of_a_large_module_no_more_is_read_than_tells_that_it_is_too_large(tmp_path):
    (tmp_path / "sparse.py").touch()
    os.truncate(tmp_path / "sparse.py", bounds.NOTEBOOK_BYTES)
    others, source = [PurePosixPath("sparse.py")], open_source(tmp_path)
    tracemalloc.start()
    _, (told,) = modules.imported(["import sparse"], PurePosixPath("x.ipynb"), others, source, renamed=False)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "it has more than 1 MB" in told
    assert most < 5 * bounds.MB


def test_a_module_that_nobody_may_read_is_left_out_and_named(tmp_path):
    found, told = companions.imported(["import gone"], {"gone": tmp_path / "gone.py"}, companions.read_module)
    assert (found, told) == ({}, ("The notebook uses `gone.py`, which is left out: it cannot be read.",))


def test_of_many_modules_that_are_left_out_some_are_named(tmp_path):
    names = [f"gone{number}" for number in range(9)]
    gone = {name: tmp_path / name for name in names}
    _, told = companions.imported([f"import {', '.join(names)}"], gone, companions.read_module)
    assert told[-1] == "6 more modules are left out."
    assert len(told) == 4
    looked_at: list[int] = []
    several = {f"m{number}": number for number in range(companions.COMPANION_FILES + 50)}
    found, told = companions.imported([f"import {', '.join(several)}"], several, lambda n: looked_at.append(n) or b"")
    assert len(found) == len(looked_at) == companions.COMPANION_FILES
    assert told[-1] == "47 more modules are left out."


@pytest.mark.parametrize(
    "line",
    ["%run helper.py", "%run helper", "  %run -i  ./helper.py 3", '%run -i -t "helper.py"', "import os, helper as h"],
)
def test_a_module_is_used_where_a_line_imports_or_runs_it(line):
    assert [*companions.imported([line], {"helper": 1, "os.path": 2}, lambda place: b"")[0]] == ["helper"]


def test_a_mark_tells_of_a_large_module_and_has_one_that_is_run(tmp_path):
    folder = tmp_path / "in" / "ada"
    batch_demo.write_class(folder, x=("%run helper.py\nimport large\n", demo.DOUBLE))
    (folder / "helper.py").write_text("count = 10")
    (folder / "large.py").write_text("#" * (companions.MODULE_BYTES + 1))
    settings = GradingSettings(submissions=str(tmp_path / "in"), exercise="99_demo")
    with markers() as make:
        result = pipeline.grade_class(tmp_path / "out", settings, make)
    (grade,) = result.grades
    assert grade.points == 3
    assert [note for note in grade.submission.notes if "large.py" in note] == [
        "The notebook uses `large.py`, which is left out: it has more than 1 MB. A module holds code and little data."
    ]
    assert "which is left out: it has more than 1 MB" in (tmp_path / "out" / "grades.csv").read_text("utf-8-sig")
