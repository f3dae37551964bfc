"""Every check of exercise 15 accepts answers written in different ways, and rejects what beginners get wrong."""

from __future__ import annotations

import json

import numpy as np
import pytest
from answer_tables import AnswerTables, run
from deepdream_style_answers import LOSS, OFTEN, ONCE, PARTIAL, RIGHT, SIGNS, WRONG

from coursekit import course
from coursekit.checks import deepdream_style as checks
from coursekit.checks import textures
from coursekit.grading import find_exercise

EXERCISE = "15_deepdream_style"


def given(marker: str) -> str:
    """The source of the cell of the exercise that holds ``marker``, as it stands there."""
    cells = json.loads(course.find(EXERCISE).solution.read_text("utf-8"))["cells"]
    (source,) = (
        "".join(cell["source"]) for cell in cells if cell["cell_type"] == "code" and marker in "".join(cell["source"])
    )
    return source


@pytest.fixture(scope="module")
def reader():
    """The network that the exercise trains."""
    imports = "import keras\nfrom keras import layers\nfrom coursekit.data import load_mnist\n"
    seeded = "keras.utils.set_random_seed(1)\n"
    return run(imports + seeded + given("load_mnist()") + "\n" + given("reader.fit("), {})["reader"]


@pytest.fixture(scope="module")
def maps_of():
    """The network of question 8."""
    return run("import tensorflow as tf\n" + given("def maps_of("), {})["maps_of"]


class TestAnswers(AnswerTables):
    exercise, right, wrong, partial = EXERCISE, RIGHT, WRONG, PARTIAL

    def names(self, question, request):
        """What the exercise itself, or an earlier question, has made."""
        if question in ("attack", "texture"):
            name = {"attack": "reader", "texture": "maps_of"}[question]
            return {name: request.getfixturevalue(name)}
        return {"gram": checks._gram} if question == "style_loss" else {}


def test_the_points_add_up():
    assert find_exercise(EXERCISE).points == 20


def test_the_variation_is_that_of_tensorflow():
    import tensorflow as tf

    rng = np.random.default_rng(0)
    for shape in ((5, 4, 3), (1, 6, 2), (3, 1, 1), (1, 1, 3)):
        picture = rng.random(shape)
        assert checks._total_variation(picture) == pytest.approx(float(tf.image.total_variation(tf.constant(picture))))


def test_a_step_has_the_length_that_was_asked_for():
    rng = np.random.default_rng(0)
    picture, gradient = np.full((5, 6, 3), 0.5), checks._gradient(rng, (5, 6, 3))
    moved = checks._ascent_step(picture, gradient, 0.02) - picture
    assert np.sqrt(np.mean(moved**2)) == pytest.approx(0.02, rel=1e-4)
    assert np.corrcoef(moved.ravel(), gradient.ravel())[0, 1] == pytest.approx(1)


def test_the_energy_of_a_wave_lies_at_its_frequency():
    y, x = np.mgrid[:12, :18]
    for rows, columns in ((1, 0), (0, 4), (3, 5), (6, 9)):
        wave = 0.5 + np.cos(2 * np.pi * (rows * y / 12 + columns * x / 18))
        frequency = np.hypot(rows / 12, columns / 18)
        for cut, want in ((frequency - 0.01, 1), (frequency + 0.01, 0)):
            assert checks._high_share(wave, cut) == pytest.approx(want, abs=1e-9)


def test_pictures_have_short_and_long_waves():
    for seed in range(100):
        rng = np.random.default_rng(seed)
        for shape in ((12, 18), (16, 9), (8, 8), (12, 18, 3), (9, 16, 2), (8, 8, 3)):
            cut = checks._cut(rng, shape)
            assert np.abs(checks._frequencies(shape) - cut).min() > checks.CLEAR
            assert 0.01 < checks._high_share(checks._picture(rng, shape, 1), cut) < 0.99


def test_importance_is_what_a_tape_finds():
    import tensorflow as tf

    rng = np.random.default_rng(0)
    for label, shape in enumerate(((4, 4, 5), (3, 6, 2), (5, 2, 8))):
        maps, hidden, output = checks._head(rng, shape, label)
        watched = tf.constant(maps)
        with tf.GradientTape() as tape:
            tape.watch(watched)
            score = (tf.nn.relu(tf.reduce_mean(watched, axis=(0, 1))[tf.newaxis] @ hidden) @ output)[0, label]
        slopes = tape.gradient(score, watched).numpy()
        want = np.broadcast_to(checks._importance(maps, hidden, output, label), shape)
        assert slopes == pytest.approx(want)


def test_the_notebook_sees_as_the_check_does(maps_of):
    rng = np.random.default_rng(0)
    for picture in (textures.noise(rng), textures.glass(rng)):
        theirs = [each.numpy() for each in maps_of(picture)]
        for got, want in zip(theirs, textures.maps_of(picture), strict=True):
            assert got == pytest.approx(want, abs=1e-4)


def test_the_notebook_shows_windows_of_the_kind_that_the_check_draws():
    window = run(given("def stained_glass("), {})["stained_glass"]
    for seed in range(5):
        drawn = textures.glass(np.random.default_rng(seed))
        assert window(seed).dtype == drawn.dtype
        assert np.array_equal(window(seed), drawn)


def test_a_copy_is_told_from_other_pictures():
    rng = np.random.default_rng(0)
    for _ in range(5):
        style, other, noise = textures.glass(rng), textures.glass(rng), textures.noise(rng)
        copies = [
            style,
            np.rot90(style),
            style[::-1],
            np.roll(style.transpose(1, 0, 2), (3, 11), axis=(0, 1)),
            style / 2,
        ]
        assert [textures.likeness(copy, style) for copy in copies] == pytest.approx([1.0] * 5)
        assert textures.likeness(0.7 * style + 0.3 * noise, style) > checks.ALIKE
        assert textures.likeness(noise, style) < checks.ALIKE / 2
        assert textures.likeness(np.full_like(style, 0.5), style) == 0
        for apart in (style, other, textures.noise(rng)):
            assert abs(textures.correlation(noise, apart)) < checks.GROWN - 0.02


def test_no_picture_without_the_style_is_near_it():
    """Neither another window, nor the pixels in another order, nor one colour."""
    for seed in range(5):
        rng = np.random.default_rng(seed)
        style, start = textures.glass(rng), textures.noise(rng)
        shuffled = rng.permutation(style.reshape(-1, 3)).reshape(style.shape)
        for other in (textures.glass(rng), shuffled, np.broadcast_to(style.mean(axis=(0, 1)), style.shape)):
            assert checks._left(other, style, start) > 1.5 * checks.LEFT[0]
        assert checks._left(style, style, start) == 0
        assert checks._left(start, style, start) == pytest.approx(1)


LINEAR = "reader = keras.Sequential([keras.Input((28, 28, 1)), layers.Flatten(), layers.Dense({})])"
READERS = {"one that does not read": LINEAR.format(10), "one of another form": LINEAR.format(3), "none": ""}


@pytest.mark.parametrize("made", READERS.values(), ids=READERS)
def test_a_network_that_reads_nothing_is_not_fooled(earned, made):
    source = "import keras\nfrom keras import layers\n" + made + SIGNS + LOSS + ONCE + OFTEN
    assert earned(EXERCISE, "attack", source) == 1


def test_the_statement_tells_how_many_more_their_own_changes_fool():
    cells = json.loads(course.find(EXERCISE).solution.read_text("utf-8"))["cells"]
    assert any(
        f"with its own at least {checks.OWN:.0%}".replace("%", " %") in "".join(cell["source"]) for cell in cells
    )


def test_random_signs_do_not_fool_the_reader(reader):
    """So that it is the gradient which earns the points."""
    x, y = checks.unseen_digits(28, 28, 1)
    signs = np.random.default_rng(0).choice([-1, 1], size=x[:500].shape)
    changed = (x[:500] + checks.NEAR * signs).clip(0, 1).astype(np.float32)
    said = [checks.accuracy(reader.predict(each, verbose=0), y[:500]) for each in (x[:500], changed)]
    assert said[0] > checks.READS + 0.02
    assert said[1] > checks.STILL_READ + 0.3
