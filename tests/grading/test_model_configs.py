"""Configurations are vetted by lists: all that Keras has is in them or left out on purpose, and nothing else passes."""

from __future__ import annotations

import importlib
import inspect
import json
import subprocess
import sys

import keras
import numpy as np
import pytest
from keras.src.api_export import get_name_from_symbol

from coursekit.grading import model_configs
from coursekit.grading.model_configs import Refused, vetted
from coursekit.worker import bounds, recreating

RUNS_CODE = {"Lambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer"}
LEFT_OUT = {  # abstract, or preparing images and sounds for training
    *("InputSpec", "Layer", "Wrapper", "Pipeline", "RandAugment", "AugMix", "AutoContrast", "CutMix", "MixUp"),
    *("ContrastLimitedAdaptiveHistogramEqualization", "Equalization", "MaxNumBoundingBoxes", "MelSpectrogram"),
    *("STFTSpectrogram", "Solarization", "RandomColorDegeneration", "RandomColorJitter", "RandomElasticTransform"),
    *("RandomGaussianBlur", "RandomGrayscale", "RandomHue", "RandomInvert", "RandomPerspective", "RandomPosterization"),
    *("RandomSaturation", "RandomSharpness", "RandomShear"),
}


def dense(units=3, **changes):
    settings = {"name": "dense", "units": units, "activation": "relu"} | changes.pop("settings", {})
    return {"module": "keras.layers", "class_name": "Dense", "registered_name": None, "config": settings} | changes


def model(*layers, **changes):
    config = {"name": "m", "layers": list(layers)}
    return {"module": "keras", "class_name": "Sequential", "config": config, "registered_name": None} | changes


def layer(name, module="keras.layers", **settings):
    return {"module": module, "class_name": name, "registered_name": None, "config": settings}


def nested(count):
    made = dense()
    for _ in range(count):
        made = model(made)
    return made


DEEP = '{"class_name": "Sequential", "config": ' + "[" * 100_000 + "]" * 100_000 + "}"
HOSTILE = {
    "code": (model(layer("Lambda", function={"class_name": "__lambda__", "config": {}})), "`Lambda` of `keras.layers`"),
    "a lambda": (model(dense(activation={"class_name": "__lambda__", "config": {"value": "4wEA"}})), "`__lambda__`"),
    "a saved model": (model(layer("TFSMLayer", filepath="/etc")), "`TFSMLayer`"),
    "a class of the learner's": (model(layer("Mine", "__main__")), "`Mine` of `__main__`"),
    "a class from anywhere": (model(layer("Popen", "subprocess")), "`Popen` of `subprocess`"),
    "another module of Keras": (model(layer("Dense", "keras.src.layers.core.dense")), "is not among the layers"),
    "a function of Keras": (model(layer("load_model", "keras.saving")), "`load_model` of `keras.saving`"),
    "no module": (model(layer("Dense", None)), "`Dense` of `None`"),
    "a module that is no text": (model(layer("Dense", ["keras.layers"])), "is not among the layers"),
    "a class that is no text": (model(layer(["Dense"])), "is not among the layers"),
    "another registered name": (model(dense(registered_name="coursekit>VariationalDense")), "`Dense`"),
    "a course's layer of another name": (model(layer("VariationalDense", "coursekit.nn.variational")), "`Variational"),
    "a function": (
        model(dense(settings={"activation": {"class_name": "function", "module": "os", "config": "system"}})),
        "the function `system` is not one of Keras's activations",
    ),
    "a function under another name": (
        model(dense(settings={"activation": {"class_name": "function", "config": "relu", "registered_name": "eval"}})),
        "the function `relu`",
    ),
    "a function that is no text": (
        model(dense(settings={"activation": {"class_name": "function", "config": ["relu"]}})),
        "is not one of Keras's activations",
    ),
    "the name of no activation": (model(dense(settings={"activation": "system"})), "`system` is not one of Keras's"),
    "a file of words": (model(layer("StringLookup", vocabulary="words.txt")), "`vocabulary` is the path of a file"),
    "a path": (model(dense(settings={"bias_initializer": "/etc/passwd"})), "looks like a path: `/etc/passwd`"),
    "a vast layer": (model(dense(10**9)), "its setting `units` is 1,000,000,000, more than 1,000,000"),
    "vast in a list": (model(layer("Reshape", target_shape=[-(10**12)])), "`target_shape` is -1,000,000,000,000"),
    "vast beyond words": (model(dense(10**400)), "`units` is a number of many digits"),
    "no number": (model(dense(settings={"rate": float("nan")})), "one of its settings is NaN"),
    "infinity": (model(dense(settings={"rate": -float("inf")})), "one of its settings is -Infinity"),
    "infinity in digits": ('{"class_name": "Sequential", "module": "keras", "config": {"rate": 1e999}}', "is inf"),
    "a thousand models": (nested(1000), "nested too deeply"),
    "thirty models": (nested(30), "nested too deeply"),
    "deep text": (DEEP, "nested too deeply"),
    "many layers": (model(*[dense()] * 201), "more than 200 layers"),
    "how it was compiled": (model(dense(), compile_config={"loss": "mse"}), "what it was compiled with"),
    "a memory": (model(layer("LSTM", units=3, stateful=True)), "keeps a state"),
    "no model": (dense(), "not that of a model"),
    "a list": ([dense()], "not that of a model"),
    "no JSON": ("{", "is not JSON"),
    "much text": (" " * (bounds.CONFIG_BYTES + 1), "more than 4 MB"),
    "bytes": (np.zeros(3), "is no text"),
}


def text(config):
    return config if isinstance(config, str | np.ndarray) else dumped(config)


def dumped(config):
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)
    try:
        return json.dumps(config)
    finally:
        sys.setrecursionlimit(limit)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_configuration_is_refused_in_words(name):
    config, words = HOSTILE[name]
    with pytest.raises(Refused) as refused:
        vetted({"config": text(config), "weights": []})
    assert words in str(refused.value)
    assert len(str(refused.value)) < 300


class Vast(np.ndarray):
    size = nbytes = 10**9


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        (None, "not arrays for each layer"),
        ([["/dense", []]], "not arrays for each layer"),
        ([("/dense", np.zeros(3))], "not arrays for each layer"),
        ([("/dense", [1.0])], "not arrays of numbers"),
        ([("/dense", [np.array(["text"])])], "not arrays of numbers"),
        ([("/dense", [np.zeros(1).view(Vast)])], "1,000,000,000 weights in 953 MB, more than 50,000,000 and 256 MB"),
    ],
)
def test_weights_that_are_none_or_too_many_are_refused(weights, words):
    with pytest.raises(Refused, match=words):
        vetted({"config": json.dumps(model(dense())), "weights": weights})


@pytest.mark.parametrize("exported", [None, [], {"config": "{}"}, {"config": "{}", "weights": [], "more": 1}])
def test_what_is_no_export_is_refused(exported):
    with pytest.raises(Refused, match="no configuration with weights"):
        vetted(exported)


def test_what_is_honest_passes():
    words = model(layer("StringLookup", vocabulary=["a/b", "~c"]), layer("EinsumDense", equation="...x,xy->...y"))
    seeds = model(layer("Dropout", rate=0.5, seed=2**31))
    for config in (model(dense()), nested(15), words, seeds):
        assert vetted({"config": dumped(config), "weights": []})[1] == []


def test_every_layer_of_keras_is_listed_or_left_out_on_purpose():
    kinds = [kind for _, kind in inspect.getmembers(keras.layers, inspect.isclass)]
    public = {get_name_from_symbol(kind).rpartition(".")[2] for kind in kinds}
    assert public == model_configs.LAYERS | RUNS_CODE | LEFT_OUT
    assert not model_configs.LAYERS & (RUNS_CODE | LEFT_OUT)


@pytest.mark.parametrize("module", model_configs.STOCK | model_configs.OF_THE_COURSE)
def test_what_is_listed_is_there_and_computes_nothing_else(module):
    found = importlib.import_module(module)
    names = (model_configs.STOCK | model_configs.OF_THE_COURSE)[module]
    assert [name for name in names if not inspect.isclass(getattr(found, name, None))] == []
    if module.startswith("keras.src.ops"):
        assert all(issubclass(getattr(found, name), keras.Operation) for name in names)


def test_activations_are_keras_own():
    names = {name for name, _ in inspect.getmembers(keras.activations, inspect.isfunction)}
    assert names - {"get", "serialize", "deserialize"} <= model_configs.ACTIVATIONS
    assert all(callable(keras.activations.get(name)) for name in model_configs.ACTIVATIONS)


def test_the_largest_model_of_the_course_is_within_bounds():
    big = keras.applications.MobileNetV2(input_shape=(96, 96, 3), include_top=False, weights=None)
    _, weights = vetted(recreating.export(keras.Sequential([big, keras.layers.Dense(10)])))
    assert sum(len(arrays) for _, arrays in weights) == len(big.weights) + 2


def test_vetting_needs_no_keras():
    code = "import sys, coursekit.grading.model_configs; print('keras' in sys.modules, 'tensorflow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
