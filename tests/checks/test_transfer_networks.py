"""The networks of exercise 6 are judged by what they give, what training moves, and what they hold of the base."""

from __future__ import annotations

import numpy as np
import pytest
from answer_tables import KERAS, AnswerTables
from nearest_neighbour import nearest_neighbour

EXERCISE = "06_transfer_learning"
pytestmark = pytest.mark.filterwarnings(  # of Keras, about networks that work
    "ignore:The structure of `inputs`", "ignore:.* received `from_logits=True`"
)
FUNCTIONS = ("choose_recipe", "head_parameters", "preprocessed", "frozen_norm", "changed")

BASE = (
    KERAS
    + """
def build_base():
    base = keras.Sequential([keras.Input((28, 28, 1))], name="base")
    for number, filters in enumerate((16, 32, 64, 64), start=1):
        base.add(layers.Conv2D(filters, 3, strides=2, padding="same", activation="relu", name=f"convolution{number}"))
        base.add(layers.BatchNormalization(name=f"norm{number}"))
    return base

teacher = keras.Sequential([build_base(), layers.Flatten(), layers.Dense(5, activation="softmax")])

def pretrained_base():
    base = build_base()
    base.set_weights(teacher.layers[0].get_weights())
    return base
"""
)
SPARSE = '"sparse_categorical_crossentropy"'
AS_LOGITS = "keras.losses.SparseCategoricalCrossentropy(from_logits=True)"
ADAM, GENTLE = f'"adam", {SPARSE}', f"keras.optimizers.Adam(0.0001), {SPARSE}"
FREEZE = "base.trainable = False"
SEQUENTIAL = 'keras.Sequential([base, layers.Flatten(), layers.Dense(classes, activation="softmax")])'


def network(
    freeze: str = FREEZE,
    made: str = SEQUENTIAL,
    compiling: str = ADAM,
    after: str = "pass",
    base: str = "pretrained_base()",
    name: str = "new_head",
) -> str:
    """The source of a function that makes a network from a base."""
    return f"""
{BASE}
inputs = keras.Input((28, 28, 1))

class Whole(keras.Model):
    def __init__(self, base, classes):
        super().__init__()
        self.base, self.last = base, layers.Dense(classes)
    def call(self, images, training=None):
        maps = self.base(images, training=False)
        return keras.ops.softmax(self.last(keras.ops.mean(maps, axis=(1, 2))))

class Stopped(Whole):
    def call(self, images):
        maps = keras.ops.stop_gradient(self.base(images, training=False))
        return self.last(keras.ops.reshape(maps, (-1, 256)))

class StoppedLate(Stopped):
    def __init__(self, base, classes):
        super().__init__(base, classes)
        self.hidden = layers.Dense(16)
    def call(self, images):
        maps = keras.ops.reshape(self.base(images, training=False), (-1, 256))
        return self.last(keras.ops.stop_gradient(self.hidden(maps)))

def {name}(classes):
    base = {base}
    {freeze}
    network = {made}
    {after}
    {f"network.compile({compiling})" if compiling else "pass"}
    return network
"""


def sequential(*head: str, first: str = "base", **changes: str) -> str:
    return network(made=f"keras.Sequential([{first}, {', '.join(head)}])", **changes)


ONLY_FOURTH = 'for layer in base.layers: layer.trainable = layer.name == "convolution4"'
SOFTMAX = 'layers.Dense(classes, activation="softmax")'


def tuner(freeze: str = ONLY_FOURTH, compiling: str = GENTLE, **changes: str) -> str:
    return network(freeze=freeze, compiling=compiling, name="fine_tuner", **changes)


RIGHT = {
    "new_head": [
        network(),
        network(
            freeze="for layer in base.layers: layer.trainable = False",
            made="keras.Model(inputs, layers.Dense(classes)(layers.Dropout(0.3)(layers.Dense(32, activation='relu')("
            "layers.GlobalAveragePooling2D()(base(inputs, training=False))))))",
            compiling=f'"sgd", {AS_LOGITS}',
        ),
        network(made=f"keras.Model(base.inputs, {SOFTMAX}(layers.Flatten()(base.outputs[0])))"),
        sequential(
            "layers.Flatten()",
            SOFTMAX,
            first="keras.Input((28, 28, 1)), *base.layers",
            freeze="for layer in base.layers: layer.trainable = False",
        ),
        sequential("layers.Flatten()", "layers.Dense(classes)", "layers.Softmax()"),
        sequential("layers.Flatten()", "layers.Dense(classes, activation=keras.ops.softmax)"),
        sequential(f"keras.Sequential([layers.Flatten(), layers.Dense(32, 'relu'), {SOFTMAX}])"),
        sequential("layers.GlobalMaxPooling2D()", "layers.BatchNormalization()", SOFTMAX),
        sequential("layers.Conv2D(classes, 2)", "layers.Flatten()", "layers.Activation('softmax')"),
        sequential(
            "layers.Flatten()",
            "layers.Dropout(0.3)",
            "layers.Dense(classes)",
            first="layers.RandomTranslation(0.1, 0.1), base",
            compiling=f'"adam", {AS_LOGITS}',
        ),
        sequential("layers.Flatten()", "layers.Dense(classes, 'softmax', kernel_initializer='zeros')"),
        network(made="Whole(base, classes)"),  # not built
        network(made="Stopped(base, classes)", freeze="pass", compiling=f'"adam", {AS_LOGITS}'),
        network(compiling=f'"adam", [{SPARSE}]'),
        network(freeze="pass", after="base.trainable = False"),
        network(made=f"keras.Model(inputs, {SOFTMAX}(layers.Flatten()(base(inputs, training=False))))"),
        sequential(
            "layers.Flatten()",
            "layers.Dense(16, 'relu')",
            "layers.Dense(classes, kernel_initializer='zeros')",
            compiling=f'"adam", {AS_LOGITS}',
        ),
        network(
            compiling="'adam', lambda labels, p: -keras.ops.log(keras.ops.sum(keras.ops.one_hot(labels, 20)"
            "[:, :p.shape[1]] * p, axis=1))"
        ),
        sequential("layers.Flatten()", "layers.BatchNormalization()", "layers.Dense(24, 'elu')", SOFTMAX),
        sequential("layers.AveragePooling2D(2)", "layers.Reshape((-1,))", "layers.Dense(classes)", "layers.Softmax()"),
        network(made=f"keras.Model(inputs, {SOFTMAX}(layers.Flatten()(base(layers.RandomZoom(0.1)(inputs)))))"),
    ],
    "fine_tuner": [
        tuner(),
        tuner(
            freeze="for layer in base.layers: layer.trainable = layer is base.layers[6]",
            made="keras.Model(inputs, layers.Dense(classes)(layers.Flatten()(base(inputs, training=False))))",
            compiling=f"keras.optimizers.SGD(learning_rate=1e-5, momentum=0.9), {AS_LOGITS}",
        ),
        tuner(
            freeze="lower = keras.Sequential([keras.Input((28, 28, 1)), *base.layers[:6]]); lower.trainable = False; "
            "base.layers[7].trainable = False",
            made=f"keras.Sequential([lower, *base.layers[6:], layers.GlobalAveragePooling2D(), {SOFTMAX}])",
        ),
        tuner(
            made="keras.Sequential([base, layers.Conv2D(classes, 1), layers.GlobalMaxPooling2D(), layers.Softmax()])"
        ),
        tuner(made=f"keras.Sequential([base, keras.Sequential([layers.Flatten(), {SOFTMAX}])])"),
        tuner(
            made="keras.Sequential([base, layers.Flatten(), layers.Dense(classes, 'softmax', "
            "kernel_initializer='zeros')])"
        ),
        tuner(freeze="base.trainable = False; base.layers[6].trainable = True"),
        tuner(made="Whole(base, classes)"),
        tuner(compiling="keras.optimizers.RMSprop(5e-5, weight_decay=0.001), " + SPARSE),
        tuner(compiling=f'"adam", {SPARSE}', after="pass").replace(
            "    return network", "    network.optimizer.learning_rate = 0.00005\n    return network"
        ),
    ],
}

NEW = "build_base()"  # with weights of its own

WRONG = {
    "new_head": [
        ("no base", "def new_head(classes): return None"),
        ("not compiled, nothing frozen", network(freeze="pass", compiling="")),
        (
            "a base of its own",
            sequential("layers.Flatten()", "layers.Dense(classes)", first="keras.Input((28, 28, 1))"),
        ),
        ("never trained", network(base=NEW)),
        ("pixels divided once more", sequential("layers.Flatten()", SOFTMAX, first="layers.Rescaling(1 / 255), base")),
        ("pixels from -1 to 1", sequential("layers.Flatten()", SOFTMAX, first="layers.Rescaling(2, offset=-1), base")),
        ("half of the base", sequential("layers.Flatten()", SOFTMAX, first="*base.layers[:4]")),
    ],
    "fine_tuner": [
        ("nothing frozen, Adam's default rate", tuner(freeze="pass", compiling=ADAM)),
        ("whole base frozen", tuner(freeze=FREEZE, compiling=ADAM)),
        ("not compiled", tuner(compiling="")),
        ("never trained", tuner(base=NEW)),
        ("pixels divided once more", tuner(made=SEQUENTIAL.replace("[base", "[layers.Rescaling(1 / 255), base"))),
    ],
}

NOT_NORMS = "for layer in base.layers: layer.trainable = not isinstance(layer, layers.Conv2D)"
LAST_BLOCK = 'for layer in base.layers: layer.trainable = layer.name.endswith("4")'
FIRST_THREE = 'for layer in base.layers: layer.trainable = layer.name != "convolution4"'
BY_WEIGHTS = "for weight in base.weights: weight.trainable = False"
BY_CONVOLUTION = 'for weight in base.weights: weight.trainable = "convolution4" in weight.path'
LATE_FREEZE = "for layer in base.layers: layer.trainable = False"
SCHEDULE = f"keras.optimizers.Adam(keras.optimizers.schedules.ExponentialDecay(1e-4, 100, 0.9)), {SPARSE}"

# Partly right: the answer, and the points that its right parts earn.
PARTIAL = [
    ("new_head", network(freeze="pass"), 1),  # nothing frozen
    ("new_head", network(freeze=NOT_NORMS), 1),  # batch normalisation left in training mode
    ("new_head", network(made=f"keras.Model(inputs, {SOFTMAX}(layers.Flatten()(base(inputs, training=True))))"), 1),
    ("new_head", network(freeze=BY_WEIGHTS), 1),  # the same: its statistics follow the batches
    ("new_head", network(made=SEQUENTIAL.replace("base,", "base, layers.Dropout(0.2),"), freeze=BY_WEIGHTS), 1),
    ("new_head", network(freeze="base.layers[-1].trainable = False"), 1),
    ("new_head", network(after="network.trainable = False"), 1),  # the head frozen as well
    ("new_head", network(base="teacher", made=f"keras.Sequential([base, {SOFTMAX}])"), 1),  # on the old head
    ("new_head", sequential("layers.Flatten()", "layers.Dense(32, 'relu', trainable=False)", SOFTMAX), 1),
    ("new_head", network(compiling=f"keras.optimizers.Adam(0.0), {SPARSE}"), 1),
    ("new_head", network(made="StoppedLate(base, classes)", compiling=f'"adam", {AS_LOGITS}'), 1),
    ("new_head", network(made=SEQUENTIAL.replace("classes", "10")), 2),  # softmax over the wrong classes
    ("new_head", network(made=SEQUENTIAL.replace("classes", "5")), 2),  # the classes of the old task
    ("new_head", network(made=SEQUENTIAL.replace("softmax", "sigmoid")), 2),
    ("new_head", network(compiling='"adam", "categorical_crossentropy"'), 2),
    ("new_head", network(compiling=f'"adam", {AS_LOGITS}'), 2),  # softmax twice
    ("fine_tuner", tuner(compiling=ADAM), 2),  # too large a rate
    ("fine_tuner", tuner(compiling=SCHEDULE), 2),
    ("fine_tuner", tuner(freeze="pass"), 1),
    ("fine_tuner", tuner(freeze=LAST_BLOCK), 1),  # batch normalisation trains as well
    ("fine_tuner", tuner(freeze=FIRST_THREE), 1),  # the wrong way round
    ("fine_tuner", tuner(freeze="for layer in base.layers[:-1]: layer.trainable = False"), 1),  # the last layer trains
    ("fine_tuner", tuner(freeze=BY_CONVOLUTION), 1),  # statistics follow the batches
    ("fine_tuner", tuner(freeze=FREEZE), 1),
    ("fine_tuner", tuner(after="base.trainable = False"), 1),
    ("fine_tuner", tuner(after="network.layers[-1].trainable = False"), 1),
    ("fine_tuner", tuner(made=SEQUENTIAL.replace("classes", "10")), 1),  # softmax over the wrong classes
    ("fine_tuner", tuner(compiling=f"keras.optimizers.Adam(1e-4), {AS_LOGITS}"), 1),
]


class TestAnswers(AnswerTables):
    exercise, right, wrong, partial = EXERCISE, RIGHT, WRONG, PARTIAL
    elsewhere = (*FUNCTIONS, "training")


@pytest.fixture(scope="module")
def networks():
    """Networks that pass both bars, only the first, and neither; and some that borrow nothing."""
    import keras
    from keras import layers

    from coursekit.data import load_mnist

    mnist, names = load_mnist(), {}
    exec(BASE, names)
    later = mnist.y_test >= 5
    images, labels = mnist.x_test[later][..., np.newaxis] / np.float32(255), mnist.y_test[later] - 5
    confused = labels.copy()
    confused[::3] = (confused[::3] + 1) % 5  # a third of the answers wrong
    base = names["pretrained_base"]()
    maps = 50 * base.predict(images, verbose=0)  # far from each other, as images are
    new = np.concatenate([np.flatnonzero(mnist.y_train == digit)[:5] for digit in range(5, 10)])
    known, digits = mnist.x_train[new][..., np.newaxis] / np.float32(255), mnist.y_train[new] - 5
    return names | {
        "model": keras.Sequential([base, layers.Rescaling(50), nearest_neighbour(maps, labels, 5)]),
        "confused": keras.Sequential([base, layers.Rescaling(50), nearest_neighbour(maps, confused, 5)]),
        "untrained": keras.Sequential([base, layers.Flatten(), layers.Dense(5)]),
        "ten": keras.Sequential([base, layers.Flatten(), layers.Dense(10)]),
        "unborrowed": nearest_neighbour(images, labels, 5),
        "rival": cosine_neighbour(known, digits),
    }


def cosine_neighbour(images: np.ndarray, labels: np.ndarray):
    """A network that gives the label of the image with the most similar ink."""
    import keras
    from keras import layers

    network = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Flatten(),
            layers.Dense(len(images), activation="softmax", use_bias=False),
            layers.Dense(5, use_bias=False),
        ]
    )
    rows = images.reshape(len(images), -1)
    network.set_weights([100 * (rows / np.linalg.norm(rows, axis=1, keepdims=True)).T, np.eye(5)[labels]])
    return network


TUNED = """
model.layers[0].set_weights([w + np.random.default_rng(0).normal(scale={}, size=w.shape) * abs(w).max()
                             for w in model.layers[0].get_weights()])
"""


@pytest.mark.parametrize(
    ("source", "want"),
    [
        ("", 3),
        ("history = {'accuracy': [0.9, 0.9]}", 2),  # no validation data
        ("model = confused", 2),  # passes the first bar only
        ("model = untrained", 1),
        ("model = ten", 1),  # softmax over all ten digits
        ("model = unborrowed", 1),
        ("model = rival", 1),
        ("del model, history", 0),
    ],
)
def test_training_is_judged_by_the_base_and_two_bars(earned, networks, source, want):
    assert earned(EXERCISE, "training", source, **networks, history={"val_loss": [0.5, 0.3]}) == want


def test_a_rival_that_borrows_nothing_reaches_the_first_bar(networks):
    """The most similar of 25 digits is the right one for 71 %: so the bar stands on a base."""
    from coursekit.checks.shared import accuracy, unseen_digits
    from coursekit.checks.transfer_learning import BARS

    x_test, y_test = unseen_digits(28, 28, 1)
    later = y_test >= 5
    right = accuracy(networks["rival"].predict(x_test[later], verbose=0), y_test[later] - 5)
    assert BARS[0] < right < BARS[1]


@pytest.mark.parametrize(
    ("source", "borrowed"),
    [("", True), (TUNED.format(0.02), True), (TUNED.format(0.1), True), ("model = rival", False)],
)
def test_a_tuned_base_is_still_the_borrowed_one(networks, source, borrowed):
    import keras

    from coursekit.checks.transfer_learning import _borrows
    from coursekit.grading import NamespaceAnswers

    names = dict(networks, np=np)
    names["model"] = keras.models.clone_model(networks["untrained"])
    names["model"].set_weights(networks["untrained"].get_weights())
    exec(source, names)
    images = np.random.default_rng(0).random((16, 28, 28, 1), dtype=np.float32)
    answers = NamespaceAnswers(names)
    assert _borrows(answers.model("model").on(images), answers.model("pretrained_base").on(images)) == borrowed


def test_a_base_of_other_weights_is_not_the_borrowed_one(networks):
    from coursekit.checks.transfer_learning import _borrows
    from coursekit.grading import NamespaceAnswers

    answers = NamespaceAnswers(dict(networks))
    images = np.random.default_rng(0).random((16, 28, 28, 1), dtype=np.float32)
    assert not _borrows(answers.model("build_base").on(images), answers.model("pretrained_base").on(images))


def test_a_network_of_countless_forged_steps_is_soon_compared():
    from coursekit.checks.transfer_learning import BASE_LAYERS, _borrows
    from coursekit.grading.models import Model, Step

    compared = []

    class Counted(tuple):
        def __eq__(self, other):
            compared.append(other)
            return False

        __hash__ = tuple.__hash__

    model, base = (
        Model("", "", (), None, None, 0, 0, None, None, steps=500 * (Step("", (), None, kind((1,)), False),))
        for kind in (Counted, tuple)
    )
    assert not _borrows(model, base)
    assert len(compared) <= 500 * (4 + BASE_LAYERS)
