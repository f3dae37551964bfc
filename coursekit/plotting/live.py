"""A training that can be watched."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import Any

from matplotlib.figure import Figure

from coursekit.kernel import notebook_shell
from coursekit.plotting.describing import alt_text, listing, number, plural
from coursekit.plotting.display import mimebundle, png, publish
from coursekit.plotting.history import plot_history
from coursekit.plotting.style import new_figure
from coursekit.quiet import hush_tensorflow

hush_tensorflow()
import keras  # noqa: E402 (after its noise was hushed)

MOST_METRICS = 3

Logs = dict[str, Any] | None


class LiveHistory(keras.callbacks.Callback):  # type: ignore[misc, unused-ignore]  # Keras brings no types
    """Show the training while it runs: ``model.fit(..., verbose=0, callbacks=[LiveHistory()])``.

    In a notebook it is one figure with a line of text, renewed about once a second, that ends as the described
    figure of the whole training, also when the training is interrupted. Elsewhere it is a plain line an epoch.

    Args:
        metrics: what to draw, as ``("loss", "accuracy")``; the loss and up to two metrics more when it is None.
        every: seconds between two updates of the figure, at least; more when drawing is slow.
        before: the ``history`` of the epochs before, for a training that goes on: ``fit`` with an ``initial_epoch``.

    Attributes:
        history: values after each epoch, by name; as in Keras' ``History``, those before included.

    Raises:
        TypeError: ``metrics`` are not names, or ``every`` is no number; in a training, its ``epochs`` are none.
    """

    def __init__(
        self,
        metrics: Sequence[str] | None = None,
        every: float = 1.0,
        before: Mapping[str, Sequence[float]] | None = None,
    ) -> None:
        super().__init__()
        self.metrics = (metrics,) if isinstance(metrics, str) else metrics
        named = isinstance(metrics, Sequence) and all(isinstance(name, str) for name in metrics)
        if metrics is not None and not named:
            raise TypeError(f"metrics are {metrics!r}: LiveHistory needs names, such as ('loss', 'accuracy').")
        if not isinstance(every, int | float):
            raise TypeError(f"every is {every!r}: LiveHistory needs a number of seconds, such as 1.0.")
        self.every = every
        self.before = {name: list(values) for name, values in (before or {}).items()}
        self.history: dict[str, list[float]] = {}

    def on_train_begin(self, logs: Logs = None) -> None:
        if not isinstance(epochs := self.params.get("epochs", 1), Integral):
            raise TypeError(f"epochs are {epochs!r}: fit needs a whole number, such as epochs=5.")
        self.history = {name: list(values) for name, values in self.before.items()}
        self._begun = self._done
        self._start = self._shown = time.monotonic()
        self._picture: tuple[bytes, str] | None = None
        self._drawing = 0.0
        self._shell = notebook_shell()
        self._output = uuid.uuid4().hex
        if self._shell:
            self._show(f"epoch {self._done + 1} of {self._epochs}, starting", update=False)
            self._shell.events.register("post_run_cell", self._after_cell)

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        self._epoch_start = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        if self._shell and self._due():
            steps = self.params.get("steps")
            count = min(batch + 1, steps or batch + 1)  # Keras counts on to a full row of `steps_per_execution`
            place = f"batch {count} of {steps}" if steps else f"batch {count}"
            done = self._done + (count / steps if steps else 0)
            self._show(f"epoch {self._done + 1} of {self._epochs}, {place}; {_values(logs)}; {self._left(done)}")

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(float(value))
        self._check_metrics()
        self._picture = None
        seconds = time.monotonic() - self._epoch_start
        if not self._shell:
            width = len(str(self._epochs))
            line = f"epoch {self._done:>{width}}/{self._epochs}  {_values(logs)}  {seconds:.1f} s"
            print(line + (f", {self._left(self._done)}" if self._done < self._epochs else ""), flush=True)
        elif self._due():
            self._show(f"epoch {self._done} of {self._epochs} done; {_values(logs)}; {self._left(self._done)}")

    def on_train_end(self, logs: Logs = None) -> None:
        if self._shell:
            self._finish("")

    def _check_metrics(self) -> None:
        unknown = [name for name in self.metrics or () if name not in self.history]
        if unknown:
            if self._shell:
                self._shell.events.unregister("post_run_cell", self._after_cell)
            raise ValueError(f"LiveHistory cannot draw {listing(unknown)}: this training has {listing(self.history)}.")

    @property
    def _epochs(self) -> int:
        return int(self.params.get("epochs", 1))

    @property
    def _done(self) -> int:
        return len(next(iter(self.history.values()), []))

    def _left(self, done: float) -> str:
        """``about 9 s left``, from the mean of the epochs so far; ``done`` counts epochs and their parts."""
        if not (trained := done - self._begun):
            return "time left: not known yet"
        seconds = (time.monotonic() - self._start) / trained * (self._epochs - done)
        return f"about {duration(seconds)} left"

    def _after_cell(self, result: object) -> None:
        """The cell has ended without ``on_train_end``: an interrupt or an error stopped the training."""
        self._finish("Interrupted. ")

    def _finish(self, reason: str) -> None:
        self._shell.events.unregister("post_run_cell", self._after_cell)
        took = duration(time.monotonic() - self._start)
        count = plural(self._done, "epoch") if self._done == self._epochs else f"{self._done} of {self._epochs} epochs"
        if self._begun:
            added = self._done - self._begun
            trained = {0: "no epoch beyond the first", 1: "epoch"}.get(added, f"epochs {self._begun + 1} to")
            count = f"{trained} {self._done} of {self._epochs}"
        self._show(f"{reason}{count} in {took}.")
        self._shell = None

    def _due(self) -> bool:
        """Whether it is time to show something new, with drawing kept to a tenth of the training's time."""
        return time.monotonic() - self._shown >= max(self.every, 10 * self._drawing)

    def _show(self, note: str, update: bool = True) -> None:
        """Renew the one output. The picture is drawn again only when there is a new epoch in it."""
        if self._done and self._picture is None:
            begin = time.monotonic()
            figure = self._draw()
            self._picture = png(figure), alt_text(figure)
            self._drawing = time.monotonic() - begin
        bundle = mimebundle(*self._picture, note) if self._picture else ({"text/plain": note}, {})
        publish(*bundle, display_id=self._output, update=update)
        self._shown = time.monotonic()

    def _draw(self) -> Figure:
        known = [name for name in self.history if not name.startswith("val_") and name != "learning_rate"]
        metrics = self.metrics or sorted(known, key=lambda name: name != "loss")[:MOST_METRICS]
        figure = new_figure((7, 4) if len(metrics) == 1 else (8.8, 3.6))
        for ax, metric in zip(figure.subplots(1, len(metrics), squeeze=False)[0], metrics):
            plot_history(self.history, metric, ax=ax)
        return figure


def duration(seconds: float) -> str:
    """Seconds in words.

    >>> duration(4.12), duration(42), duration(200), duration(7260)
    ('4 s', '42 s', '3 min 20 s', '2 h 1 min')
    """
    seconds = round(seconds)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60} min"


def _values(logs: Logs) -> str:
    return "  ".join(f"{name} {number(float(value))}" for name, value in (logs or {}).items())
