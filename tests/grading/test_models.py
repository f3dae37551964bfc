"""Keras models as plain data, here and through the pipe."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from coursekit import quiet
from coursekit.grading import NamespaceAnswers
from coursekit.grading.models import Model
from coursekit.grading.notebook_file import Cell
from coursekit.grading.remote import RemoteAnswers
from coursekit.worker import failures
from coursekit.worker.describing import is_model
from coursekit.worker.wire import ProtocolError

CODE = """
import keras, numpy as np
def build(units, activation="relu"):
    model = keras.Sequential([
        keras.Input((4,)),
        keras.layers.Dense(units, activation=activation, kernel_initializer="ones"),
        keras.layers.Dropout(0.5),
        keras.layers.Dense(2, kernel_initializer="ones"),
    ])
    model.compile(keras.optimizers.SGD(0.1, momentum=0.9),
                  keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    return model
model = build(3)
history = model.fit(np.zeros((2, 4)), np.zeros(2), verbose=0, validation_data=(np.zeros((2, 4)), np.zeros(2)))
model.layers[0].trainable = False
tensor = keras.ops.ones((2, 2))
variable = keras.Variable(1.5)
half = keras.ops.cast([1.5], "bfloat16")
import tensorflow
tensor_shape = tensorflow.TensorShape((None, 3))
two_heads = keras.Model(a := keras.Input((4,)), [keras.layers.Dense(1)(a), keras.layers.Dense(2)(a)])
two_losses = keras.Model(two_heads.inputs, two_heads.outputs)
two_losses.compile("sgd", ["mse", "mae"])
bare = keras.Sequential([keras.layers.Dense(1)])
"""


@pytest.fixture(scope="module", params=["here", "remote"])
def answers(request):
    """Answers over CODE, in both ways."""
    if request.param == "here":
        quiet.hush_tensorflow()

        namespace: dict = {}
        exec(CODE, namespace)
        yield NamespaceAnswers(namespace)
    else:
        with RemoteAnswers([Cell(1, "code", CODE, {})], Path(__file__).parent, cell_seconds=120) as remote:
            yield remote


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_models_are_described_and_predict(answers):
    built = answers.model("build", 5, activation="tanh")
    first, dropout, last = built.layers
    assert (built.class_name, built.input_shape, built.output_shape) == ("Sequential", (None, 4), (None, 2))
    assert (first.class_name, first.config["units"], first.config["activation"]) == ("Dense", 5, "tanh")
    assert (first.input_shape, first.output_shape, first.parameter_count) == ((None, 4), (None, 5), 25)
    assert (dropout.class_name, dropout.config["rate"]) == ("Dropout", 0.5)
    assert built.parameter_count == built.trainable_parameter_count == 25 + 12
    assert (built.optimizer.name, built.optimizer.learning_rate) == ("SGD", 0.1)
    assert built.optimizer.config["momentum"] == 0.9
    assert (built.loss.name, built.loss.from_logits) == ("sparse_categorical_crossentropy", True)
    assert built.find("Dense") == [first, last]
    outputs = built.predict(np.zeros((300, 4)))
    assert outputs.shape == (300, 2)
    assert (outputs == 0).all()
    assert answers.origin(outputs) == "`build.predict(<array (300, 4)>)`"

    trained = answers.model("model")
    assert not trained.layers[0].trainable
    assert trained.trainable_parameter_count == trained.parameter_count - 15

    heads = answers.model("two_heads")
    assert heads.output_shape == [(None, 1), (None, 2)]
    assert [head.shape for head in heads.predict(np.zeros((3, 4)))] == [(3, 1), (3, 2)]

    several = answers.model("two_losses").loss
    assert several is not None
    assert (several.name, several.from_logits, several.config) == ("several losses", False, {})

    bare = answers.model("bare")
    assert (bare.input_shape, bare.optimizer, bare.loss, bare.layers[0].parameter_count) == (None, None, None, 0)

    assert set(answers.value("history")) == {"accuracy", "loss", "val_accuracy", "val_loss"}
    assert (answers.value("tensor") == np.ones((2, 2))).all()
    assert answers.value("variable") == 1.5
    assert answers.value("half").tolist() == [1.5]
    assert answers.value("tensor_shape") == (None, 3)

    with pytest.raises(failures.NotPlainData) as caught:
        answers.value("model")
    assert caught.value.came == "a Keras model"
    with pytest.raises(failures.WrongKind, match="`tensor` should be a Keras model, or a function that returns one"):
        answers.model("tensor")
    with pytest.raises(failures.LearnerError, match=r"`build` stopped with TypeError: build\(\) missing"):
        answers.model("build")
    with pytest.raises(failures.LearnerError, match="`model` stopped with"):
        trained.predict(np.zeros((3, 7)))


class Restarted(NamespaceAnswers):
    """Forgets its models once, as a new process would."""

    forget = False

    def exchange(self, question, frame):
        if self.forget:
            self.forget = False
            self._respondent._models.clear()
        return super().exchange(question, frame)


@pytest.mark.filterwarnings("ignore")
def test_a_model_is_asked_for_again_after_the_process_was_started_again():
    namespace: dict = {}
    exec(CODE, namespace)
    answers = Restarted(namespace)
    model = answers.model("build", 5)
    answers.forget = True
    assert model.predict(np.zeros((3, 4))).shape == (3, 2)


@pytest.mark.filterwarnings("ignore")
def test_settings_that_are_no_data_or_large_are_left_out_of_the_description():
    import keras

    def noise(seed):
        return lambda x: x + keras.random.normal((4,), seed=seed)

    sampling = keras.Sequential([keras.Input((4,)), keras.layers.Lambda(noise(keras.random.SeedGenerator(1)))])
    vectors = keras.initializers.Constant(np.random.default_rng(0).normal(size=(25_000, 100)))
    words = keras.Sequential([keras.Input((5,)), keras.layers.Embedding(25_000, 100, embeddings_initializer=vectors)])
    answers = NamespaceAnswers({"sampling": sampling, "words": words})
    assert answers.model("sampling").layers[0].class_name == "Lambda"
    assert answers.model("words").layers[0].config["output_dim"] == 100


def test_a_key_that_is_no_text_is_no_description():
    with pytest.raises(ProtocolError):
        Model.from_data({"\ud800": 1})


def test_without_keras_nothing_is_a_model(monkeypatch):
    monkeypatch.delitem(__import__("sys").modules, "keras", raising=False)
    assert not is_model(object())
    with pytest.raises(failures.WrongKind, match="`f` returned an integer, not a Keras model"):
        NamespaceAnswers({"f": lambda: 3}).model("f")


@pytest.mark.parametrize(
    "data",
    [
        None,
        {},
        {"class_name": "Sequential"},
    ],
)
def test_another_description_is_refused(data):
    with pytest.raises(ProtocolError):
        Model.from_data(data)


def test_a_description_without_end_is_refused():
    model = Model("Sequential", "m", (), None, None, 0, 0, None, None, 1)
    step = {"layer": "", "kinds": [], "took": None, "gave": None, "took_probabilities": False}
    weight = {"path": "", "shape": (), "gradient": 0.0}
    forged = model.connected(
        lambda kind, *_: {"observe": vars(model) | {"steps": [step] * 2_001}, "step": [weight] * 10_001}[
            kind.__struct_config__.tag
        ]
    )
    with pytest.raises(ProtocolError):
        forged.on(np.zeros(3))
    with pytest.raises(ProtocolError):
        forged.training_step(np.zeros(3))


def test_a_description_alone_does_not_predict():
    model = Model("Sequential", "m", (), None, None, 0, 0, None, None, 1)
    with pytest.raises(RuntimeError, match="not connected"):
        model.predict(np.zeros(3))
