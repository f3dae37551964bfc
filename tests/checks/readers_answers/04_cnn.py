import keras
import numpy as np
import tensorflow as tf
from keras import layers

# %% slide · right · a convolution of TensorFlow in single precision
def slide(signal, kernel):
    row = tf.constant(signal, dtype=tf.float32)[tf.newaxis, :, tf.newaxis]
    weights = tf.constant(kernel, dtype=tf.float32)[:, tf.newaxis, tf.newaxis]
    return tf.squeeze(tf.nn.conv1d(row, weights, stride=1, padding="VALID"), axis=(0, 2))

# %% slide · right · the signal loses its head in every step
def slide(signal, kernel):
    rest, sums = list(signal), []
    while len(rest) >= len(kernel):
        sums.append(np.float64(sum(rest[i] * kernel[i] for i in range(len(kernel)))))
        del rest[0]
    return sums

# %% slide · right · one matrix with the kernel on its diagonals
def slide(signal, kernel):
    places = len(signal) - len(kernel) + 1
    matrix = sum(weight * np.eye(places, len(signal), offset) for offset, weight in enumerate(kernel))
    return tuple((matrix @ np.array(signal)).tolist())

# %% slide · right · a generator
def slide(signal, kernel):
    for start, stop in enumerate(range(len(kernel), len(signal) + 1)):
        window = signal[start:stop]
        yield sum(map(lambda number, weight: number * weight, window, kernel))

# %% slide · wrong · three weights are taken for granted
def slide(signal, kernel):
    first, second, third = kernel[:3]
    triples = zip(signal, signal[1:], signal[2:])
    return [first * a + second * b + third * c for a, b, c in triples]

# %% slide · wrong · products that nobody sums
def slide(signal, kernel):
    windows = np.lib.stride_tricks.sliding_window_view(signal, len(kernel))
    return (windows * np.array(kernel)).tolist()

# %% slide · wrong · goes on beyond the end
def slide(signal, kernel):
    padded = list(signal) + [0] * (len(kernel) - 1)
    return [sum(padded[i + j] * kernel[j] for j in range(len(kernel))) for i in range(len(signal))]

# %% slide · wrong · jumps by the length of the kernel
def slide(signal, kernel):
    return list(np.correlate(signal, kernel, mode="valid")[:: len(kernel)])

# %% output_size · right · division of TensorFlow
def output_size(n, f, padding=0, stride=1):
    room = tf.constant(n + 2 * padding - f)
    return tf.add(tf.math.floordiv(room, stride), 1)

# %% output_size · right · places counted one by one
def output_size(n, f, padding=0, stride=1):
    count, end = 0, f
    while end <= n + padding + padding:
        count, end = count + 1, end + stride
    return count

# %% output_size · wrong · any padding taken for the same size
def output_size(n, f, padding=0, stride=1):
    if padding:
        return int(np.ceil(n / stride))
    return (n - f) // stride + 1

# %% puzzle · right · numbers of several kinds
shapes = np.array([[100, 100, 16], [100, 100, 32], [99, 99, 64]], dtype="float64")
counts = [80.0, np.int64(4640), np.float32(8256)]
puzzle = {name: (shape, count) for name, shape, count in zip(("first", "second", "third"), shapes, counts)}

# %% puzzle · right · shapes of TensorFlow
puzzle = {
    "first": [tf.TensorShape((100, 100, 16)), 4 * 16 + 16],
    "second": [tf.TensorShape((100, 100, 32)), 9 * 16 * 32 + 32],
    "third": [tf.TensorShape((99, 99, 64)), 4 * 32 * 64 + 64],
}

# %% conv2d · right · lists in lists and no array
def conv2d(image, kernels, bias, stride=1):
    size, depth, filters = len(kernels), len(kernels[0][0]), len(bias)
    offsets = [(i, j, c) for i in range(size) for j in range(size) for c in range(depth)]
    result = []
    for top in range(0, len(image) - size + 1, stride):
        result.append([])
        for left in range(0, len(image[0]) - size + 1, stride):
            place = []
            for n in range(filters):
                terms = (image[top + i][left + j][c] * kernels[i][j][c][n] for i, j, c in offsets)
                place.append(sum(terms, bias[n]))
            result[-1].append(place)
    return result

# %% conv2d · right · the layer of Keras
def conv2d(image, kernels, bias, stride=1):
    layer = layers.Conv2D(kernels.shape[-1], kernels.shape[:2], strides=stride)
    layer.build((1, *image.shape))
    layer.set_weights([kernels, bias])
    return np.asarray(layer(np.float32(image)[np.newaxis]))[0]

# %% conv2d · right · convolutions of SciPy with kernels turned round
from scipy.signal import convolve2d

def conv2d(image, kernels, bias, stride=1):
    maps = []
    for n, start in enumerate(bias):
        turned = np.rot90(kernels[..., n], 2)
        whole = start + sum(convolve2d(image[..., c], turned[..., c], "valid") for c in range(image.shape[2]))
        maps.append(whole[::stride, ::stride])
    return np.moveaxis(np.array(maps), 0, -1)

# %% conv2d · right · shifted images, weighted and summed
def conv2d(image, kernels, bias, stride=1):
    size = len(kernels)
    rows, columns = image.shape[0] - size + 1, image.shape[1] - size + 1
    total = np.broadcast_to(bias, (rows, columns, len(bias))).astype(float)
    for i, j in np.ndindex(size, size):
        total = total + np.tensordot(image[i : i + rows, j : j + columns], kernels[i, j], axes=1)
    return total[::stride, ::stride]

# %% conv2d · wrong · rows and columns of the kernel exchanged
def conv2d(image, kernels, bias, stride=1):
    turned = np.swapaxes(kernels, 0, 1)
    return tf.nn.conv2d(image[None], turned, stride, "VALID")[0] + bias

# %% max_pool · right · lists in lists and no array
def max_pool(maps, size):
    rows, columns, channels = len(maps) // size, len(maps[0]) // size, range(len(maps[0][0]))
    pooled = []
    for r in range(rows):
        band = maps[r * size : (r + 1) * size]
        cells = [[row[c * size : (c + 1) * size] for row in band] for c in range(columns)]
        pooled.append([[max(p[k] for part in cell for p in part) for k in channels] for cell in cells])
    return pooled

# %% max_pool · right · the last of each sorted window
def max_pool(maps, size):
    rows, columns = maps.shape[0] // size, maps.shape[1] // size
    whole = maps[: rows * size, : columns * size].reshape(rows, size, columns, size, -1)
    windows = whole.transpose(0, 2, 4, 1, 3).reshape(rows, columns, maps.shape[2], -1)
    return np.sort(windows)[..., -1]

# %% max_pool · wrong · windows over the border count too
def max_pool(maps, size):
    return tf.nn.max_pool2d(maps[np.newaxis], size, strides=size, padding="SAME")[0]

# %% max_pool · wrong · the axes of the windows mixed up
def max_pool(maps, size):
    rows, columns, channels = maps.shape[0] // size, maps.shape[1] // size, maps.shape[2]
    whole = maps[: rows * size, : columns * size]
    return np.amax(whole.reshape(rows, columns, size * size, channels), axis=2)

# %% count_parameters · right · calls itself
def count_parameters(channels, blocks):
    if len(blocks) == 0:
        return 0
    filters, size = blocks[0]
    return filters + filters * channels * size * size + count_parameters(filters, blocks[1:])

# %% count_parameters · wrong · channels added to the area
def count_parameters(channels, blocks):
    total = 0
    for filters, size in blocks:
        total, channels = total + filters * (size * size + channels + 1), filters
    return total

# %% count_parameters · wrong · channels pile up
def count_parameters(channels, blocks):
    total, depth = 0, channels
    for filters, size in blocks:
        total += filters * (size**2 * depth + 1)
        depth += filters
    return total

# %% build_network · right · a nested network, softmax as a layer
def build_network():
    eyes = keras.Sequential(name="eyes")
    for filters in (6, 12):
        eyes.add(layers.Conv2D(filters, 3, activation="elu"))
        eyes.add(layers.AveragePooling2D(2))
    network = keras.Sequential([keras.Input((28, 28, 1)), eyes, layers.Flatten(), layers.Dense(10)])
    network.add(layers.Softmax())
    network.compile("rmsprop", "sparse_categorical_crossentropy")
    return network

# %% build_network · right · a class, built by a call
class Eyes(keras.Model):
    def __init__(self):
        super().__init__()
        self.seen = [layers.Conv2D(filters, 3, strides=2, activation="relu") for filters in (6, 12)]
        self.answer = layers.Dense(10, activation="softmax")

    def call(self, images):
        for layer in self.seen:
            images = layer(images)
        return self.answer(keras.ops.reshape(images, (-1, 6 * 6 * 12)))

def build_network():
    eyes = Eyes()
    eyes.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    eyes(keras.ops.ones((1, 28, 28, 1)))
    return eyes

# %% build_network · right · built by its method
def build_network():
    network = keras.Sequential()
    for layer in (layers.Conv2D(6, 5, strides=2, activation="relu"), layers.Conv2D(12, 3), layers.Flatten()):
        network.add(layer)
    network.add(layers.Dense(10, "softmax"))
    network.build((16, 28, 28, 1))
    network.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return network

# %% build_network · right · the loss has a name of its own
def build_network():
    inputs = keras.Input((28, 28, 1))
    maps = layers.Conv2D(12, 3)(layers.MaxPooling2D()(layers.Conv2D(6, 3)(inputs)))
    network = keras.Model(inputs, layers.Dense(10, "softmax")(layers.Flatten()(maps)))
    network.compile("adam", loss=keras.losses.SparseCategoricalCrossentropy(name="surprise"))
    return network

# %% build_network · right · the loss is a function on logits
def build_network():
    def surprise(labels, logits):
        labels = tf.cast(tf.squeeze(labels), tf.int64)
        return tf.nn.sparse_softmax_cross_entropy_with_logits(tf.reshape(labels, [-1]), logits)

    inputs = keras.Input((28, 28, 1))
    maps = layers.Conv2D(12, 3)(layers.MaxPooling2D()(layers.Conv2D(6, 3)(inputs)))
    network = keras.Model(inputs, layers.Dense(10)(layers.Flatten()(maps)))
    network.compile("adam", surprise)
    return network

# %% build_network · right · residual and separable, behind an augmentation
def build_network():
    inputs = keras.Input((28, 28, 1))
    maps = layers.Conv2D(12, 3, padding="same")(layers.RandomRotation(0.05)(inputs))
    change = layers.SeparableConv2D(12, 3, padding="same", activation="relu")(maps)
    maps = layers.MaxPooling2D(4)(layers.add([maps, change]))
    network = keras.Model(inputs, layers.Dense(10, "softmax")(layers.Flatten()(maps)))
    network.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return network

# %% build_network · right · the loss in a list
def build_network():
    network = keras.Sequential([keras.Input((28, 28, 1))])
    for filters in (6, 12):
        network.add(layers.Conv2D(filters, 3, strides=2, activation="relu"))
    network.add(layers.Flatten())
    network.add(layers.Dense(10, "softmax"))
    network.compile("nadam", loss=["sparse_categorical_crossentropy"])
    return network

# %% build_network · wrong · pooling that does not shrink
def build_network():
    network = keras.Sequential([keras.Input((28, 28, 1))])
    for _ in range(2):
        network.add(layers.Conv2D(4, 3, padding="same", activation="relu"))
        network.add(layers.MaxPooling2D(3, strides=1, padding="same"))
    network.add(layers.Flatten())
    network.add(layers.Dense(10, "softmax"))
    network.compile("adam", "sparse_categorical_crossentropy")
    return network

# %% build_network · wrong · sigmoids where logits are expected
def build_network():
    inputs = keras.Input((28, 28, 1))
    maps = layers.Conv2D(12, 3, strides=2, activation="relu")(layers.Conv2D(6, 3, strides=2)(inputs))
    network = keras.Model(inputs, layers.Dense(10, "sigmoid")(layers.Flatten()(maps)))
    network.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return network

# %% build_network · wrong · probabilities where logits are expected
def build_network():
    inputs = keras.Input((28, 28, 1))
    maps = layers.Conv2D(12, 3, strides=2, activation="relu")(layers.Conv2D(6, 3, strides=2)(inputs))
    network = keras.Model(inputs, layers.Dense(10, "softmax")(layers.Flatten()(maps)))
    network.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return network
