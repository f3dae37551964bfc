"""A treatment beside its control over the same seeds: the paired difference, its interval, and what follows from it."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

MIME = "application/vnd.coursekit.comparison+json"
HOLDS, NOISE, CONTRADICTED = "holds", "within the noise", "contradicted"
BETTER = ("lower", "higher")
LEAST_SEEDS = 2  # one difference has no spread
LARGEST = 1e100  # beyond it, squares overflow
CONFIDENCE = 0.95  # of the interval that gives the verdict
BEYOND_DOUBT = 0.999  # of the one that fails a run


@dataclass(frozen=True)
class Arm:
    """One side of a comparison: its name, and what it reached with each seed."""

    name: str
    values: tuple[float, ...]


@dataclass(frozen=True)
class Comparison:
    """A claim that a treatment is better than its control, with the values that decide it.

    Attributes:
        sentence: the claim, without a full stop.
        measure: what was measured, with its unit where it has one.
        better: ``"lower"`` or ``"higher"``: which values of the measure the claim expects of the treatment.
        treatment, control: the two arms; values at the same place are of the same seed.
        seeds: of the runs, in that order.
        seconds: since the claim before in the lesson, or since its imports: what the claim adds to the lesson's time.
        each: what the pairs are, in one word whose plural ends in s: ``"seed"``, ``"split"``.

    Raises:
        ValueError: what :func:`coursekit.claims.compare` refuses; the message says why.

    >>> control, treatment = Arm("plain", (0.30, 0.31, 0.30)), Arm("dropout", (0.29, 0.31, 0.31))
    >>> comparison = Comparison("Dropout lowers the loss", "loss", "lower", treatment, control, (0, 1, 2))
    >>> comparison.verdict
    'within the noise'
    """

    sentence: str
    measure: str
    better: str
    treatment: Arm
    control: Arm
    seeds: tuple[int, ...]
    seconds: float | None = None
    each: str = "seed"

    def __post_init__(self) -> None:
        if problem := self._in_words() or self._in_numbers():
            raise ValueError(problem)

    @property
    def differences(self) -> list[float]:
        """Treatment minus control, seed by seed."""
        return [ours - theirs for ours, theirs in zip(self.treatment.values, self.control.values)]

    @property
    def effect(self) -> float:
        """The mean of the differences, in the units of the measure."""
        return statistics.fmean(self.differences)

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % t-interval of the mean difference (Student, *The probable error of a mean*, 1908)."""
        return self._interval(CONFIDENCE)

    def _interval(self, confidence: float) -> tuple[float, float]:
        from scipy.special import stdtrit  # scipy.stats has it too, and takes a second to load

        count = len(self.seeds)
        quantile = float(stdtrit(count - 1, (1 + confidence) / 2))
        half = quantile * statistics.stdev(self.differences) / math.sqrt(count)
        return self.effect - half, self.effect + half

    @property
    def verdict(self) -> str:
        """Whether the interval lies on the side that the claim names, holds zero, or lies on the other side."""
        return self._verdict(self.interval)

    @property
    def contradicted_beyond_doubt(self) -> bool:
        """Whether even the 99.9 % interval lies on the other side.

        Where neither arm is better, seeds alone put the 95 % interval there once in forty times, the 99.9 % interval
        once in two thousand.
        """
        return self._verdict(self._interval(BEYOND_DOUBT)) == CONTRADICTED

    def _verdict(self, interval: tuple[float, float]) -> str:
        low, high = interval
        if low <= 0 <= high:
            return NOISE
        return HOLDS if (high < 0) == (self.better == "lower") else CONTRADICTED

    def __str__(self) -> str:
        effect, low, high = self.rounded()
        measure = self.measure[0].upper() + self.measure[1:]
        return (
            f"{self.sentence}: {self.verdict}. {measure}, {self.treatment.name} − {self.control.name}: {effect}, "
            f"95 % interval from {low} to {high}, {self.repeats}."
        )

    @property
    def repeats(self) -> str:
        """How many pairs there are: ``"5 seeds"``."""
        return f"{len(self.seeds)} {self.each}s"

    def rounded(self) -> list[str]:
        """Effect, lower and upper end of the interval, to two digits of half its width.

        An end near zero takes more, for by its side of zero the verdict is told.
        """
        low, high = self.interval
        return rounded((self.effect, low, high), (high - low) / 2, distinct=(low, high))

    def as_data(self) -> dict[str, Any]:
        """As JSON: all attributes, and what follows from them: ``effect``, ``interval``, ``verdict``."""
        data: dict[str, Any] = msgspec.to_builtins(self)
        return data | {"effect": self.effect, "interval": list(self.interval), "verdict": self.verdict}

    def _in_words(self) -> str:
        """What is wrong with the texts; empty if nothing is."""
        if self.better not in BETTER:
            return f"better={self.better!r}: write which values of the measure are better, 'lower' or 'higher'."
        if not self.sentence.strip() or self.sentence.rstrip()[-1] in ".:!?":
            return f"The claim is a sentence without a full stop, as 'Dropout lowers the loss'; got {self.sentence!r}."
        names = self.measure, self.treatment.name, self.control.name
        if not all(map(str.strip, names)):
            return "The measure and both arms need a name."
        if not self.each.isalpha():
            return f"each={self.each!r}: write what the pairs are in one word, such as 'seed' or 'split'."
        if any(text.splitlines() != [text] for text in (self.sentence, *names)):
            return "A claim and its names stand on one line."
        same = self.treatment.name == self.control.name
        return f"Treatment and control have one name, {self.control.name!r}." if same else ""

    def _in_numbers(self) -> str:
        """What is wrong with the values; empty if nothing is."""
        count = len(self.seeds)
        for arm in (self.treatment, self.control):
            if len(arm.values) != count:
                return (
                    f"{arm.name}: {len(arm.values)} values for {self.repeats}; each arm needs one value a {self.each}."
                )
            for seed, value in zip(self.seeds, arm.values):
                if not abs(value) <= LARGEST:
                    return f"{arm.name}, {self.each} {seed}: {value} is no number to compare; did the training diverge?"
        if len(set(self.seeds)) < count:
            return f"The {self.each}s {list(self.seeds)} repeat: a run counted twice makes the interval too narrow."
        if count < LEAST_SEEDS:
            return (
                f"{count} of at least {LEAST_SEEDS} {self.each}s: from fewer pairs the spread of their difference "
                "cannot be told, and neither can what is noise."
            )
        if self.seconds is not None and not 0 <= self.seconds < math.inf:
            return f"{self.seconds} seconds is no time that runs can take."
        constant = all(len(set(arm.values)) == 1 for arm in (self.treatment, self.control))
        if constant and self.effect:
            return f"Every {self.each} gave the same two values: does the {self.each} reach the training?"
        return ""


def rounded(values: Sequence[float], uncertainty: float, distinct: Sequence[float] = ()) -> list[str]:
    """Values with their signs, to two digits of their uncertainty and at most six of their own.

    They have as many decimals more as those in ``distinct`` need that are not zero, so as not to look like it.

    >>> rounded([-0.24833, -0.26401, 0], uncertainty=0.0157)
    ['−0.248', '−0.264', '0.000']
    >>> rounded([-1.988, -3.96, -0.016], uncertainty=1.97), rounded([-3.96, -0.016], 1.97, distinct=[-0.016])
    (['−2.0', '−4.0', '0.0'], ['−3.96', '−0.02'])
    >>> rounded([12.0, 12.0], uncertainty=0)
    ['+12.0000', '+12.0000']
    """
    largest = max(map(abs, values))
    decimals = 5 - _magnitude(largest)
    if uncertainty > 0:
        decimals = min(decimals, 1 - _magnitude(uncertainty))
    decimals = max([decimals, *(-_magnitude(abs(value)) for value in distinct if value)])
    texts = [f"{value:+.{max(0, decimals)}f}".replace("-", "−") for value in values]
    return [text if text.strip("+−0.") else text[1:] for text in texts]


def _magnitude(value: float) -> int:
    return math.floor(math.log10(value)) if value else 0
