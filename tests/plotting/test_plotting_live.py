from __future__ import annotations

import re
from types import SimpleNamespace

import numpy as np
import pytest

from coursekit.plotting import LiveHistory, alt_text, live


@pytest.fixture
def fit():
    import keras

    def run(*callbacks, steps_per_execution=1, **options):
        x = np.random.default_rng(0).normal(size=(32, 4)).astype("float32")
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
        model.compile("sgd", "mse", steps_per_execution=steps_per_execution)
        return model.fit(x, x[:, 0], verbose=0, callbacks=callbacks, **options)

    return run


@pytest.mark.slow
def test_a_terminal_gets_one_plain_line_an_epoch(fit, capsys):
    watch = LiveHistory()
    history = fit(watch, epochs=3, validation_split=0.25)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    number = r"[\d.e+-]+"
    assert re.fullmatch(rf"epoch 1/3  loss {number}  val_loss {number}  [\d.]+ s, about \d+ s left", lines[0])
    assert re.fullmatch(rf"epoch 3/3  loss {number}  val_loss {number}  [\d.]+ s", lines[2])
    assert watch.history == history.history


def test_epochs_are_aligned_and_a_second_training_starts_anew(fit, capsys):
    watch = LiveHistory()
    fit(watch, epochs=10)
    fit(watch, epochs=1)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("epoch  1/10  loss ")
    assert lines[-1].startswith("epoch 1/1  loss ")
    assert len(watch.history["loss"]) == 1


class Output:
    """Stands in for the output of a notebook cell, and keeps all that it was given."""

    def __init__(self):
        self.shown = []

    def publish(self, data, metadata, display_id, update):
        assert update == bool(self.shown), "the first time a new output, then always the same one"
        self.shown.append((data["text/plain"], metadata))


@pytest.fixture
def output(monkeypatch):
    shown = Output()
    events = SimpleNamespace(register=lambda *_: None, unregister=lambda *_: None)
    monkeypatch.setattr(live, "notebook_shell", lambda: SimpleNamespace(events=events))
    monkeypatch.setattr(live, "publish", shown.publish)
    return shown


def test_a_notebook_is_told_batches_epochs_and_the_time_left(fit, output, monkeypatch):
    monkeypatch.setattr(LiveHistory, "_due", lambda self: True)
    fit(LiveHistory(), epochs=2, batch_size=16, validation_split=0.25)
    notes = [text.split("\n")[0] for text, _ in output.shown]
    assert notes[0] == "epoch 1 of 2, starting"
    assert re.match(r"epoch 1 of 2, batch 1 of 2; loss [\d.]+; about \d+ s left", notes[1])
    assert any(re.match(r"epoch 1 of 2 done; loss [\d.]+  val_loss [\d.]+; about", note) for note in notes)
    assert re.fullmatch(r"2 epochs in \d+ s\.", notes[-1])


def test_a_training_that_goes_on_counts_and_draws_the_epochs_before(fit, output, monkeypatch):
    monkeypatch.setattr(LiveHistory, "_due", lambda self: True)
    monkeypatch.setattr(live.time, "monotonic", iter(range(1000)).__next__)
    watch = LiveHistory(before={"loss": [3.0, 2.0]})
    history = fit(watch, epochs=4, initial_epoch=2, batch_size=16)
    assert watch.history["loss"] == [3.0, 2.0, *history.history["loss"]]
    notes = [text.split("\n")[0] for text, _ in output.shown]
    assert notes[0] == "epoch 3 of 4, starting"
    assert notes[1].startswith("epoch 3 of 4, batch 1 of 2; loss")
    assert notes[-1].startswith("epochs 3 to 4 of 4 in ")
    assert "over 4 epochs" in output.shown[-1][0]
    assert watch.before == {"loss": [3.0, 2.0]}


@pytest.mark.parametrize(("epochs", "told"), [(3, "epoch 3 of 3 in "), (2, "no epoch beyond the first 2 of 2 in ")])
def test_a_training_that_goes_on_for_one_epoch_or_none_says_so(fit, output, epochs, told):
    fit(LiveHistory(before={"loss": [3.0, 2.0]}), epochs=epochs, initial_epoch=2)
    assert output.shown[-1][0].startswith(told)


def test_the_time_left_counts_what_this_training_did(monkeypatch):
    watch = LiveHistory(before={"loss": [3.0, 2.0]})
    watch.set_params({"epochs": 4})
    monkeypatch.setattr(live.time, "monotonic", iter((0.0, 10.0, 10.0)).__next__)
    watch.on_train_begin()
    assert watch._left(2) == "time left: not known yet"
    assert watch._left(3) == "about 10 s left"


def test_batches_are_never_more_than_there_are(fit, output, monkeypatch):
    monkeypatch.setattr(LiveHistory, "_due", lambda self: True)
    fit(LiveHistory(), epochs=1, batch_size=16, steps_per_execution=16)
    assert output.shown[1][0].startswith("epoch 1 of 1, batch 2 of 2; loss")


def test_a_short_training_is_shown_at_its_start_and_end_only(fit, output):
    fit(LiveHistory(every=60), epochs=4)
    assert len(output.shown) == 2
    assert "loss over 4 epochs" in output.shown[-1][1]["alt"]


def test_drawing_takes_a_tenth_of_the_time_at_most(fit, output):
    watch = LiveHistory(every=0)
    fit(watch, epochs=1)
    watch._drawing = 1000.0
    assert not watch._due()


def test_a_training_that_stops_early_says_so(fit, output):
    import keras

    fit(LiveHistory(), keras.callbacks.EarlyStopping("loss", patience=0, min_delta=100), epochs=9)
    assert output.shown[-1][0].startswith("2 of 9 epochs in")


def test_wanted_metrics_are_drawn_and_loss_comes_first():
    watch = LiveHistory()
    watch.history = {"accuracy": [0.5], "loss": [1.0], "val_loss": [2.0], "learning_rate": [0.1]}
    assert [ax.get_ylabel() for ax in watch._draw().axes] == ["loss", "accuracy"]
    watch.metrics = LiveHistory("accuracy").metrics
    assert "training accuracy over 1 epoch" in alt_text(watch._draw())


@pytest.mark.parametrize("metric", ["accuracy", "discriminator_loss", "top_k_categorical_accuracy"])
@pytest.mark.parametrize("best", range(4))
def test_words_above_two_curves_do_not_touch_each_other(metric, best):
    names = [f"generator_{metric}", metric]
    watch = LiveHistory(names)
    curve = [0.5 + 0.1 * (epoch == best if "accuracy" in metric else epoch != best) for epoch in range(4)]
    watch.history = {key: curve for name in names for key in (name, f"val_{name}")}
    figure = watch._draw()
    figure.draw_without_rendering()
    left, right = (
        next(text for text in ax.texts if "epoch" in text.get_text()).get_window_extent() for ax in figure.axes
    )

    assert left.x1 + 4 < right.x0


def test_a_metric_that_is_not_there_is_named(fit, output):
    with pytest.raises(ValueError, match="cannot draw mae: this training has loss"):
        fit(LiveHistory(["mae"]), epochs=2)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"metrics": 5}, "metrics are 5: LiveHistory needs names"),
        ({"metrics": ["loss", 5]}, "metrics are ['loss', 5]: LiveHistory needs names"),
        ({"every": "five"}, "every is 'five': LiveHistory needs a number of seconds"),
    ],
)
def test_a_wrong_type_is_refused_in_a_sentence(options, told):
    with pytest.raises(TypeError, match=re.escape(told)):
        LiveHistory(**options)


@pytest.mark.parametrize("epochs", ["five", 2.5])
def test_epochs_that_are_no_whole_number_are_refused_before_anything_is_shown(fit, output, epochs):
    with pytest.raises(TypeError, match=f"epochs are {epochs!r}: fit needs a whole number"):
        fit(LiveHistory(), epochs=epochs)
    assert output.shown == []
