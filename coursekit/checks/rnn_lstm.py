"""Questions of exercise 5: the recurrence, an LSTM step, back-propagation through time, padding, a better network."""

from __future__ import annotations

import numpy as np

from coursekit.checks.shared import expect_loss_and_activation, unseen_reviews
from coursekit.grading import Answers, Exercise, Expect, Model

exercise = Exercise("05_rnn_lstm")

RECURRENT = ("SimpleRNN", "LSTM", "GRU", "RNN", "Bidirectional")
TEST_REVIEWS = 5_000


@exercise.question("padded", points=2, title="Reviews of one length")
def padded(answers: Answers, expect: Expect) -> None:
    """Lists of word indices become `(review, maxlen)`: zeros in front of short ones, long ones keep their end."""
    rows = answers.call("padded", [[5, 6], [7, 8, 9]], 3)
    expect.shape(rows, (2, 3), hint="One row a review, `maxlen` columns.")
    expect.equal(
        np.asarray(rows),
        np.array([[0, 5, 6], [7, 8, 9]]),
        hint="Fill up in front: the network reads the words last, so it need not carry them through the zeros.",
    )
    with expect.part(points=1, title="reviews that are too long"):
        expect.equal(
            np.asarray(answers.call("padded", [[1, 2, 3, 4, 5], [6]], 2)),
            np.array([[4, 5], [0, 6]]),
            hint="Keep the last `maxlen` words, where reviewers sum up: review[-maxlen:].",
        )


@exercise.question("count_parameters", points=2, title="How many parameters?")
def count_parameters(answers: Answers, expect: Expect) -> None:
    """What a recurrent layer of Keras learns, from its kind, its inputs a step and its units."""

    def compare(kind: str, inputs: int, units: int, hint: str) -> None:
        got = answers.call("count_parameters", kind, inputs, units)
        expect.equal(got, _parameters(kind, inputs, units), hint=hint)

    for inputs, units in ((32, 32), (8, 5)):
        hint = "W is (inputs, units), U is (units, units), and each unit has one bias. The length does not matter."
        compare("SimpleRNN", inputs, units, hint)
        compare("LSTM", inputs, units, "Three gates and the candidate: four sets of W, U and b.")
    with expect.part(points=1, title="GRU"):
        hint = "Two gates and the candidate; and Keras' GRU (reset_after=True) has two biases for each unit of each."
        compare("GRU", 8, 5, hint)


def _parameters(kind: str, inputs: int, units: int) -> int:
    sets, biases = {"SimpleRNN": (1, 1), "LSTM": (4, 1), "GRU": (3, 2)}[kind]
    return sets * units * (inputs + units + biases)


@exercise.question("simple_rnn", points=3, title="The recurrence by hand")
def simple_rnn(answers: Answers, expect: Expect) -> None:
    """The states `(time, units)` of a recurrent layer with tanh that starts from zeros."""
    x, W, U, b = _sequence(time=6, inputs=3, units=4)
    want = _states(x, W, U, b)
    got = answers.call("simple_rnn", x, W, U, b)
    expect.shape(got, (6, 4), hint="One row for each time step, one column for each unit: return all the states.")
    with expect.part(points=1, title="the first step"):
        expect.close(got[0], want[0], hint="The state before the first word is zero, so h₁ = tanh(x₁ W + b).")
    expect.close(
        got,
        want,
        hint="hₜ = tanh(xₜ W + hₜ₋₁ U + b): the state of the step before, times U (not transposed), inside the tanh.",
    )


@exercise.question("lstm_step", points=3, title="One step of an LSTM")
def lstm_step(answers: Answers, expect: Expect) -> None:
    """The pair `(h, c)` after one step, with the gates in Keras' order: input, forget, candidate, output."""
    rng = np.random.default_rng(0)
    x, h, c = rng.normal(size=3), rng.normal(size=5), rng.normal(size=5)
    W, U, b = rng.normal(size=(3, 20)), rng.normal(size=(5, 20)), rng.normal(size=20)
    new_h, new_c = _lstm_step(x, h, c, W, U, b)
    pair = answers.call("lstm_step", x, h, c, W, U, b)
    expect.several(pair, "h, c")
    expect.shape(pair[1], (5,), hint="x W + h U + b has 4·units numbers; each gate gets a quarter of them.")
    with expect.part(points=2, title="the cell c"):
        expect.close(
            pair[1],
            new_c,
            hint="c = forget · c + input · candidate. Sigmoid for the gates, tanh for the candidate; np.split(z, 4) "
            "gives input, forget, candidate, output.",
        )
    expect.close(pair[0], new_h, hint="h = output · tanh(c), with the new c.")


@exercise.question("gradients", points=3, title="Back-propagation through time")
def gradients(answers: Answers, expect: Expect) -> None:
    """The gradients `(d_W, d_U, d_b)` of a loss on the last state, through all time steps."""
    x, W, U, b = _sequence(time=5, inputs=3, units=4)
    blame = np.random.default_rng(1).normal(size=4)
    want = _gradients(x, W, U, b, blame)
    got = answers.call("gradients", x, W, U, b, blame)
    expect.several(got, "d_W, d_U, d_b")
    hints = (
        "Each step adds outer(xₜ, blame before the tanh).",
        "Each step adds outer(hₜ₋₁, blame before the tanh): U met the state of the step before.",
        "Each step adds its blame before the tanh, the blame times 1 − hₜ²; U @ … then hands it one step back.",
    )
    for index, (name, hint) in enumerate(zip(("d_W", "d_U", "d_b"), hints)):
        with expect.part(points=1, title=name):
            expect.shape(got[index], want[index].shape, hint=f"A gradient has the shape of what it belongs to: {name}.")
            expect.close(got[index], want[index], hint=hint + " The weights are shared, so the steps add up.")


@exercise.question("last_states", points=2, title="Mind the padding")
def last_states(answers: Answers, expect: Expect) -> None:
    """From states `(review, time, units)` of reviews padded **behind**, each review's state after its last word."""
    states = np.random.default_rng(0).normal(size=(4, 6, 3))
    lengths = np.array([6, 2, 1, 5])
    got = answers.call("last_states", states, lengths)
    expect.shape(got, (4, 3), hint="One state a review; the time axis is gone.")
    expect.close(
        got,
        states[np.arange(4), lengths - 1],
        hint="states[:, -1] is the state after the padding. A review of n words ends at step n − 1, counted from 0.",
    )


@exercise.question("build_network", points=2, title="Build a better network")
def build_network(answers: Answers, expect: Expect) -> None:
    """A compiled network from word indices to one probability, with an embedding and at least one recurrent layer."""
    model = answers.model("build_network")
    expect.true(
        bool(model.find("Embedding")),
        "There is no Embedding layer.",
        hint="Word indices are names, not amounts: layers.Embedding(10_000, …) gives each a vector.",
    )
    _expect_recurrent(model, expect)
    expect.equal(
        model.output_shape,
        (None, 1),
        hint="One number a review: the last recurrent layer returns its last state only, then Dense(1).",
    )
    expect.at_most(model.parameter_count, 2_000_000, hint="A narrower embedding: 16 to 64 numbers a word.")
    with expect.part(points=1, title="last activation and loss"):
        hint = "A question with two answers and one output."
        expect_loss_and_activation(expect, model, "binary_crossentropy", "sigmoid", hint)


@exercise.question("training", points=3, title="Beat the reference", seconds=240)
def training(answers: Answers, expect: Expect) -> None:
    """`model`, trained with validation data, judges test reviews padded to their last `MAXLEN` words."""
    with expect.part(points=1, title="validation data"):
        hint = "history = model.fit(…, validation_split=0.2), or validation_data=(x_valid, y_valid)."
        expect.validated(answers.value("history"), hint=hint)
    maxlen = answers.value("MAXLEN")
    expect.kind(maxlen, int, hint="MAXLEN = 200, say: how many words of a review your network reads.")
    expect.between(maxlen, 1, 2_500, hint="The longest review has 2,494 words.")
    model = answers.model("model")
    _expect_recurrent(model, expect)
    reviews, labels = unseen_reviews(TEST_REVIEWS)
    outputs = model.predict(reviews.padded(maxlen))
    expect.shape(outputs, (TEST_REVIEWS, 1), hint="One number for each review.")
    positive = np.asarray(outputs)[:, 0] > (0 if model.loss and model.loss.from_logits else 0.5)
    accuracy = float(np.mean(positive == labels))
    with expect.part(points=1, title="86 % of the first 5,000 test reviews"):
        expect.at_least(accuracy, 0.86, hint="A gated layer, dropout after the embedding, a convolution with pooling?")
    expect.at_least(accuracy, 0.82, hint="Padded in front? Enough epochs? Does the validation accuracy still rise?")


def _expect_recurrent(model: Model, expect: Expect) -> None:
    expect.true(
        any(model.find(kind) for kind in RECURRENT),
        f"There is no recurrent layer among its {len(model.layers)} layers.",
        hint="layers.LSTM(32), perhaps after a convolution with pooling, or in layers.Bidirectional(…).",
    )


def _sequence(time: int, inputs: int, units: int) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(0)
    return (
        rng.normal(size=(time, inputs)),
        rng.normal(scale=0.5, size=(inputs, units)),
        rng.normal(scale=0.5, size=(units, units)),
        rng.normal(scale=0.5, size=units),
    )


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
