"""Every check of exercise 1 accepts answers written in different ways, and rejects what beginners get wrong."""

from __future__ import annotations

import pytest
from answer_tables import KERAS, AnswerTables

from coursekit.grading import find_exercise

EXERCISE = "01_mnist_dense"

SOFTMAX = """
def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)
"""

SMOOTHED = (
    "lambda labels, p: keras.losses.categorical_crossentropy("
    "keras.ops.one_hot(keras.ops.cast(labels[:, 0], 'int32'), 10), p, label_smoothing=0.1)"
)
AS_LOGITS_LOSS = "keras.losses.SparseCategoricalCrossentropy(from_logits=True)"


def network(layers: str, loss: str = '"sparse_categorical_crossentropy"', inputs: str = "keras.Input((784,)),") -> str:
    """The source of `build_network` with these layers, as an expression, and this loss."""
    return f"""
{KERAS}
def build_network():
    network = keras.Sequential([{inputs} {layers}])
    network.compile("adam", {loss})
    return network
"""


RIGHT = {
    "as_vectors": [
        "def as_vectors(images): return images.reshape(len(images), -1).astype('float32') / 255",
        """
        def as_vectors(images):
            return np.stack([image.ravel() / np.float32(255.0) for image in images]).astype(np.float32)
        """,
        "def as_vectors(images): return [[np.float32(b) / np.float32(255) for b in each.flat] for each in images]",
        "def as_vectors(images): return np.reshape(images, (len(images), np.prod(images.shape[1:]))) / np.float32(255)",
        "def as_vectors(images): return tuple(tuple(b / np.float32(255) for row in x for b in row) for x in images)",
        "def as_vectors(images): return np.array([np.concatenate(list(x)) for x in images]) * np.float32(1 / 255)",
        "def as_vectors(images): return np.interp(images.reshape(len(images), -1), [0, 255], [0, 1]).astype('float32')",
        "def as_vectors(images): return [np.hstack(image).astype('float32') / 255 for image in images]",
        """
        def as_vectors(images):
            count, rows, columns = images.shape
            vectors = np.zeros((count, rows * columns), "float32")
            for row in range(rows):
                vectors[:, row * columns:(row + 1) * columns] = images[:, row]
            vectors /= 255
            return vectors
        """,
        """
        import tensorflow as tf
        def as_vectors(images):
            return tf.reshape(tf.image.convert_image_dtype(images, tf.float32), [len(images), -1])
        """,
    ],
    "one_hot": [
        "def one_hot(labels, classes): return np.eye(classes)[labels]",
        """
        def one_hot(labels, classes):
            rows = np.zeros((len(labels), classes), dtype=int)
            for row, label in enumerate(labels):
                rows[row, label] = 1
            return rows
        """,
        "def one_hot(labels, classes): return labels[:, None] == np.arange(classes)",
        "def one_hot(labels, classes): return [[int(c == label) for c in range(classes)] for label in labels]",
        "def one_hot(labels, classes): return np.identity(classes, dtype=bool)[labels]",
        "def one_hot(labels, classes): return np.equal.outer(labels, np.arange(classes)).astype(np.int8)",
        "def one_hot(labels, classes): return np.take(np.eye(classes, dtype='float32'), labels, axis=0)",
        "def one_hot(labels, classes): return [np.bincount([label], minlength=classes) for label in labels]",
        "def one_hot(labels, classes): return np.where(np.arange(classes) == np.reshape(labels, (-1, 1)), 1.0, 0.0)",
        "def one_hot(labels, classes): return [[0] * n + [1] + [0] * (classes - 1 - n) for n in labels.tolist()]",
        """
        def one_hot(labels, classes):
            rows = np.zeros((len(labels), classes))
            rows.flat[np.arange(len(labels)) * classes + labels] = 1
            return rows
        """,
        """
        from scipy.sparse import csr_matrix
        def one_hot(labels, classes):
            places = np.arange(len(labels)), labels
            return csr_matrix((np.ones(len(labels)), places), shape=(len(labels), classes)).toarray()
        """,
    ],
    "softmax": [
        SOFTMAX,
        """
        def softmax(logits):
            logits = np.asarray(logits)
            largest = np.max(logits, axis=-1)[..., np.newaxis]
            log_sum = largest + np.log(np.exp(logits - largest).sum(axis=-1)[..., np.newaxis])
            return np.exp(logits - log_sum)
        """,
        "from scipy.special import softmax as s\ndef softmax(logits): return s(logits, axis=-1)",
        "def softmax(z): return np.exp(z - np.logaddexp.reduce(z, axis=-1, keepdims=True))",
        "from scipy.special import log_softmax\ndef softmax(logits): return np.exp(log_softmax(logits, axis=-1))",
        """
        def softmax(logits):
            powers = np.exp2((logits - np.max(logits, axis=-1, keepdims=True)) / np.log(2))
            return np.divide(powers, np.expand_dims(powers.sum(axis=-1), -1))
        """,
        """
        def softmax(logits):
            def of_one(row):
                row = np.exp(row - max(row))
                return row / sum(row)
            return np.apply_along_axis(of_one, -1, logits)
        """,
        """
        import math
        def softmax(logits):
            if np.ndim(logits) > 1:
                return [softmax(row) for row in logits]
            powers = [math.exp(z - max(logits)) for z in logits]
            return [power / math.fsum(powers) for power in powers]
        """,
    ],
    "cross_entropy": [
        """
        def cross_entropy(logits, labels):
            shifted = logits - logits.max(axis=1, keepdims=True)
            log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
            return -log_p[np.arange(len(labels)), labels].mean()
        """,
        """
        def cross_entropy(logits, labels):
            total = 0.0
            for row, label in zip(logits, labels):
                total += np.logaddexp.reduce(row) - row[label]
            return total / len(labels)
        """,
        """
        from scipy.special import log_softmax
        def cross_entropy(logits, labels):
            return -np.einsum("ij,ij->", np.eye(logits.shape[1])[labels], log_softmax(logits, axis=1)) / len(logits)
        """,
        """
        from scipy.special import logsumexp
        def cross_entropy(logits, labels):
            return float(np.mean(logsumexp(logits, axis=-1) - np.take_along_axis(logits, labels[:, None], 1)[:, 0]))
        """,
    ],
    "count_parameters": [
        "def count_parameters(sizes): return sum((n + 1) * m for n, m in zip(sizes, sizes[1:]))",
        """
        def count_parameters(sizes):
            sizes = np.array(sizes)
            return int(sizes[:-1] @ sizes[1:] + sizes[1:].sum())
        """,
        "import itertools\ndef count_parameters(sizes): return sum(n * m + m for n, m in itertools.pairwise(sizes))",
        "def count_parameters(sizes): return int(np.dot(np.array(sizes[:-1]) + 1, sizes[1:]))",
        """
        def count_parameters(sizes):
            if len(sizes) < 2:
                return 0
            return (sizes[0] + 1) * sizes[1] + count_parameters(sizes[1:])
        """,
        """
        def count_parameters(sizes):
            shapes = [shape for n, m in zip(sizes, sizes[1:]) for shape in ((n, m), (m,))]
            return sum(np.zeros(shape).size for shape in shapes)
        """,
    ],
    "gradients": [
        SOFTMAX
        + """
def gradients(x, labels, W, b):
    d = (softmax(x @ W + b) - np.eye(W.shape[1])[labels]) / len(x)
    return x.T @ d, d.sum(axis=0)
""",
        SOFTMAX
        + """
def gradients(x, labels, W, b):
    d_W, d_b = np.zeros_like(W), np.zeros_like(b)
    for image, label in zip(x, labels):
        d = softmax(image @ W + b)
        d[label] -= 1
        d_W += np.outer(image, d)
        d_b += d
    return [d_W / len(x), d_b / len(x)]
""",
    ],
    "build_network": [
        KERAS
        + """
def build_network():
    network = keras.Sequential([keras.Input((784,)), layers.Dense(32, "relu"), layers.Dense(10, "softmax")])
    network.compile("adam", "sparse_categorical_crossentropy")
    return network
""",
        KERAS
        + """
def build_network():
    inputs = keras.Input((784,))
    hidden = layers.Dropout(0.2)(layers.Activation("relu")(layers.Dense(64)(inputs)))
    network = keras.Model(inputs, layers.Dense(10)(hidden))
    network.compile(keras.optimizers.SGD(0.1), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return network
""",
        network('layers.Dense(32, "relu"), layers.Dense(10, "softmax")', inputs=""),  # not built
        network('layers.Dense(32, "tanh"), layers.Dense(10, "softmax")', loss='["sparse_categorical_crossentropy"]'),
        network(
            "keras.Sequential([layers.Dense(32), layers.BatchNormalization(), layers.ReLU()]), layers.Dense(10)",
            loss='keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="sum", name="digits")',
        ),
        network(
            'layers.LayerNormalization(), layers.Dense(32, "gelu", kernel_regularizer="l2"), layers.Dense(10)',
            loss="lambda labels, z: keras.ops.logsumexp(z, 1) - keras.ops.take_along_axis("
            "z, keras.ops.cast(keras.ops.reshape(labels, (-1, 1)), 'int32'), 1)[:, 0]",
        ),
        network('layers.Dense(64, "relu"), layers.Dense(10, "softmax", kernel_initializer="zeros")'),
        network('layers.Dense(4), layers.LayerNormalization(), layers.PReLU(), layers.Dense(10, "softmax")'),
        network('layers.LayerNormalization(), layers.Dense(64, "relu"), layers.Dense(10, "softmax")'),
        network(
            'layers.Dense(64, "sigmoid"), layers.RMSNormalization(), layers.Dense(32), layers.LayerNormalization(), '
            "layers.Dense(10)",
            AS_LOGITS_LOSS,
        ),
        KERAS
        + """
def build_network():
    inputs = keras.Input((784,))
    hidden = keras.ops.relu(layers.UnitNormalization()(layers.Dense(64)(inputs)))
    network = keras.Model(inputs, layers.Dense(10, "softmax")(hidden))
    network.compile("adam", "sparse_categorical_crossentropy")
    return network
""",
        network(
            'layers.Rescaling(1 / 255), layers.Dense(64, "tanh"), layers.Dense(10, use_bias=False)', loss=AS_LOGITS_LOSS
        ),
        network('layers.Dense(64, "relu"), layers.Dense(10, "log_softmax")', loss=AS_LOGITS_LOSS),
        network(
            'layers.Dense(64, "relu"), layers.Dense(10, "log_softmax")',
            loss="lambda labels, log_p: -keras.ops.sum(np.eye(10)[np.asarray(labels).astype(int)] * log_p, -1)",
        ),
        network(
            'layers.Reshape((28, 28)), layers.EinsumDense("bij,ijhk->bhk", (8, 4), bias_axes="hk", activation="relu"), '
            'layers.Flatten(), layers.Dense(10, "softmax")'
        ),
        KERAS
        + """
class Hidden(layers.Layer):
    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1], 32), initializer="he_normal")
    def call(self, x):
        return keras.ops.relu(x @ self.kernel)

class Digits(keras.Model):
    def __init__(self):
        super().__init__()
        self.hidden, self.last = Hidden(), layers.Dense(10)
    def call(self, x):
        return keras.ops.softmax(self.last(self.hidden(x)))

def build_network():
    network = Digits()
    network.compile("adam", keras.losses.sparse_categorical_crossentropy)
    return network
""",
    ],
}

WRONG = {
    "as_vectors": [
        ("not rescaled", "def as_vectors(images): return images.reshape(len(images), -1).astype('float32')"),
        ("divided by 256", "def as_vectors(images): return images.reshape(len(images), -1).astype('float32') / 256"),
        ("pixels first", "def as_vectors(images): return images.reshape(784, -1).astype('float32') / 255"),
        (
            "column behind column",
            "def as_vectors(images): return images.transpose(0, 2, 1).reshape(len(images), -1).astype('float32') / 255",
        ),
        ("a fixed number of images", "def as_vectors(images): return images.reshape(60_000, 784) / 255"),
        (
            "each image by its own largest byte",
            """
            def as_vectors(images):
                vectors = images.reshape(len(images), -1).astype("float32")
                return vectors / vectors.max(axis=1, keepdims=True)
            """,
        ),
        (
            "standardised",
            """
            def as_vectors(images):
                vectors = images.reshape(len(images), -1).astype("float32")
                return (vectors - vectors.mean()) / vectors.std()
            """,
        ),
    ],
    "one_hot": [
        ("last class never marked", "def one_hot(labels, classes): return np.eye(classes)[labels % (classes - 1)]"),
        ("nine columns", "def one_hot(labels, classes): return np.eye(classes - 1)[np.minimum(labels, classes - 2)]"),
        ("transposed", "def one_hot(labels, classes): return np.eye(classes)[labels].T"),
        ("counted from 1", "def one_hot(labels, classes): return np.eye(classes)[labels - 1]"),
    ],
    "softmax": [
        ("sigmoid", "def softmax(logits): return 1 / (1 + np.exp(-logits))"),
        ("no exponential", "def softmax(logits): return logits / logits.sum(axis=-1, keepdims=True)"),
        ("logarithm kept", "def softmax(z): return z - np.log(np.exp(z).sum(axis=-1, keepdims=True))"),
    ],
    "cross_entropy": [
        (
            "sum instead of mean",
            """
            def cross_entropy(logits, labels):
                log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
                return -log_p[np.arange(len(labels)), labels].sum()
            """,
        ),
        (
            "sign forgotten",
            """
            def cross_entropy(logits, labels):
                log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
                return log_p[np.arange(len(labels)), labels].mean()
            """,
        ),
        (
            "averaged over classes",
            """
            def cross_entropy(logits, labels):
                log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
                return -(np.eye(logits.shape[1])[labels] * log_p).mean()
            """,
        ),
        (
            "base 2 of the logarithm",
            """
            def cross_entropy(logits, labels):
                shifted = logits - logits.max(axis=1, keepdims=True)
                log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
                return -log_p[np.arange(len(labels)), labels].mean() / np.log(2)
            """,
        ),
    ],
    "count_parameters": [
        (
            "a width is looked up by its value",
            """
            def count_parameters(sizes):
                return sum((n + 1) * sizes[sizes.index(n) + 1] for n in sizes[:-1])
            """,
        ),
        ("biases forgotten", "def count_parameters(sizes): return sum(n * m for n, m in zip(sizes, sizes[1:]))"),
        ("bias of the input", "def count_parameters(sizes): return sum(n * (m + 1) for n, m in zip(sizes, sizes[1:]))"),
        ("biases of the inputs too", "def count_parameters(s): return sum(n * m for n, m in zip(s, s[1:])) + sum(s)"),
    ],
    "gradients": [
        (
            "not averaged",
            SOFTMAX
            + """
def gradients(x, labels, W, b):
    d = softmax(x @ W + b) - np.eye(W.shape[1])[labels]
    return x.T @ d, d.sum(axis=0)
""",
        ),
        (
            "as many classes as occur",
            SOFTMAX
            + """
def gradients(x, labels, W, b):
    d = (softmax(x @ W + b) - np.eye(labels.max() + 1)[labels]) / len(x)
    return x.T @ d, d.sum(axis=0)
""",
        ),
        (
            "uphill",
            SOFTMAX
            + """
def gradients(x, labels, W, b):
    d = (np.eye(W.shape[1])[labels] - softmax(x @ W + b)) / len(x)
    return x.T @ d, d.sum(axis=0)
""",
        ),
        (
            "labels never subtracted",
            SOFTMAX
            + """
def gradients(x, labels, W, b):
    d = softmax(x @ W + b) / len(x)
    return x.T @ d, d.sum(axis=0)
""",
        ),
    ],
    "build_network": [
        (
            "nine outputs",
            KERAS
            + """
def build_network():
    network = keras.Sequential([keras.Input((784,)), layers.Dense(32, "relu"), layers.Dense(9, "softmax")])
    network.compile("adam", "sparse_categorical_crossentropy")
    return network
""",
        ),
        (
            "no hidden layer",
            KERAS
            + """
def build_network():
    network = keras.Sequential([keras.Input((784,)), layers.Dense(10, "softmax")])
    network.compile("adam", "sparse_categorical_crossentropy")
    return network
""",
        ),
        (
            "attention in place of a hidden layer",
            KERAS
            + """
def build_network():
    images = keras.Input((784,))
    rows = layers.Reshape((28, 28))(images)
    seen = layers.Flatten()(layers.MultiHeadAttention(2, 8)(rows, rows))
    network = keras.Model(images, layers.Dense(10, "softmax")(seen))
    network.compile("adam", "sparse_categorical_crossentropy")
    return network
""",
        ),
        ("no activation within", network('layers.Dense(64), layers.Dense(10, "softmax")')),
        (
            "layer normalisation for an activation",
            network('layers.Dense(64), layers.LayerNormalization(), layers.Dense(10, "softmax")'),
        ),
        (
            "normalisations for activations",
            network(
                "layers.Dense(64), layers.RMSNormalization(), layers.Dense(32), layers.BatchNormalization(), "
                "layers.UnitNormalization(), layers.Dense(10)",
                AS_LOGITS_LOSS,
            ),
        ),
        (
            "one of three frozen",
            network('layers.Dense(64, "relu"), layers.Dense(32, "relu", trainable=False), layers.Dense(10, "softmax")'),
        ),
        (
            "the last one frozen",
            network('layers.Dense(64, "relu"), layers.Dense(32, "relu"), layers.Dense(10, "softmax", trainable=False)'),
        ),
        (
            "nothing leads back to the first",
            network(
                'layers.Dense(64, "relu"), layers.Lambda(keras.ops.stop_gradient), layers.Dense(32, "relu"), '
                'layers.Dense(10, "softmax")'
            ),
        ),
        ("softmax within, rescaled", network('layers.Dense(64, "softmax"), layers.Rescaling(9.0), layers.Dense(10)')),
        (
            "a convolution",
            network(
                'layers.Reshape((28, 28)), layers.Conv1D(8, 3, 2, activation="relu"), layers.Flatten(), '
                'layers.Dense(64, "relu"), layers.Dense(10)'
            ),
        ),
        (
            "nothing is learnt",
            network('layers.Dense(64, "relu"), layers.Dense(10)').replace('"adam"', "keras.optimizers.SGD(0.0)"),
        ),
        ("softmax within", network('layers.Dense(64, "softmax"), layers.Dense(10, "softmax")')),
        ("all frozen", network('layers.Dense(64, "relu", trainable=False), layers.Dense(10, trainable=False)')),
        (
            "images are asked for",
            network('layers.Dense(64, "relu"), layers.Dense(10)', inputs="keras.Input((28, 28)),"),
        ),
        (
            "a sequence that keeps an axis",
            network('layers.Reshape((28, 28)), layers.Dense(64, "relu"), layers.Dense(10)'),
        ),
    ],
}

# Partly right: the answer, and the points that its right parts earn.
PARTIAL = [
    (
        "gradients",
        SOFTMAX
        + """
def gradients(x, labels, W, b):
    d = (softmax(x @ W + b) - np.eye(W.shape[1])[labels]) / len(x)
    return d.T @ x, d.sum(axis=0)
""",
        1,
    ),
    ("as_vectors", "def as_vectors(images): return images.reshape(len(images), -1) / 255", 1),
    ("one_hot", "def one_hot(labels, classes): return np.eye(10)[labels]", 1),
    ("softmax", "def softmax(z): return np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True)", 2),
    ("softmax", "def softmax(z): e = np.exp(z - z.max()); return e / e.sum(axis=0)", 1),
    ("softmax", "def softmax(z): e = np.exp(z - z.max()); return e / e.sum(axis=-1, keepdims=True)", 2),
    ("softmax", "def softmax(z): e = np.exp(np.clip(z, -500, 500)); return e / e.sum(axis=-1, keepdims=True)", 2),
    (
        "softmax",
        "def softmax(z): e = np.exp(z - abs(z).max(-1)[..., None]); return e / e.sum(-1, keepdims=True)",
        2,
    ),
    ("softmax", "def softmax(z): e = np.exp(z - z.mean(-1, keepdims=True)); return e / e.sum(-1, keepdims=True)", 2),
    ("softmax", "def softmax(z): e = np.exp(z - z[..., :1]); return e / e.sum(axis=-1, keepdims=True)", 2),
    ("softmax", "def softmax(z): e = np.exp(z - z[..., -1:]); return e / e.sum(axis=-1, keepdims=True)", 2),
    ("as_vectors", "def as_vectors(images): return (images.reshape(-1, 784) / 255).astype('float16')", 0),
    (
        "cross_entropy",  # one maximum for the whole batch
        """
        def cross_entropy(logits, labels):
            z = logits - logits.max()
            log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
            return -log_p[np.arange(len(labels)), labels].mean()
        """,
        2,
    ),
    (
        "cross_entropy",
        """
        def cross_entropy(logits, labels):
            p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
            return -np.log(p[np.arange(len(labels)), labels]).mean()
        """,
        2,
    ),
    (
        "gradients",
        SOFTMAX
        + """
def gradients(x, labels, W, b):
    d = (softmax(x @ W + b) - np.eye(W.shape[1])[labels]) / len(x)
    return x.T @ d, d.mean(axis=0)
""",
        2,
    ),
]
# Compiled, but loss and last activation do not fit: (last layer, loss).
MISMATCHED = [
    ('layers.Dense(10, "softmax")', '"categorical_crossentropy"'),
    ('layers.Dense(10, "softmax")', '"mse"'),
    ('layers.Dense(10, "softmax")', AS_LOGITS_LOSS),
    ("layers.Dense(10)", '"sparse_categorical_crossentropy"'),
    ('layers.Dense(10, "relu")', AS_LOGITS_LOSS),
    ('layers.Dense(10, "tanh")', AS_LOGITS_LOSS),
    ('layers.Dense(10, "sigmoid")', AS_LOGITS_LOSS),
    ('layers.Dense(10, "selu")', AS_LOGITS_LOSS),
    ('layers.Dense(10, "softmax"), layers.Dropout(0.5)', '"sparse_categorical_crossentropy"'),
    ('layers.Dense(10, "softmax"), layers.Softmax()', '"sparse_categorical_crossentropy"'),
    ('layers.Dense(10, "sigmoid"), layers.Softmax()', '"sparse_categorical_crossentropy"'),
    ('layers.Dense(10, "log_softmax")', '"sparse_categorical_crossentropy"'),
    ('layers.Dense(10, "softmax")', SMOOTHED),
]
AS_LOGITS = (
    KERAS
    + """
inputs = keras.Input((784,))
functional = keras.Model(inputs, layers.Dense(10)(layers.Dense(512, "relu")(inputs)))
functional.set_weights(model.get_weights())
model, history = functional, history.history
"""
)


class TestAnswers(AnswerTables):
    exercise, right, wrong, partial = EXERCISE, RIGHT, WRONG, PARTIAL
    elsewhere = ("training",)


@pytest.mark.parametrize(("last", "loss"), MISMATCHED)
def test_a_loss_that_does_not_fit_costs_a_point(earned, last, loss):
    assert earned(EXERCISE, "build_network", network(f'layers.Dense(32, "relu"), {last}', loss)) == 1


def test_what_is_not_compiled_costs_a_point(earned):
    source = KERAS + "def build_network(): return keras.Sequential([layers.Dense(32, 'relu'), layers.Dense(10)])"
    assert earned(EXERCISE, "build_network", source) == 1


def test_a_loss_that_compile_does_not_know_costs_a_point(earned):
    source = """
class Digits(keras.Sequential):
    def compute_loss(self, x=None, y=None, y_pred=None, **others):
        return keras.ops.mean(keras.losses.sparse_categorical_crossentropy(y, y_pred))
"""
    known = network('layers.Dense(32, "relu"), layers.Dense(10, "softmax")', loss="loss=None")
    assert earned(EXERCISE, "build_network", KERAS + source + known.replace("keras.Sequential", "Digits")) == 1


@pytest.fixture(scope="module")
def trained():
    """A model that passes both bars, its history, and its weights after the first epoch, which pass one."""
    import keras
    from keras import layers

    from coursekit.data import load_mnist

    mnist = load_mnist()
    x = mnist.x_train.reshape(-1, 784).astype("float32") / 255
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((784,)), layers.Dense(512, "relu"), layers.Dense(10, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(x, mnist.y_train, batch_size=128, verbose=0)
    first_epoch = model.get_weights()
    history = model.fit(x, mnist.y_train, batch_size=256, epochs=3, validation_split=0.1, verbose=0)
    return model, history, first_epoch


AS_IMAGES = (
    KERAS
    + """
trained = model
turned = [layers.Rescaling(2, -1), layers.Rescaling(0.5, 0.5), layers.Flatten()]
model = keras.Sequential([keras.Input((28, 28, 1)), *turned, *trained.layers])
"""
)
AS_BYTES = (
    KERAS
    + """
trained = model
model = keras.Sequential([keras.Input((28, 28)), layers.Rescaling(1 / 255), layers.Flatten(), *trained.layers])
"""
)


@pytest.mark.parametrize("source", ["", AS_LOGITS, AS_IMAGES, AS_BYTES])
def test_a_trained_network_earns_all_points(earned, trained, source):
    model, history, _ = trained
    points = find_exercise(EXERCISE).find("training").points
    assert earned(EXERCISE, "training", source, model=model, history=history) == points


@pytest.mark.parametrize(
    ("source", "want"),
    [
        ("history = {'loss': [0.1]}", 2),  # no validation data
        ("model.set_weights(first_epoch)", 2),  # between the bars
        ("model.set_weights([0 * w for w in model.get_weights()])", 1),  # never trained
        ("del model, history", 0),
    ],
)
def test_training_is_judged_by_validation_data_and_bars(earned, trained, source, want):
    model, history, first_epoch = trained
    best = model.get_weights()
    assert earned(EXERCISE, "training", source, model=model, history=history, first_epoch=first_epoch) == want
    model.set_weights(best)
