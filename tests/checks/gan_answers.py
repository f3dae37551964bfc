"""Answers to exercise 13: what the wrong ones are made from, and the right ones."""

from __future__ import annotations

LOSSES = """
def softplus(z):
    return np.logaddexp(0, z)
def discriminator_loss(real_logits, fake_logits):
    return softplus(-real_logits).mean() + softplus(fake_logits).mean()
def generator_loss(fake_logits):
    return softplus(-fake_logits).mean()
"""
SIZE = """
def transposed_size(size, kernel_size, stride, padding):
    if padding == "same":
        return size * stride
    return (size - 1) * stride + max(kernel_size, stride)
"""
TRANSPOSED = """
def transposed_convolution(x, kernel, stride):
    made = np.zeros((len(x) - 1) * stride + len(kernel))
    for place, number in enumerate(x):
        made[place * stride : place * stride + len(kernel)] += number * kernel
    return made
"""
MODES = """
def count_modes(probabilities, certainty, least):
    classes = probabilities.argmax(axis=1)
    sure = probabilities.max(axis=1) >= certainty
    shares = np.array([np.mean((classes == c) & sure) for c in range(probabilities.shape[1])])
    return int((shares >= least).sum())
"""
FRECHET = """
import scipy.linalg
def frechet_distance(a, b):
    apart = a.mean(axis=0) - b.mean(axis=0)
    A, B = np.cov(a.T), np.cov(b.T)
    values = np.linalg.eigvals(A @ B)
    return apart @ apart + np.trace(A) + np.trace(B) - 2 * np.sqrt(np.maximum(values.real, 0)).sum()
"""
NOISE = """
def add_noise(x, noise, kept):
    kept = np.asarray(kept)
    if kept.ndim:
        kept = kept.reshape(len(x), *[1] * (x.ndim - 1))
    return np.sqrt(kept) * x + np.sqrt(1 - kept) * noise
"""
DDIM = """
def ddim_step(x, noise, kept, kept_next):
    clean = (x - np.sqrt(1 - kept) * noise) / np.sqrt(kept)
    return np.sqrt(kept_next) * clean + np.sqrt(1 - kept_next) * noise
"""
GENERATOR = """
import keras
from keras import ops
radius = 1.0
share = 1.0
@keras.saving.register_keras_serializable()
class Ring(keras.layers.Layer):
    def call(self, z):
        turns = (ops.arctan2(z[:, 1], z[:, 0]) / np.pi + 1) / 2  # from 0 to 1, evenly
        angles = 2 * np.pi * (ops.floor(8 * turns) % 8) / 8
        size = ops.where(ops.abs(8 * turns % 1 - 0.5) < share / 2, radius, 0.0)
        distance = ops.sqrt(z[:, 0] ** 2 + z[:, 1] ** 2)
        turned = 64 * np.pi * turns
        spread = 0.05 * ops.stack([distance * ops.cos(turned), distance * ops.sin(turned)], axis=1)
        return spread + ops.stack([size * ops.cos(angles), size * ops.sin(angles)], axis=1)
generator = keras.Sequential([keras.Input((8,)), Ring()])
"""

RIGHT = {
    "losses": [
        LOSSES,
        """
        from keras import ops
        def discriminator_loss(real_logits, fake_logits):
            return ops.mean(ops.softplus(-real_logits)) + ops.mean(ops.softplus(fake_logits))
        def generator_loss(fake_logits):
            return ops.mean(ops.softplus(-fake_logits))
        """,
        """
        import keras
        entropy = keras.losses.BinaryCrossentropy(from_logits=True)
        def discriminator_loss(real_logits, fake_logits):
            real, fake = (np.asarray(each, "float32") for each in (real_logits, fake_logits))
            return entropy(np.ones_like(real), real) + entropy(np.zeros_like(fake), fake)
        def generator_loss(fake_logits):
            fake = np.asarray(fake_logits, "float32")
            return entropy(np.ones_like(fake), fake)
        """,
        """
        def costs(logits, sign):
            z = -sign * np.asarray(logits, float).ravel()
            return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))
        def discriminator_loss(real_logits, fake_logits):
            return sum(costs(real_logits, 1)) / len(real_logits) + sum(costs(fake_logits, -1)) / len(fake_logits)
        def generator_loss(fake_logits):
            return np.array([costs(fake_logits, 1).mean()], "float32")
        """,
        """
        import tensorflow as tf
        def of(logits, label):
            logits = tf.convert_to_tensor(logits)
            labels = tf.fill(tf.shape(logits), tf.cast(label, logits.dtype))
            return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels, logits))
        def discriminator_loss(real_logits, fake_logits):
            return of(real_logits, 1) + of(fake_logits, 0)
        def generator_loss(fake_logits):
            return of(fake_logits, 1)
        """,
    ],
    "transposed_size": [
        SIZE,
        """
        def transposed_size(size, kernel_size, stride, padding):
            return size * stride + (max(kernel_size - stride, 0) if padding == "valid" else 0)
        """,
        """
        import keras
        def transposed_size(size, kernel_size, stride, padding):
            layer = keras.layers.Conv1DTranspose(1, kernel_size, strides=stride, padding=padding)
            return layer.compute_output_shape((1, size, 1))[1]
        """,
        """
        def transposed_size(size, kernel_size, stride, padding):
            ends = {i * stride + max(kernel_size, stride) for i in range(size)}
            return np.int64(max(ends)) if padding == "valid" else float(size * stride)
        """,
    ],
    "transposed_convolution": [
        TRANSPOSED,
        """
        def transposed_convolution(x, kernel, stride):
            spread = np.zeros(len(x) * stride - stride + 1)
            spread[::stride] = x
            return np.convolve(spread, kernel)
        """,
        """
        def transposed_convolution(x, kernel, stride):
            length = (len(x) - 1) * stride + len(kernel)
            matrix = np.zeros((len(x), length))  # of the convolution
            for row in range(len(x)):
                matrix[row, row * stride : row * stride + len(kernel)] = kernel
            return (matrix.T @ x).tolist()
        """,
        """
        import tensorflow as tf
        def transposed_convolution(x, kernel, stride):
            length = (len(x) - 1) * stride + len(kernel)
            made = tf.nn.conv1d_transpose(
                x[np.newaxis, :, np.newaxis], kernel[:, np.newaxis, np.newaxis], (1, length, 1), stride, "VALID"
            )
            return made[0, :, 0]
        """,
        """
        def transposed_convolution(x, kernel, stride):
            made = []
            for place in range((len(x) - 1) * stride + len(kernel)):
                terms = [
                    x[i] * kernel[place - i * stride] for i in range(len(x)) if 0 <= place - i * stride < len(kernel)
                ]
                made.append(sum(terms))
            return np.array(made, "float32")
        """,
    ],
    "count_modes": [
        MODES,
        """
        def count_modes(probabilities, certainty, least):
            counts = [0] * len(probabilities[0])
            for row in probabilities.tolist():
                best = max(range(len(row)), key=row.__getitem__)
                if row[best] >= certainty:
                    counts[best] += 1
            return sum(count >= least * len(probabilities) for count in counts)
        """,
        """
        from collections import Counter
        def count_modes(probabilities, certainty, least):
            sure = [int(np.argmax(row)) for row in probabilities if row.max() >= certainty]
            return len([c for c, n in Counter(sure).items() if n / len(probabilities) >= least])
        """,
        """
        def count_modes(probabilities, certainty, least):
            best = probabilities.max(axis=1, keepdims=True)
            return ((probabilities == best) & (best >= certainty)).mean(axis=0).__ge__(least).sum()
        """,
        """
        import tensorflow as tf
        def count_modes(probabilities, certainty, least):
            p = tf.convert_to_tensor(probabilities)
            chosen = tf.boolean_mask(tf.argmax(p, axis=1), tf.reduce_max(p, axis=1) >= certainty)
            counts = tf.math.bincount(tf.cast(chosen, tf.int32), minlength=p.shape[1])
            return tf.math.count_nonzero(tf.cast(counts, tf.float64) >= least * len(probabilities))
        """,
    ],
    "frechet_distance": [
        FRECHET,
        """
        import scipy.linalg
        def frechet_distance(a, b):
            a, b = np.asarray(a, float), np.asarray(b, float)
            A, B = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
            values, vectors = np.linalg.eigh(A)
            root = vectors @ np.diag(np.sqrt(np.clip(values, 0, None))) @ vectors.T
            common = np.clip(np.linalg.eigvalsh(root @ B @ root), 0, None)
            return np.sum((a.mean(0) - b.mean(0)) ** 2) + np.trace(A + B) - 2 * np.sum(np.sqrt(common))
        """,
        """
        def frechet_distance(a, b):
            def centred(features):
                return (features - features.mean(axis=0)) / np.sqrt(len(features) - 1)
            x, y = centred(a), centred(b)
            between = np.linalg.norm(a.mean(axis=0) - b.mean(axis=0)) ** 2
            common = np.linalg.norm(x @ y.T, "nuc")
            return between + np.linalg.norm(x) ** 2 + np.linalg.norm(y) ** 2 - 2 * common
        """,
        """
        def frechet_distance(a, b):
            a, b = a.astype(float), b.astype(float)
            A, B = np.cov(a.T), np.cov(b.T)
            def root(matrix):
                u, s, vt = np.linalg.svd(matrix)
                return u * np.sqrt(s) @ vt
            common = root(A) @ B @ root(A)
            distance = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(A + B - 2 * root((common + common.T) / 2))
            return max(0.0, distance)
        """,
        """
        import scipy.linalg
        def frechet_distance(a, b):  # with a little added to each variance, as is often done
            a, b = a.astype(float), b.astype(float)
            little = 1e-8 * np.eye(a.shape[1])
            A, B = np.cov(a, rowvar=False) + little, np.cov(b, rowvar=False) + little
            root = scipy.linalg.sqrtm(A @ B)
            return np.sum((a.mean(0) - b.mean(0)) ** 2) + np.trace(A + B - 2 * root.real)
        """,
    ],
    "add_noise": [
        NOISE,
        """
        def add_noise(x, noise, kept):
            axes = tuple(range(1, x.ndim))
            kept = np.expand_dims(np.broadcast_to(kept, len(x)), axes)
            return kept**0.5 * x + (1 - kept) ** 0.5 * noise
        """,
        """
        def add_noise(x, noise, kept):
            kept = np.asarray(kept, "float32")
            return (np.sqrt(kept) * x.T + np.sqrt(1 - kept) * noise.T).T
        """,
        """
        def add_noise(x, noise, kept):
            shares = np.full(len(x), kept) if np.ndim(kept) == 0 else kept
            rows = [np.sqrt(k) * picture + np.sqrt(1 - k) * other for k, picture, other in zip(shares, x, noise)]
            return np.stack(rows)
        """,
        """
        from keras import ops
        def add_noise(x, noise, kept):
            x, noise = (ops.convert_to_tensor(each, "float32") for each in (x, noise))
            kept = ops.reshape(ops.cast(kept, "float32"), (-1, *[1] * (len(x.shape) - 1)))
            return ops.sqrt(kept) * x + ops.sqrt(1 - kept) * noise
        """,
    ],
    "ddim_step": [
        DDIM,
        """
        def ddim_step(x, noise, kept, kept_next):
            scale = (kept_next / kept) ** 0.5
            return scale * x + ((1 - kept_next) ** 0.5 - scale * (1 - kept) ** 0.5) * noise
        """,
        """
        import math
        def ddim_step(x, noise, kept, kept_next):
            loud, loud_next = (math.sqrt((1 - each) / each) for each in (kept, kept_next))
            return math.sqrt(kept_next) * (x / math.sqrt(kept) + (loud_next - loud) * noise)
        """,
        """
        import tensorflow as tf
        def ddim_step(x, noise, kept, kept_next):
            x, noise = tf.constant(x), tf.constant(noise)
            clean = (x - tf.sqrt(tf.cast(1 - kept, x.dtype)) * noise) / tf.sqrt(tf.cast(kept, x.dtype))
            return tf.sqrt(tf.cast(kept_next, x.dtype)) * clean + tf.sqrt(tf.cast(1 - kept_next, x.dtype)) * noise
        """,
    ],
}

TRAINED = """
import keras
import tensorflow as tf
keras.utils.set_random_seed(SEED)

class Game(keras.Model):
    def __init__(self, steps, blur):
        super().__init__()
        self.steps, self.blur = steps, blur
        self.made, self.judged = self.dense(8, 2), self.dense(2, 1)
        self.of_made, self.of_judged = self.adam(self.made), self.adam(self.judged)
        self.done = self.add_weight(shape=(), initializer="zeros", trainable=False, dtype="float32")

    def dense(self, inputs, outputs):
        hidden = [keras.layers.Dense(64, activation="relu") for _ in range(2)]
        return keras.Sequential([keras.Input((inputs,)), *hidden, keras.layers.Dense(outputs)])

    def adam(self, network):
        adam = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.005, self.steps), beta_1=0.5)
        adam.build(network.trainable_variables)
        return adam

    def seen(self, points):
        size = self.blur * tf.maximum(0.0, 1 - self.done / (0.6 * self.steps))
        return self.judged(points + size * tf.random.normal(tf.shape(points)))

    def train_step(self, real):
        cost = keras.losses.BinaryCrossentropy(from_logits=True)
        fake = self.made(tf.random.normal((128, 8)))
        with tf.GradientTape() as tape:
            told = self.seen(real), self.seen(fake)
            loss = cost(tf.ones_like(told[0]), told[0]) + cost(tf.zeros_like(told[1]), told[1])
        weights = self.judged.trainable_variables
        self.of_judged.apply(tape.gradient(loss, weights), weights)
        with tf.GradientTape() as tape:
            told = self.seen(self.made(tf.random.normal((128, 8))))
            loss = cost(tf.ones_like(told), told)
        weights = self.made.trainable_variables
        self.of_made.apply(tape.gradient(loss, weights), weights)
        self.done.assign_add(1.0)
        return {"loss": loss}

points = ring(128 * STEPS, np.random.default_rng(SEED))
game = Game(STEPS, BLUR)
game.compile(steps_per_execution=50)
game.fit(points, batch_size=128, shuffle=False, verbose=0)
generator = game.made
"""
