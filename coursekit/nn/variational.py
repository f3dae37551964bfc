"""Layers whose weights are distributions: Bayes by Backprop (Blundell et al. 2015) for Keras 3.

Each weight has a normal distribution of its own, N(μ, σ²) with σ = softplus(ρ), and a prior N(0, prior_std²). A layer
draws new weights whenever it is called, in training and afterwards, and adds its divergence from the prior, in closed
form and divided by the number of training examples, to the losses of the model: once, however often a model calls the
layer, and while the layer is trainable. So a loss that is a mean negative log-likelihood in nats becomes, with these
additions, the negative evidence lower bound for one example.

Models with these layers are saved as ``.keras``, spreads included. A program that loads one imports a layer first
(``from coursekit.nn import VariationalDense``), so that Keras knows the class.
"""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from coursekit.nn.gaussian import gaussian_kl

Shape = tuple[Any, ...]  # a length of an axis, or None where it may vary


class _Variational(keras.layers.Layer):  # type: ignore[misc, unused-ignore]  # Keras brings no types
    """What both layers share: weights with a mean and a spread, their divergence, and the settings.

    The weights stay in the precision of the variables, also where the layer computes in half precision: a divergence
    of many thousand weights is too large a number for that.
    """

    _own: tuple[str, ...]
    """The settings that one of the layers has for itself."""

    def __init__(
        self,
        training_examples: int,
        activation: Any = None,
        prior_std: float = 1.0,
        initial_std: float = 0.05,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        _check_positive(training_examples=training_examples, prior_std=prior_std, initial_std=initial_std)
        self.training_examples = int(training_examples)
        self.activation = keras.activations.get(activation)
        self.prior_std = float(prior_std)
        self.initial_std = float(initial_std)
        self.use_bias = bool(use_bias)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def _add_weights(self, kernel_shape: tuple[int, ...]) -> None:
        rho = keras.initializers.Constant(math.log(math.expm1(self.initial_std)))
        self.kernel_mean = self._add("kernel_mean", kernel_shape, self.kernel_initializer)
        # A penalty of the weights, and not of a call: it counts once, however often the layer is used in one pass.
        self.kernel_mean.regularizer = lambda _: self.kl() / self.training_examples
        self.kernel_rho = self._add("kernel_rho", kernel_shape, rho)
        if self.use_bias:
            self.bias_mean = self._add("bias_mean", kernel_shape[-1:], "zeros")
            self.bias_rho = self._add("bias_rho", kernel_shape[-1:], rho)

    def _add(self, name: str, shape: tuple[int, ...], initializer: Any) -> Any:
        return self.add_weight(shape=shape, initializer=initializer, name=name, autocast=False)

    @property
    def kernel_std(self) -> Any:
        """Standard deviations of the kernel, a tensor of its shape."""
        return ops.softplus(self.kernel_rho)

    @property
    def bias_std(self) -> Any:
        """Standard deviations of the biases; only where the layer has biases."""
        return ops.softplus(self.bias_rho)

    def kl(self) -> Any:
        """The divergence of all its weights from the prior, in nats: a scalar tensor, not divided by anything."""
        total = gaussian_kl(self.kernel_mean, self.kernel_std, self.prior_std)
        if self.use_bias:
            total += gaussian_kl(self.bias_mean, self.bias_std, self.prior_std)
        return total

    def _cast(self, *weights: Any) -> list[Any]:
        return [ops.cast(weight, self.compute_dtype) for weight in weights]

    def _noise(self, shape: Any) -> Any:
        return keras.random.normal(shape, dtype=self.compute_dtype, seed=self.seed_generator)

    def _signs(self, shape: Any) -> Any:
        bits = keras.random.randint(shape, 0, 2, seed=self.seed_generator)
        return 2.0 * ops.cast(bits, self.compute_dtype) - 1.0

    def get_config(self) -> dict[str, Any]:
        """All settings, so that a model with this layer is saved as ``.keras`` and loaded again."""
        settings: dict[str, Any] = super().get_config()
        names = *self._own, "training_examples", "prior_std", "initial_std", "use_bias", "seed"
        settings |= {name: getattr(self, name) for name in names}
        settings["activation"] = keras.activations.serialize(self.activation)
        settings["kernel_initializer"] = keras.initializers.serialize(self.kernel_initializer)
        return settings


@keras.saving.register_keras_serializable(package="coursekit")
class VariationalDense(_Variational):
    """A dense layer over distributions of weights, with local reparameterisation (Kingma, Salimans & Welling 2015).

    A sum of independent normal weights, times given inputs, is itself normal. So the layer draws its *outputs*, from
    ``N(x·μ, x²·σ²)``: the same as new weights for each example, at the price of one more matrix product, and with a
    gradient of less variance.

    Args:
        units: outputs.
        training_examples: the number N of examples that the model learns from; the divergence is added as KL/N.
        activation: as in ``keras.layers.Dense``.
        prior_std: standard deviation of the prior of every weight and bias.
        initial_std: where the standard deviations σ start.
        use_bias: whether there are biases, with distributions too.
        kernel_initializer: of the means of the kernel; those of the biases start at 0.
        seed: of the draws; None for the one that ``keras.utils.set_random_seed`` sets.
        settings: those from ``prior_std`` on, by name; ``name``, ``dtype`` and what else every Keras layer takes.

    Raises:
        ValueError: ``units``, ``training_examples``, ``prior_std`` or ``initial_std`` is not positive.

    Input ``(…, features)`` and output ``(…, units)``, floats.

    >>> import numpy as np
    >>> layer = VariationalDense(2, training_examples=100, prior_std=0.5, seed=1)
    >>> x = np.ones((1, 3), "float32")
    >>> bool((layer(x) == layer(x)).numpy().all())  # new weights at each call
    False
    >>> layer.count_params()  # a mean and a spread for each of 3 · 2 weights and 2 biases
    16
    >>> bool(abs(layer.losses[0] - layer.kl() / 100) < 1e-6)
    True
    """

    _own = ("units",)

    def __init__(self, units: int, training_examples: int, activation: Any = None, **settings: Any) -> None:
        super().__init__(training_examples, activation, **settings)
        _check_positive(units=units)
        self.units = int(units)

    def build(self, input_shape: Shape) -> None:
        """Make the weights for inputs of this shape."""
        self._add_weights((input_shape[-1], self.units))

    def call(self, inputs: Any) -> Any:
        """Outputs for weights that are drawn anew, independently for each example."""
        kernel_mean, kernel_std = self._cast(self.kernel_mean, self.kernel_std)
        mean = ops.matmul(inputs, kernel_mean)
        variance = ops.matmul(ops.square(inputs), ops.square(kernel_std))
        if self.use_bias:
            bias_mean, bias_std = self._cast(self.bias_mean, self.bias_std)
            mean, variance = mean + bias_mean, variance + ops.square(bias_std)
        floor = 1e-12 if self.compute_dtype in ("float32", "float64") else 1e-7  # a root has no slope at 0
        return self.activation(mean + ops.sqrt(variance + floor) * self._noise(ops.shape(mean)))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """``(…, units)``."""
        return (*input_shape[:-1], self.units)


@keras.saving.register_keras_serializable(package="coursekit")
class VariationalConv2D(_Variational):
    """A convolution over distributions of filters, with flipout (Wen et al. 2018).

    A filter is used at many places, so its outputs there must come from the *same* draw, and drawing outputs one by
    one, as the dense layer does, would be wrong. Flipout draws one disturbance of the filters for the whole batch and
    flips its signs by input and output channel, at random for each example: the right distribution for each example,
    and hardly any correlation between them.

    Args:
        filters: output channels.
        kernel_size: height and width of a filter, one whole number or a pair.
        training_examples: the number N of examples that the model learns from; the divergence is added as KL/N.
        activation: as in ``keras.layers.Conv2D``.
        strides: one whole number or a pair.
        padding: ``"valid"`` or ``"same"``.
        prior_std: standard deviation of the prior of every weight and bias.
        initial_std: where the standard deviations σ start.
        use_bias: whether there are biases, with distributions too.
        kernel_initializer: of the means of the filters; those of the biases start at 0.
        seed: of the draws; None for the one that ``keras.utils.set_random_seed`` sets.
        settings: those from ``prior_std`` on, by name; ``name``, ``dtype`` and what else every Keras layer takes.

    Raises:
        ValueError: a size, ``training_examples``, ``prior_std`` or ``initial_std`` is not positive, or the padding
            is unknown.

    Input ``(batch, height, width, channels)``, output ``(batch, new height, new width, filters)``, floats.

    >>> import numpy as np
    >>> layer = VariationalConv2D(4, 3, training_examples=100)
    >>> tuple(layer(np.ones((2, 8, 8, 1), "float32")).shape), layer.count_params()
    ((2, 6, 6, 4), 80)
    """

    _own = ("filters", "kernel_size", "strides", "padding")

    def __init__(
        self,
        filters: int,
        kernel_size: int | tuple[int, int],
        training_examples: int,
        activation: Any = None,
        strides: int | tuple[int, int] = 1,
        padding: str = "valid",
        **settings: Any,
    ) -> None:
        super().__init__(training_examples, activation, **settings)
        _check_positive(filters=filters)
        self.filters = int(filters)
        self.kernel_size, self.strides = _pair("kernel_size", kernel_size), _pair("strides", strides)
        if padding not in ("valid", "same"):
            raise ValueError(f'padding is "valid" or "same", not {padding!r}.')
        self.padding = padding

    def build(self, input_shape: Shape) -> None:
        """Make the filters for inputs of this shape."""
        self._add_weights((*self.kernel_size, input_shape[-1], self.filters))

    def call(self, inputs: Any) -> Any:
        """Outputs for filters that are drawn anew, nearly independent between examples."""
        batch, channels = ops.shape(inputs)[0], inputs.shape[-1]
        kernel_mean, kernel_std = self._cast(self.kernel_mean, self.kernel_std)
        disturbance = kernel_std * self._noise(kernel_std.shape)
        flipped = self._convolve(inputs * self._signs((batch, 1, 1, channels)), disturbance)
        outputs = self._convolve(inputs, kernel_mean) + flipped * self._signs((batch, 1, 1, self.filters))
        if self.use_bias:
            bias_mean, bias_std = self._cast(self.bias_mean, self.bias_std)
            outputs += bias_mean + bias_std * self._noise((batch, 1, 1, self.filters))
        return self.activation(outputs)

    def _convolve(self, inputs: Any, kernel: Any) -> Any:
        return ops.conv(inputs, kernel, strides=self.strides, padding=self.padding, data_format="channels_last")

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """``(batch, new height, new width, filters)``."""
        kernel = keras.KerasTensor((*self.kernel_size, input_shape[-1], self.filters))
        return tuple(self._convolve(keras.KerasTensor(input_shape), kernel).shape)


def _check_positive(**values: float) -> None:
    for name, value in values.items():
        if not value > 0:
            raise ValueError(f"{name} must be positive, not {value}.")


def _pair(name: str, value: int | tuple[int, int]) -> tuple[int, int]:
    pair = (value, value) if isinstance(value, int) else tuple(int(each) for each in value)
    if len(pair) != 2 or min(pair) < 1:
        raise ValueError(f"{name} is one positive whole number or two, not {value!r}.")
    return pair
