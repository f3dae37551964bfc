"""Questions of exercise 17: masks, attention, heads, positions, a block, perplexity, sampling, a dictionary to read."""

from __future__ import annotations

from typing import Any

import numpy as np

from coursekit.checks.blocks import bends, expect_added, expect_in_turn, expect_looks, near, rectifies
from coursekit.checks.shared import expect_learning, or_above
from coursekit.grading import Answers, Exercise, Expect, Model
from coursekit.grading.results import PASSED

exercise = Exercise("17_attention")

WIDTHS = ((16, 2), (24, 4), (12, 3))  # with numbers of heads
OTHER_ACTIVATIONS = ("gelu", "elu", "selu", "silu", "swish", "leaky_relu", "relu6", "softplus", "sigmoid", "tanh")
PAIRS, KEYS, VALUES = 12, 16, 8
ROWS, LOW_BAR, HIGH_BAR = 2_000, 0.6, 0.9
DRAWN = 6_000  # tokens


@exercise.question("masks", points=2, title="Who may look where")
def masks(answers: Answers, expect: Expect) -> None:
    """`causal_mask(length)` and `padding_mask(tokens)`: True where a query may look."""
    rng = answers.draw("lengths and tokens")
    with expect.part(points=1, title="no look ahead"):
        hint = "A row for each query, a column for each key: True where the key stands at the query or before it."
        for length in (1, 2, *rng.integers(3, 90, size=6).tolist()):
            got = answers.call("causal_mask", length)
            expect.shape(got, (length, length), hint=hint)
            expect.dtype(got, "bool", hint="True and False, no numbers: a comparison gives them.")
            expect.equal(got, ~np.triu(np.ones((length, length), bool), 1), hint=hint)
    hint = (
        "True where a token is not 0, with an axis of length 1 before the last one: it stands for all queries, each of "
        "which sees the same keys."
    )
    for shape in ((7,), (1,), (4, 9), (3, 1), (2, 3, 5), (5, 5)):
        for dtype in (np.int32, np.int64):
            tokens = rng.integers(1, 10_000, size=shape, dtype=dtype)
            tokens[rng.random(shape) < 0.4] = 0
            tokens[..., rng.integers(shape[-1])] = 1  # a place to look at
            got = answers.call("padding_mask", tokens)
            expect.shape(got, (*shape[:-1], 1, shape[-1]), hint=or_above(expect, hint))
            expect.dtype(got, "bool", hint="True and False, no numbers: a comparison gives them.")
            expect.equal(got, np.expand_dims(tokens > 0, -2), hint=or_above(expect, hint))


@exercise.question("attention", points=3, title="A soft look-up")
def attention(answers: Answers, expect: Expect) -> None:
    """`attention(queries, keys, values, mask)`: what the queries find, and the weights with which they looked."""
    rng = answers.draw("queries, keys and values")

    def compare(given: tuple[np.ndarray, ...], mask: np.ndarray | None, hint: str) -> None:
        for dtype in (np.float64, np.float32):
            queries, keys, values = (each.astype(dtype) for each in given)
            asked = (queries, keys, values) if mask is None else (queries, keys, values, mask)
            got = answers.call("attention", *asked)
            expect.several(got, "outputs, weights")
            outputs, weights = _attention(queries, keys, values, mask)
            expect.shape(got[1], weights.shape, hint="One weight for each query and key: (…, queries, keys).")
            expect.finite(got[1], hint=hint)
            expect.close(got[1], weights, rtol=1e-3, atol=1e-5, hint=hint)
            if mask is not None:
                hidden = np.asarray(got[1])[~np.broadcast_to(mask, weights.shape)]
                expect.true(not hidden.any(), "A key that may not be looked at has a weight.", hint, "0", "another")
            expect.shape(got[0], outputs.shape, hint="A mean of values for each query: (…, queries, width).")
            expect.close(got[0], outputs, rtol=1e-3, atol=1e-4, hint=hint)

    with expect.part(points=1, title="scores of a thousand"):
        hint = (
            "exp(1000) is infinite, and exp(−1000) is 0: take the largest score off each row before you exponentiate."
        )
        for sizes in ((3, 5, 4, 2), (1, 6, 16, 3)):
            compare(_large(rng, *sizes), None, hint)
    with expect.part(points=1, title="a mask"):
        hint = (
            "What may not be looked at must be out before the largest score is found and before the weights are "
            "brought to sum to 1: a score of −inf, or nearly, does it."
        )
        for lead, shape in (((), (4, 5)), ((3,), (4, 5)), ((2, 3), (4, 5)), ((3,), (3, 1, 5)), ((3,), (3, 4, 5))):
            compare(_small(rng, lead, 4, 5, 6, 3), _open(rng, shape), or_above(expect, hint))
        for sizes in ((4, 8, 4, 2), (1, 5, 16, 3), (3, 2, 4, 4)):
            given = _large(rng, *sizes, split=True)
            compare(given, given[0] @ given[1].T < 0, or_above(expect, hint))  # the large ones are hidden
    hint = (
        "Dot products of queries and keys, divided by √d; softmax along the keys, the last axis; then a mean of the "
        "values with these weights."
    )
    cases = (((), 3, 4, 2, 5), ((), 4, 4, 4, 4), ((2,), 3, 5, 7, 2), ((2, 3), 2, 3, 16, 4), ((1,), 1, 2, 3, 2))
    for case in cases:
        compare(_small(rng, *case), None, or_above(expect, hint))


def _small(
    rng: np.random.Generator, lead: tuple[int, ...], q: int, k: int, dim: int, width: int
) -> tuple[np.ndarray, ...]:
    """Queries, keys and values whose weights differ, yet none is next to 0."""
    return tuple(rng.normal(size=(*lead, *shape)) * 1.4 for shape in ((q, dim), (k, dim), (k, width)))


def _large(
    rng: np.random.Generator, q: int, k: int, dim: int, width: int, split: bool = False
) -> tuple[np.ndarray, ...]:
    """Queries and keys of whole numbers, whose scores are exact: about 1,000 or −1,000 for all keys of a query, or, if
    ``split``, for some keys the one, for others the other."""
    queries, keys = rng.integers(-2, 3, size=(q, dim)), rng.integers(-2, 3, size=(k, dim))
    queries[:, 0] = 25 * int(np.sqrt(dim)) * rng.permutation(np.resize([1, -1], q))
    keys[:, 0] = 40 * (rng.permutation(np.resize([1, -1], k)) if split else 1)
    return queries.astype(float), keys.astype(float), rng.normal(size=(k, width))


def _open(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """A mask that hides something and leaves each query a key."""
    while True:
        mask = rng.random(shape) < 0.55
        if mask.any(axis=-1).all() and not mask.all():
            return np.asarray(mask)


def _attention(
    queries: np.ndarray, keys: np.ndarray, values: np.ndarray, mask: np.ndarray | None = None
) -> tuple[np.ndarray, ...]:
    """See Vaswani et al. (2017), equation 1."""
    from scipy.special import softmax

    queries, keys, values = (np.asarray(each, dtype=np.float64) for each in (queries, keys, values))
    scores = np.einsum("...qd,...kd->...qk", queries, keys) * queries.shape[-1] ** -0.5
    weights = softmax(scores if mask is None else np.where(mask, scores, -np.inf), axis=-1)
    return np.einsum("...qk,...kw->...qw", weights, values), weights


@exercise.question("multi_head", points=2, title="Several heads")
def multi_head(answers: Answers, expect: Expect) -> None:
    """`multi_head(queries, context, weights, mask)`: what Keras' layer computes from its own weights."""
    rng = answers.draw("vectors and matrices")

    def compare(lead: tuple[int, ...], sizes: tuple[int, ...], masked: bool, hint: str) -> None:
        q, k, heads, dim, width = sizes
        queries, context = (rng.normal(size=(*lead, length, width)).astype(np.float32) for length in (q, k))
        weights = _matrices(rng, heads, dim, width)
        mask = _open(rng, (*lead, q, k)) if masked else None
        got = answers.call("multi_head", queries, context, weights, *(() if mask is None else (mask,)))
        expect.several(got, "outputs, weights")
        outputs, shares = _multi_head(queries, context, weights, mask)
        expect.shape(got[1], shares.shape, hint="Each head has weights of its own: (…, heads, queries, keys).")
        expect.close(got[1], shares, rtol=1e-3, atol=1e-4, hint=hint)
        expect.shape(got[0], outputs.shape, hint="As many numbers for each query as in `queries`.")
        expect.close(got[0], outputs, rtol=1e-3, atol=1e-3, hint=hint)

    with expect.part(points=1, title="one head"):
        hint = (
            "Queries come from `queries`, keys and values from `context`, each through its kernel and with its bias; "
            "scores are divided by √d, d of the head; the output has a kernel and a bias too."
        )
        for sizes in ((3, 4, 1, 5, 6), (4, 4, 1, 3, 3)):
            compare((), sizes, False, hint)
            compare((2,), sizes, False, hint)
    hint = (
        "Each head has its own slice of every kernel, and looks by itself; the output kernel adds up what all heads "
        "found. One mask holds for all heads: it needs an axis for them."
    )
    for lead in ((), (3,), (2, 3)):
        for masked in (False, True):
            compare(lead, (4, 5, 3, 2, 6), masked, or_above(expect, hint))
    for lead, sizes in (((2,), (2, 2, 2, 4, 4)), ((3,), (3, 3, 3, 3, 3))):
        compare(lead, sizes, True, or_above(expect, hint))


def _matrices(rng: np.random.Generator, heads: int, dim: int, width: int) -> list[np.ndarray]:
    """As ``get_weights`` gives them: kernels and biases of queries, keys, values, output."""
    made = []
    for _ in range(3):
        made += [rng.normal(size=(width, heads, dim)) / np.sqrt(width), rng.normal(size=(heads, dim))]
    made += [rng.normal(size=(heads, dim, width)) / np.sqrt(heads * dim), rng.normal(size=width)]
    return [each.astype(np.float32) for each in made]


def _multi_head(
    queries: np.ndarray, context: np.ndarray, weights: list[np.ndarray], mask: np.ndarray | None
) -> tuple[np.ndarray, ...]:
    """Head by head."""
    wq, bq, wk, bk, wv, bv, wo, bo = (np.asarray(each, dtype=np.float64) for each in weights)
    outputs, shares = bo, []
    for head in range(wq.shape[1]):
        q = queries @ wq[:, head] + bq[head]
        k, v = context @ wk[:, head] + bk[head], context @ wv[:, head] + bv[head]
        found, share = _attention(q, k, v, mask)
        outputs = outputs + found @ wo[head]
        shares.append(share)
    return outputs, np.stack(shares, axis=-3)


@exercise.question("positions", points=3, title="Where it stands")
def positions(answers: Answers, expect: Expect) -> None:
    """`sinusoids(length, width)`, the waves that are added, and `rotate(x, places)`, which turns pairs of columns."""
    rng = answers.draw("sizes, vectors and places")
    with expect.part(points=1, title="waves"):
        hint = (
            "Columns 2i and 2i + 1 hold sine and cosine of the same angle, place / 10000^(2i / width): they take "
            "turns, and the first place is 0."
        )
        for length, width in ((1, 2), (5, 4), *zip(rng.integers(2, 90, size=5), 2 * rng.integers(2, 30, size=5))):
            got = answers.call("sinusoids", int(length), int(width))
            expect.shape(got, (int(length), int(width)), hint="A row for each place, `width` numbers in each.")
            turned = _angles(np.arange(length), int(width))
            expect.close(got, _paired(np.sin(turned), np.cos(turned)), rtol=1e-3, atol=1e-4, hint=hint)

    def compare(lead: tuple[int, ...], width: int, places: np.ndarray, hint: str) -> None:
        for dtype in (np.float64, np.float32):
            x = rng.normal(size=(*lead, len(places), width)).astype(dtype)
            got = answers.call("rotate", x, places)
            expect.shape(got, x.shape, hint="As many numbers as in x.")
            expect.close(got, _rotated(x, places), rtol=1e-3, atol=2e-4, hint=hint)

    with expect.part(points=1, title="turned by 0, 1, 2 …"):
        hint = (
            "Columns 2i and 2i + 1 are one pair (a, b), which becomes (a cos − b sin, a sin + b cos) of the angle "
            "place · 10000^(−2i / width)."
        )
        for length, width in ((1, 2), (6, 2), (5, 8), (7, 12)):
            compare((), width, np.arange(length), hint)
    hint = "Row t of x stands at places[t], whatever the order; axes before the last two are there for company only."
    for lead, width in (((), 6), ((3,), 4), ((2, 3), 8), ((4,), 2), ((5,), 10)):
        length = 5 if lead == (5,) else int(rng.integers(2, 9))
        compare(lead, width, rng.choice(120, size=length, replace=False), or_above(expect, hint))


def _angles(places: np.ndarray, width: int) -> np.ndarray:
    return np.multiply.outer(places, 10_000.0 ** (-np.arange(0, width, 2) / width))


def _paired(even: np.ndarray, odd: np.ndarray) -> np.ndarray:
    return np.stack([even, odd], axis=-1).reshape(*even.shape[:-1], -1)


def _rotated(x: np.ndarray, places: np.ndarray) -> np.ndarray:
    """As complex numbers; see Su et al. (2021), equation 34."""
    x = x.astype(np.float64)
    turned = (x[..., 0::2] + 1j * x[..., 1::2]) * np.exp(1j * _angles(places, x.shape[-1]))
    return _paired(turned.real, turned.imag)


@exercise.question("block", points=3, title="One block")
def block(answers: Answers, expect: Expect) -> None:
    """`build_block(length, width, heads, causal)`: a transformer block with its normalisations first, a Keras model."""
    rng = answers.draw("vectors")
    length = int(rng.integers(5, 9))
    width, heads = WIDTHS[rng.integers(len(WIDTHS))]
    x, ahead = rng.normal(size=(2, 6, length, width)).astype(np.float32)  # each kind of block gets vectors of its own

    def built(causal: bool) -> Model:
        model = answers.model("build_block", length, width, heads, causal).on(ahead if causal else x)
        expect.true(
            model.gave == x.shape,
            f"The block makes {model.gave} of {x.shape}.",
            hint="What is added on a residual path has the shape of what it is added to.",
            expected=str(x.shape),
            got=str(model.gave),
        )
        if attends := _heads(model):
            expect.equal(sum(attends.values()), heads, hint="`heads` says how many heads there are.")
        return model

    with expect.part(points=1, title="no look ahead"):
        hint = (
            "With causal=True a place sees itself and what stands before it: use_causal_mask of the attention layer, "
            "and nothing that is normalised or added up over all places."
        )
        expect_looks(expect, built(True), ahead, True, hint)
    with expect.part(points=1, title="residual paths, normalisation first"):
        hint = (
            "Both parts, attention and dense layers, get a normalised copy, and what they give is added to what was "
            "there: x + part(normalised x). Nothing is normalised behind the sum."
        )
        for causal, asked in ((False, x), (True, ahead)):
            expect_added(expect, built(causal), asked, or_above(expect, hint))
            if expect.parts[0].status == PASSED:  # else attention that sees nothing has cost its point
                _expect_carried(expect, built(causal), asked, or_above(expect, hint))
    model = built(False)
    expect_learning(expect, model, x)
    hint = "One part after the other: the second one gets y, normalised, which is x and what the attention made."
    expect_in_turn(expect, model, x, or_above(expect, hint))
    expect_looks(expect, model, x, False, or_above(expect, "With causal=False each place sees all places."))
    order = np.roll(rng.permutation(length), 1)
    moved, straight = (np.asarray(model.rehearse(each, seed=1)) for each in (x[:, order], x))
    expect.true(
        near(moved, straight[:, order]),
        "Rows that were put into another order get other vectors, not the same in that order.",
        hint="The block itself knows no places: the same for each, and nothing added.",
    )
    is_added = expect.parts[-1].status == PASSED  # else it is not known what the dense layers get
    _expect_dense(expect, rng, model, length, width, is_added)
    if expect.parts[0].status == PASSED:  # what is wrong with the other kind of block may cost its own point alone
        _expect_dense(expect, rng, built(True), length, width, is_added)


def _expect_carried(expect: Expect, model: Model, x: np.ndarray, hint: str) -> None:
    """What the attention finds comes out itself, not in what the dense layers make of it alone, which large inputs
    hide; and with its first weights it looks at all places, however large the inputs are."""
    far = 1_000 * x
    other = far.copy()
    other[:, 0] = 1_000 - far[:, 0] - far[:, 1]
    shares = []
    for seed in (None, 2, 3):
        added, changed = (np.asarray(model.rehearse(each, seed=seed), dtype=np.float64) - each for each in (far, other))
        moved = np.abs(added - changed)[:, 1:].mean(axis=2)
        shares.append(moved / max(np.abs(added)[:, 1:].mean(), 1e-9))
    expect.true(
        max(share.mean() for share in shares) > 0.03,
        "What the attention finds in large inputs is not added to what comes out.",
        hint=hint,
    )
    expect.true(
        shares[0].mean() < 0.03 or (shares[0] > 0.005).all(),  # new weights may be 0
        "Before large inputs the attention looks at some places alone: not all that it gets is normalised.",
        hint=hint,
    )


def _expect_dense(
    expect: Expect, rng: np.random.Generator, model: Model, length: int, width: int, is_added: bool
) -> None:
    """The dense part of a block has ``4 * width`` units with ReLU, then ``width`` without.

    Args:
        expect: of the question.
        rng: draws vectors.
        model: the block.
        length: how many vectors it turns at once.
        width: how many numbers each has.
        is_added: whether what its parts make is known to be added to what was there.
    """
    expect.true(
        bends(rng, model, length, width),
        "Where all places hold the same vector, so that attention has nothing to choose, the block is linear.",
        hint=or_above(expect, "Two dense layers for each place, the first one with ReLU, come behind attention."),
    )
    named = {layer.name: layer.config.get("activation") for layer in model.find("Layer")}
    bent = [str(name) for name in named.values() if name in ("relu", *OTHER_ACTIVATIONS)]
    expect.true(
        bent in ([], ["relu"]),  # none is named where it is a layer or a function of its own
        f"The block has the activations {' and '.join(bent)}.",
        hint="ReLU behind the 4 · width units, and none behind the `width` that follow.",
        expected="relu, once",
    )
    most = 12 * width**2 + 13 * width + width * max(len(_heads(model)) - 1, 0)  # each layer of heads has a last bias
    expect.true(
        12 * width**2 <= model.parameter_count <= most,
        f"The block has {model.parameter_count:,} parameters.",
        hint="Heads of width / heads numbers each, a dense layer of 4 · width units, one of width.",
        expected=f"{most:,} (or a little less, without biases)",
        got=f"{model.parameter_count:,}",
    )
    if not is_added:
        return
    is_relu = rectifies(rng, model, length, width)
    words = "The kernels of the two dense layers are not found: is there ReLU between them, and no more?"
    expect.flag(is_relu is None and words not in expect.flags, words)
    expect.true(
        is_relu is not False,
        "The dense layers do not make what ReLU between them makes, with nothing behind the second one.",
        hint=or_above(expect, "ReLU behind the 4 · width units, and none behind the `width` that follow."),
    )


def _heads(model: Model) -> dict[str, int]:
    """How many heads each of the layers of Keras has; none where the attention is of the learner's own making."""
    return {layer.name: layer.config.get("num_heads", 0) for layer in model.find("MultiHeadAttention")}


@exercise.question("perplexity", points=2, title="How surprised it is")
def perplexity(answers: Answers, expect: Expect) -> None:
    """`perplexity(logits, targets)`, and `bits_per_character(logits, targets, characters)`."""
    rng = answers.draw("logits and targets")

    def each_case(rare: float) -> list[tuple[np.ndarray, np.ndarray]]:
        """Logits and targets; where the logits are large, one target is ``rare`` nats less likely than the others."""
        cases = []
        for shape, vocabulary, shift in (((6,), 5, 0), ((3, 4), 9, 0), ((1,), 3, 0), ((2, 3, 2), 4, 0), ((5,), 7, 1e3)):
            for dtype in (np.float64, np.float32):
                logits = rng.normal(scale=1.5, size=(*shape, vocabulary))
                targets = rng.integers(vocabulary, size=shape)
                logits += shift * rng.permutation(np.resize([1, -1], (*shape, 1)))
                if shift:  # some token that does not come is as good as impossible
                    np.put_along_axis(logits, (targets[..., np.newaxis] + 1) % vocabulary, -shift, axis=-1)
                    row = int(logits.max(axis=-1).argmax())
                    logits[row, targets[row]] -= rare
                cases.append((logits.astype(dtype), targets))
        return cases

    with expect.part(points=1, title="perplexity"):
        hint = (
            "The cross-entropy of a target is −log of its probability, which softmax makes of the logits; exp of the "
            "mean over all targets. Take the largest logit off first: exp(1000) is infinite. A small probability may "
            "be rounded to 0: its log is the target's logit less the log of the sum of all exp."
        )
        for logits, targets in each_case(100.0):
            want = np.exp(_surprise(logits, targets).mean())
            expect.close(answers.call("perplexity", logits, targets), want, rtol=2e-3, hint=hint)
    hint = (
        "Add up −log₂ of the targets' probabilities, then divide by the number of characters that they spell, not by "
        "that of the targets: a piece may be several characters long. What is next to impossible costs much, not "
        "infinitely much."
    )
    for logits, targets in each_case(1_900.0):
        characters = int(targets.size * rng.integers(2, 5) + rng.integers(1, 3))
        want = _surprise(logits, targets).sum() / np.log(2) / characters
        got = answers.call("bits_per_character", logits, targets, characters)
        expect.close(got, want, rtol=2e-3, atol=1e-5, hint=or_above(expect, hint))


def _surprise(logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """−log of the probability of each target."""
    from scipy.special import log_softmax

    logs = log_softmax(logits.astype(np.float64), axis=-1)
    return -np.take_along_axis(logs, targets[..., np.newaxis], axis=-1)[..., 0]


@exercise.question("sampling", points=3, title="What comes next")
def sampling(answers: Answers, expect: Expect) -> None:
    """`truncate(probabilities, top_k, top_p)`, and `sample(logits, count, seed, temperature, top_k, top_p)`."""
    rng = answers.draw("probabilities, logits and seeds")

    def compare(top_k: int | None, top_p: float | None, hint: str) -> None:
        for dtype in (np.float64, np.float32):
            probabilities = _telling(rng, int(rng.integers(8, 14)), top_k, top_p)
            want = _truncated(probabilities, top_k, top_p)
            asked = {"top_k": top_k, "top_p": top_p}
            got = answers.call("truncate", probabilities.astype(dtype), **asked)
            expect.shape(got, want.shape, hint="What is left out keeps its place, with a probability of 0.")
            expect.close(got, want, rtol=1e-3, atol=1e-6, hint=hint)

    with expect.part(points=1, title="the likeliest k"):
        hint = "The `top_k` largest probabilities stay at their places; then all are divided by their sum."
        for top_k in (1, 2, 5, 8, None):
            compare(top_k, None, hint)
    with expect.part(points=1, title="the nucleus"):
        hint = (
            "From the largest downwards: stop with the one that brings the sum to `top_p`, which stays as well. After "
            "`top_k` the shares are those of what was left."
        )
        for top_p in (0.05, 0.5, 0.75, 0.9, 0.97):
            compare(None, top_p, or_above(expect, hint))
        for top_k, top_p in ((3, 0.8), (4, 0.6), (2, 0.9), (5, 0.9)):
            compare(top_k, top_p, or_above(expect, hint))

    seeds = rng.permutation(10_000).tolist()
    each_way: list[dict[str, Any]] = [
        {},
        {"temperature": 0.5},
        {"temperature": 2.0, "top_k": 4},
        {"temperature": 2.0, "top_p": 0.7},
    ]
    if expect.parts[-1].status == PASSED:  # else both together have cost their point
        each_way.append({"temperature": 2.0, "top_k": 4, "top_p": 0.7})
    for case, settings in enumerate(each_way):
        logits = _drawable(rng, settings) + (1_000 if case % 2 else -1_000)
        got = answers.call("sample", logits, DRAWN, seeds.pop(), **settings)
        expect.shape(got, (DRAWN,), hint="`count` tokens, each drawn by itself.")
        _expect_drawn(
            expect,
            np.asarray(got),
            _chances(logits, **settings),
            or_above(expect, "Softmax of logits / temperature, truncated, then drawn from: in that order."),
        )
    logits = _drawable(rng, {})
    once, again, other = (answers.call("sample", logits, 80, seed) for seed in (seeds[0], seeds[0], seeds[1]))
    hint = "A generator made from `seed` in each call, and nothing drawn from elsewhere: np.random.default_rng(seed)."
    expect.equal(again, once, hint=hint)
    expect.true(not np.array_equal(once, other), "Two different seeds drew the same tokens.", hint)
    hint = "At a temperature near 0 only the likeliest token is left. Is the largest logit taken off before exp?"
    expect.equal(answers.call("sample", logits, 20, seeds[2], temperature=1e-3), 20 * [int(logits.argmax())], hint=hint)


def _expect_drawn(expect: Expect, tokens: np.ndarray, chances: np.ndarray, hint: str) -> None:
    expect.true(
        bool(np.isin(tokens, np.arange(len(chances))).all()),
        "A token is no place in `logits`.",
        hint="Tokens are the whole numbers from 0 to one less than there are logits.",
    )
    for token, chance in enumerate(chances):
        expect.share(tokens == token, chance, hint)
    hint = "Each token is drawn by itself: what came before it does not count."
    expect.share(tokens[::2] == tokens[1::2], float(np.sum(chances**2)), hint)


def _chances(
    logits: np.ndarray, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
) -> np.ndarray:
    from scipy.special import softmax

    return _truncated(softmax(logits / temperature), top_k, top_p)


def _truncated(probabilities: np.ndarray, top_k: int | None, top_p: float | None) -> np.ndarray:
    """See Holtzman et al. (2020), equations 2 and 3."""
    order = np.argsort(probabilities)[::-1][:top_k]
    shares = probabilities[order] / probabilities[order].sum()
    before = np.cumsum(shares) - shares
    kept = order[before < (2 if top_p is None else top_p)]
    left = np.zeros(len(probabilities))
    left[kept] = probabilities[kept] / probabilities[kept].sum()
    return left


def _telling(rng: np.random.Generator, size: int, top_k: int | None, top_p: float | None) -> np.ndarray:
    """Probabilities without ties, whose sums, from the largest downwards, stay clear of ``top_p``; where there is
    ``top_k`` as well, its share decides what is kept."""
    while True:
        probabilities = rng.dirichlet(np.full(size, 0.9))
        largest = np.sort(probabilities)[::-1]
        if largest[-1] < 1e-3 or np.diff(largest).max() > -1e-3:
            continue
        if top_p is None:
            return probabilities
        shares = np.cumsum(largest[:top_k]) / largest[:top_k].sum()
        if min(np.abs(shares - top_p).min(), np.abs(np.cumsum(largest) - top_p).min()) < 5e-3:
            continue
        by_all = np.cumsum(largest)[:top_k] < top_p
        if top_k is None or not np.array_equal(by_all, shares < top_p):
            return probabilities


def _drawable(rng: np.random.Generator, settings: dict[str, Any]) -> np.ndarray:
    """Logits whose nucleus a rounding does not decide, and the temperature does."""
    top_p = settings.get("top_p")
    while True:
        logits = rng.permutation(np.linspace(-1.5, 1.5, 7) + rng.uniform(-0.1, 0.1, size=7))
        if top_p is None:
            return logits
        by_temperature, by_none = (
            np.cumsum(np.sort(_chances(logits, each))[::-1]) for each in (settings["temperature"], 1.0)
        )
        clear = np.abs(by_temperature - top_p).min() > 0.02
        if clear and np.sum(by_temperature < top_p) > np.sum(by_none < top_p):
            return logits


@exercise.question("reader", points=2, title="A dictionary in each row", seconds=120)
def reader(answers: Answers, expect: Expect) -> None:
    """`reader`, a Keras model that finds in a row of pairs the value that goes with the key that is asked for."""
    model = answers.model("reader")
    x, wanted = dictionaries(ROWS, answers.draw("rows"))
    scores = model.predict(x)
    expect.shape(scores, (ROWS, VALUES), hint="A score for each of the values.")
    expect.finite(scores, hint="Did the training diverge? A smaller learning rate helps.")
    right = float(np.mean(np.argmax(scores, axis=1) == wanted))
    hint = (
        "Chance finds an eighth. Does the last place, which asks, see the other places, and does the loss still fall?"
    )
    expect.at_least(right, LOW_BAR, hint=hint)
    with expect.part(points=1, title=f"{HIGH_BAR:.0%} of the values"):
        expect.at_least(right, HIGH_BAR, hint="Once it has understood, the loss falls fast: more steps, or more width.")


def dictionaries(count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Rows ``(count, PAIRS + 1, 2)`` of pairs of a key and a value, of which the last repeats a key, with ``VALUES`` in
    place of its value; and the values that went with these keys."""
    keys = np.argsort(rng.random((count, KEYS)), axis=1)[:, :PAIRS]
    values, asked = rng.integers(VALUES, size=(count, PAIRS)), rng.integers(PAIRS, size=count)
    pairs = np.stack([keys, values], axis=2)
    last = pairs[np.arange(count), asked]
    x = np.concatenate([pairs, np.stack([last[:, 0], np.full(count, VALUES)], axis=1)[:, np.newaxis]], axis=1)
    return x.astype(np.int32), last[:, 1]
