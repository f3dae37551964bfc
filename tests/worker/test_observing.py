"""A model is shown batches, rehearsed and asked for its gradients, and is afterwards to the last bit as it was."""

from __future__ import annotations

import random
from functools import partial

import numpy as np
import pytest

from coursekit.grading import NamespaceAnswers
from coursekit.worker import failures
from coursekit.worker.wire import ProtocolError

CODE = """
import keras, numpy as np
from keras import layers

class Block(layers.Layer):
    def __init__(self):
        super().__init__()
        self.inner = [layers.Dense(6), layers.BatchNormalization()]
    def call(self, x, training=False):
        for layer in self.inner:
            x = layer(x, training=training) if isinstance(layer, layers.BatchNormalization) else layer(x)
        return keras.ops.relu(x)

class Wide(layers.Dense):
    pass

class Own(keras.Model):
    def __init__(self):
        super().__init__()
        self.first, self.drop, self.last = Block(), layers.Dropout(0.5), Wide(3, activation="softmax")
    def call(self, x, training=False):
        return self.last(self.drop(self.first(x, training=training), training=training))

def build():
    keras.utils.set_random_seed(2)
    model = keras.Sequential([
        layers.Dense(6, name="frozen"), layers.BatchNormalization(), layers.Dropout(0.5),
        layers.Dense(3, activation="softmax", kernel_regularizer=keras.regularizers.L2(10.0)),
    ])
    model.build((None, 4))
    model.layers[0].trainable = False
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model

def own():
    model = Own()
    model.compile("adam", lambda labels, p: 7 * keras.losses.sparse_categorical_crossentropy(labels, p))
    return model
"""


@pytest.fixture(scope="module")
def namespace() -> dict:
    names: dict = {}
    exec(CODE, names)
    return names


@pytest.fixture
def batch() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.normal(size=(12, 4)).astype(np.float32), rng.integers(0, 3, size=12)


def look(model, x, y) -> None:
    """Everything that a check can do to a model."""
    shown = model.on(x)
    shown.rehearse(x, training=True)
    shown.rehearse(x, seed=1)
    shown.loss_values(y, [np.full((len(y), 3), 1 / 3, dtype=np.float32)])
    shown.training_step(x)
    shown.training_step(x, seed=1)


def test_a_model_is_bit_equal_before_and_after(namespace, batch):
    model = namespace["model"] = namespace["build"]()
    x, y = batch
    model.fit(x, y, epochs=2, verbose=0)
    kept = [variable.numpy().copy() for variable in (*model.variables, *model.optimizer.variables)]
    before = vars(model).keys(), random.getstate(), np.random.get_state()[1].tolist()
    look(NamespaceAnswers(namespace).model("model"), x, y)
    for variable, value in zip((*model.variables, *model.optimizer.variables), kept):
        np.testing.assert_array_equal(variable.numpy(), value)
    assert (vars(model).keys(), random.getstate(), np.random.get_state()[1].tolist()) == before


def test_fit_after_unfreezing_goes_on_as_if_no_check_had_run(namespace, batch):
    x, y = batch
    losses = []
    for looked_at in (True, False):
        model = namespace["model"] = namespace["build"]()
        if looked_at:
            look(NamespaceAnswers(namespace).model("model"), x, y)
        model.layers[0].trainable = True
        model.compile(keras_adam(), "sparse_categorical_crossentropy")
        losses.append(model.fit(x, y, epochs=3, shuffle=False, verbose=0).history["loss"])
    assert losses[0] == losses[1]


def keras_adam():
    import keras

    return keras.optimizers.Adam(0.01)


def test_fit_without_compiling_again_goes_on_as_well(namespace, batch):
    x, y = batch
    model = namespace["model"] = namespace["build"]()
    look(NamespaceAnswers(namespace).model("model"), x, y)
    assert not model.optimizer.built
    assert model.fit(x, y, epochs=1, verbose=0).history["loss"]


def test_layers_are_found_at_any_depth_and_by_what_they_are(namespace, batch):
    x, _ = batch
    model = NamespaceAnswers(namespace).model("own").on(x)
    assert [layer.class_name for layer in model.find("Dense")] == ["Dense", "Wide"]
    assert model.gave == (12, 3)
    assert model.parameter_count == 4 * 6 + 6 + 4 * 6 + 6 * 3 + 3
    steps = {step.kinds[0]: step for step in model.steps}
    assert (steps["BatchNormalization"].took, steps["Dropout"].gave) == ((12, 6), (12, 6))
    assert [step.layer for step in model.steps][-1] == model.find("Dense")[-1].name


def test_equal_layers_are_known_by_what_they_give(namespace, batch):
    x, _ = batch
    namespace["first"] = namespace["build"]()
    namespace["second"] = type(namespace["first"]).from_config(namespace["first"].get_config())
    namespace["second"].layers[0].set_weights(namespace["first"].layers[0].get_weights())
    first, second = (NamespaceAnswers(namespace).model(name).on(x) for name in ("first", "second"))
    equal = [one.sample == other.sample for one, other in zip(first.steps, second.steps)]
    assert equal[0]
    assert not equal[-1]


def test_a_loss_is_what_it_gives(namespace, batch):
    x, y = batch
    even, wrong = np.full((12, 3), 1 / 3, dtype=np.float32), np.zeros((12, 2, 5), dtype=np.float32)
    built, own = (NamespaceAnswers(namespace).model(name).on(x) for name in ("build", "own"))
    np.testing.assert_allclose(built.loss_values(y, [even]), np.log(3), rtol=1e-5)  # without its penalty
    np.testing.assert_allclose(own.loss_values(y, [even]), 7 * np.log(3), rtol=1e-5)
    assert np.isnan(built.loss_values(y, [wrong])).all()


def test_what_training_would_move(namespace, batch):
    weights = NamespaceAnswers(namespace).model("build").training_step(batch[0])
    moving = {weight.path.split("/", 1)[1] for weight in weights if weight.gradient > 0}
    assert {weight.shape for weight in weights if "frozen" in weight.path} == {(4, 6), (6,)}
    assert not any("frozen" in path or "moving" in path for path in moving)
    assert len(moving) == 4
    following = {weight.path.split("/")[-1] for weight in weights if weight.moves and not weight.gradient}
    assert following == {"moving_mean", "moving_variance"}
    assert not any(weight.moves for weight in weights if "frozen" in weight.path)


def test_a_nudge_moves_what_stands_still_by_chance(namespace, batch):
    x, _ = batch
    namespace["still"] = namespace["build"]()
    namespace["still"].layers[-1].kernel.assign(np.zeros((6, 3)))
    model = NamespaceAnswers(namespace).model("still")

    def moving(**options) -> int:
        return sum(len(weight.shape) == 2 and weight.gradient > 0 for weight in model.training_step(x, **options))

    namespace["still"].layers[0].trainable = True
    assert (moving(), moving(seed=0)) == (1, 2)
    assert not namespace["still"].layers[-1].kernel.numpy().any()


def test_drawn_weights_are_the_seeds(namespace, batch):
    x, _ = batch
    model = NamespaceAnswers(namespace).model("build")
    first, again, other = (model.rehearse(x, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)
    np.testing.assert_allclose(first.sum(axis=1), 1, rtol=1e-5)


def test_recurrent_layers_give_what_they_give_outside_of_a_graph(caplog):
    import keras
    from keras import layers

    recurrent = [layers.Bidirectional(layers.GRU(3, return_sequences=True)), layers.LSTM(2, dropout=0.5)]
    network = keras.Sequential([layers.Embedding(9, 4, mask_zero=True), *recurrent])
    words = np.random.default_rng(0).integers(0, 9, size=(3, 12))
    close = partial(np.testing.assert_allclose, rtol=1e-5, atol=1e-6)
    model = NamespaceAnswers({"network": network}).model("network")
    assert [step.kinds[0] for step in model.on(words).steps] == ["Embedding", "GRU", "GRU", "Bidirectional", "LSTM"]
    for length in (12, 11, 9, 8, 7, 5):
        close(model.rehearse(words[:, :length]), network(words[:, :length]))

    network.layers[0].embeddings.assign(2 * network.layers[0].embeddings)
    close(model.rehearse(words), network(words))
    close(model.rehearse(words, training=True), network(words, training=True))
    recurrent[1].go_backwards = True
    close(model.rehearse(words), network(words))
    assert "retracing" not in caplog.text
    assert layers.RNN.inner_loop.__name__ == "inner_loop"


def test_a_cell_of_the_learners_own_is_called_as_it_is_written():
    import keras
    from keras import layers

    class Cell(layers.Layer):
        state_size = 2

        def call(self, x, states):
            self.seen = x
            state = states[0] + float(keras.ops.sum(x))
            return state, [state]

    cell = Cell()
    network = keras.Sequential([layers.RNN(layers.StackedRNNCells([layers.GRUCell(3), cell]))])
    x = np.ones((2, 3, 4), dtype=np.float32)
    model = NamespaceAnswers({"network": network}).model("network")

    assert "Layer" in [step.kinds[0] for step in model.on(x).steps]
    np.testing.assert_allclose(model.rehearse(x), network(x), rtol=1e-5)
    assert np.isfinite(cell.seen.numpy()).all()


def test_a_batch_that_a_model_cannot_take_is_told_by_its_shape(namespace):
    model = NamespaceAnswers(namespace).model("build")
    with pytest.raises(failures.WrongKind, match=r"cannot take a batch of shape \(2, 9\)"):
        model.on(np.zeros((2, 9), dtype=np.float32))


@pytest.mark.parametrize("reply", [None, 3, [{"path": 1}], {"steps": 4}])
def test_what_is_no_description_is_refused(reply):
    from coursekit.grading.models import Model

    model = Model("M", "m", (), None, None, 0, 0, None, None).connected(lambda *request: reply)
    for ask in (lambda: model.on([1.0]), lambda: model.training_step([1.0]), lambda: model.loss_values([1], [])):
        with pytest.raises(ProtocolError):
            ask()


def test_a_class_that_calls_itself_built_is_built_to_its_last_layer(batch):
    names: dict = {}
    code = """
import keras
from keras import layers
class Parts(keras.Model):
    def __init__(self):
        super().__init__()
        self.first, self.last = layers.Dense(4), keras.Sequential([layers.Dense(5), layers.Dense(3)])
    def build(self, shape):
        self.first.build(shape)
        self.built = True
    def call(self, x):
        return self.last(self.first(x))
def parts():
    model = Parts()
    model.build((None, 4))
    return model
"""
    exec(code, names)
    x, _ = batch

    assert NamespaceAnswers(names).model("parts").on(x).gave == (len(x), 3)
    assert len(NamespaceAnswers(names).model("parts").training_step(x)) == 6
