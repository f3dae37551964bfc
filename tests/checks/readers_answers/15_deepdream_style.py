import math

import keras
import numpy as np
import tensorflow as tf
from keras import layers

# %% ascent_step · right · number after number, into a list
def ascent_step(picture, gradient, rate):
    flat = [float(number) for number in gradient.flat]
    size = math.sqrt(math.fsum(number * number for number in flat) / len(flat)) + 1e-8
    moved = [min(max(float(here) + rate * number / size, 0.0), 1.0) for here, number in zip(picture.flat, flat)]
    return np.reshape(moved, picture.shape).tolist()

# %% ascent_step · right · operations of Keras
def ascent_step(picture, gradient, rate):
    size = keras.ops.sqrt(keras.ops.mean(keras.ops.square(gradient))) + 1e-8
    return keras.ops.clip(keras.ops.add(picture, keras.ops.divide(gradient, size) * rate), 0, 1)

# %% ascent_step · wrong · a faint gradient is not stretched to its whole length
def ascent_step(picture, gradient, rate):
    return np.clip(picture + rate * gradient / max(np.sqrt(np.mean(gradient**2)), 1e-4), 0, 1)

# %% ascent_step · wrong · the small number stands below the root
def ascent_step(picture, gradient, rate):
    return np.clip(picture + rate * gradient / np.sqrt(np.mean(gradient**2) + 1e-8), 0, 1)

# %% total_variation · right · products with matrices of differences
def total_variation(picture):
    def steps(count):
        return np.eye(count - 1, count, 1) - np.eye(count - 1, count)

    down = np.tensordot(steps(picture.shape[0]), picture, 1)
    right = np.einsum("ab,hbc->hac", steps(picture.shape[1]), picture)
    return tf.norm(down, 1) + tf.norm(right, 1)

# %% total_variation · right · column after column, then the picture turned by a quarter
def total_variation(picture):
    def across(rest):
        return 0.0 if rest.shape[1] < 2 else np.abs(rest[:, 1] - rest[:, 0]).sum() + across(rest[:, 1:])

    return across(picture) + across(np.rot90(picture))

# %% total_variation · wrong · the last row and the last column are dropped from both
def total_variation(picture):
    here = picture[:-1, :-1]
    return np.abs(picture[1:, :-1] - here).sum() + np.abs(picture[:-1, 1:] - here).sum()

# %% total_variation · wrong · the lengths of both differences together
def total_variation(picture):
    padded = np.pad(picture, ((0, 1), (0, 1), (0, 0)), mode="edge")
    return np.hypot(padded[1:, :-1] - picture, padded[:-1, 1:] - picture).sum()

# %% high_share · right · half a spectrum, with its twins counted twice
def high_share(picture, cut=0.25):
    picture = np.atleast_3d(picture).astype("float64")
    picture = picture - picture.mean(axis=(0, 1))
    height, width, _ = picture.shape
    energy = (np.abs(np.fft.rfft2(picture, axes=(0, 1))) ** 2).sum(axis=-1)
    columns = np.arange(energy.shape[1])
    energy *= np.where((columns == 0) | (2 * columns == width), 1, 2)
    high = np.sqrt(np.fft.fftfreq(height)[:, None] ** 2 + np.fft.rfftfreq(width) ** 2) >= cut
    return float(energy[high].sum() / energy.sum()) if energy.sum() > 1e-12 else 0.0

# %% high_share · right · what is not long, with the sum of all by Parseval
def high_share(picture, cut=0.25):
    picture = np.asarray(picture, "float64").reshape(*picture.shape[:2], -1)
    picture = picture - picture.mean(axis=(0, 1))
    height, width, _ = picture.shape
    energy = (picture**2).sum() * height * width
    if energy < 1e-12:
        return 0.0
    long = (np.fft.fftfreq(height)[:, None] ** 2 + np.fft.fftfreq(width) ** 2) ** 0.5 < cut
    return 1 - (abs(np.fft.fftn(picture, axes=(0, 1))) ** 2)[long].sum() / energy

# %% high_share · wrong · the mean of the channels' shares
def high_share(picture, cut=0.25):
    picture = np.atleast_3d(picture).astype("float64")
    energy = np.abs(np.fft.fft2(picture - picture.mean(axis=(0, 1)), axes=(0, 1))) ** 2
    high = np.hypot(np.fft.fftfreq(len(picture))[:, None], np.fft.fftfreq(picture.shape[1])) >= cut
    sums = np.maximum(energy.sum(axis=(0, 1)), 1e-9)
    return np.mean(energy[high].sum(axis=0) / sums)

# %% high_share · wrong · half a spectrum, without its twins
def high_share(picture, cut=0.25):
    energy = np.abs(np.fft.rfft2(picture - picture.mean(axis=(0, 1)), axes=(0, 1))) ** 2
    high = np.hypot(np.fft.fftfreq(len(picture))[:, None], np.fft.rfftfreq(picture.shape[1])) >= cut
    return energy[high].sum() / energy.sum() if energy.sum() > 1e-9 else 0.0

# %% grad_cam · right · the head is a network of Keras
def grad_cam(maps, gradients):
    return keras.ops.relu(keras.ops.einsum("hwc,c->hw", maps, keras.ops.mean(gradients, axis=(0, 1))))


def class_heat(maps, hidden, output, label):
    kind = maps.dtype.name
    head = keras.Sequential([
        layers.GlobalAveragePooling2D(dtype=kind),
        layers.Dense(hidden.shape[1], "relu", use_bias=False, dtype=kind),
        layers.Dense(output.shape[1], use_bias=False, dtype=kind)])
    head.build((None, *maps.shape))
    head.set_weights([hidden, output])
    batch = tf.constant(maps[None])
    with tf.GradientTape() as tape:
        tape.watch(batch)
        score = head(batch)[:, label]
    return grad_cam(maps, tape.gradient(score, batch)[0])

# %% grad_cam · right · slopes by differences of scores
def grad_cam(maps, gradients):
    heat = 0
    for channel in range(maps.shape[-1]):
        heat = heat + np.average(gradients[..., channel]) * maps[..., channel]
    return np.where(heat < 0, 0, heat)


def class_heat(maps, hidden, output, label):
    maps, hidden, output = (np.asarray(array, "float64") for array in (maps, hidden, output))

    def score(means):
        return (np.maximum(means @ hidden, 0) @ output)[label]

    means, little = maps.mean(axis=(0, 1)), 1e-7 * np.eye(maps.shape[-1])
    slopes = [(score(means + step) - score(means - step)) / 2e-7 for step in little]
    return grad_cam(maps, np.broadcast_to(slopes, maps.shape) / maps[..., 0].size)

# %% grad_cam · wrong · a ReLU at each place, before the mean
def grad_cam(maps, gradients):
    return np.maximum(0, maps @ gradients.mean(axis=(0, 1)))


def class_heat(maps, hidden, output, label):
    return np.maximum(0, np.maximum(maps @ hidden, 0) @ output[:, label]) / maps[..., 0].size

# %% grad_cam · wrong · the slope of the probability
def grad_cam(maps, gradients):
    return np.maximum(0, maps @ np.mean(gradients, axis=(0, 1)))


def class_heat(maps, hidden, output, label):
    watched = tf.constant(maps)
    with tf.GradientTape() as tape:
        tape.watch(watched)
        logits = tf.nn.relu(tf.reduce_mean(watched, axis=(0, 1))[None] @ hidden) @ output
        score = tf.nn.softmax(logits)[0, label]
    return grad_cam(maps, tape.gradient(score, watched))

# %% gram · right · singular values
def gram(maps):
    flat = np.reshape(maps, (-1, maps.shape[-1]))
    _, values, vectors = np.linalg.svd(flat, full_matrices=False)
    return (vectors.T * values**2) @ vectors / flat.shape[0]

# %% gram · right · covariances, and the means put back
def gram(maps):
    rows = np.asarray(maps, "float64").reshape(-1, maps.shape[-1]).T
    return np.atleast_2d(np.cov(rows, bias=True)) + np.outer(rows.mean(axis=1), rows.mean(axis=1))

# %% gram · wrong · channels in front by a reshape
def gram(maps):
    flat = maps.reshape(maps.shape[-1], -1)
    return flat @ flat.T / flat.shape[1]

# %% gram · wrong · as if maps were square
def gram(maps):
    return np.tensordot(maps, maps, ((0, 1), (0, 1))) / maps.shape[0] ** 2

# %% style_loss · right · products of places in place of channels
def style_loss(maps, style_maps):
    def inner(ours, theirs):
        ours, theirs = (np.reshape(each, (-1, each.shape[-1])).astype("float64") for each in (ours, theirs))
        return ((ours @ theirs.T) ** 2).mean()

    pairs = list(zip(maps, style_maps))
    return sum((inner(a, a) - 2 * inner(a, b) + inner(b, b)) / inner(b, b) for a, b in pairs) / len(pairs)

# %% style_loss · right · the first layer, and the mean of the others by recursion
def style_loss(maps, style_maps):
    def gram(of):
        return keras.ops.mean(of[..., :, None] * of[..., None, :], axis=(0, 1))

    wanted = gram(style_maps[0])
    first = keras.ops.sum((gram(maps[0]) - wanted) ** 2) / keras.ops.sum(wanted**2)
    others = len(maps) - 1
    return (first + others * style_loss(maps[1:], style_maps[1:])) / (others + 1) if others else first

# %% style_loss · wrong · all layers summed before they are divided
def style_loss(maps, style_maps):
    def gram(of):
        flat = of.reshape(-1, of.shape[-1])
        return flat.T @ flat / len(flat)

    apart = sum(((gram(ours) - gram(theirs)) ** 2).sum() for ours, theirs in zip(maps, style_maps))
    return apart / sum((gram(theirs) ** 2).sum() for theirs in style_maps)

# %% style_loss · wrong · divided by the size of the style's maps, also those of the picture
def style_loss(maps, style_maps):
    losses = []
    for ours, theirs in zip(maps, style_maps):
        count = theirs.shape[0] * theirs.shape[1]
        made, wanted = (np.tensordot(each, each, ((0, 1), (0, 1))) / count for each in (ours, theirs))
        losses.append(((made - wanted) ** 2).sum() / (wanted**2).sum())
    return np.mean(losses)
