import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

# %% compression_ratio · wrong · rounded down
def compression_ratio(p, c, a, b):
    before, after = p * a, c * b
    return before // after

# %% compression_ratio · wrong · bytes of the other side
def compression_ratio(p, c, a, b):
    before, after = p * b, c * a
    return before / after

# %% psnr · right · everything as a share of the peak
def psnr(images, others, peak):
    error = np.square(np.divide(images, peak) - np.divide(others, peak)).mean()
    return 10 * np.log10(1 / error)

# %% psnr · right · operations of Keras in single precision
def psnr(images, others, peak):
    first, second = (ops.convert_to_tensor(np.float32(each)) for each in (images, others))
    error = ops.mean((first - second) ** 2)
    return 20 * ops.log10(ops.cast(peak, "float32")) - 10 * ops.log10(error)

# %% psnr · right · decibels from natural logarithms
def psnr(images, others, peak):
    first, second = tf.cast(images, "float64"), tf.cast(others, "float64")
    error = tf.reduce_mean((first - second) ** 2)
    return (2 * np.log(peak) - tf.math.log(error)) * 10 / np.log(10)

# %% psnr · wrong · squares that do not fit small whole numbers
def psnr(images, others, peak):
    kind = np.int16 if images.dtype == np.uint8 else float
    difference = images.astype(kind) - others.astype(kind)
    with np.errstate(all="ignore"):
        return 10 * np.log10(peak**2 / np.mean(difference * difference))

# %% psnr · wrong · the brightest pixel in place of the peak
def psnr(images, others, peak):
    difference = np.float64(images) - np.float64(others)
    brightest = np.float64(max(images.max(), others.max()))
    return 20 * np.log10(brightest) - 10 * np.log10(np.mean(difference**2))

# %% spoil · right · noise of Keras
def spoil(images, deviation, seed):
    noise = keras.random.normal(np.shape(images), 0.0, deviation, seed=seed)
    return ops.minimum(ops.maximum(images + noise, 0.0), 1.0)

# %% spoil · right · noise of the old interface
def spoil(images, deviation, seed):
    state = np.random.RandomState(seed)
    spoiled = images + state.normal(loc=0.0, scale=deviation, size=images.shape)
    spoiled[spoiled < 0], spoiled[spoiled > 1] = 0, 1
    return spoiled

# %% spoil · wrong · new dice at each call
def spoil(images, deviation, seed):
    noise = np.random.default_rng().normal(scale=deviation, size=images.shape)
    return (images + noise).clip(0, 1)

# %% spoil · wrong · the same dice for all seeds
def spoil(images, deviation, seed):
    noise = np.random.default_rng(2026).normal(scale=deviation, size=images.shape)
    return (images + noise).clip(0, 1)

# %% spoil · wrong · reflected at zero
def spoil(images, deviation, seed):
    noise = np.random.default_rng(seed).normal(scale=deviation, size=images.shape)
    return np.where(images + noise > 1, 1, np.abs(images + noise))

# %% spoil · wrong · evenly spread noise
def spoil(images, deviation, seed):
    noise = deviation * (2 * np.random.default_rng(seed).random(images.shape) - 1)
    return np.clip(images + noise, 0, 1)

# %% training_pairs · right · lists of shares, spoilt and clean
def spoil(images, deviation, seed):
    noise = np.random.default_rng(seed).standard_normal(np.shape(images)) * deviation
    return np.clip(images + noise, 0, 1)

def training_pairs(images, deviation, seed):
    clean = []
    for image in images:
        clean.append((image.ravel() / 255).tolist())
    return list(spoil(clean, deviation, seed)), clean

# %% training_pairs · wrong · always the same deviation
def spoil(images, deviation, seed):
    noise = np.random.default_rng(seed).standard_normal(np.shape(images)) * deviation
    return np.clip(images + noise, 0, 1)

def training_pairs(images, deviation, seed):
    clean = np.reshape(images, (len(images), -1)) / 255
    return spoil(clean, deviation=0.5, seed=seed), clean

# %% training_pairs · wrong · one noise for all images
def spoil(images, deviation, seed):
    noise = np.random.default_rng(seed).standard_normal(np.shape(images)) * deviation
    return np.clip(images + noise, 0, 1)

def training_pairs(images, deviation, seed):
    clean = np.reshape(images, (len(images), -1)) / 255
    noise = np.random.default_rng(seed).normal(scale=deviation, size=(1, clean.shape[1]))
    return (clean + noise).clip(0, 1), clean

# %% training_pairs · wrong · one number for all pixels
def spoil(images, deviation, seed):
    noise = np.random.default_rng(seed).standard_normal(np.shape(images)) * deviation
    return np.clip(images + noise, 0, 1)

def training_pairs(images, deviation, seed):
    clean = np.reshape(images, (len(images), -1)) / 255
    shade = deviation * np.random.default_rng(seed).standard_normal()
    return np.clip(clean + shade, 0, 1), clean

# %% tied_gradient · right · single precision
def tied_gradient(x, W):
    rows, kernel = np.float32(x), np.float32(W)
    codes = rows @ kernel
    error = 2 * (codes @ kernel.T - rows)
    return error.T @ codes + rows.T @ (error @ kernel)

# %% tied_gradient · right · a tape
def tied_gradient(x, W):
    kernel, rows = tf.constant(W), tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(kernel)
        rebuilt = tf.matmul(tf.matmul(rows, kernel), kernel, transpose_b=True)
        loss = tf.reduce_sum(tf.math.squared_difference(rebuilt, rows))
    return tape.gradient(loss, kernel).numpy()

# %% tied_gradient · right · example by example
def tied_gradient(x, W):
    total = np.zeros(W.shape)
    for example in x:
        code = W.T @ example
        error = W @ code - example
        total = total + 2 * (error[:, None] * code + example[:, None] * (error @ W))
    return total.tolist()

# %% tied_gradient · right · central differences
def tied_gradient(x, W):
    def loss(kernel):
        return np.square(x @ kernel @ kernel.T - x).sum()

    slopes, step = np.empty_like(W), 1e-5
    for place in np.ndindex(*W.shape):
        nudge = np.zeros_like(W)
        nudge[place] = step
        slopes[place] = (loss(W + nudge) - loss(W - nudge)) / (2 * step)
    return slopes

# %% tied_gradient · wrong · the decoder's part, doubled
def tied_gradient(x, W):
    codes = x @ W
    return 2 * 2 * (codes @ W.T - x).T @ codes

# %% tied_gradient · wrong · the mean in place of the sum
def tied_gradient(x, W):
    codes = x @ W
    error = 2 * (codes @ W.T - x) / x.size
    return error.T @ codes + x.T @ error @ W

# %% tied_gradient · wrong · nothing but zeros
def tied_gradient(x, W):
    return 0.0 * W

# %% find_outsiders · right · ranks among the validation errors
def find_outsiders(valid_errors, test_errors, rate):
    above = (np.reshape(valid_errors, (-1, 1)) >= test_errors).sum(axis=0)
    return (above + 1) / (len(valid_errors) + 1) <= rate

# %% find_outsiders · right · an error that occurred as the threshold
def find_outsiders(valid_errors, test_errors, rate):
    threshold = np.percentile(valid_errors, 100 * (1 - rate), method="higher")
    return [bool(error > threshold) for error in test_errors]

# %% find_outsiders · right · the quantile of Keras
def find_outsiders(valid_errors, test_errors, rate):
    threshold = ops.quantile(np.float32(valid_errors), 1.0 - rate)
    return ops.greater(np.float32(test_errors), threshold)

# %% find_outsiders · wrong · two standard deviations above the mean
def find_outsiders(valid_errors, test_errors, rate):
    centre, spread = np.mean(valid_errors), np.std(valid_errors)
    return (test_errors - centre) / spread > 2

# %% find_outsiders · wrong · the quantile of the other end
def find_outsiders(valid_errors, test_errors, rate):
    return np.percentile(valid_errors, 100 * rate) < test_errors

# %% find_outsiders · wrong · as if errors were normal
from statistics import NormalDist

def find_outsiders(valid_errors, test_errors, rate):
    bell = NormalDist(float(np.mean(valid_errors)), float(np.std(valid_errors)))
    return test_errors > bell.inv_cdf(1 - rate)

# %% find_outsiders · wrong · places of the outsiders
def find_outsiders(valid_errors, test_errors, rate):
    threshold = np.quantile(valid_errors, 1 - rate)
    return [place for place, error in enumerate(test_errors) if error > threshold]

# %% build_denoiser · right · a class, not built
class Cleaner(keras.Model):
    def __init__(self, units=48):
        super().__init__()
        self.squeeze = layers.Dense(units, activation="elu")
        self.rebuild = layers.Dense(784, activation="sigmoid")

    def call(self, images):
        return self.rebuild(self.squeeze(images))

def build_denoiser():
    cleaner = Cleaner()
    cleaner.compile(optimizer="rmsprop", loss="binary_crossentropy")
    return cleaner

# %% build_denoiser · right · a class, built by a call
class Cleaner(keras.Model):
    def __init__(self, units=48):
        super().__init__()
        self.both = keras.Sequential([layers.Dense(units, "elu"), layers.Dense(784, "sigmoid")])

    def call(self, images):
        return self.both(images)

def build_denoiser():
    cleaner = Cleaner()
    cleaner.compile(optimizer="rmsprop", loss="binary_crossentropy")
    cleaner(ops.zeros((3, 784)))
    return cleaner

# %% build_denoiser · right · without an Input
def build_denoiser():
    cleaner = keras.Sequential()
    cleaner.add(layers.Dense(48, "relu"))
    cleaner.add(layers.Dense(784, "sigmoid"))
    cleaner.compile("rmsprop", keras.losses.BinaryCrossentropy())
    return cleaner

# %% build_denoiser · right · built by its method
def build_denoiser():
    cleaner = keras.Sequential([layers.Dense(96, "gelu")])
    cleaner.add(layers.Dense(784, "sigmoid"))
    cleaner.compile("rmsprop", "mse")
    cleaner.build((5, 784))
    return cleaner

# %% build_denoiser · right · the logarithm of cosh as the loss
def build_denoiser():
    noisy = keras.Input((784,))
    cleaner = keras.Model(noisy, layers.Dense(784, "sigmoid")(layers.Dense(48, "relu")(noisy)))
    cleaner.compile("rmsprop", keras.losses.LogCosh())
    return cleaner

# %% build_denoiser · right · a loss of its own
def ink_error(clean, rebuilt):
    return ops.sum((rebuilt - clean) ** 2, axis=1)

def build_denoiser():
    noisy = keras.Input((784,))
    cleaner = keras.Model(noisy, layers.Dense(784, "sigmoid")(layers.Dense(48, "relu")(noisy)))
    cleaner.compile("rmsprop", loss=ink_error)
    return cleaner

# %% build_denoiser · right · the noise is predicted and taken off
def build_denoiser():
    noisy = keras.Input((784,))
    noise = layers.Dense(784)(layers.Dense(128, "relu")(noisy))
    clean = ops.minimum(ops.maximum(layers.subtract([noisy, noise]), 0), 1)
    cleaner = keras.Model(noisy, clean)
    cleaner.compile("rmsprop", "mean_absolute_error")
    return cleaner

# %% build_denoiser · right · the loss of Huber
def build_denoiser():
    noisy = keras.Input((784,))
    cleaner = keras.Model(noisy, layers.Dense(784, "sigmoid")(layers.Dense(48, "relu")(noisy)))
    cleaner.compile("rmsprop", loss=keras.losses.Huber(delta=0.5))
    return cleaner

# %% build_denoiser · wrong · tanh at the end
def build_denoiser():
    noisy = keras.Input((784,))
    cleaner = keras.Model(noisy, layers.Dense(784, "tanh")(layers.Dense(48, "relu")(noisy)))
    cleaner.compile("rmsprop", "mae")
    return cleaner

# %% build_denoiser · wrong · one shade for all pixels
def build_denoiser():
    noisy = keras.Input((784,))
    shade = layers.Dense(1, "sigmoid")(noisy)
    cleaner = keras.Model(noisy, layers.concatenate([shade] * 784))
    cleaner.compile("rmsprop", "mae")
    return cleaner

# %% build_denoiser · wrong · noise that never stops
class Snow(layers.Layer):
    def call(self, images):
        return images + keras.random.uniform(ops.shape(images), -0.8, 0.8)

def build_denoiser():
    noisy = keras.Input((784,))
    hidden = layers.Dense(48, "relu")(Snow()(noisy))
    cleaner = keras.Model(noisy, layers.Dense(784, "sigmoid")(hidden))
    cleaner.compile("rmsprop", "binary_crossentropy")
    return cleaner

# %% spoil · wrong · one pattern for all pictures
def spoil(images, deviation, seed):
    noise = np.random.default_rng(seed).normal(scale=deviation, size=images.shape[-2:])
    return (images + noise).clip(0, 1)
