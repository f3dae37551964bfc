"""Answers to exercise 14: what the wrong ones are made from, and the right ones."""

from __future__ import annotations

ENERGY = """
def energy(v, h, weights, visible_bias, hidden_bias):
    links = np.sum(v @ weights * h, axis=-1)
    return -(v @ visible_bias) - h @ hidden_bias - links
"""
CONDITIONALS = """
from scipy.special import expit
def hidden_probabilities(v, weights, visible_bias, hidden_bias):
    return expit(v @ weights + hidden_bias)
def visible_probabilities(h, weights, visible_bias, hidden_bias):
    return expit(h @ weights.T + visible_bias)
"""
FREE = """
def free_energy(v, weights, visible_bias, hidden_bias):
    softplus = np.logaddexp(0, v @ weights + hidden_bias)
    return -(v @ visible_bias) - softplus.sum(axis=-1)
"""
NATS = """
from scipy.special import logsumexp
def states(units):
    return (np.arange(2**units)[:, np.newaxis] >> np.arange(units) & 1).astype(float)
def minus_free(v, weights, visible_bias, hidden_bias):
    return v @ visible_bias + np.logaddexp(0, v @ weights + hidden_bias).sum(axis=-1)
def log_likelihood(v, weights, visible_bias, hidden_bias):
    if len(visible_bias) < len(hidden_bias):
        terms = minus_free(states(len(visible_bias)), weights, visible_bias, hidden_bias)
    else:
        terms = minus_free(states(len(hidden_bias)), weights.T, hidden_bias, visible_bias)
    return minus_free(v, weights, visible_bias, hidden_bias) - logsumexp(terms)
"""
FILL = """
from scipy.special import expit
def throw(p, rng):
    return (rng.random(p.shape) < p).astype(float)
def fill_in(v, known, weights, visible_bias, hidden_bias, steps, seed):
    rng = np.random.default_rng(seed)
    given = v
    for _ in range(steps):
        h = throw(expit(v @ weights + hidden_bias), rng)
        v = throw(expit(h @ weights.T + visible_bias), rng)
        v = np.where(known, given, v)
    return v
"""
DIVERGENCE = """
from scipy.special import expit
def throw(p, rng):
    return (rng.random(p.shape) < p).astype(float)
def contrastive_divergence(v, weights, visible_bias, hidden_bias, steps, seed):
    rng = np.random.default_rng(seed)
    seen = expit(v @ weights + hidden_bias)
    w, felt = v, seen
    for _ in range(steps):
        h = throw(felt, rng)
        w = throw(expit(h @ weights.T + visible_bias), rng)
        felt = expit(w @ weights + hidden_bias)
    n = len(v)
    return (v.T @ seen - w.T @ felt) / n, v.mean(axis=0) - w.mean(axis=0), seen.mean(axis=0) - felt.mean(axis=0)
"""
PATH = """
def path_weights(path, betas, weights, visible_bias, hidden_bias, base_bias):
    def log_p(v, beta):
        bias = (1 - beta) * base_bias + beta * visible_bias
        return v @ bias + np.logaddexp(0, beta * (v @ weights + hidden_bias)).sum(axis=-1)
    total = np.logaddexp(0, base_bias).sum() + len(hidden_bias) * np.log(2)
    for k, v in enumerate(path):
        total = total + log_p(v, betas[k + 1]) - log_p(v, betas[k])
    return total
"""
READ = """
def read(images, weights, visible_bias, hidden_bias):
    minus = []
    for label in np.eye(10):
        v = np.hstack([images, np.tile(label, (len(images), 1))])
        minus.append(v @ visible_bias + np.logaddexp(0, v @ weights + hidden_bias).sum(axis=1))
    minus = np.array(minus).T
    shares = np.exp(minus - minus.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)
"""

RIGHT = {
    "energy": [
        ENERGY,
        """
        def energy(v, h, weights, visible_bias, hidden_bias):
            on = np.einsum("...i,i->...", v, visible_bias) + np.einsum("...j,j->...", h, hidden_bias)
            return -on - np.einsum("...i,ij,...j->...", v, weights, h)
        """,
        """
        def energy(v, h, weights, visible_bias, hidden_bias):
            made = np.empty(v.shape[:-1])
            for place in np.ndindex(made.shape):
                made[place] = -sum(
                    v[place][i] * (visible_bias[i] + sum(weights[i, j] * h[place][j] for j in range(len(hidden_bias))))
                    for i in range(len(visible_bias))
                ) - sum(hidden_bias * h[place])
            return made.tolist()
        """,
        """
        def energy(v, h, weights, visible_bias, hidden_bias):  # a unit that is always on holds the biases
            both = np.block([[np.zeros((1, 1)), hidden_bias[None]], [visible_bias[:, None], weights]])
            v, h = (np.concatenate([np.ones((*x.shape[:-1], 1)), x], axis=-1) for x in (v, h))
            return -((v @ both) * h).sum(-1)
        """,
    ],
    "conditionals": [
        CONDITIONALS,
        """
        def sigmoid(x):
            return 0.5 + 0.5 * np.tanh(x / 2)
        def hidden_probabilities(v, weights, visible_bias, hidden_bias):
            return sigmoid(hidden_bias + np.dot(v, weights))
        def visible_probabilities(h, weights, visible_bias, hidden_bias):
            return sigmoid(visible_bias + np.einsum("...j,ij->...i", h, weights))
        """,
        """
        def up(v, weights, visible_bias, hidden_bias):
            return np.exp(-np.logaddexp(0, -(v @ weights) - hidden_bias))
        hidden_probabilities = up
        def visible_probabilities(h, weights, visible_bias, hidden_bias):
            return up(h, weights.T, hidden_bias, visible_bias).tolist()
        """,
    ],
    "free_energy": [
        FREE,
        """
        def free_energy(v, weights, visible_bias, hidden_bias):
            x = v @ weights + hidden_bias
            return -np.sum(np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))), axis=-1) - np.dot(v, visible_bias)
        """,
        """
        import itertools
        from scipy.special import logsumexp
        def free_energy(v, weights, visible_bias, hidden_bias):
            states = np.array(list(itertools.product((0.0, 1.0), repeat=len(hidden_bias))))
            minus = (v @ visible_bias)[..., np.newaxis] + (v @ weights + hidden_bias) @ states.T
            return -logsumexp(minus, axis=-1)
        """,
    ],
    "log_likelihood": [
        NATS,
        """
        import itertools
        def log_likelihood(v, weights, visible_bias, hidden_bias):
            def minus_free(v, W, a, b):
                return v @ a + np.logaddexp(0, v @ W + b).sum(axis=-1)
            rbm = weights, visible_bias, hidden_bias
            turned = rbm if weights.shape[0] <= weights.shape[1] else (weights.T, hidden_bias, visible_bias)
            log_z = -np.inf
            for state in itertools.product((0, 1), repeat=len(turned[1])):
                log_z = np.logaddexp(log_z, minus_free(np.array(state, float), *turned))
            return minus_free(v, *rbm) - log_z
        """,
        """
        def log_z(weights, a, b):  # the last unit of the layer b off, and on
            if len(b) == 0:
                return np.logaddexp(0, a).sum()
            off, on = log_z(weights[:, 1:], a, b[1:]), log_z(weights[:, 1:], a + weights[:, 0], b[1:])
            return np.logaddexp(off, b[0] + on)
        def log_likelihood(v, weights, visible_bias, hidden_bias):
            log_p = (v * visible_bias).sum(-1) + np.logaddexp(0, v @ weights + hidden_bias).sum(-1)
            if len(hidden_bias) > len(visible_bias):
                return log_p - log_z(weights.T, hidden_bias, visible_bias)
            return log_p - log_z(weights, visible_bias, hidden_bias)
        """,
    ],
    "fill_in": [
        FILL,
        """
        def fill_in(v, known, weights, visible_bias, hidden_bias, steps, seed):
            dice = np.random.default_rng(seed)
            v = v.copy()
            for _ in range(steps):  # x plus logistic noise is above 0 with the probability sigmoid(x)
                x = v @ weights + hidden_bias
                h = x + dice.logistic(size=x.shape) > 0
                x = h @ weights.T + visible_bias
                v[:, ~known] = (x + dice.logistic(size=x.shape) > 0)[:, ~known]
            return v
        """,
        """
        from scipy.special import expit
        def fill_in(v, known, weights, visible_bias, hidden_bias, steps, seed):
            rng = np.random.default_rng(seed)
            free = np.flatnonzero(np.logical_not(known))
            state = np.array(v, int)
            while steps:
                h = rng.binomial(1, expit(state @ weights + hidden_bias))
                for pixel in free:
                    state[:, pixel] = rng.binomial(1, expit(h @ weights[pixel] + visible_bias[pixel]))
                steps -= 1
            return state
        """,
    ],
    "contrastive_divergence": [
        DIVERGENCE,
        """
        def sigmoid(x):
            return (np.tanh(x / 2) + 1) / 2
        def contrastive_divergence(v, weights, visible_bias, hidden_bias, steps, seed):
            rng = np.random.default_rng(seed)
            dreamt = np.array(v, float)
            for _ in range(steps):
                h = rng.binomial(1, sigmoid(dreamt @ weights + hidden_bias))
                dreamt = rng.binomial(1, sigmoid(h @ weights.T + visible_bias))
            def means(v):
                h = sigmoid(v @ weights + hidden_bias)
                return np.mean(v[:, :, None] * h[:, None], axis=0), np.mean(v, axis=0), np.mean(h, axis=0)
            return [seen - felt for seen, felt in zip(means(v), means(dreamt))]
        """,
        """
        from scipy.special import expit
        def contrastive_divergence(v, weights, visible_bias, hidden_bias, steps, seed):
            rng = np.random.default_rng([seed, 14])
            chain = [v]
            for _ in range(steps):
                x = chain[-1] @ weights + hidden_bias
                y = (x + rng.logistic(size=x.shape) > 0) @ weights.T + visible_bias
                chain.append((y + rng.logistic(size=y.shape) > 0).astype(v.dtype))
            both = np.concatenate([v, chain[-1]])
            sign = np.repeat([1, -1], len(v))[:, np.newaxis] / len(v)
            h = expit(both @ weights + hidden_bias)
            return (sign * both).T @ h, (sign * both).sum(axis=0), (sign * h).sum(axis=0)
        """,
    ],
    "path_weights": [
        PATH,
        """
        def path_weights(path, betas, weights, visible_bias, hidden_bias, base_bias):
            rise = np.diff(betas)[:, np.newaxis] * (path @ (visible_bias - base_bias))
            inputs = path @ weights + hidden_bias
            betas = np.reshape(betas, (-1, 1, 1))
            rise = rise + (np.logaddexp(0, betas[1:] * inputs) - np.logaddexp(0, betas[:-1] * inputs)).sum(-1)
            return rise.sum(axis=0) + np.logaddexp(0, base_bias).sum() + np.log(2.0) * weights.shape[1]
        """,
        """
        def path_weights(path, betas, weights, visible_bias, hidden_bias, base_bias):
            def free(v, beta):
                bias = base_bias + beta * (visible_bias - base_bias)
                return -np.dot(v, bias) - np.sum(np.log1p(np.exp(beta * (v @ weights + hidden_bias))))
            made = []
            for chain in range(path.shape[1]):
                steps = zip(path[:, chain], betas[:-1], betas[1:])
                made.append(sum(free(v, before) - free(v, after) for v, before, after in steps))
            return np.array(made) + np.log(1 + np.exp(base_bias)).sum() + np.log(2 ** len(hidden_bias))
        """,
    ],
    "read": [
        READ,
        """
        from scipy.special import log_softmax
        def read(images, weights, visible_bias, hidden_bias):  # all completions at once
            of_pixels, of_labels = weights[:-10], weights[-10:]
            inputs = (images @ of_pixels + hidden_bias)[:, np.newaxis] + of_labels  # (n, label, hidden)
            softplus = np.maximum(inputs, 0) + np.log1p(np.exp(-abs(inputs)))
            return np.exp(log_softmax(softplus.sum(-1) + visible_bias[-10:], axis=-1))
        """,
        """
        def read(images, weights, visible_bias, hidden_bias):  # image by image, each share from differences alone
            def free(v):
                return -v @ visible_bias - np.logaddexp(0, weights.T @ v + hidden_bias).sum()
            rows = []
            for image in images.astype("float64"):
                F = [free(np.concatenate([image, np.arange(10) == digit])) for digit in range(10)]
                with np.errstate(over="ignore"):
                    rows.append([1 / sum(np.exp(one - other) for other in F) for one in F])
            return rows
        """,
    ],
}

# Answers in TensorFlow, which are tried once.
TENSORS = {
    "energy": """
        import tensorflow as tf
        def energy(v, h, weights, visible_bias, hidden_bias):
            inputs = tf.tensordot(v, weights, 1) + hidden_bias
            return -tf.reduce_sum(inputs * h, axis=-1) - tf.tensordot(v, visible_bias, 1)
        """,
    "conditionals": """
        import tensorflow as tf
        def hidden_probabilities(v, weights, visible_bias, hidden_bias):
            return tf.sigmoid(tf.tensordot(v, weights, 1) + hidden_bias)
        def visible_probabilities(h, weights, visible_bias, hidden_bias):
            return tf.sigmoid(tf.tensordot(h, tf.transpose(weights), 1) + visible_bias)
        """,
    "free_energy": """
        import tensorflow as tf
        def free_energy(v, weights, visible_bias, hidden_bias):
            inputs = tf.tensordot(v, weights, 1) + hidden_bias
            return -tf.tensordot(v, visible_bias, 1) - tf.reduce_sum(tf.nn.softplus(inputs), axis=-1)
        """,
    "log_likelihood": """
        import tensorflow as tf
        def minus_free(v, W, a, b):
            return tf.tensordot(v, a, 1) + tf.reduce_sum(tf.nn.softplus(tf.tensordot(v, W, 1) + b), axis=-1)
        def log_likelihood(v, weights, visible_bias, hidden_bias):
            v, W, a, b = (tf.constant(part, tf.float64) for part in (v, weights, visible_bias, hidden_bias))
            sides = [(W, a, b), (tf.transpose(W), b, a)]
            small = min(sides, key=lambda side: len(side[1]))
            count = len(small[1])
            states = tf.constant(np.arange(2**count)[:, None] >> np.arange(count) & 1, tf.float64)
            return minus_free(v, W, a, b) - tf.reduce_logsumexp(minus_free(states, *small))
        """,
    "fill_in": """
        import tensorflow as tf
        def fill_in(v, known, weights, visible_bias, hidden_bias, steps, seed):
            v, W, a, b = (tf.constant(part, tf.float32) for part in (v, weights, visible_bias, hidden_bias))
            dice, now = tf.random.Generator.from_seed(seed), v
            for _ in range(steps):
                h = tf.cast(dice.uniform((len(v), len(b))) < tf.sigmoid(now @ W + b), tf.float32)
                thrown = tf.cast(dice.uniform(v.shape) < tf.sigmoid(h @ tf.transpose(W) + a), tf.float32)
                now = tf.where(known, v, thrown)
            return now
        """,
    "contrastive_divergence": """
        import tensorflow as tf
        def contrastive_divergence(v, weights, visible_bias, hidden_bias, steps, seed):  # of the free energies
            v, W, a, b = (tf.constant(part, tf.float64) for part in (v, weights, visible_bias, hidden_bias))
            dice, end = tf.random.Generator.from_seed(seed), v
            for _ in range(steps):
                p = tf.sigmoid(end @ W + b)
                h = tf.cast(dice.uniform(p.shape, dtype=tf.float64) < p, tf.float64)
                p = tf.sigmoid(tf.matmul(h, W, transpose_b=True) + a)
                end = tf.cast(dice.uniform(p.shape, dtype=tf.float64) < p, tf.float64)
            def minus_free(v):
                return tf.linalg.matvec(v, a) + tf.reduce_sum(tf.nn.softplus(v @ W + b), axis=1)
            with tf.GradientTape() as tape:
                tape.watch([W, a, b])
                rise = tf.reduce_mean(minus_free(v)) - tf.reduce_mean(minus_free(end))
            return tuple(tape.gradient(rise, [W, a, b]))
        """,
    "path_weights": """
        import tensorflow as tf
        def path_weights(path, betas, weights, visible_bias, hidden_bias, base_bias):
            x = tf.tensordot(path, weights, 1) + hidden_bias
            total = tf.reduce_sum(tf.nn.softplus(base_bias)) + len(hidden_bias) * np.log(2).astype(path.dtype)
            for k in range(len(path)):
                total += (betas[k + 1] - betas[k]) * tf.linalg.matvec(path[k], visible_bias - base_bias)
                total += tf.reduce_sum(tf.nn.softplus(betas[k + 1] * x[k]) - tf.nn.softplus(betas[k] * x[k]), axis=1)
            return total
        """,
    "read": """
        import tensorflow as tf
        def read(images, weights, visible_bias, hidden_bias):
            dtype = images.dtype
            def minus_free(digit):
                v = tf.concat([images, tf.one_hot(tf.fill([len(images)], digit), 10, dtype=dtype)], axis=1)
                softplus = tf.nn.softplus(v @ weights + hidden_bias)
                return tf.linalg.matvec(v, visible_bias) + tf.reduce_sum(softplus, axis=1)
            return tf.nn.softmax(tf.stack([minus_free(digit) for digit in range(10)], axis=1))
        """,
}

MACHINE = """
from scipy.special import logit
from coursekit.data import load_mnist
mnist = load_mnist()
def mixture(count, scale):  # a hidden unit for each class, on with its label alone; pixels by counting
    pixels, labels = mnist.x_train[:count].reshape(-1, 784) / 255, mnist.y_train[:count]
    ink = (pixels.sum(axis=0) + 1) / (count + 2)
    weights, hidden_bias = np.full((794, 10), -5_000.0), np.empty(10)
    for digit in range(10):
        own = pixels[labels == digit]
        p = (own.sum(axis=0) + 1) / (len(own) + 2)
        weights[:784, digit] = scale * (logit(p) - logit(ink))
        weights[784 + digit, digit] = 500
        hidden_bias[digit] = scale * (np.log1p(-p) - np.log1p(-ink)).sum()
    return weights, np.concatenate([logit(ink), np.zeros(10)]), hidden_bias
machine = mixture(COUNT, SCALE)
"""

TRAINED = """
from scipy.special import expit
rng = np.random.default_rng(SEED)
def bits(p):
    return (rng.random(p.shape, dtype="float32") < p).astype("float32")
digits = np.array(digits)
if MIXED:
    digits[:, 784:] = rng.permutation(digits[:, 784:])
ink = np.clip(digits.mean(axis=0), 0.01, 0.99)
W = rng.normal(scale=0.01, size=(794, UNITS)).astype("float32")
a, b = np.log(ink / (1 - ink)), np.zeros(UNITS, "float32")
order = np.concatenate([rng.permutation(len(digits)) for _ in range(PASSES)])
batches = order.reshape(-1, 50)
for step, batch in enumerate(batches):
    rate = np.float32(RATE * (1 - step / len(batches)) / 50)
    v = bits(digits[batch])
    seen = expit(v @ W + b)
    dreamt = bits(expit(bits(seen) @ W.T + a))
    felt = expit(dreamt @ W + b)
    W += rate * (v.T @ seen - dreamt.T @ felt)
    a += rate * (v - dreamt).sum(axis=0)
    b += rate * (seen - felt).sum(axis=0)
machine = W, a, b
"""
