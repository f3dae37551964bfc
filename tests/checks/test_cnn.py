"""Every check of exercise 4 accepts answers written in different ways, and rejects what beginners get wrong."""

from __future__ import annotations

import numpy as np
import pytest
from answer_tables import KERAS, AnswerTables
from nearest_neighbour import nearest_neighbour

EXERCISE = "04_cnn"

PUZZLE = "first, second, third = ((100, 100, 16), 80), ((100, 100, 32), 4640), ((99, 99, 64), 8256)\n"


def network(*layers: str, loss: str = '"sparse_categorical_crossentropy"', shape: str = "(28, 28, 1)") -> str:
    return (
        KERAS
        + f"""
def build_network():
    network = keras.Sequential([keras.Input({shape}), {", ".join(layers)}])
    network.compile("adam", {loss})
    return network
"""
    )


CONVOLUTIONS = (
    'layers.Conv2D(8, 3, activation="relu")',
    "layers.MaxPooling2D(2)",
    "layers.Conv2D(8, 3)",
    "layers.Flatten()",
)
ATTENDING = """
class Attending(layers.Layer):
    def __init__(self):
        super().__init__()
        self.attention = layers.MultiHeadAttention(2, 4)
    def build(self, shape):
        self.attention.build(shape, shape)
    def call(self, maps):
        return self.attention(maps, maps)

"""
AS_LOGITS = "keras.losses.SparseCategoricalCrossentropy(from_logits=True)"
SOFTMAX = 'layers.Dense(10, activation="softmax")'

RIGHT = {
    "slide": [
        """
        def slide(signal, kernel):
            places = len(signal) - len(kernel) + 1
            return [sum(signal[p + i] * kernel[i] for i in range(len(kernel))) for p in range(places)]
        """,
        "def slide(signal, kernel): return np.correlate(signal, kernel, mode='valid')",
        "def slide(signal, kernel): return np.convolve(signal, kernel[::-1], mode='valid').tolist()",
        "def slide(s, k): return np.lib.stride_tricks.sliding_window_view(s, len(k)) @ np.array(k)",
        "from scipy.signal import correlate\ndef slide(s, k): return correlate(s, k, 'valid', 'direct')",
        """
        def slide(signal, kernel):
            sums = [0] * (len(signal) - len(kernel) + 1)
            for offset, weight in enumerate(kernel):
                for place in range(len(sums)):
                    sums[place] += weight * signal[place + offset]
            return tuple(sums)
        """,
        """
        def slide(signal, kernel):
            places, sums = len(signal) - len(kernel) + 1, 0
            for offset, weight in enumerate(kernel):
                sums = sums + weight * np.asarray(signal)[offset:offset + places]
            return sums
        """,
        """
        def slide(signal, kernel):
            if len(signal) < len(kernel):
                return []
            return [sum(a * b for a, b in zip(signal, kernel))] + slide(signal[1:], kernel)
        """,
    ],
    "output_size": [
        "def output_size(n, f, padding=0, stride=1): return (n + 2 * padding - f) // stride + 1",
        """
        import math
        def output_size(n, f, padding, stride):
            return math.ceil((n + 2 * padding - f + 1) / stride)
        """,
        "def output_size(n, f, p=0, s=1): return float(np.floor((n + 2 * p - f) / s) + 1)",
        "def output_size(n, f, padding=0, stride=1): return len(range(-padding, n + padding - f + 1, stride))",
    ],
    "puzzle": [
        PUZZLE + "puzzle = {'first': first, 'second': second, 'third': third}",
        PUZZLE
        + "puzzle = {k: [list(v[0]), v[1]] for k, v in zip(('first', 'second', 'third'), (first, second, third))}",
        """
        puzzle, size, channels = {}, 200, 1
        for name, filters, f, s, p in (("first", 16, 2, 2, 0), ("second", 32, 3, 1, 1), ("third", 64, 2, 1, 0)):
            size = (size + 2 * p - f) // s + 1
            puzzle[name] = np.array([size, size, filters]), (f * f * channels + 1) * filters
            channels = filters
        """,
        """
        import keras
        image = keras.Input((200, 200, 1))
        layers = [keras.layers.Conv2D(16, 2, strides=2), keras.layers.Conv2D(32, 3, padding="same"),
                  keras.layers.Conv2D(64, 2)]
        puzzle = {}
        for name, layer in zip(("first", "second", "third"), layers):
            image = layer(image)
            puzzle[name] = image.shape[1:], layer.count_params()
        """,
    ],
    "conv2d": [
        """
        def conv2d(image, kernels, bias, stride=1):
            f = len(kernels)
            windows = np.lib.stride_tricks.sliding_window_view(image, (f, f), axis=(0, 1))[::stride, ::stride]
            return np.einsum("rcdij,ijdn->rcn", windows, kernels) + bias
        """,
        """
        def conv2d(image, kernels, bias, stride=1):
            f, filters = kernels.shape[0], kernels.shape[3]
            rows = (image.shape[0] - f) // stride + 1
            columns = (image.shape[1] - f) // stride + 1
            result = np.empty((rows, columns, filters))
            for r in range(rows):
                for c in range(columns):
                    window = image[r * stride:r * stride + f, c * stride:c * stride + f]
                    for n in range(filters):
                        result[r, c, n] = (window * kernels[..., n]).sum() + bias[n]
            return result
        """,
        """
        import keras
        def conv2d(image, kernels, bias, stride=1):
            return keras.ops.conv(image[None], kernels, strides=stride)[0] + bias
        """,
        """
        def conv2d(image, kernels, bias, stride=1):
            f = len(kernels)
            rows, columns = range(0, len(image) - f + 1, stride), range(0, image.shape[1] - f + 1, stride)
            return [[np.tensordot(image[r:r + f, c:c + f], kernels, 3) + bias for c in columns] for r in rows]
        """,
        """
        def conv2d(image, kernels, bias, stride=1):
            f, rows, columns = len(kernels), len(image) - len(kernels) + 1, image.shape[1] - len(kernels) + 1
            total = np.zeros((rows, columns, kernels.shape[3])) + bias
            for i in range(f):
                for j in range(f):
                    total += image[i:i + rows, j:j + columns] @ kernels[i, j]
            return total[::stride, ::stride]
        """,
        """
        from scipy.signal import correlate
        def conv2d(image, kernels, bias, stride=1):
            maps = [correlate(image, kernels[..., n], "valid", "direct")[:, :, 0] + bias[n] for n in range(len(bias))]
            return np.stack(maps, axis=-1)[::stride, ::stride]
        """,
        """
        def conv2d(image, kernels, bias, stride=1):
            f, filters = kernels.shape[0], kernels.shape[3]
            windows = np.lib.stride_tricks.sliding_window_view(image, (f, f), (0, 1))[::stride, ::stride]
            columns = windows.transpose(0, 1, 3, 4, 2).reshape(*windows.shape[:2], -1)
            return columns @ kernels.reshape(-1, filters) + bias
        """,
        """
        import tensorflow as tf
        def conv2d(image, kernels, bias, stride=1):
            one = tf.nn.conv2d(tf.constant(image)[None], tf.cast(kernels, image.dtype), stride, "VALID")[0]
            return one + tf.cast(bias, image.dtype)
        """,
    ],
    "max_pool": [
        """
        def max_pool(maps, size):
            rows, columns = maps.shape[0] // size, maps.shape[1] // size
            maps = maps[:rows * size, :columns * size]
            return maps.reshape(rows, size, columns, size, -1).max(axis=(1, 3))
        """,
        """
        def max_pool(maps, size):
            return np.array([
                [maps[r:r + size, c:c + size].max(axis=(0, 1)) for c in range(0, maps.shape[1] - size + 1, size)]
                for r in range(0, maps.shape[0] - size + 1, size)
            ])
        """,
        """
        def max_pool(maps, size):
            windows = np.lib.stride_tricks.sliding_window_view(maps, (size, size), axis=(0, 1))
            return windows[::size, ::size].max(axis=(-2, -1))
        """,
        """
        def max_pool(maps, size):
            rows, columns = maps.shape[0] // size, maps.shape[1] // size
            parts = [maps[i:rows * size:size, j:columns * size:size] for i in range(size) for j in range(size)]
            largest = parts[0].copy()
            for part in parts[1:]:
                np.maximum(largest, part, out=largest)
            return largest
        """,
    ],
    "count_parameters": [
        """
        def count_parameters(channels, blocks):
            total = 0
            for filters, f in blocks:
                total, channels = total + (f * f * channels + 1) * filters, filters
            return total
        """,
        """
        import keras
        def count_parameters(channels, blocks):
            convolutions = [keras.layers.Conv2D(filters, f) for filters, f in blocks]
            return keras.Sequential([keras.Input((32, 32, channels)), *convolutions]).count_params()
        """,
    ],
    "build_network": [
        network(*CONVOLUTIONS, SOFTMAX),
        KERAS
        + """
def build_network():
    inputs = keras.Input((28, 28, 1))
    x = layers.ReLU()(layers.Conv2D(16, 5, strides=2)(inputs))
    x = layers.GlobalAveragePooling2D()(layers.SeparableConv2D(32, 3)(x))
    network = keras.Model(inputs, layers.Dense(10)(x))
    network.compile(keras.optimizers.SGD(0.1), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return network
""",
        network("keras.Sequential([layers.Conv2D(8, 3, strides=2), layers.Conv2D(8, 3)])", "layers.Flatten()", SOFTMAX),
        network("layers.Reshape((28, 28, 1))", *CONVOLUTIONS, SOFTMAX, shape="(28, 28)"),
        network(*CONVOLUTIONS, SOFTMAX, loss='["sparse_categorical_crossentropy"]'),
        network(*CONVOLUTIONS, SOFTMAX, loss='keras.losses.SparseCategoricalCrossentropy(name="digits")'),
        network("layers.ZeroPadding2D(2)", 'layers.Conv2D(8, 3, 2, padding="same")', *CONVOLUTIONS[2:], SOFTMAX),
        network("layers.Conv2D(8, 3)", "layers.Conv2D(8, 3)", "layers.GlobalMaxPooling2D()", SOFTMAX),
        KERAS
        + """
def build_network():
    images = keras.Input((28, 28, 1))
    maps = layers.Conv2D(8, 3, activation="relu")(images)
    side = layers.Conv2D(8, 1, strides=2)(maps)  # two ways through each block, and then their sum
    maps = side + layers.Conv2D(8, 3, padding="same")(layers.MaxPooling2D(2)(maps))
    network = keras.Model(images, layers.Dense(10, activation="softmax")(layers.Flatten()(maps)))
    network.compile("adam", "sparse_categorical_crossentropy")
    return network
""",
        network("layers.Conv2D(8, 3)", "layers.AveragePooling2D((2, 1))", *CONVOLUTIONS[2:], SOFTMAX),
        network("layers.Conv2D(8, 3)", "layers.Cropping2D(6)", "layers.Conv2D(8, 3, 2)", "layers.Flatten()", SOFTMAX),
        network(
            "layers.Conv2D(8, 3)",
            "keras.Sequential([layers.Conv2D(8, 3), layers.MaxPooling2D(3, 2)])",
            "layers.Flatten()",
            SOFTMAX,
        ),
        network("layers.RandomTranslation(0.1, 0.1)", *CONVOLUTIONS, SOFTMAX),
        network("layers.Conv2D(8, 3, 2)", "layers.PReLU()", "layers.DepthwiseConv2D(3)", "layers.Flatten()", SOFTMAX),
        KERAS
        + """
class Edges(layers.Layer):
    def build(self, shape):
        self.kernel = self.add_weight(shape=(3, 3, shape[-1], 8))
    def call(self, images):
        return keras.ops.relu(keras.ops.conv(images, self.kernel))

class Reader(keras.Model):
    def __init__(self):
        super().__init__()
        self.blocks = [Edges(), layers.SeparableConv2D(16, 3)]
        self.last = layers.Dense(10)
    def call(self, images):
        for block in self.blocks:
            images = keras.ops.max_pool(block(images), 2)
        return keras.ops.softmax(self.last(keras.ops.reshape(images, (-1, 5 * 5 * 16))))

def build_network():
    network = Reader()
    network.compile("adam", keras.losses.sparse_categorical_crossentropy)
    return network
""",
    ],
}

WRONG = {
    "slide": [
        (
            "three of the kernel",
            "def slide(s, k): return [s[i] * k[0] + s[i + 1] * k[1] + s[i + 2] * k[2] for i in range(len(s) - 2)]",
        ),
        ("never written for lists of one", "def slide(s, k): return np.correlate(s, k, 'valid')[:-1]"),
        ("the notes' numbers", "def slide(signal, kernel): return [17, 22, 39, 44]"),
        ("kernel turned round", "def slide(signal, kernel): return np.convolve(signal, kernel, mode='valid')"),
        ("zeros added at the ends", "def slide(signal, kernel): return np.correlate(signal, kernel, mode='same')"),
        (
            "last place forgotten",
            "def slide(s, k): return [sum(a * b for a, b in zip(s[i:], k)) for i in range(len(s) - len(k))]",
        ),
        ("every other place", "def slide(signal, kernel): return np.correlate(signal, kernel, mode='valid')[::2]"),
        (
            "sums of the window only",
            "def slide(s, k): return [sum(s[i:i + len(k)]) for i in range(len(s) - len(k) + 1)]",
        ),
    ],
    "output_size": [
        ("first place forgotten", "def output_size(n, f, padding, stride): return (n + 2 * padding - f) // stride"),
        ("padding on one side", "def output_size(n, f, padding, stride): return (n + padding - f) // stride + 1"),
        (
            "kernel and stride mixed up",
            "def output_size(n, f, padding, stride): return (n + 2 * padding - stride) // f + 1",
        ),
    ],
    "puzzle": [
        ("nothing", "puzzle = {}"),
        ("shapes only", PUZZLE + "puzzle = {'first': first[0], 'second': second[0], 'third': third[0]}"),
        (
            "stride forgotten, biases forgotten",
            "puzzle = {'first': ((199, 199, 16), 80), 'second': ((199, 199, 32), 4640), 'third': ((99, 99, 64), 8192)}",
        ),
        (
            "filters as deep as the image",
            "puzzle = {'first': ((100, 100, 16), 64), 'second': ((100, 100, 32), 320), 'third': ((99, 99, 64), 320)}",
        ),
    ],
    "conv2d": [
        (
            "kernel turned round",
            """
            def conv2d(image, kernels, bias, stride=1):
                f = len(kernels)
                windows = np.lib.stride_tricks.sliding_window_view(image, (f, f), axis=(0, 1))[::stride, ::stride]
                return np.einsum("rcdij,ijdn->rcn", windows, kernels[::-1, ::-1]) + bias
            """,
        ),
        (
            "same padding",
            """
            import keras
            def conv2d(image, kernels, bias, stride=1):
                return keras.ops.conv(image[None], kernels, strides=stride, padding="same")[0] + bias
            """,
        ),
        (
            "relu added",
            """
            import keras
            def conv2d(image, kernels, bias, stride=1):
                return keras.ops.relu(keras.ops.conv(image[None], kernels, strides=stride)[0] + bias)
            """,
        ),
    ],
    "max_pool": [
        (
            "average",
            """
            def max_pool(maps, size):
                rows, columns = maps.shape[0] // size, maps.shape[1] // size
                maps = maps[:rows * size, :columns * size]
                return maps.reshape(rows, size, columns, size, -1).mean(axis=(1, 3))
            """,
        ),
        (
            "stride of one",
            """
            def max_pool(maps, size):
                windows = np.lib.stride_tricks.sliding_window_view(maps, (size, size), axis=(0, 1))
                return windows.max(axis=(3, 4))
            """,
        ),
        (
            "largest over all channels",
            """
            def max_pool(maps, size):
                rows, columns = maps.shape[0] // size, maps.shape[1] // size
                maps = maps[:rows * size, :columns * size]
                return maps.reshape(rows, size, columns, size, -1).max(axis=(1, 3, 4))
            """,
        ),
        (
            "starting from minus ten",
            """
            def max_pool(maps, size):
                result = np.full((maps.shape[0] // size, maps.shape[1] // size, maps.shape[2]), -10.0)
                for r, c in np.ndindex(result.shape[0] * size, result.shape[1] * size):
                    result[r // size, c // size] = np.maximum(result[r // size, c // size], maps[r, c])
                return result
            """,
        ),
        (
            "starting from zero",
            """
            def max_pool(maps, size):
                result = np.zeros((maps.shape[0] // size, maps.shape[1] // size, maps.shape[2]))
                for r, c in np.ndindex(result.shape[:2]):
                    for i, j in np.ndindex(size, size):
                        result[r, c] = np.maximum(result[r, c], maps[r * size + i, c * size + j])
                return result
            """,
        ),
    ],
    "count_parameters": [
        (
            "biases forgotten",
            """
            def count_parameters(channels, blocks):
                total = 0
                for filters, f in blocks:
                    total, channels = total + f * f * channels * filters, filters
                return total
            """,
        ),
        ("channels forgotten", "def count_parameters(c, blocks): return sum((f * f + 1) * n for n, f in blocks)"),
        (
            "always as deep as the image",
            "def count_parameters(c, blocks): return sum((f * f * c + 1) * n for n, f in blocks)",
        ),
        (
            "a bias for each channel",
            """
            def count_parameters(channels, blocks):
                total = 0
                for filters, f in blocks:
                    total, channels = total + (f * f + 1) * channels * filters, filters
                return total
            """,
        ),
    ],
    "build_network": [
        ("dense", network("layers.Flatten()", 'layers.Dense(32, activation="relu")', SOFTMAX)),
        ("one convolution", network("layers.Conv2D(8, 3, strides=2)", "layers.Flatten()", SOFTMAX)),
        ("nothing shrinks", network("layers.Conv2D(4, 3)", "layers.Conv2D(8, 3)", "layers.Flatten()", SOFTMAX)),
        (
            "pooling that shrinks nothing",
            network(
                'layers.Conv2D(4, 3, padding="same")',
                'layers.MaxPooling2D(2, strides=1, padding="same")',
                "layers.Conv2D(4, 3)",
                "layers.Flatten()",
                SOFTMAX,
            ),
        ),
        ("edges cut off", network("layers.Conv2D(4, 3)", "layers.Cropping2D(7)", *CONVOLUTIONS[2:], SOFTMAX)),
        (
            "edges cut off in a model within",
            network(
                "keras.Sequential([layers.Conv2D(4, 3, padding='same'), layers.Cropping2D(7)])",
                *CONVOLUTIONS[2:],
                SOFTMAX,
            ),
        ),
        (
            "pooled, and the result ignored",
            KERAS
            + """
class Reader(keras.Model):
    def __init__(self):
        super().__init__()
        self.first, self.second = layers.Conv2D(8, 3, activation="relu"), layers.Conv2D(8, 3, activation="relu")
        self.pool, self.flat, self.last = layers.MaxPooling2D(), layers.Flatten(), layers.Dense(10, "softmax")
    def call(self, images):
        maps = self.first(images)
        self.pool(maps)
        return self.last(self.flat(self.second(maps)))

def build_network():
    network = Reader()
    network.compile("adam", "sparse_categorical_crossentropy")
    return network
""",
        ),
        (
            "attention as the second",
            network(
                "layers.Conv2D(8, 3, strides=2)",
                "layers.Reshape((169, 8))",
                "Attending()",
                "layers.Flatten()",
                SOFTMAX,
            ).replace("def build", ATTENDING + "def build"),
        ),
        (
            "activations that learn as the second",
            network("layers.Conv2D(4, 3, strides=2)", "layers.PReLU()", "layers.Flatten()", SOFTMAX),
        ),
        (
            "normalisation as the second",
            network(
                "layers.Conv2D(4, 3, strides=2)", "layers.LayerNormalization((1, 2, 3))", "layers.Flatten()", SOFTMAX
            ),
        ),
        ("a kernel of 15", network("layers.Conv2D(4, 15)", *CONVOLUTIONS[2:], SOFTMAX)),
        ("two kernels of 8", network("layers.Conv2D(4, 8)", "layers.Conv2D(4, 8)", "layers.Flatten()", SOFTMAX)),
        (
            "pixels made channels",
            network("layers.Conv2D(4, 3, padding='same')", "layers.Reshape((14, 14, 16))", *CONVOLUTIONS[2:], SOFTMAX),
        ),
        (
            "a window of 15 that moves on by one",
            network("layers.Conv2D(4, 3)", "layers.MaxPooling2D(15, strides=1)", *CONVOLUTIONS[2:], SOFTMAX),
        ),
        (
            "all frozen",
            network(*CONVOLUTIONS, SOFTMAX).replace("network.compile", "network.trainable = False; network.compile"),
        ),
        (
            "convolutions that do not learn",
            network(*CONVOLUTIONS, SOFTMAX).replace("8, 3", "8, 3, trainable=False"),
        ),
        ("a dense layer that does not learn", network(*CONVOLUTIONS, "layers.Dense(16, trainable=False)", SOFTMAX)),
        ("a convolution that is not used", network(*CONVOLUTIONS, SOFTMAX).replace(CONVOLUTIONS[2] + ", ", "")),
        ("too many parameters", network(*CONVOLUTIONS, "layers.Dense(256)", SOFTMAX)),
        ("not flattened", network(*CONVOLUTIONS[:-1], SOFTMAX)),
    ],
}

# Partly right: the answer, and the points that its right parts earn.
PARTIAL = [
    ("output_size", "def output_size(n, f, padding=0, stride=1): return -(-(n + 2 * padding - f) // stride) + 1", 1),
    ("output_size", "def output_size(n, f, padding=0, stride=1): return n + 2 * padding - f + 1", 1),
    ("puzzle", PUZZLE + "puzzle = {'first': first, 'second': second, 'third': ((100, 100, 64), 8256)}", 2),
    (
        "puzzle",
        PUZZLE + "puzzle = {'first': first, 'second': ((98, 98, 32), 4640), 'third': ((97, 97, 64), 8256)}",
        1,
    ),
    (
        "conv2d",  # no stride
        """
        def conv2d(image, kernels, bias, stride=1):
            f = len(kernels)
            windows = np.lib.stride_tricks.sliding_window_view(image, (f, f), axis=(0, 1))
            return np.einsum("rcdij,ijdn->rcn", windows, kernels) + bias
        """,
        3,
    ),
    (
        "conv2d",  # a bias for every channel
        """
        def conv2d(image, kernels, bias, stride=1):
            f, channels = len(kernels), image.shape[2]
            windows = np.lib.stride_tricks.sliding_window_view(image, (f, f), axis=(0, 1))[::stride, ::stride]
            return np.einsum("rcdij,ijdn->rcn", windows, kernels) + channels * bias
        """,
        3,
    ),
    (
        "conv2d",  # only the first channel
        """
        def conv2d(image, kernels, bias, stride=1):
            f = len(kernels)
            windows = np.lib.stride_tricks.sliding_window_view(image, (f, f), axis=(0, 1))[::stride, ::stride]
            return np.einsum("rcij,ijn->rcn", windows[:, :, 0], kernels[:, :, 0])
        """,
        1,
    ),
    (
        "max_pool",  # a window that reaches over the edge counts
        """
        def max_pool(maps, size):
            return np.array([
                [maps[r:r + size, c:c + size].max(axis=(0, 1)) for c in range(0, maps.shape[1], size)]
                for r in range(0, maps.shape[0], size)
            ])
        """,
        1,
    ),
    (
        "max_pool",  # one row and one column at most are thought to be left over
        """
        def max_pool(maps, size):
            rows, columns = (n - bool(n % size) for n in maps.shape[:2])
            windows = maps[:rows, :columns].reshape(rows // size, size, columns // size, size, -1)
            return windows.max(axis=(1, 3))
        """,
        1,
    ),
    ("build_network", network(*CONVOLUTIONS, "layers.Dense(10)"), 1),
    ("build_network", network(*CONVOLUTIONS, SOFTMAX, "layers.Softmax()"), 1),
    ("build_network", network(*CONVOLUTIONS, 'layers.Dense(10, activation="sigmoid")', loss=AS_LOGITS), 1),
    ("build_network", network(*CONVOLUTIONS, SOFTMAX, loss=AS_LOGITS), 1),
    ("build_network", network(*CONVOLUTIONS, SOFTMAX, loss='"categorical_crossentropy"'), 1),
]


class TestAnswers(AnswerTables):
    exercise, right, wrong, partial = EXERCISE, RIGHT, WRONG, PARTIAL
    elsewhere = ("training",)


@pytest.fixture(scope="module")
def networks():
    """Networks that pass both bars, only the first, and neither."""
    import keras

    from coursekit.checks.cnn import _moved
    from coursekit.data import load_mnist

    mnist = load_mnist()
    still = mnist.x_test[..., np.newaxis] / np.float32(255)
    both = np.concatenate([still, _moved(still, 2)])
    untrained = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Flatten(), keras.layers.Dense(10)])
    return {
        "model": nearest_neighbour(both, np.tile(mnist.y_test, 2), 10),
        "unmoved": nearest_neighbour(still, mnist.y_test, 10),
        "untrained": untrained,
    }


HISTORIES = {"history": {"val_accuracy": [0.97, 0.98]}, "dense_history": {"val_accuracy": [0.95, 0.96]}}


@pytest.mark.parametrize(
    ("source", "want"),
    [
        ("", 3),
        ("history, dense_history = dense_history, history", 2),  # the two mixed up
        ("dense_history = history", 2),
        ("history['val_accuracy'].append(0.99)", 2),  # compared after different numbers of epochs
        ("dense_history = {'accuracy': [0.9, 0.9]}", 2),  # no validation data
        ("model = unmoved", 2),  # never saw a digit that was moved
        ("model = untrained", 1),  # never trained
        ("del model, history, dense_history", 0),
    ],
)
def test_training_is_judged_by_two_bars_and_a_comparison(earned, networks, source, want):
    histories = {name: {key: list(values) for key, values in run.items()} for name, run in HISTORIES.items()}
    assert earned(EXERCISE, "training", source, **networks, **histories) == want
