"""Questions of exercise 14: energy, conditionals, exact nats, chains, contrastive divergence, annealing, reading."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np

from coursekit.checks import boltzmann
from coursekit.checks.boltzmann import CLASSES, Rbm
from coursekit.checks.shared import SEEN, accuracy, flag_by_heart, unseen_digits
from coursekit.data import load_mnist
from coursekit.grading import Answers, Exercise, Expect
from coursekit.worker.bounds import MACHINE_UNITS

exercise = Exercise("14_rbm_dbn")

LEADING: tuple[tuple[int, ...], ...] = ((5,), (1,), (), (2, 3))  # axes in front of a state
CHAINS = 2_000
TRIED = ((boltzmann.telling, 1), (boltzmann.telling, 2), (boltzmann.flipping, 4))  # machines, and steps of their chains
STRAY = 5.2  # standard deviations of a mean: a right answer strays further twice in ten million throws
PIXELS = 784
NATS = 50  # between digits and pictures whose pixels were mixed
BARS = (0.60, 0.80)  # of the test digits
SEED = (14, 1)  # of no learner's own pictures
GIVEN = (  # images, pixels, hidden units, how far from 0 the biases are, how large the weights of pixels
    (3, 6, 5, 0, 1), (1, 10, 4, 0, 1), (10, 3, 6, 0, 1), (4, 5, 3, 1_500, 1), (3, 7, 4, -1_500, 1), (20, 6, 4, 0, 600),
)  # fmt: skip


@exercise.question("energy", points=2, title="The energy of a state")
def energy(answers: Answers, expect: Expect) -> None:
    """`energy(v, h, weights, visible_bias, hidden_bias)`: of visible and hidden states together."""
    rng = answers.draw("states and machines")

    def compare(leading: tuple[int, ...], visible: int, hidden: int, hint: str) -> None:
        for dtype in (np.float64, np.float32):
            rbm = boltzmann.drawn(rng, visible, hidden, dtype=dtype)
            v, h = (boltzmann.bits(rng, (*leading, units), dtype) for units in (visible, hidden))
            expect.close(
                answers.call("energy", v, h, *rbm), boltzmann.energy(v, h, *rbm), rtol=1e-4, atol=1e-4, hint=hint
            )

    hint = (
        "With the sign turned: a bias counts where its unit is 1, a weight where both of its ends are 1. It is one "
        "number for one state."
    )
    for visible, hidden in ((5, 4), (3, 7), (1, 1), (6, 6)):
        compare((), visible, hidden, hint)
    with expect.part(points=1, title="many states"):
        hint = "Row i of v goes with row i of h: one energy for each such pair, in the shape of the leading axes."
        for leading, visible, hidden in (((6,), 5, 4), ((2, 3), 4, 5), ((4,), 4, 4), ((1,), 3, 5)):
            compare(leading, visible, hidden, hint)


@exercise.question("conditionals", points=2, title="Up and down")
def conditionals(answers: Answers, expect: Expect) -> None:
    """`hidden_probabilities(v, weights, visible_bias, hidden_bias)` and
    `visible_probabilities(h, weights, visible_bias, hidden_bias)`: that each unit is on, given the other layer."""
    rng = answers.draw("states and machines")

    def compare(upwards: bool, hint: str) -> None:
        for leading, dtype in product(LEADING, (np.float64, np.float32)):
            for visible, hidden, scale in ((5, 4, 1), (4, 4, 1), (3, 6, 900)):
                rbm = boltzmann.drawn(rng, visible, hidden, scale=scale, dtype=dtype)
                given = boltzmann.bits(rng, (*leading, visible if upwards else hidden), dtype)
                if upwards:
                    got, want = answers.call("hidden_probabilities", given, *rbm), boltzmann.up(given, *rbm)
                else:
                    got, want = answers.call("visible_probabilities", given, *rbm), boltzmann.down(given, *rbm)
                expect.finite(got, hint="exp(1000) is infinite, and infinite over infinite is nan: 1 / (1 + exp(-x)).")
                expect.close(got, want, rtol=1e-3, atol=1e-4, hint=hint)

    with expect.part(points=1, title="upwards"):
        compare(True, "The sigmoid of the unit's bias plus the weights of the visible units that are on.")
    compare(False, "The same weights, read the other way: from the hidden units (columns) to the visible ones (rows).")


@exercise.question("free_energy", points=2, title="The hidden states summed away")
def free_energy(answers: Answers, expect: Expect) -> None:
    """`free_energy(v, weights, visible_bias, hidden_bias)`: F(v), with exp(−F(v)) the sum of exp(−E(v, h)) over h."""
    rng = answers.draw("states and machines")

    def compare(leading: tuple[int, ...], visible: int, hidden: int, far: float, hint: str) -> None:
        for dtype in (np.float64, np.float32):
            weights, visible_bias, hidden_bias = boltzmann.drawn(rng, visible, hidden, dtype=dtype)
            signs = rng.permutation([(-1) ** number for number in range(hidden)])
            rbm = weights, visible_bias, (hidden_bias + far * signs).astype(dtype)
            v = boltzmann.bits(rng, (*leading, visible), dtype)
            got = answers.call("free_energy", v, *rbm)
            if far:
                expect.finite(got, hint="exp(1000) is infinite. Which function of NumPy adds in the logarithm?")
            expect.close(got, boltzmann.free_energy(v, *rbm), rtol=1e-4, atol=1e-4, hint=hint)

    hint = (
        "exp(−F) is exp(Σ aᵢ vᵢ) times a factor for each hidden unit, in which its two states, 0 and 1, are added. F "
        "is minus the logarithm of all that: one number for each v."
    )
    for leading in LEADING:
        for visible, hidden in ((5, 4), (4, 4), (2, 6)):
            compare(leading, visible, hidden, 0, hint)
    with expect.part(points=1, title="inputs of a thousand"):
        hint = "log(1 + exp(x)) is nearly x where x is large, and nearly 0 where −x is."
        for leading in LEADING:
            compare(leading, 4, 5, float(rng.uniform(900, 1_000)), hint)


@exercise.question("log_likelihood", points=3, title="Exact nats")
def log_likelihood(answers: Answers, expect: Expect) -> None:
    """`log_likelihood(v, weights, visible_bias, hidden_bias)`: log p(v) in nats, with log Z summed exactly."""
    rng = answers.draw("states and machines")

    def compare(leading: tuple[int, ...], rbm: Rbm, hint: str) -> None:
        v = boltzmann.bits(rng, (*leading, len(rbm[1])), rbm[0].dtype)
        got = answers.call("log_likelihood", v, *rbm)
        expect.finite(got, hint=hint)
        expect.close(got, boltzmann.log_likelihood(v, *rbm), rtol=1e-4, atol=1e-3, hint=hint)

    hint = (
        "log p(v) = −F(v) − log Z: one number for each row of v, never above 0. The sum Z has all states of a layer, "
        "each once, not those of the batch alone."
    )
    for leading in LEADING[:3]:
        for visible, hidden in ((4, 3), (2, 5), (3, 3)):
            for dtype in (np.float64, np.float32):
                compare(leading, boltzmann.drawn(rng, visible, hidden, dtype=dtype), hint)
    with expect.part(points=1, title="one layer of hundreds"):
        hint = (
            "Sum over the states of the smaller layer, whichever it is: with the weights transposed and the biases "
            "exchanged, the free energy of a hidden state is the same formula."
        )
        for visible, hidden in ((300, 7), (6, 200)):
            weights, visible_bias, hidden_bias = boltzmann.drawn(rng, visible, hidden)
            compare((3,), (weights / 10, visible_bias, hidden_bias), hint)
    with expect.part(points=1, title="energies of thousands"):
        hint = "The sum of exp(−F) overflows: take out the largest term before, as `scipy.special.logsumexp` does."
        for visible, hidden in ((4, 3), (3, 5)):
            for sign in (-1, 1):  # all of exp(−F) huge, or many of them vanish
                weights, visible_bias, hidden_bias = boltzmann.drawn(rng, visible, hidden)
                far = sign * rng.uniform(800, 1_000, size=2)
                compare((3,), (weights, visible_bias + far[0], hidden_bias + far[1]), hint)


@exercise.question("fill_in", points=2, title="Pixels that are known")
def fill_in(answers: Answers, expect: Expect) -> None:
    """`fill_in(v, known, weights, visible_bias, hidden_bias, steps, seed)`: chains in which known pixels stay."""
    rng = answers.draw("chains")

    def asked(v: np.ndarray, known: np.ndarray, *rbm: np.ndarray, steps: int) -> np.ndarray:
        got = answers.call("fill_in", v, known, *rbm, steps, int(rng.integers(9_999)))
        expect.shape(got, v.shape, hint="The states of all chains: (chains, visible), as v.")
        bits = np.asarray(got)
        expect.true(
            np.isin(bits, (0, 1)).all(), "The states are not all 0 or 1.", hint="Throw the visible units as well."
        )
        return bits

    def compare(some: bool, hint: str) -> None:
        for steps, units in ((1, 9), (2, 10), (3, 12), (0, 5)):
            v, known, want, *machine = boltzmann.chains(rng, units, steps, some)
            expect.close(asked(v, known, *machine, steps=steps), want, hint=hint)
        for (make, steps), dtype in zip(TRIED, (np.float32, np.float64, np.float64)):
            rbm, first = make(rng)
            known, start = np.array([some, False, False]), np.tile(first, (CHAINS, 1)).astype(dtype)
            got = asked(start, known, *(part.astype(dtype) for part in rbm), steps=steps)
            want = np.linalg.matrix_power(boltzmann.transition(known, *rbm), steps)[boltzmann.number(first)]
            for number, (state, probability) in enumerate(zip(boltzmann.states(3), want)):
                there, counted = boltzmann.number(got) == number, f"{CHAINS:,} chains from {first}, {steps} steps"
                words = f"The share of chains that end in {state} ({counted}). {hint}"
                expect.share(there, float(np.clip(probability, 0, 1)), hint=words)

    hint = (
        "A step: the hidden units are thrown, each with its probability given v, then the visible ones, each with its "
        "probability given the bits of h. Each chain and each step has throws of its own."
    )
    compare(False, hint)
    v, rbm = boltzmann.bits(rng, (50, 20)), boltzmann.drawn(rng, 20, 10, scale=0.1)
    _expect_seeded(expect, rng, lambda seed: answers.call("fill_in", v, np.zeros(20, bool), *rbm, 1, seed))
    with expect.part(points=1, title="known pixels"):
        compare(True, "Known pixels keep their bits in each step, so that the hidden units see them each time.")


def _expect_seeded(expect: Expect, rng: np.random.Generator, asked: Callable[[int], np.ndarray]) -> None:
    """The same seed gives the same, another seed gives something else."""
    one, two = rng.choice(9_999, size=2, replace=False).tolist()
    once, again, other = (np.asarray(asked(seed), dtype=np.float64) for seed in (one, one, two))
    hint = "np.random.default_rng(seed), made anew in each call, and nothing thrown from elsewhere."
    expect.true(np.allclose(once, again), "The same seed gave two different results.", hint)
    expect.true(np.mean(once == other) < 0.9, "Two different seeds gave the same throws.", hint)


@exercise.question("contrastive_divergence", points=3, title="What it sees, what it dreams")
def contrastive_divergence(answers: Answers, expect: Expect) -> None:
    """`contrastive_divergence(v, weights, visible_bias, hidden_bias, steps, seed)`: the gradient of CD-k, uphill."""
    rng = answers.draw("batches and machines")
    names = "d_weights, d_visible_bias, d_hidden_bias"

    def asked(v: np.ndarray, rbm: Rbm, steps: int, seed: int | None = None) -> list[np.ndarray]:
        some = int(rng.integers(9_999))
        got = answers.call("contrastive_divergence", v, *rbm, steps, some if seed is None else seed)
        expect.several(got, names)
        for part, like in zip(got, rbm):
            expect.shape(part, like.shape, hint="An array for each parameter, in its shape.")
        return list(got)

    def compare(got: list[np.ndarray], want: Rbm, hint: str) -> None:
        for part, wanted in zip(got, want):
            expect.close(part, wanted, rtol=1e-4, atol=1e-4, hint=hint)

    hint = (
        "What v says minus what the chain says that began at v, after `steps` steps: means over the batch of v · h, "
        "of v, and of h, to be added to the parameters."
    )
    for steps, units, count in ((1, 9, 6), (2, 10, 1), (3, 12, 4)):
        for dtype in (np.float64, np.float32):
            rbm = boltzmann.spreading(rng, units, dtype)
            v = np.zeros((count, units), dtype)
            v[np.arange(count), rng.integers(units, size=count)] = 1
            compare(asked(v, rbm, steps), boltzmann.difference(v, boltzmann.led(v, rbm, steps), rbm), hint)
    with expect.part(points=1, title="probabilities where a mean is taken"):
        hint = (
            "In the means, take the hidden units' probabilities, on both sides. Without weights these are the same "
            "for every v, so that nothing is left of the gradient of the hidden biases."
        )
        for visible, hidden, count in ((4, 3, 5), (3, 5, 2), (3, 3, 3)):
            far = rng.permutation([(-1) ** number for number in range(visible)]) * rng.uniform(60, 90, size=visible)
            blank = np.zeros((visible, hidden)), far, rng.normal(size=hidden)
            v = boltzmann.bits(rng, (count, visible))
            compare(
                asked(v, blank, 1), boltzmann.difference(v, np.tile(far > 0, (count, 1)).astype(float), blank), hint
            )
    with expect.part(points=1, title="on average over all throws"):
        for make, steps in TRIED:
            rbm, first = make(rng)
            v = np.tile(first, (CHAINS, 1))
            got = asked(v, rbm, steps)
            dreamt = len(v) * (v.mean(axis=0) - np.asarray(got[1], dtype=np.float64))
            expect.true(
                np.abs(dreamt - np.rint(dreamt)).max() < 0.05,
                "The gradient of the visible biases is not one of bits.",
                hint="The model's side takes the v that was thrown last, not its probabilities.",
            )
            hint = (
                "The chain begins at v, and each of its steps throws h, given v, then v, given h: bits are handed on, "
                "never probabilities. Each chain and each step has throws of its own."
            )
            means, strays = boltzmann.expected(v, steps, rbm)
            thrown = 0.5 / CHAINS, 0.0, 0.5 / CHAINS  # hidden bits in the means, judged by the part above, stray more
            for part, mean, stray, more in zip(got, means, strays, thrown):
                reach = STRAY * np.sqrt(stray**2 + more) + 1e-4
                near = np.abs(np.asarray(part, dtype=np.float64) - mean) <= reach
                expect.true(
                    near.all(),
                    "On average over all throws the gradient is another one.",
                    hint,
                    expected=f"{np.round(mean, 2).tolist()}, but for chance",
                    got=str(np.round(part, 2).tolist()),
                )
        v, rbm = boltzmann.bits(rng, (50, 20)), boltzmann.drawn(rng, 20, 10, scale=0.1)
        _expect_seeded(expect, rng, lambda seed: asked(v, rbm, 1, seed)[1])


@exercise.question("path_weights", points=2, title="Weights along a path")
def path_weights(answers: Answers, expect: Expect) -> None:
    """`path_weights(path, betas, weights, visible_bias, hidden_bias, base_bias)`: the logarithm of each chain's guess
    at Z in annealed importance sampling."""
    rng = answers.draw("paths and machines")

    def compare(betas: np.ndarray, chains: int, hint: str) -> None:
        for visible, hidden in ((5, 3), (3, 4), (4, 4)):
            for dtype in (np.float64, np.float32):
                rbm = boltzmann.drawn(rng, visible, hidden, dtype=dtype)
                base = rng.normal(size=visible).astype(dtype)
                path = boltzmann.bits(rng, (len(betas) - 1, chains, visible), dtype)
                got = answers.call("path_weights", path, betas.astype(dtype), *rbm, base)
                expect.shape(got, (chains,), hint="One logarithm for each chain.")
                expect.close(
                    got, boltzmann.path_weights(path, betas.astype(dtype), rbm, base), rtol=1e-4, atol=1e-3, hint=hint
                )

    hint = (
        "Begin with the known log Z of the machine at β = 0: a visible unit adds log(1 + exp(a⁰ᵢ)), and what does a "
        "hidden unit add, whose input is β times something? Then add log p* of v at β = 1, less that at β = 0."
    )
    for chains in (6, 1):
        compare(np.array([0.0, 1.0]), chains, hint)
    with expect.part(points=1, title="many temperatures"):
        hint = "path[k] was thrown at betas[k]; it is weighed by log p* at betas[k + 1], less log p* at betas[k]."
        for count in (3, 5, 9):
            between = np.sort(rng.uniform(0.05, 0.95, size=count - 2))
            compare(np.array([0.0, *between, 1.0]), count - 1, hint)


@exercise.question("read", points=1, title="Which label goes with it")
def read(answers: Answers, expect: Expect) -> None:
    """`read(images, weights, visible_bias, hidden_bias)`: each digit's probability, given the pixels of an image."""
    rng = answers.draw("images and machines")
    hint = (
        "Ten free energies for each image, one with each label unit on. Z is the same for all ten: exp(−F), divided by "
        "the sum over the ten."
    )
    for (count, pixels, hidden, far, strong), dtype in product(GIVEN, (np.float64, np.float32)):
        weights, visible_bias, hidden_bias = boltzmann.drawn(rng, pixels + CLASSES, hidden, dtype=dtype)
        visible_bias[:pixels] += far
        weights[:pixels] *= strong
        rbm = weights, visible_bias, hidden_bias + dtype(far)
        images = rng.random((count, pixels)).astype(dtype)
        got = answers.call("read", images, *rbm)
        expect.finite(got, hint="exp(1000) is infinite. Take off the lowest of the ten free energies before.")
        expect.close(got, boltzmann.read(images, *rbm), rtol=5e-3, atol=3e-3, hint=hint)


@exercise.question("machine", points=3, title="A machine that reads", seconds=120)
def machine(answers: Answers, expect: Expect) -> None:
    """`machine`, three arrays that learnt digits and their labels."""
    images, labels = unseen_digits(PIXELS)
    with expect.part(points=1, title="what it knows of digits"):
        hint = (
            "So much lower is the free energy of digits than that of pictures whose pixels come each from another "
            "digit. Biases alone give 0. Does the training go uphill, and long enough?"
        )
        expect.at_least(told_apart(_learnt(answers, expect), images, labels), NATS, hint=hint)
    learnt = _learnt(answers, expect)
    outputs = boltzmann.read(images, *learnt)
    seen = load_mnist().x_train[:SEEN].reshape(-1, PIXELS) / np.float32(255)
    flag_by_heart(expect, accuracy(boltzmann.read(seen, *learnt), load_mnist().y_train[:SEEN]), outputs)
    hint, right = "Did it see each label beside its own picture, in the ten last units?", accuracy(outputs, labels)
    expect.at_least(right, BARS[0], hint=hint)
    with expect.part(points=1, title=f"{BARS[1]:.0%} of the test digits"):
        expect.at_least(right, BARS[1], hint="More passes over the digits, a larger rate, more hidden units?")


def _learnt(answers: Answers, expect: Expect) -> Rbm:
    """The learner's machine, whose visible units are the pixels and the label units behind them."""
    arrays, visible = answers.value("machine"), PIXELS + CLASSES
    expect.several(arrays, "weights, visible_bias, hidden_bias", hint="Three arrays, as in the questions above.")
    expect.shape(arrays[0], (visible, None), hint="A row of weights for each visible unit: 784 pixels and ten labels.")
    hidden = np.shape(arrays[0])[1]
    expect.true(
        hidden <= MACHINE_UNITS,
        f"The machine has {hidden:,} hidden units.",
        hint="So many take the check too long: train fewer, of which two hundred will do.",
        expected=f"at most {MACHINE_UNITS:,}",
        got=f"{hidden:,}",
    )
    for part, length in zip(arrays[1:], (visible, hidden)):
        expect.shape(part, (length,), hint="One bias for each unit of the layer.")
    for part in arrays:
        expect.finite(part, hint="Did the training diverge? A smaller rate helps.")
    weights, visible_bias, hidden_bias = (np.asarray(part, dtype=np.float64) for part in arrays)
    return weights, visible_bias, hidden_bias


def told_apart(rbm: Rbm, images: np.ndarray, labels: np.ndarray) -> float:
    """By how many nats the mean free energy of the first 1,000 ``images``, thrown to bits, lies below that of pictures
    whose pixels come each from another of them, with the same ``labels``. log Z cancels."""
    rng, units = np.random.default_rng(SEED), np.eye(CLASSES)[labels[:1_000]]
    bits = (rng.random((1_000, PIXELS)) < images[:1_000]).astype(np.float64)
    apart, true = (np.hstack([pixels, units]) for pixels in (rng.permuted(bits, axis=0), bits))
    return float(boltzmann.free_energy(apart, *rbm).mean() - boltzmann.free_energy(true, *rbm).mean())
