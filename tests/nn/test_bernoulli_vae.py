"""The autoencoder of lesson 8 as a class: its bound, what it draws, and what it refuses."""

import keras
import numpy as np
import pytest
from scipy.special import expit

from coursekit.nn import BernoulliVAE, compile_network

BYTES = np.random.default_rng(0).integers(256, size=(200, 16)).astype("uint8")


def test_begins_at_the_mean_ink():
    ink = np.linspace(0.0, 1.0, 16)
    vae = BernoulliVAE(16, latent_dim=2, width=8, ink=ink)
    vae.decoder.layers[-1].kernel.assign(np.zeros((8, 16)))

    np.testing.assert_allclose(vae.generate(np.zeros((1, 2)))[0], 0.01 + 0.98 * ink, atol=1e-6)


def test_the_terms_are_those_of_the_bound():
    """With a decoder that knows nothing, the reconstruction is that of coins; the divergence follows by hand."""
    vae = BernoulliVAE(16, latent_dim=2, width=8)
    for layer in (vae.decoder.layers[-1], vae.encoder.layers[-1]):
        layer.set_weights([np.zeros(shape) for shape in (layer.kernel.shape, layer.bias.shape)])
    vae.encoder.layers[-1].bias.assign([0.5, -1.0, np.log(2.0), 0.0])
    reconstruction, kl = map(np.asarray, vae.terms(BYTES))

    np.testing.assert_allclose(reconstruction, 16 * np.log(0.5), rtol=1e-5)
    np.testing.assert_allclose(kl, 0.5 * (0.25 + 1.0 + (2 - np.log(2) - 1) + 0), rtol=1e-5)


def test_the_bound_rises_as_it_learns():
    keras.utils.set_random_seed(0)
    stripes = np.where(np.arange(16) % 2, 255, 0).astype("uint8") * np.ones((200, 1), "uint8")
    vae = compile_network(BernoulliVAE(16, latent_dim=2, width=16), keras.optimizers.Adam(0.01))
    history = vae.fit(stripes, epochs=15, batch_size=20, verbose=0, validation_data=(stripes,)).history

    assert history["val_elbo"][-1] > 0.3 * 16 * np.log(0.5) > history["val_elbo"][0]
    assert np.abs(vae.generate(np.zeros((1, 2)))[0] - np.arange(16) % 2).max() < 0.4


def test_draws_many_in_parts():
    vae = BernoulliVAE(16, latent_dim=3, width=8)
    z = np.random.default_rng(1).normal(size=(25, 3))
    whole = vae.generate(z)

    np.testing.assert_allclose(vae.generate(z, batch_size=10), whole, rtol=1e-5)
    np.testing.assert_allclose(whole, expit(np.asarray(vae.decoder(z.astype("float32")))), rtol=1e-5)


@pytest.mark.parametrize("ink", [np.full(15, 0.5), np.full(16, 1.5), np.full(16, np.nan), np.full((16, 1), 0.5)])
def test_refuses_ink_that_is_no_probability(ink):
    with pytest.raises(ValueError, match="one number from 0 to 1"):
        BernoulliVAE(16, ink=ink)
