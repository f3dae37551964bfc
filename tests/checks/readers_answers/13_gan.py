import itertools

import keras
import numpy as np
import tensorflow as tf
from keras import ops

# %% losses · right · all at once, weighted by the sizes
def discriminator_loss(real_logits, fake_logits):
    signed = np.concatenate([real_logits, -fake_logits])
    weights = np.concatenate([np.full(real_logits.shape, 1 / len(real_logits)), np.full(fake_logits.shape, 1 / len(fake_logits))])
    return float(-(weights * ops.convert_to_numpy(ops.log_sigmoid(signed))).sum())

def generator_loss(fake_logits):
    return float(ops.mean(-keras.activations.log_sigmoid(ops.convert_to_tensor(fake_logits))))

# %% losses · right · of shape (1,)
def discriminator_loss(real_logits, fake_logits):
    return ops.mean(ops.softplus(-real_logits), axis=0) + ops.mean(ops.softplus(fake_logits), axis=0)

def generator_loss(fake_logits):
    return ops.mean(ops.softplus(-fake_logits), axis=0)

# %% losses · wrong · the sigmoid is kept away from 0
def discriminator_loss(real_logits, fake_logits):
    said = lambda logits: np.clip(1 / (1 + np.exp(-logits)), 1e-7, 1 - 1e-7)
    return -np.log(said(real_logits)).mean() - np.log(1 - said(fake_logits)).mean()

def generator_loss(fake_logits):
    return -np.log(np.clip(1 / (1 + np.exp(-fake_logits)), 1e-7, 1)).mean()

# %% losses · wrong · labels that are smoothed
def discriminator_loss(real_logits, fake_logits):
    each = keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.1)
    return each(ops.ones_like(real_logits), real_logits) + each(ops.zeros_like(fake_logits), fake_logits)

def generator_loss(fake_logits):
    return keras.losses.BinaryCrossentropy(from_logits=True)(ops.ones_like(fake_logits), fake_logits)

# %% transposed_size · right · calls itself
def transposed_size(size, kernel_size, stride, padding):
    if size == 1:
        return stride if padding.lower() == "same" else max(kernel_size, stride)
    return stride + transposed_size(size - 1, kernel_size, stride, padding)

# %% transposed_size · right · by cases, as a float
def transposed_size(size, kernel_size, stride, padding):
    match padding:
        case "same":
            return float(size * stride)
        case "valid":
            return float(size * stride if kernel_size < stride else (size - 1) * stride + kernel_size)

# %% transposed_size · wrong · of PyTorch, with half a kernel of padding
def transposed_size(size, kernel_size, stride, padding):
    around = kernel_size // 2 if padding == "same" else 0
    return (size - 1) * stride - 2 * around + max(kernel_size, stride)

# %% transposed_size · wrong · at least the kernel
def transposed_size(size, kernel_size, stride, padding):
    return size * stride if padding == "same" else max((size - 1) * stride + kernel_size, kernel_size + stride)

# %% transposed_convolution · right · SciPy's way up
from scipy.signal import upfirdn

def transposed_convolution(x, kernel, stride):
    return upfirdn(kernel, x, up=stride)

# %% transposed_convolution · right · the gradient of a convolution
def transposed_convolution(x, kernel, stride):
    wide = tf.zeros(((len(x) - 1) * stride + len(kernel),), x.dtype)
    with tf.GradientTape() as tape:
        tape.watch(wide)
        short = tf.nn.conv1d(wide[None, :, None], kernel[:, None, None], stride, "VALID")[0, :, 0]
    return tape.gradient(short, wide, output_gradients=tf.constant(x))

# %% transposed_convolution · wrong · the mean where kernels meet
def transposed_convolution(x, kernel, stride):
    output = np.zeros((len(x) - 1) * stride + len(kernel))
    hits = np.zeros_like(output)
    for place, value in enumerate(x):
        output[place * stride:place * stride + len(kernel)] += value * kernel
        hits[place * stride:place * stride + len(kernel)] += 1
    return output / hits

# %% transposed_convolution · wrong · added by an index that repeats
def transposed_convolution(x, kernel, stride):
    output = np.zeros((len(x) - 1) * stride + len(kernel))
    where = np.arange(len(x))[:, None] * stride + np.arange(len(kernel))
    output[where] += np.outer(x, kernel)
    return output

# %% count_modes · right · one-hot means in single precision
def count_modes(probabilities, certainty, least):
    probabilities = ops.cast(probabilities, "float32")
    read = ops.one_hot(ops.argmax(probabilities, axis=1), probabilities.shape[1])
    sure = ops.cast(ops.max(probabilities, axis=1) >= certainty, "float32")
    return ops.sum(ops.cast(ops.mean(read * sure[:, None], axis=0) >= least, "int32"))

# %% count_modes · right · sorted
def count_modes(probabilities, certainty, least):
    order = np.argsort(probabilities, axis=1)[:, -1]
    sure = np.take_along_axis(probabilities, order[:, None], axis=1)[:, 0] >= certainty
    order = np.where(sure, order, -1)
    return len([kind for kind, group in itertools.groupby(sorted(order)) if kind >= 0 and len(list(group)) / len(order) >= least])

# %% count_modes · wrong · the doubtful ones read as class 0
def count_modes(probabilities, certainty, least):
    read = np.where(probabilities.max(1) >= certainty, probabilities.argmax(1), 0)
    return int((np.bincount(read) / len(read) >= least).sum())

# %% count_modes · wrong · ten classes are taken for granted
def count_modes(probabilities, certainty, least):
    sure = probabilities[probabilities.max(axis=1) >= certainty]
    return sum(np.mean(sure.argmax(axis=1) == kind) * len(sure) / len(probabilities) >= least for kind in range(10)) if len(sure) else 0

# %% frechet_distance · right · as it is often published, with a millionth added to the variances
from scipy.linalg import sqrtm

def frechet_distance(a, b):
    m, n = a.mean(axis=0), b.mean(axis=0)
    A, B = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    root = sqrtm(A.dot(B))
    if not np.isfinite(root).all():
        offset = np.eye(len(A)) * 1e-6
        root = sqrtm((A + offset).dot(B + offset))
    if np.iscomplexobj(root):
        root = root.real
    return (m - n).dot(m - n) + np.trace(A) + np.trace(B) - 2 * np.trace(root)

# %% frechet_distance · right · a millionth added in any case
from scipy.linalg import sqrtm

def frechet_distance(a, b):
    offset = np.eye(a.shape[1]) * 1e-6
    A, B = np.cov(a, rowvar=False) + offset, np.cov(b, rowvar=False) + offset
    return np.sum((a.mean(axis=0) - b.mean(axis=0)) ** 2) + np.trace(A + B - 2 * sqrtm(A @ B)).real

# %% frechet_distance · wrong · as if A and B had the same eigenvectors
def root(matrix):
    values, vectors = np.linalg.eigh(matrix)
    return vectors * np.sqrt(np.maximum(values, 0)) @ vectors.T

def frechet_distance(a, b):
    A, B = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    return ((a.mean(0) - b.mean(0)) ** 2).sum() + ((root(A) - root(B)) ** 2).sum()

# %% frechet_distance · wrong · the variances only
def frechet_distance(a, b):
    return ((a.mean(0) - b.mean(0)) ** 2).sum() + ((a.std(0, ddof=1) - b.std(0, ddof=1)) ** 2).sum()

# %% add_noise · right · sums of products
def add_noise(x, noise, kept):
    kept = np.ones(x.shape[0]) * kept
    return np.einsum("b,b...->b...", np.sqrt(kept), x) + np.einsum("b,b...->b...", np.sqrt(1 - kept), noise)

# %% add_noise · right · an angle
def add_noise(x, noise, kept):
    angle = np.arccos(np.sqrt(kept))
    while np.ndim(angle) and np.ndim(angle) < np.ndim(x):
        angle = angle[..., None]
    return np.cos(angle) * x + np.sin(angle) * noise

# %% add_noise · wrong · rows of two axes only
def add_noise(x, noise, kept):
    if np.ndim(kept):
        kept = kept[:, None]
    return np.sqrt(kept) * x + np.sqrt(1 - kept) * noise

# %% add_noise · wrong · the first picture's share for all
def add_noise(x, noise, kept):
    kept = np.ravel(kept)[0]
    return np.sqrt(kept) * x + np.sqrt(1 - kept) * noise

# %% ddim_step · right · a turn
def ddim_step(x, noise, kept, kept_next):
    start, end = np.arccos(kept**0.5), np.arccos(kept_next**0.5)
    clean = (x - np.sin(start) * noise) / np.cos(start)
    return np.cos(end) * clean + np.sin(end) * noise

# %% ddim_step · right · a matrix of two by two
def ddim_step(x, noise, kept, kept_next):
    there = np.array([[kept**0.5, (1 - kept) ** 0.5], [0, 1]])
    on = np.array([kept_next**0.5, (1 - kept_next) ** 0.5])
    return np.tensordot(on @ np.linalg.inv(there), np.stack([x, noise]), axes=1)

# %% ddim_step · wrong · fresh noise
def ddim_step(x, noise, kept, kept_next):
    clean = (x - np.sqrt(1 - kept) * noise) / np.sqrt(kept)
    return np.sqrt(kept_next) * clean + np.sqrt(1 - kept_next) * np.random.default_rng(0).normal(size=x.shape)

# %% ddim_step · wrong · nothing is divided
def ddim_step(x, noise, kept, kept_next):
    clean = x - np.sqrt(1 - kept) * noise
    return np.sqrt(kept_next) * clean + np.sqrt(1 - kept_next) * noise

# %% frechet_distance · wrong · complex where the root is
def frechet_distance(a, b):
    A, B = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    gap = a.mean(axis=0) - b.mean(axis=0)
    return gap @ gap + np.trace(A + B - 2 * sqrtm(A @ B))
