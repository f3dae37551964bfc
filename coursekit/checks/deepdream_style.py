"""Questions of exercise 15: a step uphill, grain, short waves, heat, attacks, Gram matrices, style, a texture."""

from __future__ import annotations

import numpy as np

from coursekit.checks.shared import accuracy, or_above, unseen_digits
from coursekit.checks.textures import correlation, glass, likeness, maps_of, noise
from coursekit.grading import Answers, Exercise, Expect

exercise = Exercise("15_deepdream_style")

FAINT = 8e-5  # a root mean square beside which 1e-8 is nothing, but the root of 1e-8 is much
CLEAR = 0.002  # how far frequencies lie from the cut
DIGITS = 500  # under attack
NEAR, FAR = 0.2, 0.3  # how far each of their numbers may move: to be read wrongly, and as it is wanted
FEW, SHORT = 5, 0.25  # digits that are asked for first, and the share of it that theirs may move
READS = 0.9  # of all digits, before
STILL_READ, MISLED = 0.25, 0.55  # of all digits, after
# Of all digits, so many more are fooled by their own changes than by those of another digit: with seven readers, by one
# step or ten, with or without momentum, 0.156 (momentum) and more in `attack`, 0.348 in `mislead`; by a mark, about 0.
OWN = 0.07
SURE = 0.9  # the probability of what is wanted, from which on a digit counts as misled
LEFT = 0.05, 0.01  # of the style loss of the start
ALIKE, GROWN = 0.5, 0.1  # correlations, with the style and with the start


@exercise.question("ascent_step", points=2, title="One step uphill")
def ascent_step(answers: Answers, expect: Expect) -> None:
    """`ascent_step(picture, gradient, rate)`: a step along the gradient in which a typical number moves by `rate`."""
    rng = answers.draw("pictures and gradients")
    shapes = (3, 3), (4, 5, 3), (2, 4, 4, 3), (6,)

    def compare(shape: tuple[int, ...], low: float, rate: float, hint: str, faint: bool = False) -> None:
        for dtype in (np.float64, np.float32):
            picture = rng.uniform(low, 1 - low, size=shape).astype(dtype)
            slopes = _gradient(rng, shape)
            gradient = (slopes * FAINT / np.sqrt(np.mean(slopes**2)) if faint else slopes).astype(dtype)
            got = answers.call("ascent_step", picture, gradient, rate)
            expect.shape(got, shape, hint="As many numbers as in `picture`.")
            expect.close(got, _ascent_step(picture, gradient, rate), rtol=1e-4, atol=1e-5, hint=hint)

    with expect.part(points=1, title="far from 0 and 1"):
        hint = (
            "Divide the gradient by its root mean square, the root of the mean of the squares of all its numbers, and "
            "add `rate` times that."
        )
        for shape in shapes:
            compare(shape, 0.4, float(rng.uniform(0.01, 0.04)), hint)
    hint = "A faint gradient makes a whole step, too: 1e-8 is added to the root mean square, not below the root."
    for shape in shapes:
        compare(shape, 0.4, float(rng.uniform(0.01, 0.02)), or_above(expect, hint), faint=True)
    hint = "No number of the picture leaves the range from 0 to 1: what would, stays at its end."
    for shape in shapes:
        compare(shape, 0.0, float(rng.uniform(0.3, 0.6)), or_above(expect, hint))
    hint = "A gradient of zeros has the root mean square 0, and 0 / 0 is no number: add 1e-8 to what you divide by."
    for shape in shapes:
        for dtype in (np.float64, np.float32):
            picture = rng.random(shape).astype(dtype)
            got = answers.call("ascent_step", picture, np.zeros(shape, dtype), 0.3)
            expect.close(got, picture, atol=1e-5, hint=or_above(expect, hint))


def _gradient(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Not a faint one, the last axis uneven, and not around 0."""
    uneven = rng.uniform(0.3, 3, size=shape[-1:]) * 10 ** rng.uniform(-1, 3)
    return np.asarray(rng.normal(loc=0.5, size=shape) * uneven)


def _ascent_step(picture: np.ndarray, gradient: np.ndarray, rate: float) -> np.ndarray:
    length = np.linalg.norm(gradient.astype(np.float64)) / np.sqrt(gradient.size)
    return np.asarray((picture + rate / (length + 1e-8) * gradient).clip(0, 1))


@exercise.question("total_variation", points=2, title="Grain")
def total_variation(answers: Answers, expect: Expect) -> None:
    """`total_variation(picture)`: how far each pixel differs from the one below and the one to its right, added up."""
    rng = answers.draw("pictures")

    def compare(shape: tuple[int, int, int], hint: str) -> None:
        for dtype in (np.float64, np.float32):
            picture = rng.random(shape).astype(dtype)
            got = answers.call("total_variation", picture)
            expect.close(got, _total_variation(picture), rtol=1e-4, atol=1e-4, hint=hint)

    with expect.part(points=1, title="grey pictures"):
        hint = "Two differences a pixel, down and to the right; each counts by its absolute value. Add them up."
        for shape in ((4, 6, 1), (7, 3, 1), (2, 2, 1)):
            compare(shape, hint)
    hint = "Each channel has differences of its own; all are added up."
    for shape in ((4, 5, 3), (6, 3, 2)):
        compare(shape, or_above(expect, hint))
    hint = "The last row has nothing below it, the last column nothing to its right. A single pixel has no neighbours."
    for shape in ((1, 5, 3), (4, 1, 3), (1, 1, 3)):
        compare(shape, or_above(expect, hint))


def _total_variation(picture: np.ndarray) -> float:
    return float(sum(np.abs(np.diff(picture.astype(np.float64), axis=axis)).sum() for axis in (0, 1)))


@exercise.question("high_share", points=2, title="Short waves")
def high_share(answers: Answers, expect: Expect) -> None:
    """`high_share(picture, cut)`: the share of a picture's energy in waves of at least `cut` cycles a pixel."""
    rng = answers.draw("pictures and cuts")

    def compare(shape: tuple[int, ...], contrast: float, hint: str) -> None:
        cut = _cut(rng, shape)
        for dtype in (np.float64, np.float32):
            picture = _picture(rng, shape, contrast).astype(dtype)
            got = answers.call("high_share", picture, cut)
            expect.close(got, _high_share(picture, cut), rtol=2e-3, atol=1e-4, hint=hint)

    with expect.part(points=1, title="grey pictures"):
        hint = (
            "Take off the mean, then np.fft.fft2. The energy of a wave is the square of the absolute value of its "
            "number, its frequency √(fy² + fx²), with np.fft.fftfreq of the height for fy and of the width for fx."
        )
        for shape, contrast in (((12, 18), 1), ((16, 9), 1), ((8, 8), 0.01)):
            compare(shape, contrast, hint)
    hint = (
        "Each channel is transformed by itself, over rows and columns, less its own mean. Then the energies of all "
        "channels are added, before one sum is divided by the other."
    )
    for channels in ((12, 18, 3), (9, 16, 2), (8, 8, 3)):
        compare(channels, 1, or_above(expect, hint))
    hint = "A wave of exactly `cut` cycles a pixel counts as short, and `cut` is 0.25 where it is not given."
    share = float(rng.uniform(0.2, 0.8))
    short, long = np.tile([1.0, 0, -1, 0], 4), np.tile([0, 0.5**0.5, 1, 0.5**0.5, 0, -(0.5**0.5), -1, -(0.5**0.5)], 2)
    wave = np.tile(0.5 + 0.2 * (share**0.5 * short + (1 - share) ** 0.5 * long), (8, 1))
    for picture in (wave, wave.T, np.stack([wave, wave], axis=-1)):
        expect.close(answers.call("high_share", picture), share, rtol=2e-3, hint=or_above(expect, hint))
    hint = "A picture of one colour has no waves at all. Its share is to be 0, and 0 / 0 is no number."
    for picture in (np.full((8, 8), 0.5), np.broadcast_to([0.25, 0.5, 1.0], (8, 16, 3)).copy(), np.zeros((4, 4, 1))):
        expect.close(answers.call("high_share", picture), 0, hint=or_above(expect, hint))


def _frequencies(shape: tuple[int, ...]) -> np.ndarray:
    """In cycles a pixel, for each place of the transform."""
    rows, columns = (np.fft.fftfreq(length) for length in shape[:2])
    return np.asarray(np.sqrt(rows[:, np.newaxis] ** 2 + columns**2))


def _cut(rng: np.random.Generator, shape: tuple[int, ...]) -> float:
    """A frequency near which the picture has none, and where the higher of both, or their sum, tells other waves."""
    frequencies = _frequencies(shape)
    rows, columns = (np.abs(np.fft.fftfreq(length)) for length in shape[:2])
    others = np.stack([np.maximum.outer(rows, columns), np.add.outer(rows, columns)])
    while True:
        cut = float(rng.uniform(0.15, 0.4))
        is_clear = np.abs(frequencies - cut).min() > CLEAR
        if is_clear and ((others >= cut) != (frequencies >= cut)).any(axis=(1, 2)).all():
            return cut


def _picture(rng: np.random.Generator, shape: tuple[int, ...], contrast: float) -> np.ndarray:
    """Noise on two long waves, each channel with as much as it likes of both."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    channels = []
    for _ in range(int(np.prod(shape[2:]))):
        turns = rng.uniform(0, 2 * np.pi, size=2)
        waves = np.sin(2 * np.pi * y / shape[0] + turns[0]) + np.sin(2 * np.pi * x / shape[1] + turns[1])
        noise = rng.normal(size=shape[:2])
        channels.append(rng.uniform(0.2, 0.8) + contrast * rng.uniform(0.02, 0.2) * (0.8 * waves + noise))
    return np.stack(channels, axis=-1).reshape(shape)


def _high_share(picture: np.ndarray, cut: float) -> float:
    """From the transforms without the mean, which is the number at frequency 0."""
    channels = picture.reshape(*picture.shape[:2], -1).astype(np.float64)
    energy = (np.abs(np.fft.fft2(channels, axes=(0, 1))) ** 2).sum(axis=-1)
    frequencies = _frequencies(picture.shape)
    return float(energy[frequencies >= cut].sum() / energy[frequencies > 0].sum())


@exercise.question("grad_cam", points=3, title="Where the class is seen")
def grad_cam(answers: Answers, expect: Expect) -> None:
    """`grad_cam(maps, gradients)`: the heat of given gradients; `class_heat(maps, hidden, output, label)`: that of a
    class, for a head of two layers."""
    rng = answers.draw("maps, gradients and heads")
    shapes = (4, 4, 5), (3, 6, 2), (5, 2, 8)

    def compare(shape: tuple[int, int, int], even: bool, hint: str) -> None:
        maps, gradients = _maps_and_gradients(rng, shape, even)
        for dtype in (np.float64, np.float32):
            got = answers.call("grad_cam", maps.astype(dtype), gradients.astype(dtype))
            expect.shape(got, shape[:2], hint="One number for each place of the maps.")
            expect.close(got, _grad_cam(maps, gradients.mean(axis=(0, 1))), rtol=1e-4, atol=1e-5, hint=hint)

    with expect.part(points=1, title="gradients that are the same everywhere"):
        hint = "Each map times its importance, added up over the channels; what is negative becomes 0. Nothing else."
        for shape in shapes:
            compare(shape, True, hint)
    with expect.part(points=1, title="the heat of a class"):
        hint = (
            "The score is the number of the class before any softmax: relu(the means of the maps @ hidden) @ output, "
            "at `label`. Its gradient with respect to the maps says how it changes with each of their numbers, each of "
            "which is but a small share of a mean; a tape has to watch the maps."
        )
        for shape, label in zip(shapes, (2, 3, 1), strict=True):
            maps, hidden, output = _head(rng, shape, label)
            importance = _importance(maps, hidden, output, label)
            for dtype in (np.float64, np.float32):
                arrays = [each.astype(dtype) for each in (maps, hidden, output)]
                got = answers.call("class_heat", *arrays, label)
                expect.shape(got, shape[:2], hint="One number for each place of the maps.")
                want = _grad_cam(maps, importance)
                expect.close(got, want, rtol=1e-3, atol=1e-5, hint=or_above(expect, hint))
    hint = "The importance of a map is one number: the mean of its gradient over all places."
    for shape in shapes:
        compare(shape, False, or_above(expect, hint))


def _maps_and_gradients(
    rng: np.random.Generator, shape: tuple[int, int, int], even: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Maps from 0 up and gradients, ``even`` or of any kind, with a heat that has places of both kinds."""
    while True:
        maps = rng.uniform(0, 2, size=shape)
        gradients = rng.normal(size=shape[2]) + np.zeros(shape)
        if not even:
            gradients += rng.normal(size=shape)
        if _is_mixed(maps @ gradients.mean(axis=(0, 1))):
            return maps, gradients


def _is_mixed(heat: np.ndarray) -> bool:
    """Whether two numbers or more lie on each side of 0, and none near it."""
    return bool((heat > 0.01).sum() > 1 and (heat < -0.01).sum() > 1 and np.abs(heat).min() > 0.01)


def _grad_cam(maps: np.ndarray, importance: np.ndarray) -> np.ndarray:
    """See Selvaraju et al. (2017), equations 1 and 2."""
    return np.asarray(np.einsum("yxk,k->yx", maps, importance).clip(0))


def _head(
    rng: np.random.Generator, shape: tuple[int, int, int], label: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Maps and the weights of both layers; some of the hidden units are on, and some off, none is near 0."""
    while True:
        maps = rng.uniform(0, 2, size=shape)
        hidden, output = rng.normal(size=(shape[2], 6)), 10 * rng.normal(size=(6, 4))
        sums = maps.mean(axis=(0, 1)) @ hidden
        heat = maps @ _importance(maps, hidden, output, label)
        of_largest = (maps.max(axis=(0, 1)) @ hidden > 0) != (sums > 0)  # units that the largest numbers turn on or off
        is_clear = 2 <= (sums > 0).sum() <= 4 and np.abs(sums).min() > 0.1 and of_largest.any()
        if is_clear and _is_mixed(heat):
            return maps, hidden, output


def _importance(maps: np.ndarray, hidden: np.ndarray, output: np.ndarray, label: int) -> np.ndarray:
    """By the chain rule: at each place of a map the same, so that the mean over places is the number at one of them."""
    on = maps.mean(axis=(0, 1)) @ hidden > 0
    return np.asarray((hidden * on) @ output[:, label] / (maps.shape[0] * maps.shape[1]))


@exercise.question("attack", points=3, title="Fool a reader", seconds=120)
def attack(answers: Answers, expect: Expect) -> None:
    """`fgsm(pictures, gradients, size)`: a step by the signs of given gradients; `attack(pictures, labels, size)`:
    digits that the network `reader` reads wrongly; `mislead(pictures, wanted, size)`: that it reads as what is wanted;
    no number of them farther than `size` from where it was."""
    from scipy.special import softmax

    rng = answers.draw("pictures and gradients")
    with expect.part(points=1, title="a step by given gradients"):
        hint = (
            "Of each gradient only the sign counts: +1, −1, or 0 for a gradient of 0. No number leaves the range from "
            "0 to 1."
        )
        for shape in ((5,), (2, 4, 4, 1), (3, 3, 2, 3)):
            for dtype in (np.float64, np.float32):
                pictures: np.ndarray = rng.random(shape).astype(dtype)
                gradients: np.ndarray = _gradient(rng, shape).astype(dtype)
                gradients.flat[:2] = 0
                size = float(rng.uniform(0.05, 0.4))
                got = answers.call("fgsm", pictures, gradients, size)
                want = (pictures + np.where(gradients > 0, size, 0) - np.where(gradients < 0, size, 0)).clip(0, 1)
                expect.close(got, want, rtol=1e-4, atol=1e-5, hint=hint)
    rng = answers.draw("digits")
    x, y = unseen_digits(28, 28, 1)
    chosen = rng.choice(len(x), DIGITS, replace=False)
    x, y = x[chosen], y[chosen].astype(np.int64)
    wanted = (y + rng.integers(1, 10, size=DIGITS)) % 10
    with expect.part(points=1, title=f"at most {STILL_READ:.0%} are still read rightly"):
        _expect_rules(expect, x[:FEW], answers.call("attack", x[:FEW], y[:FEW], SHORT * NEAR), SHORT * NEAR)
        got = answers.call("attack", x, y, NEAR)
        outputs, exchanged = _outputs(answers, expect, (x, y), got, NEAR)
        still = accuracy(outputs, y)
        expect.true(
            still <= STILL_READ,
            f"`reader` still reads {still:.1%} of the changed digits rightly.",
            hint="The gradient is that of the loss of the right labels, with respect to the pictures, and the step "
            "goes where the loss grows. `reader` gives logits: does the loss know?",
            expected=f"at most {STILL_READ:.0%}",
            got=f"{still:.1%}",
        )
        _expect_own(expect, accuracy(exchanged, y) - still)
    hint = (
        "Where does the loss of the wanted labels fall? One step trusts the gradient of its start. Take ten small "
        "ones, each with the gradient of where you are, and bring the result back to within `size` of the start, and "
        "into the range from 0 to 1, after each."
    )
    _expect_rules(expect, x[:FEW], answers.call("mislead", x[:FEW], wanted[:FEW], SHORT * FAR), SHORT * FAR)
    got = answers.call("mislead", x, wanted, FAR)
    outputs, exchanged = _outputs(answers, expect, (x, y), got, FAR)

    def misled(outputs: np.ndarray, wanted: np.ndarray) -> float:
        chances = softmax(outputs.astype(np.float64), axis=1)
        return float(np.mean(chances[np.arange(DIGITS), wanted] >= SURE))

    share = misled(outputs, wanted)
    expect.true(
        share >= MISLED,
        f"`reader` reads {share:.1%} of the changed digits as it is wanted, and is sure of it.",
        or_above(expect, hint),
        expected=f"at least {MISLED:.0%}",
        got=f"{share:.1%}",
    )
    _expect_own(expect, share - misled(exchanged, wanted[_others(y)]))


def _others(labels: np.ndarray) -> np.ndarray:
    """For each digit the place of another that shows the same; where there is none, its own."""
    places = np.arange(len(labels))
    for label in np.unique(labels):
        places[labels == label] = np.roll(places[labels == label], 1)
    return places


def _expect_own(expect: Expect, more: float) -> None:
    """So many more of the digits are fooled by their own changes than by those of another digit that shows the same."""
    expect.true(
        more >= OWN,
        "What fools `reader` with one digit does so with another that shows the same, nearly as often.",
        hint="Is it a mark, or noise, that this `reader` falls for wherever it stands? The changes of a digit are to "
        "follow from its own gradient, and `reader` is to be the network that the exercise trains.",
        expected=f"at least {100 * OWN:g} more of a hundred digits by their own changes",
        got=f"{100 * more:.1f} more",
    )


def _outputs(
    answers: Answers, expect: Expect, digits: tuple[np.ndarray, np.ndarray], got: np.ndarray, size: float
) -> tuple[np.ndarray, np.ndarray]:
    """What the learner's network gives for the pictures ``got``, if they keep to the rules; and for pictures of which
    each was changed as another one that shows the same.

    Args:
        answers: of the learner.
        expect: of the question.
        digits: the pictures before, and what they show.
        got: the pictures after.
        size: how far a number may be from where it was.
    """
    x, y = digits
    changed = _expect_rules(expect, x, got, size)
    reader, found = answers.model("reader"), []
    for pictures in (x, changed, (x + (changed - x)[_others(y)]).clip(0, 1)):
        outputs = reader.predict(pictures)
        expect.shape(outputs, (len(y), 10), hint="`reader` gives ten numbers for each digit.")
        found.append(np.asarray(outputs))
    before = accuracy(found[0], y)
    expect.true(
        before >= READS,
        f"`reader` reads {before:.1%} of unchanged digits rightly: it is not the network that the exercise trains.",
        hint="Run the cell that trains it again, as it stands in the exercise, then your own.",
        expected=f"at least {READS:.0%}",
        got=f"{before:.1%}",
    )
    return found[1], found[2]


def _expect_rules(expect: Expect, x: np.ndarray, got: np.ndarray, size: float) -> np.ndarray:
    """The pictures ``got``, which lie from 0 to 1 and nowhere farther than ``size`` from ``x``."""
    expect.shape(got, x.shape, hint="As many pictures, of the same shape, as came in.")
    expect.finite(got, hint="Pictures are numbers from 0 to 1.")
    changed = np.asarray(got, dtype=np.float32)
    for extreme in (changed.min(), changed.max()):
        expect.between(float(extreme), -1e-5, 1 + 1e-5, hint="Pictures keep to the range from 0 to 1.")
    farthest = float(np.abs(changed - x).max())
    expect.true(
        farthest <= size + 1e-4,
        "A number of the pictures has moved too far.",
        hint="After all steps, no number may be farther than `size` from where it was in `pictures`.",
        expected=f"at most {size:g}",
        got=f"{farthest:.3g}",
    )
    return changed


@exercise.question("gram", points=2, title="What goes with what")
def gram(answers: Answers, expect: Expect) -> None:
    """`gram(maps)`: for each channel with each other the mean of their product over all places."""
    rng = answers.draw("maps")

    def compare(shape: tuple[int, int, int], hint: str) -> None:
        for dtype in (np.float64, np.float32):
            maps = rng.normal(loc=0.5, size=shape).astype(dtype)
            got = answers.call("gram", maps)
            expect.shape(got, (shape[2], shape[2]), hint="A row and a column for each channel.")
            expect.close(got, _gram(maps), rtol=1e-4, atol=1e-5, hint=hint)

    with expect.part(points=1, title="one channel"):
        hint = "One channel makes one number, the mean of its squares: a sum over places, divided by their count."
        for shape in ((3, 4, 1), (5, 2, 1), (1, 1, 1)):
            compare(shape, hint)
    hint = "Row k, column l: channel k times channel l at each place, and the mean of that over all places."
    for shape in ((3, 4, 2), (4, 4, 4), (2, 7, 5), (1, 1, 3)):
        compare(shape, or_above(expect, hint))


def _gram(maps: np.ndarray) -> np.ndarray:
    """See Gatys, Ecker & Bethge (2016), equation 3; here divided by the count of places."""
    maps = maps.astype(np.float64)
    return np.asarray(np.einsum("yxk,yxl->kl", maps, maps) / (maps.shape[0] * maps.shape[1]))


@exercise.question("style_loss", points=2, title="How far from the style")
def style_loss(answers: Answers, expect: Expect) -> None:
    """`style_loss(maps, style_maps)`: the mean over layers of the squared difference of the Gram matrices, over the
    square of the wanted one."""
    rng = answers.draw("maps")

    def compare(shapes: list[tuple[int, int, int]], others: list[tuple[int, int]], hint: str) -> None:
        for dtype in (np.float64, np.float32):
            maps = [_channels(rng, shape).astype(dtype) for shape in shapes]
            style_maps = [
                _channels(rng, (*other, shape[2])).astype(dtype) for other, shape in zip(others, shapes, strict=True)
            ]
            want = _style_loss(maps, style_maps)
            expect.close(answers.call("style_loss", maps, style_maps), want, rtol=1e-3, atol=1e-5, hint=hint)

    with expect.part(points=1, title="one layer"):
        hint = (
            "The sum of the squares of the difference of both Gram matrices, divided by the sum of the squares of that "
            "of `style_maps`. Gram matrices have one size, whatever the sizes of the maps."
        )
        for shape, other in (((4, 4, 3), (4, 4)), ((3, 5, 4), (6, 2)), ((2, 2, 1), (5, 5))):
            compare([shape], [other], hint)
        hint = "Where places are only shuffled, each with all its channels, the style is the same."
        maps = _channels(rng, (4, 6, 3))
        shuffled = rng.permutation(maps.reshape(24, 3)).reshape(maps.shape)
        expect.close(answers.call("style_loss", [shuffled], [maps]), 0, atol=1e-5, hint=or_above(expect, hint))
    hint = "One number for each layer, by itself; then their mean. Layers may differ in size and in channels."
    for shapes, others in (
        ([(4, 4, 2), (2, 2, 5)], [(4, 4), (2, 2)]),
        ([(6, 4, 3), (3, 2, 4), (2, 1, 6)], [(5, 5), (4, 3), (2, 2)]),
    ):
        compare(shapes, others, or_above(expect, hint))


def _channels(rng: np.random.Generator, shape: tuple[int, int, int]) -> np.ndarray:
    """Maps from 0 up, whose channels differ in size."""
    return np.asarray(rng.uniform(0, 2, size=shape) * rng.uniform(0.3, 2, size=shape[2]))


def _style_loss(maps: list[np.ndarray], style_maps: list[np.ndarray]) -> float:
    pairs = [(_gram(ours), _gram(theirs)) for ours, theirs in zip(maps, style_maps, strict=True)]
    return float(np.mean([np.sum((ours - theirs) ** 2) / np.sum(theirs**2) for ours, theirs in pairs]))


@exercise.question("texture", points=4, title="A texture from noise", seconds=120)
def texture(answers: Answers, expect: Expect) -> None:
    """`weave(style, start)`: a picture that grows out of the noise `start` until it has the style of the picture
    `style`, without being a copy of it."""
    rng = answers.draw("styles and noise")
    left = []
    for style, start in [(glass(rng), noise(rng)) for _ in range(2)]:
        got = answers.call("weave", style, start)
        expect.shape(got, style.shape, hint="A picture of the shape of `start`.")
        expect.finite(got, hint="Did the descent leave the range? Clip the picture after each step.")
        picture = np.asarray(got, dtype=np.float64)
        expect.between(float(picture.min()), -1e-5, 1 + 1e-5, hint="Pictures keep to the range from 0 to 1.")
        expect.between(float(picture.max()), -1e-5, 1 + 1e-5, hint="Pictures keep to the range from 0 to 1.")
        alike = likeness(picture, style)
        expect.true(
            alike <= ALIKE,
            "The picture is a copy of the style, as it is, turned, mirrored or moved.",
            hint="Start from the noise `start`, and let nothing but the style loss lead the way.",
            expected=f"a correlation with the style of at most {ALIKE:g}",
            got=f"{alike:.2f}",
        )
        kept = correlation(picture, start)
        expect.true(
            kept >= GROWN,
            "Of the noise `start` nothing is left in the picture.",
            hint="The descent begins with the picture `start`, and each step changes it a little: a smaller rate?",
            expected=f"a correlation with `start` of at least {GROWN:g}",
            got=f"{kept:.2f}",
        )
        left.append(_left(picture, style, start))

    def expect_left(bar: float, hint: str) -> None:
        most = max(left)
        words = f"The picture still has {most:.1%} of the style loss of `start`."
        expect.true(most <= bar, words, hint, expected=f"at most {bar:.0%}", got=f"{most:.1%}")

    with expect.part(points=2, title=f"at most {LEFT[0]:.0%} of the style loss is left"):
        expect_left(
            LEFT[0],
            "Does each step go downhill, along the gradient of the style loss with respect to the picture? Print the "
            "loss on the way: does it still fall in the end?",
        )
    expect_left(LEFT[1], or_above(expect, "More steps? Steps that become shorter towards the end?"))


def _left(picture: np.ndarray, style: np.ndarray, start: np.ndarray) -> float:
    """The style loss of the picture, over that of the start."""
    wanted = maps_of(style)
    return _style_loss(maps_of(picture), wanted) / _style_loss(maps_of(start), wanted)
