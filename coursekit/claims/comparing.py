"""What a lesson calls to hold a claim against its control."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence

from coursekit.claims.comparison import MIME, Arm, Comparison
from coursekit.kernel import notebook_shell
from coursekit.results import runs_in_full

_lap = [time.perf_counter()]  # when the last claim was made; at first, when the notebook imported this


class Contradicted(AssertionError):
    """A claim of a lesson does not hold: the 99.9 % interval of the paired difference lies on the other side."""


def compare(
    sentence: str,
    arms: Mapping[str, Iterable[float]],
    *,
    measure: str,
    better: str,
    seeds: Sequence[int] | None = None,
    enough: bool = True,
    each: str = "seed",
) -> None:
    """Show whether a treatment is better than its control, from runs that share their seeds.

    The 95 % t-interval of the paired difference decides: the claim *holds* when it lies on the side that is better, is
    *within the noise* when it holds zero, and is *contradicted* when it lies on the other side. A contradicted claim is
    an error only when the 99.9 % interval lies there too: on another processor a training rounds differently, and where
    neither arm is better one run in forty would stop. In a notebook the line of text stands above a small figure, with
    the values as data for ``coursekit claims``, and with the seconds since the claim before: what it adds to the time
    of the lesson. Elsewhere the line is printed.

    Args:
        sentence: the claim, without a full stop.
        arms: the values of the treatment, then those of its control, each by its name; one value a seed.
        measure: what was measured, with its unit where it has one.
        better: ``"lower"`` or ``"higher"``.
        seeds: of the runs, in the order of the values; 0, 1, 2, … when it is None.
        enough: whether the run is large enough for the claim to be asserted, as in :func:`runs_in_full`.
        each: what the pairs are where they are no seeds, in one word whose plural ends in s: ``"split"``.

    Raises:
        Contradicted: the claim is contradicted, at 99.9 % too, in a run that is large enough.
        RuntimeError: ``enough`` is false in the course's own run at the default sizes.
        ValueError: not two arms; fewer than two seeds; arms of different lengths; a value that is no finite number;
            another direction; a claim, measure or arm without a name; an ``each`` of several words; values that no
            seed changes.

    >>> accuracies = {"batch norm": [0.90, 0.91, 0.90], "none": [0.32, 0.29, 0.35]}
    >>> compare("Batch normalisation raises the accuracy", accuracies, measure="accuracy", better="higher")
    Batch normalisation raises the accuracy: holds. Accuracy, batch norm − none: +0.583,
    95 % interval from +0.496 to +0.671, 3 seeds.
    """
    comparison = _comparison(sentence, arms, measure, better, seeds, each)
    _show(comparison)
    if runs_in_full(enough) and comparison.contradicted_beyond_doubt:
        raise Contradicted(str(comparison))


def _comparison(
    sentence: str,
    arms: Mapping[str, Iterable[float]],
    measure: str,
    better: str,
    seeds: Sequence[int] | None,
    each: str,
) -> Comparison:
    if len(arms) != 2:
        raise ValueError(f"A comparison has two arms, the treatment and then its control; got {list(arms)}.")
    treatment, control = (Arm(name, tuple(map(float, values))) for name, values in arms.items())
    numbers = range(len(control.values)) if seeds is None else map(int, seeds)
    before, _lap[0] = _lap[0], time.perf_counter()
    took = round(_lap[0] - before, 1)
    return Comparison(sentence, measure, better, treatment, control, tuple(numbers), took, each)


def _show(comparison: Comparison) -> None:
    if notebook_shell() is None:
        print(comparison)
        return
    from coursekit.plotting.describing import alt_text  # Matplotlib takes half a second
    from coursekit.plotting.differences import plot_paired_differences
    from coursekit.plotting.display import figure_of, mimebundle, png, publish

    ax = plot_paired_differences(
        comparison.differences,
        comparison.interval,
        comparison.measure,
        (comparison.treatment.name, comparison.control.name),
        comparison.better,
        comparison.each,
    )
    data, metadata = mimebundle(png(figure_of(ax)), alt_text(ax), note=str(comparison))
    publish({MIME: comparison.as_data(), **data}, metadata)
