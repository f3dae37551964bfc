"""The reading of a notebook that finds what is by hand: each kind of taint, and beside it a false friend."""

from __future__ import annotations

import pytest
from by_hand import by_hand
from nbformat.v4 import new_code_cell, new_output

PARAMETERS = new_code_cell("SEED, EPOCHS, WIDTHS = 1, 20, [8, 64]", metadata={"tags": ["parameters"]})
TEXT = new_output("stream", name="stdout", text="as stored\n")
VALUE = new_output("execute_result", {"text/plain": "as stored"})
FIGURE = new_output("display_data", {"image/png": "iVBORw0KGgo=", "text/html": "<img>", "text/plain": "A line."})

TAINTED = {
    "a parameter": "print(EPOCHS)",
    "through an assignment": "steps = EPOCHS * 10\nprint(steps)",
    "through a part of a tuple": "first, last = 1, EPOCHS\nprint(last)",
    "through a loop": "total = 0\nfor epoch in range(EPOCHS):\n    total += 1\nprint(total)",
    "as often as a loop says": "for _ in range(EPOCHS):\n    print('again')",
    "in the second round": "before = 0\nfor part in (1, 2):\n    print(before)\n    before = EPOCHS",
    "under a condition": "word = 'short'\nif EPOCHS > 5:\n    word = 'long'\nprint(word)",
    "one of two branches": "if SEED:\n    size = EPOCHS\nelse:\n    size = 3\nprint(size)",
    "through a comprehension": "print(len([0 for _ in WIDTHS]))",
    "into a list": "kept = []\nkept.append(EPOCHS)\nprint(kept)",
    "into a dictionary": "kept = {}\nkept['epochs'] = EPOCHS\nprint(kept)",
    "in the body of a function": "def steps(size):\n    return EPOCHS // size\n\nprint(steps(2))",
    "printed in a function": "def report():\n    print(EPOCHS)\n\nreport()",
    "a default": "def steps(size=EPOCHS):\n    return size\n\nprint(steps())",
    "a function handed on": "def steps(size):\n    return EPOCHS\n\nprint(max([1], key=steps))",
    "a generator": "def each():\n    yield EPOCHS\n\nprint(*each())",
    "an object": "class Plan:\n    def __init__(self):\n        self.size = EPOCHS\n\nprint(Plan().size)",
    "the message of an error": "try:\n    np.zeros(3).reshape(EPOCHS)\nexcept ValueError as error:\n    print(error)",
    "trained": "model = build()\nhistory = model.fit(x, y)\nprint(model.predict(x))",
    "the history": "history = build().fit(x, y)\nprint(history.history)",
    "trained in a function": (
        "def learn(model):\n    model.fit(x, y)\n\nnet = build()\nlearn(net)\nprint(net.predict(x))"
    ),
    "a part of what was trained": (
        "body = build()\nwhole = keras.Sequential([body, head])\nwhole.fit(x, y)\nprint(body.predict(x))"
    ),
    "an optimizer's step": "w = keras.Variable(1.0)\nkeras.optimizers.SGD(0.1).apply([g], [w])\nprint(w)",
    "a custom step": "class Net(keras.Model):\n    def train_step(self, x):\n        self.fit(x)\n\nprint(Net()(x))",
    "a clock": "started = time.perf_counter()\nwork()\nprint(time.perf_counter() - started)",
    "a clock in a function": "def clocked():\n    return time.perf_counter()\n\nprint(clocked())",
    "a timing magic": "%timeit work()",
    "memory": "print(tracemalloc.get_traced_memory())",
    "a curve drawn while it trains": "model.fit(x, y, callbacks=[LiveHistory()])\nprint('done')",
    "a generator without a seed": "print(np.random.default_rng().normal())",
    "a generator of long ago": "print(np.random.normal())",
    "first weights": "print(layers.Dense(3)(x))",
    "weights=None": "print(keras.applications.VGG16(weights=None)(x))",
    "seeded before, trained since": "keras.utils.set_random_seed(SEED)\nnet.fit(x, y)\nprint(layers.Dense(3)(x))",
    "as many draws as a parameter says": (
        "rng = np.random.default_rng(SEED)\nwarm = rng.normal(size=EPOCHS)\nprint(rng.normal())"
    ),
    "drawn on in a function": (
        "def warm(rng):\n    return rng.normal(size=EPOCHS)\n\n"
        "dice = np.random.default_rng(SEED)\nwarm(dice)\nprint(dice.normal())"
    ),
}
BY_HAND = {
    "a parameter that stays": "print(SEED)",
    "a name before it is tainted": "size = 3\nprint(size)\nsize = EPOCHS",
    "a name after it is clean again": "size = EPOCHS\nsize = 3\nprint(size)",
    "the other part of a tuple": "first, last = 1, EPOCHS\nprint(first)",
    "a loop over something else": "for size in (1, 2):\n    print(size)",
    "the name of a parameter, not its value": "print('EPOCHS')",
    "an assertion under a condition": "print(2 + 3)\nif EPOCHS > 5:\n    assert 2 + 3 == 5",
    "a name of its own in a comprehension": "size = EPOCHS\nprint([size for size in (1, 2)])",
    "a name of its own in a function": "size = EPOCHS\n\ndef double(size):\n    return 2 * size\n\nprint(double(3))",
    "a function that reads what is given": (
        "def steps(n, size):\n    return n // size\n\nsteps(EPOCHS, 2)\nprint(steps(10, 2))"
    ),
    "given a part": "def rows(part):\n    return part.sum()\n\nsome = rows(data[:EPOCHS])\nprint(rows(data))",
    "a list of the same name": (
        "def kept():\n    found = []\n    found.append(EPOCHS)\n    return 3\n\nfound = [1]\nkept()\nprint(found)"
    ),
    "trained but not shown": "history = model.fit(x, y, epochs=3)\nprint('rows', x.shape)",
    "how many weights a trained network has": "net.fit(x, y)\nprint(net.count_params())",
    "fitted, not fit": "fitted = np.polyfit([0, 1], [1, 3], 1)\nprint(fitted)",
    "an error of training": "net = build()\ntry:\n    net.fit(x, y)\nexcept ValueError as error:\n    print(error)",
    "the rate of an optimizer's step": "rate = 0.1\nkeras.optimizers.SGD(rate).apply([g], [w])\nprint(rate)",
    "another network": (
        "whole = keras.Sequential([body])\nwhole.fit(x, y)\nother = keras.Sequential([lid])\nprint(other(x))"
    ),
    "a time that was not measured": "seconds = 3\ntime.sleep(seconds)\nprint(seconds)",
    "bytes by their sizes": "print(np.zeros(3).nbytes)",
    "a seeded generator": "print(np.random.default_rng(SEED).normal())",
    "seeded in its arguments": "print(keras.random.normal((3,), seed=1))",
    "seeded on the spot": "keras.utils.set_random_seed(SEED)\nprint(layers.Dense(3)(x))",
    "seeded by its caller": (
        "def net():\n    return layers.Dense(3)\n\nkeras.utils.set_random_seed(SEED)\nprint(net()(x))"
    ),
    "seeded in the function": (
        "def net(seed):\n    keras.utils.set_random_seed(seed)\n    return layers.Dense(3)\n\nprint(net(1)(x))"
    ),
    "weights that are set": "layer = layers.Dense(1)\nlayer.set_weights([W, b])\nprint(layer(x))",
    "the shape of first weights": "print(layers.Dense(3)(x).shape)",
    "a layer without weights": "print(layers.MaxPooling2D(2)(x))",
}


def printing(source):
    return new_code_cell(source, outputs=[TEXT])


@pytest.mark.parametrize("source", TAINTED.values(), ids=TAINTED)
def test_tainted(source):
    assert by_hand([PARAMETERS, printing(source)], ["EPOCHS", "WIDTHS"]) == []


@pytest.mark.parametrize("source", BY_HAND.values(), ids=BY_HAND)
def test_by_hand(source):
    assert by_hand([PARAMETERS, printing(source)], ["EPOCHS", "WIDTHS"]) == [2]


def test_taint_goes_from_cell_to_cell_and_a_seed_does_not():
    cells = [
        PARAMETERS,
        new_code_cell("steps = EPOCHS\nkeras.utils.set_random_seed(SEED)"),
        printing("print(steps)"),
        printing("print(layers.Dense(3)(x))"),
        printing("print(SEED)"),
    ]

    assert by_hand(cells, ["EPOCHS"]) == [5]


def test_a_function_reads_the_names_of_the_moment_when_it_is_called():
    cells = [
        PARAMETERS,
        new_code_cell("size = 3\n\ndef double():\n    return 2 * size"),
        printing("print(double())"),
        new_code_cell("size = EPOCHS"),
        printing("print(double())"),
    ]

    assert by_hand(cells, ["EPOCHS"]) == [3]


@pytest.mark.parametrize(
    ("source", "outputs", "found"),
    [
        ("2 + 3", [VALUE], [2]),
        ("EPOCHS", [VALUE], []),
        ("assert 2 + 3 == 5", [], []),
        ("show(figure)", [FIGURE], []),
        ("show(figure)\nprint(3)", [FIGURE, TEXT], [2]),
        ("show(figure, alt=f'{EPOCHS} epochs')\nprint(3)", [FIGURE, TEXT], []),
        ("np.testing.assert_allclose(EPOCHS, 20)\nprint(3)", [TEXT], [2]),
        ("somebody_elses_report(3)", [TEXT], []),
    ],
)
def test_what_counts_as_an_output(source, outputs, found):
    assert by_hand([PARAMETERS, new_code_cell(source, outputs=outputs)], ["EPOCHS"]) == found


def test_without_a_quick_run_no_parameter_taints():
    assert by_hand([PARAMETERS, printing("print(EPOCHS)")], []) == [2]
