"""The register: what is read of stored outputs follows from their values, and any other file ends in a clear error."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coursekit import course
from coursekit.claims.comparison import BETTER, CONTRADICTED, MIME, Arm, Comparison
from coursekit.claims.register import UnreadableClaims, claims_in

texts = st.text(min_size=1).filter(lambda text: text.strip() and text.splitlines() == [text])
claims = texts.filter(lambda text: text.rstrip()[-1] not in ".:!?")
numbers = st.floats(-1e90, 1e90)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["cells", "cell_type", "outputs", "data"]), inner),
)


@st.composite
def comparisons(draw) -> Comparison:
    seeds = draw(st.lists(st.integers(0, 10**6), min_size=2, max_size=6, unique=True))
    treatment, control = draw(st.lists(texts, min_size=2, max_size=2, unique=True))
    several = st.lists(numbers, min_size=len(seeds), max_size=len(seeds), unique=True).map(tuple)
    arms = Arm(treatment, draw(several)), Arm(control, draw(several))
    seconds = draw(st.none() | st.floats(0, 1e6))
    each = draw(st.sampled_from(["seed", "split"]))
    return Comparison(draw(claims), draw(texts), draw(st.sampled_from(BETTER)), *arms, tuple(seeds), seconds, each)


def bundle(comparison: Comparison) -> dict:
    return {MIME: comparison.as_data(), "text/plain": f"{comparison}\nDot plot of …", "text/html": "<p>…</p>"}


def stored(*bundles: dict, **more) -> bytes:
    """The bytes of a notebook with a prose cell, a cell that prints, and one with these outputs."""
    outputs = [{"output_type": "display_data", "data": data, "metadata": {}} for data in bundles]
    printed = {"output_type": "stream", "name": "stdout", "text": "3\n"}
    cells = [
        {"cell_type": "markdown", "source": "# A lesson"},
        {"cell_type": "code", "source": "print(3)", "outputs": [printed]},
        {"cell_type": "code", "source": "compare(…)", "outputs": outputs},
    ]
    return json.dumps({"cells": cells, **more}).encode()


def read(content: bytes) -> list[Comparison]:
    return claims_in(content, "03.ipynb", "Run it.")


@pytest.fixture
def helped() -> dict:
    arms = Arm("treated", (0.29, 0.31, 0.30)), Arm("control", (0.50, 0.51, 0.49))
    return bundle(Comparison("It helps", "loss", "lower", *arms, (0, 1, 2), 4.2))


@settings(deadline=None)
@given(st.lists(comparisons(), max_size=3))
def test_what_was_stored_is_read(written):
    assert read(stored(*map(bundle, written))) == written


@settings(deadline=None)
@given(comparisons())
def test_text_may_be_stored_in_lines(written):
    data = bundle(written)
    data["text/plain"] = data["text/plain"].splitlines(keepends=True)

    assert read(stored(data)) == [written]


@settings(deadline=None)
@given(json_values)
def test_any_other_json_is_refused(value):
    with pytest.raises(UnreadableClaims):
        read(json.dumps(value).encode())


@settings(deadline=None)
@given(st.binary())
def test_any_other_bytes_are_refused(content):
    with pytest.raises(UnreadableClaims):
        read(content)


@settings(deadline=None)
@given(comparisons(), st.data())
def test_anything_in_place_of_a_part_is_refused_or_makes_no_difference(written, data):
    changed = bundle(written)
    part = data.draw(st.sampled_from(sorted(changed[MIME])))
    changed[MIME][part] = data.draw(json_values)

    with contextlib.suppress(UnreadableClaims):
        assert read(stored(changed))[0].verdict == written.verdict


@pytest.mark.parametrize(
    "part", ["sentence", "measure", "better", "treatment", "control", "seeds", "effect", "verdict"]
)
def test_a_part_that_is_missing_is_named(helped, part):
    del helped[MIME][part]

    with pytest.raises(UnreadableClaims, match=f"`{part}`"):
        read(stored(helped))


@pytest.mark.parametrize(
    ("part", "value", "told"),
    [
        ("verdict", "contradicted", "by its values the verdict is 'holds', not 'contradicted'"),
        ("verdict", "proven", "by its values the verdict is 'holds'"),
        ("effect", -0.21, "do not follow from its values"),
        ("interval", [-0.21, -0.19], "do not follow from its values"),
        ("better", "higher", "by its values the verdict is 'contradicted', not 'holds'"),
        ("seeds", [0, 1], "3 values for 2 seeds"),
        ("seconds", -1.0, "-1.0 seconds is no time"),
        ("control", {"name": "control", "values": [0.50, 0.51, 0.48]}, "do not follow from its values"),
        ("sentence", "It helps much", "by its values the line is 'It helps much: holds"),
    ],
)
def test_a_part_that_was_edited_by_hand_is_refused(helped, part, value, told):
    helped[MIME][part] = value

    with pytest.raises(UnreadableClaims, match=told) as caught:
        read(stored(helped))

    assert str(caught.value).endswith("Run it.")


def test_a_line_that_was_edited_by_hand_is_refused(helped):
    helped["text/plain"] = helped["text/plain"].replace("holds", "is proven")

    with pytest.raises(UnreadableClaims, match="by its values the line is 'It helps: holds"):
        read(stored(helped))


def test_the_last_digits_may_differ(helped):
    helped[MIME]["effect"] *= 1 + 1e-13

    assert read(stored(helped))[0].verdict == "holds"


def test_a_notebook_without_outputs_is_refused():
    content = json.loads(stored())
    for cell in content["cells"]:
        cell["outputs"] = []

    with pytest.raises(UnreadableClaims, match=r"03.ipynb stores no outputs\. Run it\."):
        read(json.dumps(content).encode())


def test_a_claim_that_was_stored_without_a_name_of_its_pairs_is_of_seeds(helped):
    del helped[MIME]["each"]

    (claim,) = read(stored(helped))

    assert claim.repeats == "3 seeds"


@pytest.mark.parametrize("lesson", course.LESSONS, ids=lambda lesson: lesson.slug)
def test_the_course_stores_no_contradicted_claim(lesson):
    claims = claims_in(lesson.notebook.read_bytes(), lesson.notebook.name, "Run it.")

    assert claims
    assert not [claim.sentence for claim in claims if claim.verdict == CONTRADICTED]
    assert not [claim.sentence for claim in claims if len(claim.seeds) < 3]  # two are for quick sizes
