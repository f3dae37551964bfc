import itertools
import math

import numpy as np
import tensorflow as tf
from scipy.special import expit as sigmoid, log_softmax, logsumexp, softmax


def throw(probabilities, rng):
    return (rng.random(probabilities.shape) < probabilities).astype(probabilities.dtype)

# %% energy · right · one matrix holds the biases as well
def energy(v, h, weights, visible_bias, hidden_bias):
    whole = np.block([[weights, visible_bias[:, None]], [hidden_bias[None], np.zeros((1, 1))]])
    one = np.ones((*v.shape[:-1], 1))
    left, right = np.concatenate([v, one], axis=-1), np.concatenate([h, one], axis=-1)
    return -(left[..., None, :] @ whole @ right[..., None])[..., 0, 0]

# %% energy · right · recursion into the axes in front
def energy(v, h, weights, visible_bias, hidden_bias):
    if v.ndim > 1:
        return np.array([energy(*pair, weights, visible_bias, hidden_bias) for pair in zip(v, h)])
    return float(-(visible_bias @ v) - hidden_bias @ h - v @ weights @ h)

# %% energy · wrong · the diagonal of all pairs, which only one axis in front allows
def energy(v, h, weights, visible_bias, hidden_bias):
    links = v @ weights @ h.T
    return -(v @ visible_bias) - h @ hidden_bias - (np.diag(links) if links.ndim else links)

# %% energy · wrong · each state pays for the links of all
def energy(v, h, weights, visible_bias, hidden_bias):
    return -(v @ visible_bias) - h @ hidden_bias - np.sum(v @ weights * h)

# %% conditionals · right · a softmax over off and on
def on(inputs):
    return softmax(np.stack([np.zeros_like(inputs), inputs], axis=-1), axis=-1)[..., 1]


def hidden_probabilities(v, weights, visible_bias, hidden_bias):
    return on(v @ weights + hidden_bias)


def visible_probabilities(h, weights, visible_bias, hidden_bias):
    return on((weights @ h[..., None])[..., 0] + visible_bias)

# %% conditionals · wrong · inputs that are cut at five
def hidden_probabilities(v, weights, visible_bias, hidden_bias):
    return sigmoid(np.clip(v @ weights + hidden_bias, -5, 5))


def visible_probabilities(h, weights, visible_bias, hidden_bias):
    return sigmoid(np.clip(h @ weights.T + visible_bias, -5, 5))

# %% conditionals · wrong · all axes in front become one
def hidden_probabilities(v, weights, visible_bias, hidden_bias):
    return sigmoid(v.reshape(-1, len(weights)) @ weights + hidden_bias)


def visible_probabilities(h, weights, visible_bias, hidden_bias):
    return sigmoid(h.reshape(-1, weights.shape[1]) @ weights.T + visible_bias)

# %% free_energy · right · state after state and unit after unit
def free_energy(v, weights, visible_bias, hidden_bias):
    def of_one(state):
        found = -sum(bit * bias for bit, bias in zip(state, visible_bias))
        for column, bias in zip(weights.T, hidden_bias):
            put_in = sum(bit * weight for bit, weight in zip(state, column)) + bias
            found -= max(put_in, 0) + math.log1p(math.exp(-abs(put_in)))
        return found

    return np.apply_along_axis(of_one, -1, v)

# %% free_energy · wrong · inputs that are cut at five hundred
def free_energy(v, weights, visible_bias, hidden_bias):
    inputs = np.clip(np.float64(v @ weights + hidden_bias), -500, 500)
    return -(v @ visible_bias) - np.log1p(np.exp(inputs)).sum(axis=-1)

# %% free_energy · wrong · the softplus of a sum
def free_energy(v, weights, visible_bias, hidden_bias):
    return -(v @ visible_bias) - np.logaddexp(0, (v @ weights + hidden_bias).sum(axis=-1))

# %% log_likelihood · right · each unit of the smaller layer off and on, by recursion
def log_likelihood(v, weights, visible_bias, hidden_bias):
    def log_sum(rows, biases, inputs):
        if not len(biases):
            return np.logaddexp(0, inputs).sum()
        off = log_sum(rows[1:], biases[1:], inputs)
        return np.logaddexp(off, biases[0] + log_sum(rows[1:], biases[1:], inputs + rows[0]))

    if len(visible_bias) <= len(hidden_bias):
        log_z = log_sum(weights, visible_bias, hidden_bias)
    else:
        log_z = log_sum(weights.T, hidden_bias, visible_bias)
    return v @ visible_bias + np.logaddexp(0, v @ weights + hidden_bias).sum(axis=-1) - log_z

# %% log_likelihood · wrong · Z over the rows that came in
def log_likelihood(v, weights, visible_bias, hidden_bias):
    minus = v @ visible_bias + np.logaddexp(0, v @ weights + hidden_bias).sum(axis=-1)
    return minus - logsumexp(minus)

# %% log_likelihood · wrong · the largest term is taken out and never put back
def log_likelihood(v, weights, visible_bias, hidden_bias):
    minus = v @ visible_bias + np.logaddexp(0, v @ weights + hidden_bias).sum(axis=-1)
    if len(visible_bias) < len(hidden_bias):
        weights, visible_bias, hidden_bias = weights.T, hidden_bias, visible_bias
    states = np.array(list(itertools.product([0.0, 1.0], repeat=len(hidden_bias))))
    terms = states @ hidden_bias + np.logaddexp(0, states @ weights.T + visible_bias).sum(axis=-1)
    return minus - np.log(np.exp(terms - terms.max()).sum())

# %% fill_in · right · known pixels become a part of the hidden biases
def fill_in(v, known, weights, visible_bias, hidden_bias, steps, seed):
    rng, free = np.random.default_rng([seed, 14]), ~known
    pull, bits = hidden_bias + v[:, known] @ weights[known], v[:, free]
    for _ in range(steps):
        h = rng.binomial(1, sigmoid(pull + bits @ weights[free]))
        bits = rng.binomial(1, sigmoid(h @ weights[free].T + visible_bias[free]))
    ends = v.astype(int)
    ends[:, free] = bits
    return ends

# %% fill_in · wrong · known pixels return when the hidden units are thrown already
def fill_in(v, known, weights, visible_bias, hidden_bias, steps, seed):
    rng, now = np.random.default_rng(seed), v
    for _ in range(steps):
        h = throw(sigmoid(now @ weights + hidden_bias), rng)
        now = np.where(known, v, now)
        now = throw(sigmoid(h @ weights.T + visible_bias), rng)
    return np.where(known, v, now)

# %% fill_in · wrong · both layers get the same numbers
def fill_in(v, known, weights, visible_bias, hidden_bias, steps, seed):
    now = v
    for step in range(steps):
        h = throw(sigmoid(now @ weights + hidden_bias), np.random.default_rng([seed, step]))
        thrown = throw(sigmoid(h @ weights.T + visible_bias), np.random.default_rng([seed, step]))
        now = np.where(known, v, thrown)
    return now

# %% contrastive_divergence · right · a tape on the difference of two mean free energies
def contrastive_divergence(v, weights, visible_bias, hidden_bias, steps, seed):
    rng, end = np.random.default_rng(seed), v
    for _ in range(steps):
        h = throw(sigmoid(end @ weights + hidden_bias), rng)
        end = throw(sigmoid(h @ weights.T + visible_bias), rng).astype(v.dtype)
    w, a, b = machine = [tf.constant(part) for part in (weights, visible_bias, hidden_bias)]
    with tf.GradientTape() as tape:
        tape.watch(machine)
        free = [-tf.linalg.matvec(bits, a) - tf.reduce_sum(tf.nn.softplus(bits @ w + b), 1) for bits in (end, v)]
        apart = tf.reduce_mean(free[0]) - tf.reduce_mean(free[1])
    return tape.gradient(apart, machine)

# %% contrastive_divergence · wrong · hidden probabilities of the dream are half a step old
def contrastive_divergence(v, weights, visible_bias, hidden_bias, steps, seed):
    rng, end = np.random.default_rng(seed), v
    for _ in range(steps):
        felt = sigmoid(end @ weights + hidden_bias)
        end = throw(sigmoid(throw(felt, rng) @ weights.T + visible_bias), rng)
    seen = sigmoid(v @ weights + hidden_bias)
    return (v.T @ seen - end.T @ felt) / len(v), (v - end).mean(axis=0), (seen - felt).mean(axis=0)

# %% contrastive_divergence · wrong · products of means
def contrastive_divergence(v, weights, visible_bias, hidden_bias, steps, seed):
    rng, end = np.random.default_rng(seed), v
    for _ in range(steps):
        h = throw(sigmoid(end @ weights + hidden_bias), rng)
        end = throw(sigmoid(h @ weights.T + visible_bias), rng)
    seen, felt = (sigmoid(bits @ weights + hidden_bias).mean(axis=0) for bits in (v, end))
    v, end = v.mean(axis=0), end.mean(axis=0)
    return np.outer(v, seen) - np.outer(end, felt), v - end, seen - felt

# %% path_weights · right · all temperatures at once, in TensorFlow
def path_weights(path, betas, weights, visible_bias, hidden_bias, base_bias):
    inputs = tf.einsum("kci,ij->kcj", path, weights) + hidden_bias
    b = tf.reshape(betas, (-1, 1, 1))
    curved = tf.nn.softplus(b[1:] * inputs) - tf.nn.softplus(b[:-1] * inputs)
    straight = (b[1:] - b[:-1]) * path * (visible_bias - base_bias)
    first = tf.reduce_sum(tf.nn.softplus(base_bias)) + tf.reduce_sum(tf.nn.softplus(0 * hidden_bias))
    return first + tf.reduce_sum(curved, axis=(0, 2)) + tf.reduce_sum(straight, axis=(0, 2))

# %% path_weights · wrong · temperatures are taken for evenly spaced
def path_weights(path, betas, weights, visible_bias, hidden_bias, base_bias):
    inputs = path @ weights + hidden_bias
    betas = np.linspace(0, 1, len(betas))[:, None, None]
    curved = np.logaddexp(0, betas[1:] * inputs) - np.logaddexp(0, betas[:-1] * inputs)
    straight = (np.diff(betas, axis=0) * path * (visible_bias - base_bias)).sum(axis=(0, 2))
    return np.logaddexp(0, base_bias).sum() + len(hidden_bias) * np.log(2) + curved.sum(axis=(0, 2)) + straight

# %% path_weights · wrong · the hidden biases are as they are at each temperature
def path_weights(path, betas, weights, visible_bias, hidden_bias, base_bias):
    def log_p(v, beta):
        inputs = beta * (v @ weights) + hidden_bias
        return v @ ((1 - beta) * base_bias + beta * visible_bias) + np.logaddexp(0, inputs).sum(axis=-1)

    steps = [log_p(v, after) - log_p(v, before) for v, before, after in zip(path, betas, betas[1:])]
    return np.logaddexp(0, base_bias).sum() + np.logaddexp(0, hidden_bias).sum() + sum(steps)

# %% read · right · differences to the free energy of the first label
def read(images, weights, visible_bias, hidden_bias):
    inputs = images @ weights[:-10] + hidden_bias
    first = np.logaddexp(0, inputs + weights[-10])
    apart = [(np.logaddexp(0, inputs + row) - first).sum(axis=1) for row in weights[-10:]]
    return np.exp(log_softmax(np.transpose(apart) + visible_bias[-10:] - visible_bias[-10], axis=1))

# %% read · wrong · the highest of all images is taken off, with the pixels' biases left out
def read(images, weights, visible_bias, hidden_bias):
    inputs = images @ weights[:-10] + hidden_bias
    minus = visible_bias[-10:] + np.logaddexp(0, inputs[:, None] + weights[-10:]).sum(axis=2)
    shares = np.exp(minus - minus.max())
    return shares / shares.sum(axis=1, keepdims=True)

# %% read · wrong · each label against none
def read(images, weights, visible_bias, hidden_bias):
    inputs = images @ weights[:-10] + hidden_bias
    none = np.logaddexp(0, inputs).sum(axis=1, keepdims=True)
    return sigmoid(visible_bias[-10:] + np.logaddexp(0, inputs[:, None] + weights[-10:]).sum(axis=2) - none)
