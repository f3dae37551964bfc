import keras
import numpy as np
import tensorflow as tf
from keras import layers

def build_base():
    blocks = [keras.Input((28, 28, 1))]
    for place, filters in enumerate([16, 32, 64, 64], 1):
        blocks.append(layers.Conv2D(
            filters, 3, strides=2, padding="same", activation="relu", name=f"convolution{place}"))
        blocks.append(layers.BatchNormalization(name=f"norm{place}"))
    return keras.Sequential(blocks, name="base")

keras.utils.set_random_seed(7)
lender = build_base()
teacher = keras.Sequential([lender, layers.Flatten(), layers.Dense(5, activation="softmax")])

def pretrained_base():
    copy = build_base()
    for mine, theirs in zip(copy.layers, lender.layers):
        mine.set_weights(theirs.get_weights())
    return copy

# %% choose_recipe · right · a table that is looked up
def choose_recipe(n, similar):
    table = {
        (False, True): "new head", (False, False): "low layers",
        (True, True): "fine-tune all", (True, False): "initialise and retrain",
    }
    return table[bool(n >= 100), bool(similar)]

# %% choose_recipe · wrong · a hundred images count as few
def choose_recipe(n, similar):
    if n > 100:
        return "fine-tune all" if similar else "initialise and retrain"
    return "new head" if similar else "low layers"

# %% choose_recipe · wrong · a recipe under another spelling
def choose_recipe(n, similar):
    recipes = ["low layers", "new head", "initialise and retrain", "finetune all"]
    return recipes[2 * (n >= 100) + bool(similar)]

# %% head_parameters · right · a product, and pairs of widths
from math import prod

def head_parameters(maps, units, pooled=False):
    widths = [maps[-1] if pooled else prod(maps), *units]
    pairs = zip(widths, widths[1:])
    return sum(inputs * outputs + outputs for inputs, outputs in pairs)

# %% head_parameters · right · a scalar product of widths
def head_parameters(maps, units, pooled=False):
    entries = np.array(maps)[-1:] if pooled else np.array(maps)
    widths = np.concatenate([[entries.prod()], units])
    return int(np.sum(np.multiply(widths[:-1] + 1, widths[1:])))

# %% head_parameters · wrong · pooled to one number a place
def head_parameters(maps, units, pooled=False):
    rows, columns, channels = maps
    widths = [rows * columns * (1 if pooled else channels), *units]
    return sum((a + 1) * b for a, b in zip(widths, widths[1:]))

# %% head_parameters · wrong · one bias for a layer
def head_parameters(maps, units, pooled=False):
    rows, columns, channels = maps
    widths = [channels if pooled else rows * columns * channels, *units]
    return sum(a * b for a, b in zip(widths, widths[1:])) + len(units)

# %% head_parameters · wrong · room for three layers
def head_parameters(maps, units, pooled=False):
    rows, columns, channels = maps
    first, second, third = (list(units) + [0, 0])[:3]
    inputs = channels if pooled else rows * columns * channels
    return (inputs + 1) * first + (first + 1) * second + (second + 1) * third

# %% preprocessed · right · a table of all bytes
MEAN, DEVIATION = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])

def preprocessed(photos):
    of_byte = (np.linspace(0, 1, 256)[:, np.newaxis] - MEAN) / DEVIATION  # (byte, colour)
    result = np.empty(photos.shape)
    for colour in range(3):
        result[..., colour] = np.take(of_byte[:, colour], photos[..., colour])
    return result

# %% preprocessed · right · TensorFlow makes numbers of bytes
def preprocessed(photos):
    numbers = tf.cast(photos, tf.float32) / 255.0
    return tf.math.divide(tf.math.subtract(numbers, [0.485, 0.456, 0.406]), [0.229, 0.224, 0.225])

# %% preprocessed · wrong · the colours in the other order
def preprocessed(photos):
    numbers = np.flip(photos, axis=-1) / 255.0
    return (numbers - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]

# %% preprocessed · wrong · whole-number division
def preprocessed(photos):
    numbers = np.floor_divide(photos, 255)
    return (numbers - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]

# %% preprocessed · wrong · divided by 256
def preprocessed(photos):
    numbers = photos.astype(float) / 2**8
    return (numbers - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]

# %% preprocessed · wrong · divided by the variance
def preprocessed(photos):
    deviation = np.array([0.229, 0.224, 0.225])
    return (photos / 255.0 - [0.485, 0.456, 0.406]) / (deviation * deviation)

# %% frozen_norm · right · number by number
def frozen_norm(x, gamma, beta, mean, variance, epsilon=0.001):
    normal = []
    for example in x:
        row = []
        for unit in range(len(gamma)):
            scale = float(gamma[unit]) / float(variance[unit] + epsilon) ** 0.5
            row.append(scale * float(example[unit] - mean[unit]) + float(beta[unit]))
        normal.append(row)
    return normal

# %% frozen_norm · wrong · without the epsilon
def frozen_norm(x, gamma, beta, mean, variance, epsilon=0.001):
    scale = gamma / variance**0.5
    return x * scale + (beta - mean * scale)

# %% frozen_norm · wrong · another library's epsilon
def frozen_norm(x, gamma, beta, mean, variance, epsilon=0.001):
    scale = gamma / (variance + 1e-5) ** 0.5
    return x * scale + (beta - mean * scale)

# %% frozen_norm · wrong · beta is multiplied as well
def frozen_norm(x, gamma, beta, mean, variance, epsilon=0.001):
    normal = (x - mean) / (variance + epsilon) ** 0.5
    return (normal + beta) * gamma

# %% new_head · right · built on the output of the base
def new_head(classes):
    base = pretrained_base()
    base.trainable = False
    maps = layers.Flatten()(base.outputs[0])
    network = keras.Model(base.inputs, layers.Dense(classes, "softmax")(maps))
    network.compile("rmsprop", "sparse_categorical_crossentropy")
    return network

# %% new_head · right · layers of the base one by one
def new_head(classes):
    network = keras.Sequential([keras.Input((28, 28, 1))])
    for layer in pretrained_base().layers:
        layer.trainable = False
        network.add(layer)
    network.add(layers.Flatten())
    network.add(layers.Dense(classes, "softmax"))
    network.compile("rmsprop", "sparse_categorical_crossentropy")
    return network

# %% new_head · right · the activation as a layer
def new_head(classes):
    base = pretrained_base()
    network = keras.Sequential([base, layers.Flatten(), layers.Dense(classes), layers.Softmax()])
    base.trainable = False
    network.compile("rmsprop", "sparse_categorical_crossentropy")
    return network

# %% new_head · right · the softmax of TensorFlow
def new_head(classes):
    base, last = pretrained_base(), layers.Dense(classes, activation=lambda z: tf.nn.softmax(z))
    base.trainable = False
    network = keras.Sequential([keras.Input((28, 28, 1)), base, layers.Flatten(), last])
    network.compile("adam", keras.losses.SparseCategoricalCrossentropy())
    return network

# %% new_head · right · the head as a network of its own
def new_head(classes):
    head = keras.Sequential(name="head")
    for layer in (layers.Flatten(), layers.Dense(24, "elu"), layers.Dense(classes, "softmax")):
        head.add(layer)
    base = pretrained_base()
    base.trainable = False
    inputs = keras.Input((28, 28, 1))
    network = keras.Model(inputs, head(base(inputs)))
    network.compile("adam", "sparse_categorical_crossentropy")
    return network

# %% new_head · right · a normalisation that trains, in the head
def new_head(classes):
    base = pretrained_base()
    base.trainable = False
    inputs = keras.Input((28, 28, 1))
    means = layers.BatchNormalization(name="fresh")(layers.GlobalAveragePooling2D()(base(inputs)))
    network = keras.Model(inputs, layers.Dense(classes, "softmax")(means))
    network.compile("adam", "sparse_categorical_crossentropy")
    return network

# %% new_head · right · a class with the base as its part
class Borrower(keras.Model):
    def __init__(self, classes):
        super().__init__()
        self.loan = pretrained_base()
        self.loan.trainable = False
        self.own = keras.Sequential([layers.Flatten(), layers.Dense(classes, "softmax")])

    def call(self, images):
        return self.own(self.loan(images))

def new_head(classes):
    borrower = Borrower(classes)
    borrower.compile("adam", "sparse_categorical_crossentropy")
    borrower(keras.ops.zeros((2, 28, 28, 1)))
    return borrower

# %% new_head · right · augmentation and dropout, logits
def new_head(classes):
    base = pretrained_base()
    base.trainable = False
    inputs = keras.Input((28, 28, 1))
    maps = layers.Flatten()(base(layers.RandomZoom(0.1)(inputs)))
    network = keras.Model(inputs, layers.Dense(classes)(layers.Dropout(0.2)(maps)))
    network.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return network

# %% new_head · right · maxima, a hidden layer, softmax as an operation
def new_head(classes):
    base = pretrained_base()
    base.trainable = False
    inputs = keras.Input((28, 28, 1))
    hidden = layers.Dense(20, "tanh")(layers.GlobalMaxPooling2D()(base(inputs)))
    network = keras.Model(inputs, keras.ops.softmax(layers.Dense(classes)(hidden)))
    network.compile("adam", "sparse_categorical_crossentropy")
    return network

# %% new_head · right · a head of convolutions
def new_head(classes):
    base = pretrained_base()
    base.trainable = False
    inputs = keras.Input((28, 28, 1))
    scores = layers.GlobalMaxPooling2D()(layers.Conv2D(classes, 1)(base(inputs)))
    network = keras.Model(inputs, layers.Softmax()(scores))
    network.compile("nadam", "sparse_categorical_crossentropy")
    return network

# %% new_head · wrong · a base that never learnt anything
def new_head(classes):
    base = build_base()
    base.trainable = False
    inputs = keras.Input((28, 28, 1))
    network = keras.Model(inputs, layers.Dense(classes, "softmax")(layers.Flatten()(base(inputs))))
    network.compile("adam", "sparse_categorical_crossentropy")
    return network

# %% new_head · wrong · variables frozen, statistics still move
def new_head(classes):
    base = pretrained_base()
    for variable in base.trainable_variables:
        variable.trainable = False
    inputs = keras.Input((28, 28, 1))
    network = keras.Model(inputs, layers.Dense(classes, "softmax")(layers.Flatten()(base(inputs))))
    network.compile("adam", "sparse_categorical_crossentropy")
    return network

# %% new_head · wrong · a new head on the old one
def new_head(classes):
    inputs = keras.Input((28, 28, 1))
    teacher.trainable = False
    network = keras.Model(inputs, layers.Dense(classes, "softmax")(teacher(inputs)))
    network.compile("adam", "sparse_categorical_crossentropy")
    return network

# %% new_head · wrong · the base is called in training mode
def new_head(classes):
    base = pretrained_base()
    base.trainable = False
    inputs = keras.Input((28, 28, 1))
    maps = base(inputs, training=True)
    network = keras.Model(inputs, layers.Dense(classes, "softmax")(layers.Flatten()(maps)))
    network.compile("rmsprop", "sparse_categorical_crossentropy")
    return network

# %% new_head · wrong · scaled a second time
def new_head(classes):
    base = pretrained_base()
    base.trainable = False
    inputs = keras.Input((28, 28, 1))
    maps = base(layers.Rescaling(scale=1 / 255)(inputs))
    network = keras.Model(inputs, layers.Dense(classes, "softmax")(layers.Flatten()(maps)))
    network.compile("rmsprop", "sparse_categorical_crossentropy")
    return network

# %% changed · right · counted from the network's weights
base = pretrained_base()
head = layers.Dense(5)
head.build((None, layers.Flatten()(base.outputs[0]).shape[-1]))
of_head = sum(weight.numpy().size for weight in head.weights)
of_norms = sum(w.numpy().size for layer in base.layers if "norm" in layer.name for w in layer.weights)
changed = dict(A=of_head, B=of_head, C=of_head + of_norms)

# %% changed · wrong · keys in small letters
changed = {letter: number for letter, number in zip("abc", (1285, 1285, 1989))}

# %% fine_tuner · right · logits, and a very low rate
def fine_tuner(classes):
    base = pretrained_base()
    for name in [layer.name for layer in base.layers]:
        base.get_layer(name).trainable = name == "convolution4"
    inputs = keras.Input((28, 28, 1))
    network = keras.Model(inputs, layers.Dense(classes)(layers.Flatten()(base(inputs))))
    network.compile(
        keras.optimizers.RMSprop(2e-5), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return network

# %% fine_tuner · right · the base cut in two
def fine_tuner(classes):
    *lower, convolution, norm = pretrained_base().layers
    bottom = keras.Sequential([keras.Input((28, 28, 1)), *lower])
    bottom.trainable = norm.trainable = False
    network = keras.Sequential([bottom, convolution, norm, layers.GlobalMaxPooling2D()])
    network.add(layers.Dense(classes, "softmax"))
    network.compile(keras.optimizers.Adam(5e-5), "sparse_categorical_crossentropy")
    return network

# %% fine_tuner · right · a head of convolutions
def fine_tuner(classes):
    base = pretrained_base()
    inputs = keras.Input((28, 28, 1))
    for layer in base.layers[:-2] + base.layers[-1:]:
        layer.trainable = False
    scores = layers.GlobalAveragePooling2D()(layers.Conv2D(classes, 1)(base(inputs)))
    network = keras.Model(inputs, layers.Softmax()(scores))
    network.compile(keras.optimizers.Adam(5e-5), "sparse_categorical_crossentropy")
    return network

# %% fine_tuner · right · the head as a network of its own
def fine_tuner(classes):
    base, head = pretrained_base(), keras.Sequential([layers.GlobalAveragePooling2D()])
    head.add(layers.Dense(classes, "softmax"))
    for layer in base.layers:
        layer.trainable = layer.name.endswith("ion4")
    inputs = keras.Input((28, 28, 1))
    network = keras.Model(inputs, head(base(inputs)))
    network.compile(keras.optimizers.Adam(5e-5), "sparse_categorical_crossentropy")
    return network

# %% fine_tuner · right · a class of parts, of which only the borrowed ones are built
class Tuner(keras.Model):
    def __init__(self, classes):
        super().__init__()
        base = pretrained_base()
        for layer in base.layers:
            layer.trainable = layer.name == "convolution4"
        self.low, self.high = keras.Sequential(base.layers[:6]), keras.Sequential(base.layers[6:])
        self.head = layers.Dense(classes, activation="softmax")

    def call(self, images):
        maps = self.high(self.low(images))
        return self.head(keras.ops.reshape(maps, (-1, 256)))

def fine_tuner(classes):
    network = Tuner(classes)
    network.build((None, 28, 28, 1))
    network.compile(keras.optimizers.RMSprop(5e-5), "sparse_categorical_crossentropy")
    return network

# %% fine_tuner · wrong · a base that never learnt anything
def fine_tuner(classes):
    base = build_base()
    for layer in base.layers:
        layer.trainable = layer.name == "convolution4"
    inputs = keras.Input((28, 28, 1))
    network = keras.Model(inputs, layers.Dense(classes, "softmax")(layers.Flatten()(base(inputs))))
    network.compile(keras.optimizers.Adam(5e-5), "sparse_categorical_crossentropy")
    return network

# %% fine_tuner · wrong · the last layer, which is no convolution
def fine_tuner(classes):
    base = pretrained_base()
    for number, layer in enumerate(base.layers, start=1):
        layer.trainable = number == len(base.layers)
    inputs = keras.Input((28, 28, 1))
    network = keras.Model(inputs, layers.Dense(classes, "softmax")(layers.Flatten()(base(inputs))))
    network.compile(keras.optimizers.Adam(5e-5), "sparse_categorical_crossentropy")
    return network

# %% fine_tuner · wrong · a rate that follows a schedule
def fine_tuner(classes):
    base = pretrained_base()
    for layer in base.layers:
        layer.trainable = layer.name == "convolution4"
    rate = keras.optimizers.schedules.ExponentialDecay(1e-4, 50, 0.9)
    inputs = keras.Input((28, 28, 1))
    network = keras.Model(inputs, layers.Dense(classes, "softmax")(layers.Flatten()(base(inputs))))
    network.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy")
    return network

# %% fine_tuner · wrong · called as if it always trained
def fine_tuner(classes):
    base = pretrained_base()
    for layer in base.layers:
        layer.trainable = layer.name == "convolution4"
    inputs = keras.Input((28, 28, 1))
    flat = layers.Dropout(0.5)(layers.Flatten()(base(inputs)), training=True)
    network = keras.Model(inputs, layers.Dense(classes, "softmax")(flat))
    network.compile(keras.optimizers.Adam(5e-5), "sparse_categorical_crossentropy")
    return network
