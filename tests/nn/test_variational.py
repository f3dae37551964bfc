"""The variational layers: shapes, distributions, divergence, saving, and the exact posterior of a linear model."""

from __future__ import annotations

import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from coursekit.nn import VariationalConv2D, VariationalDense, gaussian_kl, predictive_samples

LAYERS = {
    "dense": (lambda **kwargs: VariationalDense(3, training_examples=50, **kwargs), (4, 5)),
    "conv": (lambda **kwargs: VariationalConv2D(3, 3, training_examples=50, **kwargs), (4, 6, 6, 2)),
}


def inputs(shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


@pytest.fixture(params=LAYERS)
def made(request):
    make, shape = LAYERS[request.param]
    return make, inputs(shape)


def draws(layer, x, count):
    return np.stack([np.asarray(layer(x)) for _ in range(count)])


def test_the_kl_agrees_with_monte_carlo():
    rng = np.random.default_rng(1)
    mean, std, prior_std = rng.normal(size=6), rng.uniform(0.2, 2, size=6), 1.5
    weights = mean + std * rng.normal(size=(400_000, 6))
    log_q = -np.log(std) - 0.5 * ((weights - mean) / std) ** 2
    log_p = -np.log(prior_std) - 0.5 * (weights / prior_std) ** 2
    assert float(gaussian_kl(mean, std, prior_std)) == pytest.approx((log_q - log_p).sum(1).mean(), abs=0.02)


@pytest.mark.parametrize(("shape", "prior_std"), [((2,), 1.0), ((3,), 0.0), ((3,), -1.0)])
def test_the_kl_refuses_what_it_cannot_use(shape, prior_std):
    with pytest.raises(ValueError, match=r"shapes are|must be positive"):
        gaussian_kl(np.ones(3), np.ones(shape), prior_std)


def test_the_loss_is_the_kl_of_one_example_and_is_added_once(made):
    make, x = made
    layer = make(prior_std=0.7)
    layer(x)
    layer(x)
    (loss,) = layer.losses
    means, spreads = (layer.kernel_mean, layer.bias_mean), (layer.kernel_std, layer.bias_std)
    want = sum(float(gaussian_kl(mean, std, 0.7)) for mean, std in zip(means, spreads))
    assert float(layer.kl()) == pytest.approx(want)
    assert float(loss) == pytest.approx(want / 50)


@pytest.mark.parametrize("use_bias", [True, False])
def test_each_weight_has_a_mean_and_a_spread(made, use_bias):
    make, x = made
    layer = make(initial_std=0.2, use_bias=use_bias)
    layer(x)
    numbers = int(np.prod(layer.kernel_mean.shape)) + 3 * use_bias
    assert layer.count_params() == 2 * numbers
    np.testing.assert_allclose(layer.kernel_std, 0.2, rtol=1e-5)


def test_outputs_have_the_mean_and_spread_of_the_weights(made):
    make, x = made
    layer = make(initial_std=0.3, seed=3)
    layer(x)
    if isinstance(layer, VariationalDense):
        sampled = np.asarray(layer(np.broadcast_to(x, (2000, *x.shape))))
        mean, variance = x @ layer.kernel_mean.numpy(), x**2 @ layer.kernel_std.numpy() ** 2
    else:
        sampled = draws(layer, x, 400)
        convolve = keras.ops.conv
        mean, variance = convolve(x, layer.kernel_mean), convolve(x**2, keras.ops.square(layer.kernel_std))
    std = np.sqrt(np.asarray(variance) + 0.3**2)
    np.testing.assert_allclose(sampled.mean(0), mean, atol=6 * std.max() / np.sqrt(len(sampled)))
    np.testing.assert_allclose(sampled.std(0), std, rtol=6 / np.sqrt(2 * len(sampled)))


def test_examples_of_a_batch_are_drawn_independently(made):
    make, x = made
    layer = make(initial_std=0.3)
    sampled = draws(layer, np.repeat(x[:1], 2, axis=0), 300).reshape(300, 2, -1)
    assert abs(np.corrcoef(sampled[:, 0, 0], sampled[:, 1, 0])[0, 1]) < 0.3


def test_places_of_one_picture_share_their_filters():
    layer = VariationalConv2D(1, 3, training_examples=50, initial_std=0.3, use_bias=False)
    sampled = draws(layer, np.ones((1, 5, 5, 1), "float32"), 20)
    np.testing.assert_allclose(np.ptp(sampled, axis=(2, 3)), 0, atol=1e-5)


def test_a_layer_that_is_called_twice_counts_its_divergence_once(made):
    make, x = made
    layer, source = make(activation="tanh"), keras.Input(x.shape[1:])
    flat = keras.layers.Flatten()
    model = keras.Model(source, keras.layers.Concatenate()([flat(layer(source)), flat(layer(-source))]))
    with tf.GradientTape() as tape:
        model(x)
        (loss,) = model.losses
    assert float(loss) == pytest.approx(float(layer.kl()) / 50)
    assert tape.gradient(loss, layer.kernel_rho.value) is not None
    model.compile("adam", lambda truth, guess: 0 * keras.ops.mean(guess))
    assert model.evaluate(x, x, verbose=0) == pytest.approx(float(loss))
    layer.trainable = False
    assert model.losses == []


@pytest.mark.parametrize("steps", [3, None])
def test_a_layer_that_is_distributed_over_time_counts_its_divergence_once(made, steps):
    make, x = made
    sequences = np.stack([x, x, x], axis=1)
    model = keras.Sequential([keras.Input((steps, *x.shape[1:])), keras.layers.TimeDistributed(make(initial_std=0.5))])
    layer = model.layers[0].layer
    outputs = np.asarray(model(sequences))
    assert outputs.shape[:2] == (len(x), 3)
    assert np.abs(outputs[:, 0] - outputs[:, 1]).min() > 0, "each step of time draws anew"
    (loss,) = model.losses
    assert float(loss) == pytest.approx(float(layer.kl()) / 50)
    before = layer.get_weights()
    model.compile("adam", "mse")
    model.fit(sequences, outputs, verbose=0)
    assert all(np.any(old != new) for old, new in zip(before, layer.get_weights()))


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("strides", [1, 2, (1, 2)])
def test_a_convolution_has_the_shape_of_keras(padding, strides):
    ours = VariationalConv2D(4, (3, 2), training_examples=9, strides=strides, padding=padding)
    theirs = keras.layers.Conv2D(4, (3, 2), strides=strides, padding=padding)
    x = inputs((2, 9, 8, 3))
    assert tuple(ours(x).shape) == tuple(theirs(x).shape) == ours.compute_output_shape(x.shape)
    assert ours.compute_output_shape((None, None, None, 3)) == (None, None, None, 4)


def test_without_spread_it_is_the_layer_of_keras(made):
    make, x = made
    ours = make(initial_std=1e-7, activation="relu")
    ours(x)
    dense = isinstance(ours, VariationalDense)
    theirs = keras.layers.Dense(3, "relu") if dense else keras.layers.Conv2D(3, 3, activation="relu")
    theirs.build(x.shape)
    theirs.set_weights([ours.kernel_mean.numpy(), ours.bias_mean.numpy()])
    np.testing.assert_allclose(ours(x), theirs(x), atol=1e-4)


saving = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # by Keras


@saving
def test_a_model_is_saved_and_loaded(tmp_path):
    model = keras.Sequential(
        [
            keras.Input((6, 6, 1)),
            VariationalConv2D(2, 3, training_examples=20, activation="relu", padding="same", strides=2, prior_std=0.3),
            keras.layers.Flatten(),
            VariationalDense(2, training_examples=20, initial_std=0.1, use_bias=False, seed=4),
        ]
    )
    model.compile("adam", "mse")
    x, y = inputs((20, 6, 6, 1)), inputs((20, 2))
    model.fit(x, y, epochs=1, verbose=0, validation_data=(x, y))
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    for before, after in zip(model.layers, again.layers):
        assert after.get_config() == before.get_config()
        for old, new in zip(before.get_weights(), after.get_weights()):
            np.testing.assert_array_equal(old, new)
    before, after = predictive_samples(model, x, 100), predictive_samples(again, x, 100)
    np.testing.assert_allclose(before.mean(0), after.mean(0), atol=6 * before.std(0).max() * (2 / 100) ** 0.5)


@saving
@pytest.mark.slow
def test_a_saved_model_is_loaded_by_a_program_that_imports_one_of_the_layers(tmp_path):
    model = keras.Sequential([keras.Input((3,)), VariationalDense(2, training_examples=20)])
    model.save(tmp_path / "model.keras")
    code = (
        "import keras; from coursekit.nn import VariationalConv2D; "
        f"print(type(keras.saving.load_model({str(tmp_path / 'model.keras')!r}).layers[0]).__name__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "VariationalDense", done.stderr


def test_the_package_is_imported_without_keras():
    code = "import sys, coursekit.nn; sys.exit('keras' in sys.modules or 'tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("dtype", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision_keeps_the_divergence_and_the_gradient_finite(dtype):
    layers = [
        VariationalConv2D(4, 3, training_examples=1, dtype=dtype),
        keras.layers.Flatten(dtype=dtype),
        VariationalDense(600, training_examples=1, initial_std=1e-3, use_bias=False, dtype=dtype),
    ]
    model = keras.Sequential([keras.Input((8, 8, 1)), *layers])
    with tf.GradientTape() as tape:
        outputs = model(np.zeros((2, 8, 8, 1), "float32"))
        loss = sum(model.losses) + keras.ops.mean(keras.ops.cast(outputs, "float32"))
    assert keras.backend.standardize_dtype(model.losses[1].dtype) == "float32"
    assert float(model.losses[1]) > 65_504  # the largest number of float16
    for slope in tape.gradient(loss, [weight.value for weight in model.trainable_variables]):
        assert np.isfinite(np.asarray(slope)).all()


@pytest.mark.parametrize(
    "make",
    [
        lambda: VariationalDense(0, training_examples=10),
        lambda: VariationalDense(2, training_examples=0),
        lambda: VariationalDense(2, training_examples=10, prior_std=0),
        lambda: VariationalDense(2, training_examples=10, initial_std=-0.1),
        lambda: VariationalConv2D(2, 0, training_examples=10),
        lambda: VariationalConv2D(2, (1, 2, 3), training_examples=10),
        lambda: VariationalConv2D(2, 3, training_examples=10, padding="full"),
    ],
)
def test_settings_that_make_no_sense_are_refused(make):
    with pytest.raises(ValueError, match=r"positive|padding"):
        make()


def test_predictions_in_batches_have_a_row_for_each_input():
    model = keras.Sequential([keras.Input((5,)), VariationalDense(2, training_examples=10)])
    assert predictive_samples(model, inputs((7, 5)), samples=3, batch_size=3).shape == (3, 7, 2)
    for rows, settings in ((7, {"samples": 0}), (7, {"samples": 1, "batch_size": 0}), (0, {"samples": 1})):
        with pytest.raises(ValueError, match="at least 1"):
            predictive_samples(model, inputs((rows, 5)), **settings)


def test_a_linear_model_finds_the_best_independent_normals():
    """The optimum of mean-field inference: means of the exact posterior, spreads 1/sqrt(diagonal of its precision)."""
    keras.utils.set_random_seed(2)
    x = inputs((40, 3)) + np.array([1, 0, 0], "float32")
    noise, prior_std = 0.5, 2.0
    y = (x @ [0.8, -1.2, 0.5] + 0.7 + noise * inputs(40, seed=1))[:, None].astype("float32")
    design = np.column_stack([x, np.ones(40)])
    precision = design.T @ design / noise**2 + np.eye(4) / prior_std**2
    exact_mean = np.linalg.solve(precision, design.T @ y[:, 0] / noise**2)
    layer = VariationalDense(1, training_examples=40, prior_std=prior_std)
    model = keras.Sequential([keras.Input((3,)), layer])
    model.compile(
        keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.02, 3000)),
        lambda truth, mean: keras.ops.mean(keras.ops.square(truth - mean)) / (2 * noise**2),
    )
    tiled_x, tiled_y = np.tile(x, (1000, 1)), np.tile(y, (1000, 1))
    model.fit(tiled_x, tiled_y, batch_size=400, epochs=30, verbose=0, validation_data=(x, y))
    means = np.append(layer.kernel_mean.numpy()[:, 0], layer.bias_mean.numpy())
    spreads = np.append(np.asarray(layer.kernel_std)[:, 0], np.asarray(layer.bias_std))
    np.testing.assert_allclose(means, exact_mean, rtol=0.05)
    np.testing.assert_allclose(spreads, 1 / np.sqrt(np.diag(precision)), rtol=0.05)
