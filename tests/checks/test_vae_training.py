"""The check of exercise 8 on a trained VAE judges it by the bound that it reaches."""

from __future__ import annotations

import numpy as np
import pytest
from answer_tables import run

from coursekit.checks import vae as checks
from coursekit.grading import Expect, NamespaceAnswers, find_exercise

EXERCISE = "08_vae"


def test_the_references_agree_with_the_definition():
    rng = np.random.default_rng(0)
    mean, log_var = np.array([[0.7, -0.2]]), np.array([[-0.5, 0.4]])
    z = mean + np.exp(log_var / 2) * rng.normal(size=(400_000, 2))
    log_q = -0.5 * np.sum((z - mean) ** 2 / np.exp(log_var) + log_var, axis=1)
    log_p = -0.5 * np.sum(z**2, axis=1)
    assert checks._kl(mean, log_var)[0] == pytest.approx((log_q - log_p).mean(), abs=0.01)

    probability = 1 / (1 + np.exp(-np.array([0.3, -2.0])))
    want = np.log(probability[0]) + np.log(1 - probability[1])
    assert checks._log_bernoulli(np.array([1.0, 0.0]), np.array([0.3, -2.0])) == pytest.approx(want)


@pytest.fixture(scope="module")
def silent():
    """An encoder that answers with the prior, and a decoder that draws the mean image: KL 0, about −207 nats."""
    import keras
    from keras import layers

    from coursekit.data import load_mnist

    ink = 0.01 + 0.98 * load_mnist().x_train.reshape(-1, 784).mean(axis=0) / 255
    encoder = keras.Sequential([keras.Input((784,)), layers.Dense(4, kernel_initializer="zeros")])
    decoder = keras.Sequential([keras.Input((2,)), layers.Dense(784, kernel_initializer="zeros")])
    decoder.layers[-1].bias.assign(np.log(ink / (1 - ink)))
    return {"encoder": encoder, "decoder": decoder, "history": {"elbo": [-208.0], "val_elbo": [-207.0]}}


@pytest.mark.parametrize(
    ("low", "high", "source", "want"),
    [
        (-250, -215, "", 4),
        (-250, -215, "history = {'loss': [200.0]}", 3),  # no validation data
        (-250, -215, "del history", 3),
        (-215, -190, "", 2),  # between the bars
        (checks.LOW_BAR, checks.HIGH_BAR, "", 1),
        (-250, -215, "decoder = encoder", 1),
        (-250, -215, "del encoder, decoder, history", 0),
    ],
)
def test_training_is_judged_by_validation_data_and_bars(earned, silent, monkeypatch, low, high, source, want):
    monkeypatch.setattr(checks, "LOW_BAR", low)
    monkeypatch.setattr(checks, "HIGH_BAR", high)
    assert earned(EXERCISE, "training", source, **silent) == want


def test_probabilities_in_place_of_logits_cost_the_bars(earned, silent, monkeypatch):
    import keras

    monkeypatch.setattr(checks, "LOW_BAR", -250)
    monkeypatch.setattr(checks, "HIGH_BAR", -215)
    squashed = keras.Sequential([*silent["decoder"].layers, keras.layers.Activation("sigmoid")])
    assert earned(EXERCISE, "training", "", **silent | {"decoder": squashed}) == 1


def test_bounds_on_other_draws_differ_by_less_than_the_slack(silent):
    encoder, decoder = (NamespaceAnswers(silent).model(name) for name in ("encoder", "decoder"))
    bounds = [checks._elbo(Expect(), encoder, decoder, np.random.default_rng(seed)) for seed in range(6)]
    assert 5 * np.sqrt(2) * np.std(bounds) < checks.CHANCE
    assert -215 < np.mean(bounds) < -200 < checks.LOW_BAR - 50, "the mean image is far below the bars"


def test_a_vae_that_knows_the_notebooks_bits_alone_earns_no_bar(earned, silent, monkeypatch):
    bounds = iter([-100.0, -150.0])
    monkeypatch.setattr(checks, "_elbo", lambda *_: next(bounds))
    assert earned(EXERCISE, "training", "", **silent) == 1


def test_a_decoder_that_remembers_what_the_encoder_saw_earns_no_bar(earned, silent):
    source = """
    import keras
    kept = []
    class Encoder(keras.Sequential):
        def predict(self, x, **_):
            kept[:] = [x]
            return np.zeros((len(x), 4), "float32")
    class Decoder(keras.Sequential):
        def predict(self, z, **_):
            return 60 * (2 * kept[0] - 1)
    encoder = Encoder([keras.Input((784,)), keras.layers.Dense(4)])
    decoder = Decoder([keras.Input((2,)), keras.layers.Dense(784)])
    """
    assert earned(EXERCISE, "training", source, **silent) == 1


def test_a_bound_that_no_vae_reaches_is_reported_and_costs_nothing(silent, monkeypatch):
    monkeypatch.setattr(checks, "_elbo", lambda *_: -60.0)
    result = find_exercise(EXERCISE).find("training").run(NamespaceAnswers(silent))
    assert result.points == 4
    assert "trained on the test digits" in result.flags[0]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("encoder = keras.Sequential([keras.Input((784,)), keras.layers.Dense(5)])", "5 numbers"),
        ("encoder = decoder", "encoder"),
        ("decoder = keras.Sequential([keras.Input((2,)), keras.layers.Dense(28)])", "another shape"),
        ("history = {'val_elbo': []}", "No epoch"),
    ],
)
def test_what_does_not_fit_is_told(silent, source, words):
    namespace = run("import keras\n" + source, silent)
    result = find_exercise(EXERCISE).find("training").run(NamespaceAnswers(namespace))
    assert words in str(result)


def test_a_subclassed_encoder_and_a_model_within_a_model_are_taken(earned, silent, monkeypatch):
    monkeypatch.setattr(checks, "LOW_BAR", -250)
    monkeypatch.setattr(checks, "HIGH_BAR", -215)
    source = """
    import keras
    class Halves(keras.Model):
        def __init__(self):
            super().__init__()
            self.mean = keras.layers.Dense(2, kernel_initializer="zeros")
            self.log_var = keras.layers.Dense(2, kernel_initializer="zeros")
        def call(self, bits):
            return keras.ops.concatenate([self.mean(bits), self.log_var(bits)], axis=-1)
    encoder, decoder = Halves(), keras.Sequential([decoder])
    """
    assert earned(EXERCISE, "training", source, **silent) == 4
