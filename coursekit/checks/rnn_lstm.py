"""Questions of exercise 5: the recurrence, an LSTM step, back-propagation through time, padding, a better network."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from coursekit.checks.shared import expect_learning, expect_loss_fits, expect_parameters, unseen_reviews
from coursekit.grading import Answers, Exercise, Expect, Model, Step

exercise = Exercise("05_rnn_lstm")

CELLS = {"SimpleRNNCell", "LSTMCell", "GRUCell"}
TEST_REVIEWS = 5_000
WORDS = 10_000
LENGTH, ENOUGH = 240, 60  # words of a review that a network is shown; as good, where it shortens them little
LONGEST = 2_500  # the longest review has 2,494 words
DRAWS = range(4)  # seeds of a network's weights
SEQUENCES = ((12, 3, 4), (1, 2, 3))  # time, inputs, units


@exercise.question("padded", points=2, title="Reviews of one length")
def padded(answers: Answers, expect: Expect) -> None:
    """`padded(reviews, maxlen)`: an array `(review, maxlen)`: zeros before short ones, long ones keep their end."""
    rng = answers.draw("reviews")

    def compare(lengths: tuple[int, ...], maxlen: int, hint: str) -> None:
        reviews = [(rng.permutation(9_000)[:length] + 999).tolist() for length in lengths]
        rows = answers.call("padded", reviews, maxlen)
        expect.shape(rows, (len(reviews), maxlen), hint="One row a review, `maxlen` columns.")
        whole = np.asarray(rows).dtype.kind in "iu"
        expect.true(whole, "The rows hold no whole numbers.", hint="np.zeros makes floats, unless it gets a dtype.")
        want = [[0] * (maxlen - len(review)) + review[-maxlen:] for review in reviews]
        expect.equal(np.asarray(rows), np.array(want), hint=hint)

    hint = "Fill up in front: the network reads the words last, so it need not carry them through the zeros."
    compare((2, 3, 1), 3, hint)
    compare((4, 1), 7, hint)
    with expect.part(points=1, title="reviews that are too long"):
        hint = "Keep the last `maxlen` words of a review, not the first: a slice can count from the end."
        compare((5, 1, 12), 2, hint)
        compare((8, 2), 1, hint)


@exercise.question("count_parameters", points=2, title="How many parameters?")
def count_parameters(answers: Answers, expect: Expect) -> None:
    """`count_parameters(kind, inputs, units)`: how many numbers a recurrent layer of Keras learns."""
    rng = answers.draw("sizes")
    sizes = [(1, 7), *(rng.permutation(np.arange(2, 40))[:2].tolist() for _ in range(2))]

    def compare(kind: str, inputs: int, units: int, hint: str) -> None:
        got = answers.call("count_parameters", kind, inputs, units)
        expect.equal(got, _parameters(kind, inputs, units), hint=hint)

    for inputs, units in sizes:
        hint = "W is (inputs, units), U is (units, units), and each unit has one bias. The length does not matter."
        compare("SimpleRNN", inputs, units, hint)
        compare("LSTM", inputs, units, "Three gates and the candidate: four sets of W, U and b.")
    with expect.part(points=1, title="GRU"):
        hint = "Two gates and the candidate; and Keras' GRU (reset_after=True) has two biases for each unit of each."
        for inputs, units in sizes:
            compare("GRU", inputs, units, hint)


def _parameters(kind: str, inputs: int, units: int) -> int:
    sets, biases = {"SimpleRNN": (1, 1), "LSTM": (4, 1), "GRU": (3, 2)}[kind]
    return sets * units * (inputs + units + biases)


@exercise.question("simple_rnn", points=3, title="The recurrence by hand")
def simple_rnn(answers: Answers, expect: Expect) -> None:
    """`simple_rnn(x, W, U, b)`: the states `(time, units)` of a recurrent layer with tanh that starts from zeros."""
    rng = answers.draw("sequences")
    sequences = [_sequence(rng, time, inputs, units) for time, inputs, units in SEQUENCES]
    for sequence in sequences:
        hint = "One row for each time step, one column for each unit: return all the states, without the zeros before."
        expect.shape(answers.call("simple_rnn", *sequence), _states(*sequence).shape, hint=hint)
    with expect.part(points=1, title="the first step"):
        for sequence in sequences:
            states = answers.call("simple_rnn", *sequence)
            hint = "The state before the first word is zero, so h₁ = tanh(x₁ W + b)."
            expect.close(states[0], _states(*sequence)[0], rtol=1e-4, atol=1e-5, hint=hint)
    for sequence in sequences:
        states = answers.call("simple_rnn", *sequence)
        hint = "hₜ = tanh(xₜ W + hₜ₋₁ U + b): the state of the step before, times U (not transposed), inside the tanh."
        expect.close(states, _states(*sequence), rtol=1e-4, atol=1e-5, hint=hint)


@exercise.question("lstm_step", points=3, title="One step of an LSTM")
def lstm_step(answers: Answers, expect: Expect) -> None:
    """`lstm_step(x, h, c, W, U, b)`: the next `(h, c)`; gates in Keras' order: input, forget, candidate, output."""
    rng = answers.draw("cells")
    cells = [_cell(rng, inputs, units) for inputs, units in ((3, 5), (4, 2))]
    for cell in cells:
        pair = answers.call("lstm_step", *cell)
        expect.several(pair, "h, c")
        expect.shape(
            pair[1], cell[2].shape, hint="x W + h U + b has 4·units numbers; each gate gets a quarter of them."
        )
    with expect.part(points=2, title="the cell c"):
        for cell in cells:
            expect.close(
                answers.call("lstm_step", *cell)[1],
                _lstm_step(*cell)[1],
                rtol=1e-4,
                atol=1e-5,
                hint="c = forget · c + input · candidate; sigmoid for the gates, tanh for the candidate. np.split "
                "gives input, forget, candidate, output. And h is returned first, then c.",
            )
    for cell in cells:
        hint = "h = output · tanh(c), with the new c."
        expect.close(answers.call("lstm_step", *cell)[0], _lstm_step(*cell)[0], rtol=1e-4, atol=1e-5, hint=hint)


@exercise.question("gradients", points=3, title="Back-propagation through time")
def gradients(answers: Answers, expect: Expect) -> None:
    """`gradients(x, W, U, b, blame)`: those of a loss on the last state, `(d_W, d_U, d_b)`, through all time steps."""
    rng = answers.draw("sequences")
    sequences = [(*_sequence(rng, time, inputs, units), rng.normal(size=units)) for time, inputs, units in SEQUENCES]
    hints = (
        "Each step adds outer(xₜ, blame before the tanh).",
        "Each step adds outer(hₜ₋₁, blame before the tanh): U met the state of the step before.",
        "Each step adds its blame before the tanh, the blame times 1 − hₜ²; U @ … then hands it one step back.",
    )
    for index, (name, hint) in enumerate(zip(("d_W", "d_U", "d_b"), hints)):
        with expect.part(points=1, title=name):
            for sequence in sequences:
                triple, want = answers.call("gradients", *sequence), _gradients(*sequence)[index]
                expect.several(triple, "d_W, d_U, d_b")
                shape = f"A gradient has the shape of what it belongs to: here of {name[2:]}."
                expect.shape(triple[index], want.shape, hint=shape)
                shared = hint + " The weights are shared, so the steps add up."
                expect.close(triple[index], want, rtol=1e-4, atol=1e-5, hint=shared)


@exercise.question("last_states", points=2, title="Mind the padding")
def last_states(answers: Answers, expect: Expect) -> None:
    """`last_states(states, lengths)`: the state of each review, padded **behind**, after its last word."""
    rng = answers.draw("states")
    for reviews, time, units in ((8, 6, 3), (1, 5, 2), (3, 1, 2)):
        states = rng.normal(size=(reviews, time, units))
        lengths = (rng.permutation(max(reviews, time)) % time + 1)[:reviews]  # of many reviews every length
        got = answers.call("last_states", states, lengths)
        expect.shape(got, (reviews, units), hint="One state a review; the time axis is gone.")
        expect.close(
            got,
            states[np.arange(reviews), lengths - 1],
            hint="states[:, -1] is the state after the padding. A review of n words ends at step n − 1, counted from "
            "0.",
        )


@exercise.question("build_network", points=2, title="Build a better network")
def build_network(answers: Answers, expect: Expect) -> None:
    """`build_network()`: compiled, from word indices to one number, with an embedding and a recurrent layer."""
    rng, make = answers.draw("reviews"), lambda: answers.model("build_network")
    wanted = _fixed_length(make()) or LENGTH
    expect.true(
        2 <= wanted <= LONGEST,
        f"The network wants reviews of {wanted:,} words.",
        hint="keras.Input((None,)) takes reviews of any length; the longest has 2,494 words, its start mark included.",
        expected=f"2 to {LONGEST:,} words",
        got=f"{wanted:,}",
    )
    reviews = rng.integers(4, WORDS, size=(16, wanted), dtype=np.int32)
    reviews[0, -1] = WORDS - 1
    reviews[1, : -(min(wanted, ENOUGH) // 2)] = 0
    model, reviews = _shown(make, reviews)
    expect.equal(
        model.gave,
        (16, 1),
        hint="One number a review: the last recurrent layer returns its last state only, then Dense(1).",
    )
    expect.true(
        any(_embeds(step, reviews) for step in model.steps),
        "No embedding takes the words.",
        hint="Word indices are names, not amounts: layers.Embedding(10_000, …) gives each a vector.",
    )
    _expect_recurrent(expect, model, reviews)
    hint = "Do most sit in the embedding? 16 to 64 numbers a word will do. In the recurrent layer? Fewer units."
    expect_parameters(expect, model, 2_000_000, hint=hint)
    expect_learning(expect, model, reviews)
    with expect.part(points=1, title="last activation and loss"):
        expect_loss_fits(answers, expect, model, reviews, classes=2)


@exercise.question("training", points=3, title="Beat the reference", seconds=240)
def training(answers: Answers, expect: Expect) -> None:
    """`model`, trained with validation data (`history`), judges test reviews padded to their last `MAXLEN` words."""
    with expect.part(points=1, title="validation data"):
        hint = "history = model.fit(…, validation_split=0.2), or validation_data=(x_valid, y_valid)."
        expect.validated(answers.value("history"), hint=hint)
    maxlen = answers.value("MAXLEN")
    expect.kind(maxlen, int, hint="MAXLEN = 200, say: how many words of a review your network reads.")
    hint = "Two words at least, to have an order; the longest review has 2,494, its start mark included."
    expect.between(maxlen, 2, LONGEST, hint=hint)
    reviews, labels = unseen_reviews(TEST_REVIEWS)
    rows = reviews.padded(maxlen)
    model, some = _shown(lambda: answers.model("model"), rows[:16])
    expect.equal(model.gave, (16, 1), hint="One number for each review.")
    _expect_recurrent(expect, model, some)
    outputs = np.asarray(model.predict(rows))[:, 0]
    between = (outputs >= 0).all() and (outputs <= 1).all()
    accuracy = float(np.mean((outputs > (0.5 if between else 0)) == labels))
    with expect.part(points=1, title="86 % of the first 5,000 test reviews"):
        expect.at_least(accuracy, 0.86, hint="A gated layer? A convolution before it? A falling learning rate?")
    expect.at_least(accuracy, 0.82, hint="Padded in front? Enough epochs? Does the validation accuracy still rise?")


def _fixed_length(model: Model) -> int | None:
    """How many words a network wants, where its `Input` says so."""
    shape = model.input_shape
    return shape[1] if isinstance(shape, tuple) and len(shape) == 2 else None


def _shown(make: Callable[[], Model], reviews: np.ndarray) -> tuple[Model, np.ndarray]:
    """A model that has seen the reviews, and what it saw: their last words alone where it takes reviews of any length
    and each layer that can be recurrent takes hardly fewer steps than there are words, which all take their time."""
    new = make()
    model = new.on(reviews)
    reading = [step for step in model.steps if "RNN" in step.kinds or step.kinds[0] == "Layer"]
    taken = [step.took[1] for step in reading if isinstance(step.took, tuple) and len(step.took) > 2]
    if _fixed_length(new) or min(taken, default=reviews.shape[1]) < reviews.shape[1] - ENOUGH // 2:
        return model, reviews
    last = reviews[:, -ENOUGH:]
    return make().on(last), last


def _embeds(step: Step, reviews: np.ndarray) -> bool:
    """Whether a layer is an embedding, or one of the learner's own that gives a vector for each word."""
    vectors = isinstance(step.gave, tuple) and len(step.gave) == 3 and step.gave[:2] == reviews.shape
    return "Embedding" in step.kinds or (vectors and step.kinds[0] == "Layer" and step.took == reviews.shape)


def _expect_recurrent(expect: Expect, model: Model, reviews: np.ndarray) -> None:
    """A layer that is recurrent, or behaves so, reads the words in their order."""
    reads = _has_recurrent_layer(model) or _carries_a_state(model, reviews)
    recurrent = (step for step in model.steps if "RNN" in step.kinds and isinstance(step.took, tuple))
    single = next((step.layer for step in recurrent if step.took[1:2] == (1,)), None)
    expect.true(
        reads or single is None,
        f"Of a review of {reviews.shape[1]} words, the recurrent layer `{single}` gets a single step.",
        hint="With one step there is no order to read: what stands before it is to pool or average less.",
    )
    expect.true(
        reads,
        f"None of its {len(model.steps)} layers is recurrent and reads a sequence.",
        hint="layers.LSTM(32), perhaps after a convolution with pooling, or in layers.Bidirectional(…).",
    )
    expect.true(
        _tells_apart(model, reviews, reviews[:, ::-1]),
        "Reviews that are read backwards get the same answers.",
        hint="A recurrent layer takes the sequence itself, (review, time, vector): nothing averages over time before.",
    )


def _has_recurrent_layer(model: Model) -> bool:
    """Whether a recurrent layer of Keras takes more than one step, or a cell is called by the learner's own loop."""
    recurrent = [step for step in model.steps if "RNN" in step.kinds]
    if not recurrent:
        return any(CELLS & set(step.kinds) for step in model.steps)
    return any(isinstance(step.took, tuple) and len(step.took) >= 3 and step.took[1] > 1 for step in recurrent)


def _carries_a_state(model: Model, reviews: np.ndarray) -> bool:
    """Whether a layer of the learner's own can be recurrent: it reads more words as well, and tells apart two reviews
    that no window of a fifth of them can."""
    own = any(step.kinds[0] in ("Layer", "Model") for step in model.steps)
    known = {kind for step in model.steps for kind in step.kinds}
    if not (own or model.class_name not in ("Sequential", "Functional")) or any("Attention" in kind for kind in known):
        return False
    if _fixed_length(model) is None:
        model.rehearse(np.concatenate([reviews, reviews[:, :24]], axis=1))
    a, b, c = (reviews[:, [place]].repeat(reviews.shape[1] // 5, axis=1) for place in (-1, -2, -3))
    return _tells_apart(model, np.hstack([a, b, a, c, a]), np.hstack([a, c, a, b, a]))


def _tells_apart(model: Model, some: np.ndarray, others: np.ndarray) -> bool:
    """Whether the network's answers to two batches differ, with its own weights or with some that are drawn."""
    for seed in (None, *DRAWS):
        answers = [np.asarray(model.rehearse(x, seed=seed), dtype=np.float64) for x in (some, others)]
        first, second = (each[np.isfinite(answers).all(axis=0)] for each in answers)
        if first.size and np.abs(first - second).max() > max(1e-3 * np.ptp([first, second]), 1e-5):
            return True
    return False


def _sequence(rng: np.random.Generator, time: int, inputs: int, units: int) -> tuple[np.ndarray, ...]:
    return (
        rng.normal(size=(time, inputs)),
        rng.normal(scale=0.5, size=(inputs, units)),
        rng.normal(scale=0.5, size=(units, units)),
        rng.normal(scale=0.5, size=units),
    )


def _cell(rng: np.random.Generator, inputs: int, units: int) -> tuple[np.ndarray, ...]:
    """``x``, ``h``, ``c``, ``W``, ``U`` and ``b``; a cell, which adds up, is often beyond ±1."""
    shapes = ((inputs,), (units,), (units,), (inputs, 4 * units), (units, 4 * units), (4 * units,))
    return tuple(rng.normal(scale=scale, size=shape) for scale, shape in zip((1, 1, 4, 1, 1, 1), shapes))


def _states(x: np.ndarray, W: np.ndarray, U: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The recurrence ``h = tanh(x W + h U + b)`` from zeros; ``(time, units)``."""
    states = [np.zeros(len(b))]
    for step in x:
        states.append(np.tanh(step @ W + states[-1] @ U + b))
    return np.array(states[1:])


def _lstm_step(
    x: np.ndarray, h: np.ndarray, c: np.ndarray, W: np.ndarray, U: np.ndarray, b: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """One step of Hochreiter and Schmidhuber's cell with forget gate, as Keras orders it."""
    from scipy.special import expit

    let_in, keep, candidate, let_out = np.split(x @ W + h @ U + b, 4)
    new_c = expit(keep) * c + expit(let_in) * np.tanh(candidate)
    return expit(let_out) * np.tanh(new_c), new_c


def _gradients(
    x: np.ndarray, W: np.ndarray, U: np.ndarray, b: np.ndarray, blame: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Back-propagation through time: gradients of ``blame @ last state`` with respect to W, U and b."""
    states = np.vstack([np.zeros(len(b)), _states(x, W, U, b)])
    d_W, d_U, d_b = np.zeros_like(W), np.zeros_like(U), np.zeros_like(b)
    for t in reversed(range(len(x))):
        before = blame * (1 - states[t + 1] ** 2)
        d_W += np.outer(x[t], before)
        d_U += np.outer(states[t], before)
        d_b += before
        blame = U @ before
    return d_W, d_U, d_b
