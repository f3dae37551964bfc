"""What the soak says of the rows of a class with a hostile tenth."""

from __future__ import annotations

import pytest

from benchmarks import soak
from coursekit.grading import find_exercise

KINDS = {"ada": "good", "bob": "trained", "eve": "endless", "mal": "empty"}
POINTS = {each.name: f"{each.points:g}" for each in find_exercise(soak.NAME).questions.values()}


def row(learner: str, **cells: str) -> dict[str, str]:
    return {"learner": learner, "state": "marked", "points": "17", "notes": "", "seconds": "1", **POINTS, **cells}


def complaints(*changed: dict[str, str], without: tuple[str, ...] = (), alone: tuple[dict[str, str], ...] = ()):
    eve = row("eve", count_parameters="0", seconds="20")
    mal = dict.fromkeys(eve, "") | {"learner": "mal", "state": "unusable"}
    rows = [row("ada"), row("bob"), eve, mal]
    kept = [each for each in rows if each["learner"] not in (*without, *(one["learner"] for one in changed))]
    return soak.complaints([*kept, *changed], [row("ada", seconds="9"), row("bob"), *alone], KINDS)


def test_a_class_as_it_should_be_gives_nothing_to_complain_of():
    assert complaints() == []


@pytest.mark.parametrize(
    ("rows", "without", "alone", "told"),
    [
        ([], ("bob",), (), "bob stands in no row of the class"),
        ([row("ada"), row("ada")], (), (), "ada stands in 2 rows of the class"),
        ([row("zoe")], (), (), "zoe stands in a row of the class and handed in nothing"),
        ([], (), (row("ada"),), "ada stands in 2 rows of the class without the hostile"),
        ([], (), (row("eve"),), "eve stands in a row of the class without the hostile and handed in nothing"),
        (
            [row("bob", training="1")],
            (),
            (),
            f"bob (trained), for the hostile beside it: training '{POINTS['training']}' became '1'",
        ),
        (
            [row("ada", notes="Cell 3 did not end.")],
            (),
            (),
            "ada (good), for the hostile beside it: notes '' became 'Cell 3 did not end.'",
        ),
    ],
)
def test_each_learner_stands_in_one_row_that_the_hostile_do_not_change(rows, without, alone, told):
    assert complaints(*rows, without=without, alone=alone) == [told]


@pytest.mark.parametrize(
    "changed",
    [
        row("eve"),
        row("eve", count_parameters="0", softmax="1"),
        row("eve", count_parameters="0", state="not marked"),
        row("mal", state="unusable", points="20"),
    ],
)
def test_a_hostile_row_has_what_it_earned_and_no_other(changed):
    (told,) = complaints(changed)
    assert told.startswith(f"{changed['learner']} ({KINDS[changed['learner']]}): {{'state': ")


def test_honest_points_that_are_missing_in_both_classes_are_told():
    same = row("ada", softmax="0")
    (told,) = soak.complaints([same], [same], {"ada": "good"})
    assert told.startswith("ada (good): ")


def test_all_rows_are_told_by_what_was_handed_in():
    told = soak.by_kind([row("ada"), row("bob", points="20"), row("zoe")], KINDS)
    assert told == ["    1 good: marked 17", "    1 trained: marked 20", "    1 unknown: marked 17"]
