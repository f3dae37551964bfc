"""Similar submissions: renamed copies are found, and no text that a learner hands in keeps the search."""

from __future__ import annotations

import itertools
import tracemalloc

import hypothesis.strategies as st
import pytest
from hypothesis import given

from coursekit.classroom.report import similarity
from coursekit.classroom.report.similarity import similar_pairs, tokens
from coursekit.worker.bounds import MB

LONG = "\n".join(f"def f{n}(a, b):\n    total = a * {n} + b\n    return [total, a - b, 'text']" for n in range(9))


def test_renamed_copies_are_found_and_other_work_is_not():
    renamed = LONG.replace("total", "s").replace("a", "q").replace("text", "else").replace("* 3", "* 77")
    other = "\n".join(
        f"x{n} = [i ** {n} for i in range(9) if i % 2 or i > {n}]\nprint(x{n}, sep=':')" for n in range(9)
    )
    found, left_out = similar_pairs([[LONG], [other], [renamed + "\n# mine"], [LONG], [""]])
    pairs = {(pair.first, pair.second): pair for pair in found}
    assert pairs.keys() == {(0, 2), (0, 3), (2, 3)}
    assert pairs[0, 3].same_text
    assert not pairs[0, 2].same_text
    assert pairs[0, 2].similarity > 0.99
    assert left_out == 0


def test_what_the_exercise_gives_and_short_work_are_left_out():
    given_lines = {line.strip() for line in LONG.splitlines()}
    assert similar_pairs([[LONG], [LONG]], given_lines) == ([], 0)
    assert similar_pairs([["x = 1"], ["x = 1"]]) == ([], 0)
    assert similar_pairs([]) == ([], 0)


def test_what_time_does_not_suffice_for_is_counted(monkeypatch):
    monkeypatch.setattr(similarity, "SIMILARITY_SECONDS", -1.0)
    assert similar_pairs([[LONG], [LONG]]) == ([], 2)


def test_works_are_compared_block_by_block_as_long_as_there_is_time(monkeypatch):
    monkeypatch.setattr(similarity, "BLOCK", 2)
    works = [[LONG]] * 6
    everything, left_out = similar_pairs(works)
    assert [(pair.first, pair.second) for pair in everything] == [(a, b) for a in range(6) for b in range(a + 1, 6)]
    assert left_out == 0
    clock = itertools.chain(itertools.repeat(0.0, 8), itertools.repeat(1e9))  # until the first block is done
    monkeypatch.setattr(similarity.time, "monotonic", lambda: next(clock))
    found, left_out = similar_pairs(works)
    assert found == [pair for pair in everything if pair.first < 4]
    assert left_out == 2


def test_a_large_class_with_one_answer_costs_little_memory():
    works = [[LONG, f"# {number}"] for number in range(600)]
    similar_pairs(works[:2])  # imports what it needs
    tracemalloc.start()
    found, left_out = similar_pairs(works)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (len(found), left_out) == (similarity.MOST_PAIRS, 0)
    assert peak < 30 * MB


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("f(a, 1.5e3) # 2", "x ( x , 0 )"),
        (r"""rb'a\'b' + '''c d''' + f"{x}" """, "'' + '' + ''"),
        ('"""c\n"d" """ * 2', "'' * 0"),
        ("x: int = 'open\ny **= 2", "x : x = '' x **= 0"),
        ("'''open\n# x\n", "''"),
        ('"open\\', "''"),
        ("%matplotlib inline", "% x x"),
        ("if x:\n    pass", "if x : pass"),
    ],
)
def test_tokens(source, found):
    assert " ".join(tokens(source)) == found


@given(st.text(max_size=60))
def test_any_text_has_tokens_without_spaces(source):
    assert not any(each.isspace() for token in tokens(source) for each in token)
    assert next(tokens(f"1\n{source}")) == "0"


@pytest.mark.parametrize("piece", ["'\\", '"""\\', "a ", "x1 = 'a\\", "'''\\'''", "(", "\\\n", "# '"])
def test_a_hostile_work_costs_little(piece, costs_at_most):
    """Two of nearly a megabyte each, of which some once took hours, others half a gigabyte."""
    works = [[piece * (900_000 // len(piece)) + str(n)] for n in range(2)]
    tracemalloc.start()
    with costs_at_most(30):
        similar_pairs(works)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 300 * MB
