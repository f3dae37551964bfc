import keras
import numpy as np
import tensorflow as tf
from keras import layers

# %% as_vectors · right · three loops over pixels
def as_vectors(images):
    vectors = np.empty((len(images), images[0].size), np.float32)
    for number, image in enumerate(images):
        place = 0
        for row in image:
            for byte in row:
                vectors[number, place] = byte / 255.0
                place += 1
    return vectors

# %% as_vectors · right · a list of float32 vectors
def as_vectors(images):
    vectors = []
    for image in images:
        vectors.append(np.divide(image.flatten(), 255, dtype="float32"))
    return vectors

# %% as_vectors · right · lists of float32 numbers in a list
def as_vectors(images):
    scale = [np.float32(byte / 255) for byte in range(256)]
    return [list(map(scale.__getitem__, image.ravel().tolist())) for image in images]

# %% as_vectors · right · two layers of Keras
def as_vectors(images):
    prepare = keras.Sequential([layers.Rescaling(1.0 / 255), layers.Reshape((-1,))])
    return prepare(images)

# %% as_vectors · right · operations of Keras on tensors
def as_vectors(images):
    pixels = keras.ops.convert_to_tensor(images, dtype="float32")
    return keras.ops.reshape(pixels / 255.0, (len(images), -1))

# %% as_vectors · wrong · each image by its own brightest pixel
def as_vectors(images):
    flat = np.float32(images).reshape(len(images), -1)
    return np.array([vector / vector.max() for vector in flat])

# %% as_vectors · wrong · half precision
def as_vectors(images):
    return np.float16(images.reshape(len(images), -1) / 255)

# %% as_vectors · wrong · standardised
def as_vectors(images):
    flat = images.reshape(len(images), -1).astype(np.float32)
    mean, deviation = flat.mean(), flat.std()
    return (flat - mean) / deviation

# %% one_hot · right · the helper of Keras
def one_hot(labels, classes):
    return keras.utils.to_categorical(np.asarray(labels), num_classes=classes)

# %% one_hot · right · the operation of TensorFlow
def one_hot(labels, classes):
    return tf.one_hot(tf.constant(labels), classes, on_value=1.0, off_value=0.0)

# %% one_hot · right · lists in a list
def one_hot(labels, classes):
    rows = []
    for label in labels:
        row = [0] * classes
        row[label] = 1
        rows.append(row)
    return rows

# %% one_hot · right · a layer that encodes categories
def one_hot(labels, classes):
    encoder = layers.CategoryEncoding(classes, output_mode="one_hot")
    return encoder(np.array(labels))

# %% one_hot · right · ones put along an axis
def one_hot(labels, classes):
    ones = np.zeros((len(labels), classes))
    np.put_along_axis(ones, np.reshape(labels, (len(labels), 1)), 1.0, axis=-1)
    return ones

# %% one_hot · right · the binarizer of scikit-learn
from sklearn.preprocessing import LabelBinarizer

def one_hot(labels, classes):
    return LabelBinarizer().fit(np.arange(classes)).transform(labels)

# %% one_hot · wrong · every label marked in every row
def one_hot(labels, classes):
    table = np.zeros((len(labels), classes), int)
    for label in labels:
        table[:, label] = 1
    return table

# %% one_hot · wrong · cut out of ten columns
def one_hot(labels, classes):
    return np.eye(10)[labels][:, :classes]

# %% softmax · right · one over a sum of ratios
def softmax(logits):
    logits = np.asarray(logits)
    differences = np.expand_dims(logits, -2) - np.expand_dims(logits, -1)
    with np.errstate(over="ignore"):
        return 1.0 / np.sum(np.exp(differences), axis=-1)

# %% softmax · right · the operation of TensorFlow
def softmax(logits):
    return tf.nn.softmax(tf.constant(logits), axis=-1).numpy()

# %% softmax · right · the activation of Keras in single precision
def softmax(logits):
    as_rows = np.float32(logits).reshape(-1, np.shape(logits)[-1])
    return np.reshape(keras.activations.softmax(keras.ops.convert_to_tensor(as_rows)), np.shape(logits))

# %% softmax · right · the argument is overwritten
def softmax(logits):
    np.subtract(logits, logits.max(axis=-1, keepdims=True), out=logits)
    np.exp(logits, out=logits)
    return np.divide(logits, logits.sum(axis=-1, keepdims=True), out=logits)

# %% softmax · wrong · one maximum for the whole batch
def softmax(logits):
    shifted = logits - logits.max()
    return np.exp(shifted) / np.exp(shifted).sum(-1, keepdims=True)

# %% softmax · wrong · large logits clipped
def softmax(logits):
    powers = np.exp(np.minimum(np.maximum(logits, -600), 600))
    return powers / np.sum(powers, axis=-1, keepdims=True)

# %% softmax · wrong · not-a-number replaced by zero
def softmax(logits):
    with np.errstate(all="ignore"):
        ratio = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    ratio[np.isnan(ratio)] = 0
    return ratio

# %% softmax · wrong · the largest absolute value subtracted
def softmax(logits):
    largest = np.max(np.abs(logits), axis=-1, keepdims=True)
    powers = np.exp(logits - largest)
    return powers / powers.sum(axis=-1, keepdims=True)

# %% softmax · wrong · a batch of one loses its axis
def softmax(logits):
    powers = np.exp(logits - np.max(logits, axis=-1, keepdims=True))
    return np.squeeze(powers / np.sum(powers, axis=-1, keepdims=True))

# %% cross_entropy · right · row by row with logsumexp
from scipy.special import logsumexp

def cross_entropy(logits, labels):
    losses = [logsumexp(row) for row in logits]
    for number, label in enumerate(labels):
        losses[number] -= logits[number, label]
    return sum(losses) / len(losses)

# %% cross_entropy · right · log-softmax of Keras, and one-hot labels
def cross_entropy(logits, labels):
    log_p = keras.ops.log_softmax(logits, axis=-1)
    wanted = keras.ops.cast(keras.ops.one_hot(labels, logits.shape[-1]), log_p.dtype)
    return keras.ops.sum(-log_p * wanted) / len(logits)

# %% cross_entropy · wrong · one maximum for the whole batch
def cross_entropy(logits, labels):
    powers = np.exp(logits - np.max(logits))
    with np.errstate(divide="ignore"):
        log_p = np.log(powers / powers.sum(axis=1, keepdims=True))
    return -np.mean(log_p[np.arange(len(logits)), labels])

# %% cross_entropy · wrong · only the lead of the largest logit
def cross_entropy(logits, labels):
    behind = [row.max() - row[label] for row, label in zip(logits, labels)]
    return sum(behind) / len(behind)

# %% cross_entropy · wrong · all labels taken from every row
def cross_entropy(logits, labels):
    log_p = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    return -np.mean(log_p[:, labels])

# %% count_parameters · right · Keras is asked
def count_parameters(sizes):
    network = keras.Sequential([keras.Input((sizes[0],))])
    for size in sizes[1:]:
        network.add(layers.Dense(size))
    return network.count_params()

# %% count_parameters · right · matrices and vectors made and counted
def count_parameters(sizes):
    weights = []
    for inputs, units in zip(sizes[:-1], sizes[1:]):
        weights += [np.empty((inputs, units)), np.empty(units)]
    return sum(weight.size for weight in weights)

# %% count_parameters · wrong · one bias for a layer
def count_parameters(sizes):
    total = len(sizes) - 1
    for number in range(1, len(sizes)):
        total += sizes[number - 1] * sizes[number]
    return total

# %% count_parameters · wrong · the last layer without biases
def count_parameters(sizes):
    kernels = np.dot(sizes[:-1], sizes[1:])
    return int(kernels + np.sum(sizes[1:-1]))

# %% gradients · right · central differences
def gradients(x, labels, W, b):
    def loss():
        logits = x @ W + b
        return np.mean(np.logaddexp.reduce(logits, axis=1) - logits[np.arange(len(x)), labels])

    def slopes(weights):
        result = np.zeros(weights.shape)
        for place in np.ndindex(*weights.shape):
            kept = weights[place]
            weights[place] = kept + 1e-5
            above = loss()
            weights[place] = kept - 1e-5
            result[place] = (above - loss()) / 2e-5
            weights[place] = kept
        return result

    W, b = np.array(W, float), np.array(b, float)
    return slopes(W), slopes(b)

# %% gradients · wrong · the gradient of W transposed
def gradients(x, labels, W, b):
    logits = x @ W + b
    blame = np.exp(logits - np.logaddexp.reduce(logits, axis=1, keepdims=True))
    blame[np.arange(len(x)), labels] -= 1
    return (x.T @ blame).T / len(x), blame.mean(axis=0)

# %% gradients · wrong · the bias comes first
def gradients(x, labels, W, b):
    logits = x @ W + b
    blame = np.exp(logits - np.logaddexp.reduce(logits, axis=1, keepdims=True))
    blame[np.arange(len(x)), labels] -= 1
    return blame.mean(axis=0), x.T @ blame / len(x)

# %% gradients · wrong · divided by the classes as well
def gradients(x, labels, W, b):
    logits = x @ W + b
    blame = np.exp(logits - np.logaddexp.reduce(logits, axis=1, keepdims=True))
    blame[np.arange(len(x)), labels] -= 1
    blame /= len(x) * W.shape[1]
    return x.T @ blame, blame.sum(axis=0)

# %% build_network · right · without an Input, not built
def build_network():
    network = keras.Sequential()
    network.add(layers.Dense(100, activation="relu"))
    network.add(layers.Dense(10, activation="softmax"))
    network.compile(optimizer="rmsprop", loss="sparse_categorical_crossentropy")
    return network

# %% build_network · right · built by its method
def build_network():
    network = keras.Sequential([layers.Dense(96, "elu"), layers.Dense(10, "softmax")])
    network.compile(keras.optimizers.Adam(), "sparse_categorical_crossentropy", ["accuracy"])
    network.build((1, 784))
    return network

# %% build_network · right · a class of its own, built by a call
class Reader(keras.Model):
    def __init__(self, units):
        super().__init__()
        self.wide = layers.Dense(units, "relu")
        self.narrow = layers.Dense(10, "softmax")

    def call(self, images):
        return self.narrow(self.wide(images))

def build_network():
    reader = Reader(80)
    reader.compile("nadam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    reader(keras.ops.zeros((2, 784)))
    return reader

# %% build_network · right · a loss function, and a layer of softmax
def build_network():
    inputs = keras.Input((784,))
    hidden = inputs
    for units in (96, 48):
        hidden = layers.Dense(units, use_bias=False)(hidden)
        hidden = layers.Activation("relu")(layers.BatchNormalization()(hidden))
    network = keras.Model(inputs, layers.Softmax()(layers.Dense(10)(hidden)))
    network.compile("adam", keras.losses.sparse_categorical_crossentropy)
    return network

# %% build_network · right · the loss in a list
def build_network():
    inputs = keras.Input((784,))
    outputs = layers.Dense(10, "softmax")(layers.Dense(40, "sigmoid")(inputs))
    network = keras.Model(inputs, outputs)
    network.compile("rmsprop", loss=[keras.losses.SparseCategoricalCrossentropy()])
    return network

# %% build_network · right · normalised, gelu, with a penalty
def build_network():
    stack = [
        keras.Input((784,)),
        layers.LayerNormalization(),
        layers.Dense(72, activation="gelu", kernel_regularizer=keras.regularizers.L2(1e-4)),
        layers.Dense(10),
        layers.Lambda(keras.ops.softmax),
    ]
    network = keras.Sequential(stack)
    network.compile(keras.optimizers.AdamW(), keras.losses.SparseCategoricalCrossentropy())
    return network

# %% build_network · wrong · sigmoids where logits are expected
def build_network():
    network = keras.Sequential([keras.Input((784,)), layers.Dense(50, "relu")])
    network.add(layers.Dense(10, "sigmoid"))
    network.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return network

# %% build_network · wrong · relu where logits are expected
def build_network():
    network = keras.Sequential([keras.Input((784,)), layers.Dense(50, "relu")])
    network.add(layers.Dense(10, "relu"))
    network.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return network

# %% build_network · wrong · softmax in the hidden layer
def build_network():
    inputs = keras.Input((784,))
    network = keras.Model(inputs, layers.Dense(10, "softmax")(layers.Dense(50, "softmax")(inputs)))
    network.compile("adam", "sparse_categorical_crossentropy")
    return network

# %% build_network · wrong · squared error as the loss
def build_network():
    inputs = keras.Input((784,))
    network = keras.Model(inputs, layers.Dense(10, "softmax")(layers.Dense(50, "relu")(inputs)))
    network.compile("adam", keras.losses.MeanSquaredError())
    return network

# %% build_network · wrong · dropout behind the softmax
def build_network():
    network = keras.Sequential([keras.Input((784,)), layers.Dense(50, "relu")])
    for layer in (layers.Dense(10, "softmax"), layers.Dropout(0.4)):
        network.add(layer)
    network.compile("adam", "sparse_categorical_crossentropy")
    return network

# %% build_network · wrong · never compiled
def build_network():
    inputs = keras.Input((784,))
    return keras.Model(inputs, layers.Dense(10, "softmax")(layers.Dense(50, "relu")(inputs)))

# %% build_network · wrong · all layers frozen
def build_network():
    network = keras.Sequential([keras.Input((784,)), layers.Dense(50, "relu"), layers.Dense(10, "softmax")])
    network.trainable = False
    network.compile("adam", "sparse_categorical_crossentropy")
    return network

# %% count_parameters · right · a running total and the size before
def count_parameters(sizes):
    total, before = 0, None
    for size in sizes:
        if before is not None:
            total += (before + 1) * size
        before = size
    return total

# %% build_network · wrong · pooling among the dense layers
def build_network():
    network = keras.Sequential([
        keras.Input((784,)), layers.Reshape((28, 28, 1)), layers.MaxPooling2D(), layers.Flatten(),
        layers.Dense(64, "relu"), layers.Dense(10, "softmax"),
    ])
    network.compile("adam", "sparse_categorical_crossentropy")
    return network
