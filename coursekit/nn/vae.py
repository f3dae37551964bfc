"""The variational autoencoder of lesson 8, for lessons that compare it with other models that draw digits."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops


class BernoulliVAE(keras.Model):  # type: ignore[misc, unused-ignore]  # Keras brings no types
    """A Gaussian encoder and a decoder that gives each pixel a probability of ink (Kingma & Welling 2013).

    Both halves are dense, with two hidden layers. It learns from grey pixels, which it throws to bits anew in each
    step, as lesson 8 does; its loss is the negative evidence lower bound in nats an image. Compile it with an
    optimizer and without a loss, and ``fit`` it on bytes ``(n, pixels)``, with ``validation_data=(bytes,)``.

    Args:
        pixels: numbers in an image.
        latent_dim: latent numbers.
        width: units of each hidden layer.
        ink: mean ink of each pixel, ``(pixels,)`` from 0 to 1, where the decoder starts; a half everywhere if None.
        seed: of the throws.

    Raises:
        ValueError: ``ink`` is not one number from 0 to 1 for each pixel.

    >>> vae = BernoulliVAE(pixels=16, latent_dim=2, width=8)
    >>> vae.compile("adam")
    >>> dots = np.random.default_rng(0).integers(256, size=(64, 16)).astype("uint8")
    >>> history = vae.fit(dots, epochs=1, verbose=0, validation_data=(dots,))
    >>> sorted(history.history)
    ['elbo', 'kl', 'val_elbo', 'val_kl']
    >>> vae.generate(np.zeros((3, 2))).shape
    (3, 16)
    """

    def __init__(
        self, pixels: int = 784, latent_dim: int = 32, width: int = 400, ink: Any = None, seed: int = 0
    ) -> None:
        super().__init__()
        mean = np.full(pixels, 0.5) if ink is None else np.asarray(ink, float)
        if mean.shape != (pixels,) or not (mean.min() >= 0 and mean.max() <= 1):
            raise ValueError(f"ink is one number from 0 to 1 for each of {pixels} pixels.")
        self.latent_dim = int(latent_dim)
        self.encoder = _dense(pixels, width, 2 * latent_dim)
        self.decoder = _dense(latent_dim, width, pixels)
        mean = 0.01 + 0.98 * mean
        self.decoder.layers[-1].bias.assign(np.log(mean / (1 - mean)))
        self.dice = keras.random.SeedGenerator(seed)
        self.means = [keras.metrics.Mean(name) for name in ("elbo", "kl")]
        self.built = True

    @property
    def metrics(self) -> list[Any]:
        """The mean bound and the mean divergence, in nats an image."""
        return self.means

    def terms(self, grey: Any) -> tuple[Any, Any]:
        """Reconstruction and divergence of each image, ``(batch,)`` each, in nats, for pixels thrown anew.

        Args:
            grey: bytes ``(batch, pixels)``.
        """
        share = ops.cast(grey, "float32") / 255
        x = ops.cast(keras.random.uniform(ops.shape(share), seed=self.dice) < share, "float32")
        mean, log_var = ops.split(self.encoder(x), 2, axis=-1)
        epsilon = keras.random.normal(ops.shape(mean), seed=self.dice)
        logits = self.decoder(mean + ops.exp(log_var / 2) * epsilon)
        reconstruction = ops.sum(x * logits - ops.softplus(logits), axis=-1)
        return reconstruction, 0.5 * ops.sum(mean**2 + ops.exp(log_var) - log_var - 1, axis=-1)

    def train_step(self, grey: Any) -> dict[str, Any]:
        """One step up the bound."""
        with tf.GradientTape() as tape:
            reconstruction, kl = self.terms(grey)
            loss = ops.mean(kl - reconstruction)
        self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
        return self._report(reconstruction, kl)

    def test_step(self, grey: Any) -> dict[str, Any]:
        """The bound on images that it does not learn from."""
        return self._report(*self.terms(grey))

    def _report(self, reconstruction: Any, kl: Any) -> dict[str, Any]:
        for metric, value in zip(self.means, (reconstruction - kl, kl)):
            metric.update_state(value)
        return {metric.name: metric.result() for metric in self.means}

    def generate(self, z: Any, batch_size: int = 1000) -> np.ndarray:
        """Probabilities of ink, float32 ``(n, pixels)``, for latent numbers ``(n, latent_dim)``."""
        z = np.asarray(z, "float32")
        parts = [self.decoder(z[start : start + batch_size]) for start in range(0, len(z), batch_size)]
        return np.concatenate([ops.convert_to_numpy(ops.sigmoid(part)) for part in parts])


def _dense(inputs: int, width: int, outputs: int) -> keras.Sequential:
    hidden = [layers.Dense(width, "silu") for _ in range(2)]
    return keras.Sequential([keras.Input((inputs,)), *hidden, layers.Dense(outputs)])
