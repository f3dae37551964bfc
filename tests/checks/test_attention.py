"""Every check of exercise 17 accepts answers written in different ways, and rejects what beginners get wrong."""

from __future__ import annotations

import json

import numpy as np
import pytest
from answer_tables import AnswerTables
from attention_answers import (
    ATTENTION,
    BLOCK,
    FLAT,
    HEADS,
    LOOKS,
    MASKS,
    MEAN,
    PERPLEXITY,
    POSITIONS,
    READER,
    RECURRENT,
    RIGHT,
    SAMPLING,
    TRAINED,
)

from coursekit import course
from coursekit.checks import attention as checks
from coursekit.grading import find_exercise

EXERCISE = "17_attention"
LATE = "        scores = np.where(mask, scores, -np.inf)\n    weights = softmax(scores)"
SUMS = "perplexity(logits, targets):\n    return np.exp(costs(logits, targets).mean())"

NORMAL = "    normal = layers.LayerNormalization()(x)\n"
AFTER = (
    BLOCK.replace(NORMAL, "    normal = x\n", 1)
    .replace("use_causal_mask=causal)", "use_causal_mask=not causal)")
    .replace("    normal = layers.LayerNormalization()(x)\n", "    x = normal = layers.LayerNormalization()(x)\n")
    .replace("(inputs, x)", "(inputs, layers.LayerNormalization()(x))")
)

WRONG = {
    "masks": [
        ("exchanged", MASKS.replace("np.tril", "np.triu").replace("!= 0", "== 0")),
        ("the query hides from itself", MASKS.replace("=bool)", "=bool), -1").replace("!= 0", "> 1")),
        ("a look at the next one", MASKS.replace("=bool)", "=bool), 1").replace("[..., np.newaxis, :]", "")),
        ("numbers", MASKS.replace("dtype=bool", "dtype=int").replace("(tokens != 0)", "(tokens != 0).astype(int)")),
        ("queries for keys", MASKS.replace("np.tril", "np.triu").replace("[..., np.newaxis, :]", "[..., np.newaxis]")),
        ("an axis in front", MASKS.replace("np.ones", "np.zeros").replace("[..., np.newaxis, :]", "[np.newaxis]")),
        ("all may be seen", MASKS.replace("np.tril(", "(").replace("tokens != 0", "tokens >= 0")),
    ],
    "attention": [
        ("not scaled", ATTENTION.replace(" / np.sqrt(queries.shape[-1])", "")),
        ("divided by the length", ATTENTION.replace("np.sqrt(queries.shape[-1])", "queries.shape[-1]")),
        ("multiplied", ATTENTION.replace("/ np.sqrt", "* np.sqrt")),
        ("along the queries", ATTENTION.replace("axis=-1", "axis=-2")),
        ("scores for weights", ATTENTION.replace("weights = softmax(scores)", "weights = scores")),
        ("exchanged", ATTENTION.replace("return weights @ values, weights", "return weights, weights @ values")),
        ("outputs alone", ATTENTION.replace("return weights @ values, weights", "return weights @ values")),
        (
            "the likeliest key alone",
            ATTENTION.replace("= softmax(scores)", "= (scores == scores.max(axis=-1, keepdims=True)) * 1.0"),
        ),
        ("powers that do not sum to 1", ATTENTION.replace("powers / powers.sum(axis=-1, keepdims=True)", "powers")),
    ],
    "multi_head": [
        ("no output kernel", HEADS.replace('np.einsum("...hld,hdw->...lw", found, wo) + bo', "found")),
        ("no biases", HEADS.replace(" + bq[:, np.newaxis]", "").replace(" + bo", "")),
        (
            "values from the queries",
            HEADS.replace('"...lw,whd->...hld", context, wv', '"...lw,whd->...hld", queries, wv'),
        ),
        (
            "keys from the queries",
            HEADS.replace('"...lw,whd->...hld", context, wk', '"...lw,whd->...hld", queries, wk'),
        ),
        ("keys and values exchanged", HEADS.replace("wq, bq, wk, bk, wv, bv", "wq, bq, wv, bv, wk, bk")),
        ("queries and keys exchanged", HEADS.replace("wq, bq, wk, bk, wv, bv", "wk, bk, wq, bq, wv, bv")),
        ("not scaled", HEADS.replace(" / np.sqrt(queries.shape[-1])", "")),
        ("the bias twice", HEADS.replace("+ bo,", "+ 2 * bo,")),
    ],
    "positions": [
        (
            "all waves one behind the other, turned the other way",
            POSITIONS.replace("made[:, 0::2]", "made[:, : width // 2]")
            .replace("made[:, 1::2]", "made[:, width // 2 :]")
            .replace("a * cosine - b * sine", "a * cosine + b * sine")
            .replace("a * sine + b", "-a * sine + b"),
        ),
        (
            "cosine first",
            POSITIONS.replace("np.sin(", "np.CO(").replace("np.cos(", "np.sin(").replace("np.CO(", "np.cos("),
        ),
        ("one speed", POSITIONS.replace("10_000 ** (np.arange(0, width, 2) / width)", "1")),
        ("another base", POSITIONS.replace("10_000", "1_000")),
        ("twice too slow", POSITIONS.replace("/ width)", "* 2 / width)")),
        ("speeds for their inverses", POSITIONS.replace("] / 10_000", "] * 10_000")),
        (
            "halves for pairs",
            POSITIONS.replace("np.sin(angles)\n    made", "np.cos(angles)\n    made")
            .replace("x[..., 0::2], x[..., 1::2]", "x[..., : width // 2], x[..., width // 2 :]")
            .replace("angles = np.arange(length)", "angles = 1 + np.arange(length)")
            .replace("turned[..., 0::2]", "turned[..., : width // 2]")
            .replace("turned[..., 1::2]", "turned[..., width // 2 :]")
            .replace("angles = places", "angles = 1 + places"),
        ),
        (
            "the first place is 1",
            POSITIONS.replace("np.arange(length)", "np.arange(1, length + 1)").replace("places[", "1 + places["),
        ),
    ],
    "block": [
        ("normalised behind the sum", AFTER),
        (
            "no residual paths",
            BLOCK.replace("x = x + ", "x = ").replace("use_causal_mask=causal", "use_causal_mask=not causal"),
        ),
        ("two widths", BLOCK.replace("x = x + layers.Dense(width)", "x = layers.Dense(width + 1)")),
        ("nothing returned", BLOCK.replace("return keras.Model(inputs, x)", "")),
        ("no model", BLOCK.replace("return keras.Model(inputs, x)", "return x")),
        ("the wrong number of heads", BLOCK.replace("MultiHeadAttention(heads,", "MultiHeadAttention(heads + 1,")),
        ("one head", BLOCK.replace("MultiHeadAttention(heads, width // heads)", "MultiHeadAttention(1, width)")),
        ("averaged over the places", BLOCK.replace("(inputs, x)", "(inputs, layers.GlobalAveragePooling1D()(x))")),
    ],
    "perplexity": [
        (
            "the cross-entropy",
            PERPLEXITY.replace("np.exp(costs(logits, targets).mean())", "costs(logits, targets).mean()").replace(
                "/ np.log(2) ", ""
            ),
        ),
        (
            "2 for e, and bits of nats",
            PERPLEXITY.replace("np.exp(costs", "2 ** (costs").replace("/ np.log(2)", "* np.log(2)"),
        ),
        (
            "a sum, and a mean",
            PERPLEXITY.replace(".mean())", ".sum())").replace(".sum() / np.log(2)", ".mean() / np.log(2)"),
        ),
        ("upside down", PERPLEXITY.replace("return -np", "return np")),
        (
            "a mean of perplexities",
            PERPLEXITY.replace(
                "np.exp(costs(logits, targets).mean())", "np.exp(costs(logits, targets)).mean()"
            ).replace("/ characters", "/ targets.size"),
        ),
        (
            "logits for probabilities",
            PERPLEXITY.replace("logs = z - np.log(np.exp(z).sum(axis=-1, keepdims=True))", "logs = z"),
        ),
        ("along the wrong axis", PERPLEXITY.replace(".sum(axis=-1, keepdims=True)", ".sum(axis=0, keepdims=True)")),
    ],
    "sampling": [
        (
            "the least likely ones",
            SAMPLING.replace("np.argsort(-probabilities)", "np.argsort(probabilities)"),
        ),
        (
            "not brought to sum to 1, and always the likeliest",
            SAMPLING.replace("kept / kept.sum()", "kept").replace(
                "np.random.default_rng(seed).choice(len(logits), size=count, p=probabilities)",
                "np.full(count, np.argmax(logits))",
            ),
        ),
        ("one too many", SAMPLING.replace("[:top_k]", "[: top_k + 1]").replace("top_p) + 1", "top_p) + 2")),
        ("places for probabilities", SAMPLING.replace("return kept / kept.sum()", "return order")),
        (
            "left out for good",
            SAMPLING.replace("return kept / kept.sum()", "return probabilities[order] / probabilities[order].sum()"),
        ),
        ("as it was", "def truncate(probabilities, top_k=None, top_p=None): return probabilities / 2"),
    ],
}
# Partly right: the answer, and the points that its right parts earn.
PARTIAL = [
    ("masks", MASKS.replace("=bool)", "=bool), -1"), 1),
    ("masks", MASKS.replace("dtype=bool", "dtype=int"), 1),
    ("masks", MASKS.replace("[..., np.newaxis, :]", ""), 1),
    ("masks", MASKS.replace("!= 0", "> 1").replace("[..., np.newaxis, :]", "[:, np.newaxis]"), 1),
    ("attention", ATTENTION.replace("np.exp(scores - scores.max(axis=-1, keepdims=True))", "np.exp(scores)"), 1),
    ("attention", ATTENTION.replace("if mask is not None", "if False"), 2),
    ("attention", ATTENTION.replace("np.where(mask", "np.where(~mask"), 2),
    ("attention", ATTENTION.replace("np.where(mask, scores, -np.inf)", "np.where(mask, scores, 0)"), 2),
    (
        "attention",
        ATTENTION.replace(LATE, "        pass\n    weights = softmax(scores) * (1 if mask is None else mask)"),
        2,
    ),
    (
        "attention",
        ATTENTION.replace(
            LATE,
            "        pass\n    weights = softmax(scores) * (1 if mask is None else mask)\n"
            "    weights = weights / weights.sum(axis=-1, keepdims=True)",
        ),
        2,
    ),
    ("attention", ATTENTION.replace("np.swapaxes(keys, -1, -2)", "keys.T"), 1),
    ("multi_head", HEADS.replace("mask = np.expand_dims(mask, -3)", "pass"), 1),
    (
        "multi_head",
        HEADS.replace("if mask is not None:\n        mask = np.expand", "if False:\n        mask = np.expand"),
        1,
    ),
    ("multi_head", HEADS.replace("return np.einsum(", "return wq.shape[1] ** -1 * np.einsum("), 1),
    (
        "multi_head",
        HEADS.replace("return np.einsum(", "mask = 0\n    return np.einsum(").replace(
            "np.expand_dims(mask, -3)", "None"
        ),
        1,
    ),
    ("positions", POSITIONS.replace("np.sin(angles)\n    made", "np.cos(angles)\n    made"), 2),
    ("positions", POSITIONS.replace("a * cosine - b * sine", "a * cosine + b * sine"), 1),
    ("positions", POSITIONS.replace("places[:, np.newaxis]", "np.arange(x.shape[-2])[:, np.newaxis]"), 2),
    ("positions", POSITIONS.replace("x[..., 0::2], x[..., 1::2]", "x[:, 0::2], x[:, 1::2]"), 2),
    ("block", BLOCK.replace("use_causal_mask=causal", "use_causal_mask=False"), 2),
    ("block", BLOCK.replace("use_causal_mask=causal", "use_causal_mask=True"), 2),
    ("block", BLOCK.replace("x = x + layers.Multi", "x = layers.Multi"), 2),
    ("block", BLOCK.replace("x = x + layers.Dense", "x = layers.Dense"), 2),
    ("block", BLOCK.replace("(inputs, x)", "(inputs, layers.LayerNormalization()(x))"), 1),
    ("block", BLOCK.replace(', activation="relu"', ""), 2),
    ("block", BLOCK.replace('activation="relu"', "activation=lambda z: keras.ops.gelu(z)"), 2),
    ("block", BLOCK.replace("(hidden)", "(layers.LeakyReLU(0.01)(hidden))").replace(', activation="relu"', ""), 2),
    ("block", BLOCK.replace("layers.Dense(width)(hidden)", "keras.ops.relu(layers.Dense(width)(hidden))"), 2),
    ("block", BLOCK.replace("layers.Dense(width)(hidden)", "keras.ops.tanh(layers.Dense(width)(hidden))"), 2),
    ("block", BLOCK.replace("(hidden)", "(keras.ops.relu6(hidden))").replace(', activation="relu"', ""), 2),
    ("block", BLOCK.replace("4 * width", "2 * width"), 2),
    ("block", BLOCK.replace("width // heads", "width"), 2),
    ("block", BLOCK.replace("x = inputs", "x = inputs + np.sin(np.arange(length))[:, None].astype('float32')"), 2),
    (
        "block",
        BLOCK.replace("return keras.Model(inputs, x)", "x = keras.Model(inputs, x); x.trainable = False; return x"),
        2,
    ),
    ("block", BLOCK.replace("x = x + layers.Multi", "x = x + 0 * layers.Multi"), 1),
    ("perplexity", PERPLEXITY.replace("/ np.log(2) ", ""), 1),
    ("perplexity", PERPLEXITY.replace("/ characters", "/ targets.size"), 1),
    ("perplexity", PERPLEXITY.replace("np.exp(costs", "2 ** (costs"), 1),
    ("perplexity", PERPLEXITY.replace("z = logits - logits.max(axis=-1, keepdims=True)", "z = logits"), 0),
    ("sampling", SAMPLING.replace("top_p) + 1", "top_p)"), 1),
    ("sampling", SAMPLING.replace("top_p) + 1", "top_p) + 2"), 1),
    ("sampling", SAMPLING.replace(" / probabilities[order].sum()\n", "\n"), 2),
    ("sampling", SAMPLING.replace("if top_k is not None", "if False"), 0),
    ("sampling", SAMPLING.replace("logits / temperature", "logits * temperature"), 2),
    ("sampling", SAMPLING.replace("logits / temperature", "logits"), 2),
    ("sampling", SAMPLING.replace("np.exp(z - z.max())", "np.exp(z)"), 2),
    ("sampling", SAMPLING.replace("default_rng(seed)", "default_rng(0)"), 2),
    ("sampling", SAMPLING.replace("default_rng(seed)", "default_rng()"), 2),
    ("sampling", SAMPLING.replace(", top_k, top_p)\n", ")\n"), 2),
    (
        "sampling",
        SAMPLING.replace(".choice(len(logits), size=count, p=probabilities)", ".choice(len(logits), size=count)"),
        2,
    ),
    ("sampling", SAMPLING.replace("size=count, p=probabilities)", "p=probabilities) + np.zeros(count, int)"), 2),
]


class TestAnswers(AnswerTables):
    exercise, right, wrong, partial = EXERCISE, RIGHT, WRONG, PARTIAL
    elsewhere = ("reader",)


def test_the_points_add_up():
    assert find_exercise(EXERCISE).points == 20


def test_several_heads_are_those_of_keras():
    import keras

    rng = np.random.default_rng(0)
    for heads, dim, width in ((1, 3, 4), (3, 2, 6), (2, 5, 5)):
        queries, context = rng.normal(size=(2, 4, width)), rng.normal(size=(2, 3, width))
        weights, mask = checks._matrices(rng, heads, dim, width), checks._open(rng, (2, 4, 3))
        layer = keras.layers.MultiHeadAttention(heads, dim)
        layer.build(queries.shape, context.shape)
        layer.set_weights(weights)
        want = layer(queries, context, attention_mask=mask, return_attention_scores=True)
        for got, other in zip(checks._multi_head(queries, context, weights, mask), want):
            assert got == pytest.approx(np.asarray(other), abs=1e-4)


def test_turned_vectors_keep_their_lengths_and_know_their_distance_alone():
    rng = np.random.default_rng(0)
    q, k = rng.normal(size=(2, 1, 8))
    products = []
    for place in (0, 5, 40):
        first, second = checks._rotated(q, np.array([place])), checks._rotated(k, np.array([place + 3]))
        assert np.linalg.norm(first) == pytest.approx(np.linalg.norm(q))
        products.append((first * second).sum())
    assert products == pytest.approx(3 * products[:1])
    assert products[0] != pytest.approx((q * k).sum(), abs=1e-3)


def test_scores_of_a_thousand_are_such():
    for seed in range(30):
        rng = np.random.default_rng(seed)
        for split in (False, True):
            queries, keys, _ = checks._large(rng, 4, 6, 16, 2, split=split)
            scores = queries @ keys.T / 4
            assert np.abs(scores).min() > 950
            assert np.array_equal(scores, (queries @ keys.T).astype(np.float32) / 4)
            assert ((scores.min(axis=1) < 0) & (scores.max(axis=1) > 0)).all() == split


def given(marker: str) -> str:
    """The source of the cell of the exercise that holds ``marker``, as it stands there."""
    cells = json.loads(course.find(EXERCISE).solution.read_text("utf-8"))["cells"]
    (source,) = (
        "".join(cell["source"]) for cell in cells if cell["cell_type"] == "code" and marker in "".join(cell["source"])
    )
    return source


def test_the_notebook_draws_rows_as_the_check_does():
    names = {"np": np}
    exec(given("def dictionaries("), names)
    for draw in (names["dictionaries"], checks.dictionaries):
        x, wanted = draw(5_000, np.random.default_rng(0))
        assert (x.shape, x.dtype, wanted.shape) == ((5_000, 13, 2), np.int32, (5_000,))
        pairs, asked = x[:, :-1], x[:, -1]
        assert (asked[:, 1] == 8).all()
        assert (np.diff(np.sort(pairs[..., 0], axis=1)) > 0).all()
        found = pairs[..., 0] == asked[:, :1]
        assert (found.sum(axis=1) == 1).all()
        assert np.array_equal(pairs[..., 1][found], wanted)
        for numbers, count in ((pairs[..., 0], 16), (pairs[..., 1], 8), (wanted, 8)):
            assert np.bincount(numbers.ravel(), minlength=count) / numbers.size == pytest.approx(1 / count, abs=0.02)
        assert found.mean(axis=0) == pytest.approx(1 / 12, abs=0.02)


READERS = [  # what is changed in a network that reads the rows by a rule, and the points
    ((), 2),
    (("SIGN *", "SIGN * 0.05 *"), 2),
    (("x[:, -1:, 0]", "(x[:, -1:, 0] - x[:, :1, 1] // 6)"), 1),  # in three quarters of the rows
    (("SIGN", "-1.0"), 0),
    (("x[:, -1:, 0]", "x[:, :1, 0]"), 0),  # the first pair
    (("found, keras", "keras.ops.ones_like(found), keras"), 0),  # the most frequent value
    (("SIGN", "float('nan')"), 0),
    (("values, 8)", "values, 9)"), 0),
    (("reader = ", "network = "), 0),
]


@pytest.mark.parametrize(("change", "want"), READERS)
def test_a_reader_is_judged_by_what_it_finds(earned, change, want):
    source = READER.replace(*change) if change else READER
    assert earned(EXERCISE, "reader", source.replace("SIGN", "1.0")) == want


@pytest.mark.slow
@pytest.mark.parametrize(("read", "width", "want"), [(LOOKS, 32, 2), (MEAN, 32, 0), (FLAT, 32, 0), (RECURRENT, 32, 0)])
def test_attention_learns_to_look_up_and_what_has_none_does_not(earned, read, width, want):
    source = TRAINED.replace("READ", read).replace("WIDTH", str(width)).replace("SEED", "5")
    assert earned(EXERCISE, "reader", source, dictionaries=checks.dictionaries) == want


def test_weights_of_a_forged_size_are_not_drawn():
    from coursekit.checks.blocks import rectifies
    from coursekit.grading.models import Model

    model = Model("", "", (), None, None, 5_000, 5_000, None, None)
    vast = model.connected(lambda *_: [{"path": "", "shape": (10**12,), "gradient": 1.0}])
    assert not rectifies(np.random.default_rng(0), vast, 5, 16)
