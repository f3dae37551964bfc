"""Models answer from a clean room where they can; where they cannot, or it says something else, a person is told."""

from __future__ import annotations

import time

import keras
import numpy as np
import pytest
from keras import layers

from coursekit.grading import NamespaceAnswers
from coursekit.grading.cleanroom import CleanRoom, CleanRoomAnswers, CleanRooms
from coursekit.grading.comparing import alike, difference
from coursekit.grading.models import Model
from coursekit.grading.recording import RecordedAnswers, Recording, ReplayedAnswers, Replies
from coursekit.nn import VariationalDense
from coursekit.worker import bounds, describing, failures, observing, recreating
from coursekit.worker.channel import Worker, WorkerEnded, WorkerStuck
from coursekit.worker.requests import Observe, Predict, RecreateModel, Reply, read_request
from coursekit.worker.responding import Respondent
from coursekit.worker.wire import ProtocolError

X = np.random.default_rng(0).normal(size=(100, 4)).astype("float32")


class Here(Worker):
    """A worker in this process.

    ``asked`` holds the kinds of the requests that it got; ``ends`` maps a kind to what it raises instead of replying.
    """

    def __init__(self, ends=()):
        self._respondent, self.asked, self.closed = Respondent({}, interruptible=False), [], 0
        self.ends = dict(ends)

    def exchange(self, request, seconds, most=0):
        question = read_request(request)
        self.asked.append(type(question))
        if type(question) in self.ends:
            raise self.ends[type(question)]
        return Reply.read(self._respondent.reply(question).frame)

    def close(self):
        self.closed += 1
        return ""


class Home(NamespaceAnswers):
    """Answers from a namespace, which counts its requests."""

    def __init__(self, **namespace):
        super().__init__(namespace)
        self.asked = []

    def exchange(self, question, frame):
        self.asked.append(type(question).__name__)
        return super().exchange(question, frame)


def clean(*workers, **namespace):
    """Answers, the home that they come from, and the workers of the clean room."""
    workers, started = list(workers), []

    def start(folder):
        started.append(workers.pop(0) if workers else Here())
        return started[-1]

    room, home = CleanRoom(), Home(**namespace)
    room.begin(start)
    answers = CleanRoomAnswers(home, room)
    answers.begin("drawn", "seed")
    return answers, home, started


def sequence(*more):
    return keras.Sequential([keras.Input((4,)), layers.Dense(3, "tanh"), *more])


def test_a_model_answers_from_the_clean_room():
    model = sequence()
    answers, home, (*_,) = clean(model=model)
    asked = answers.model("model")
    assert np.allclose(asked.predict(X), model.predict(X, verbose=0), atol=1e-5)
    asked.predict(2 * X)
    assert home.asked == ["GetModel", "ExportModel", "Predict"]
    assert answers.unverified == ()


def test_nothing_happens_to_a_model_that_predicts_nothing():
    answers, home, started = clean(model=sequence())
    answers.model("model")
    assert (home.asked, started) == (["GetModel"], [])


def test_the_home_sees_32_rows_at_most():
    seen = []
    model = sequence()
    model.predict = lambda x, **options: seen.append(x) or np.asarray(model(x))
    answers, _, _ = clean(model=model)
    answers.model("model").predict(X)
    assert [len(x) for x in seen] == [32]
    assert not any((row == X).all(axis=1).any() for row in seen[0])
    assert X.min() <= seen[0].min() <= seen[0].max() <= X.max()


def test_the_same_model_is_made_once():
    model = sequence()
    answers, _, started = clean(model=model, make=lambda: model)
    for name in ("model", "make", "model"):
        answers.model(name).predict(X)
    assert started[0].asked.count(RecreateModel) == 1


def test_a_model_that_is_trained_meanwhile_is_made_again():
    model = sequence()
    answers, _, _ = clean(model=model, train=lambda: model.layers[0].set_weights([np.ones((4, 3)), np.ones(3)]))
    asked = answers.model("model")
    before = asked.predict(X)
    answers.call("train")
    assert not np.allclose(asked.predict(X), before)
    assert np.allclose(asked.predict(X), model.predict(X, verbose=0), atol=1e-5)


def test_a_model_that_its_first_batch_builds():
    model = keras.Sequential([layers.Dense(3)])
    answers, home, _ = clean(model=model)
    got = answers.model("model").predict(X)
    assert np.allclose(got, model.predict(X, verbose=0), atol=1e-5)
    assert home.asked == ["GetModel", "ExportModel", "Predict", "ExportModel"]


def test_what_cannot_be_made_again_answers_at_home_and_is_listed():
    class Doubled(layers.Layer):
        def call(self, x):
            return 2 * x

    model = sequence(Doubled())
    answers, _, started = clean(model=model)
    assert np.allclose(answers.model("model").predict(X), model.predict(X, verbose=0), atol=1e-5)
    assert started == []
    (found,) = answers.unverified
    assert (found.question, found.model) == ("drawn", "model")
    assert found.reason.startswith("It answered from the learner's own process: it is not made again, since `Doubled`")


def test_an_export_that_fails_is_listed_once_the_model_answers():
    class Calls(keras.Model):
        def call(self, x):
            return x

    answers, _, _ = clean(model=Calls())
    answers.model("model").predict(X)
    assert "`Calls` computes with code of its own" in answers.unverified[0].reason


def test_what_answers_nowhere_is_a_failure_in_the_learners_words():
    answers, _, _ = clean(model=sequence())
    with pytest.raises(failures.LearnerError, match="`model` stopped with ValueError"):
        answers.model("model").predict(np.zeros((5, 7), "float32"))
    assert answers.unverified == ()


def memory():
    model = sequence()
    model.predict = lambda x, **options: np.full((len(x), 3), 0.123, "float32")
    return model


def called():
    model = sequence()
    model.call = lambda x, *more, **options: 0 * x[:, :3] + 0.123
    return model


@pytest.mark.parametrize("make", [memory, called])
def test_a_process_that_says_something_else_does_not_count_and_both_figures_are_listed(make):
    model = make()
    answers, _, _ = clean(model=model)
    got = answers.model("model").predict(X)
    assert np.allclose(got, np.tanh(X @ model.layers[0].kernel.numpy() + model.layers[0].bias.numpy()), atol=1e-5)
    reason = answers.unverified[0].reason
    assert "The learner's own process predicts 0.123 where the clean room predicts " in reason
    assert reason.endswith("what the clean room predicts counts.")


def test_another_shape_is_something_else():
    model = sequence()
    model.predict = lambda x, **options: np.zeros(3)
    answers, _, _ = clean(model=model)
    assert answers.model("model").predict(X).shape == (100, 3)
    assert "in another shape" in answers.unverified[0].reason


def test_random_outputs_are_no_reproach():
    model = keras.Sequential([keras.Input((4,)), VariationalDense(3, 100), VariationalDense(3, 100)])
    answers, home, _ = clean(model=model)
    asked = answers.model("model")
    assert not np.array_equal(asked.predict(X), asked.predict(X))
    assert home.asked.count("Predict") == 1
    assert answers.unverified == ()


def test_random_outputs_that_lie_elsewhere_are_listed():
    model = keras.Sequential([keras.Input((4,)), VariationalDense(3, 100)])
    model.predict = lambda x, **options: np.asarray(model(x)) + 7
    answers, _, _ = clean(model=model)
    assert abs(answers.model("model").predict(X)).max() < 7
    assert answers.unverified[0].reason.startswith("Its outputs are random, but not so far apart: ")


def test_a_description_keeps_how_the_model_was_compiled(monkeypatch):
    monkeypatch.setattr(observing, "observe", lambda model, x: describing.describe(model))
    model = sequence()
    model.compile("sgd", "mse")
    answers, home, started = clean(model=model)
    handle = answers.model("model").handle
    described = Model.from_data({"handle": 0} | answers._ask(Observe("model", X, handle=handle, seconds=60.0)))
    assert (described.optimizer.name, described.loss.name) == ("SGD", "mean_squared_error")
    assert Observe in started[0].asked
    assert "Observe" not in home.asked


def reads_words():
    words = layers.TextVectorization(vocabulary=["good", "bad", "film"], output_sequence_length=4)
    return keras.Sequential([keras.Input((1,), dtype="string"), words, layers.Embedding(9, 3), layers.Flatten()])


def test_a_model_that_is_fed_with_text_answers_at_home_and_is_listed():
    model, x = reads_words(), np.array([["good film"], ["bad"]])
    answers, _, started = clean(model=model)
    assert np.array_equal(answers.model("model").predict(x), np.asarray(model(x)))
    assert answers.model("model").on(x).gave == (2, 12)
    assert started == []
    (found,) = answers.unverified
    assert found.reason.endswith("own process: it is asked for what is no batch of numbers.")


@pytest.mark.parametrize("ask", [lambda model, x: model.predict(x), lambda model, x: model.on(x)])
def test_a_model_that_takes_text_is_told_that_it_is_fed_numbers_and_the_reverse(ask):
    answers, _, _ = clean(words=reads_words(), numbers=sequence())
    for name, x, told in (
        ("words", X, "text and is fed numbers"),
        ("numbers", X.astype(str), "numbers and is fed text"),
    ):
        with pytest.raises(failures.WrongKind, match=f"^`{name}` takes {told}.$") as failure:
            ask(answers.model(name), x)
        assert failure.value.hint == observing.CALL_HINT


def test_what_a_learner_calls_inputs_does_not_matter():
    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.inputs = layers.Dense(3)

        def call(self, x):
            return self.inputs(x)

    answers, _, _ = clean(model=Own())
    assert answers.model("model").predict(X).shape == (100, 3)


LAYER = {"class_name": "D", "name": "", "config": {}, "parameter_count": 0, "trainable": True}
FORGED = {
    "a loss": lambda text: {"loss": {"name": text, "from_logits": False, "config": {}}},
    "an optimizer": lambda text: {"optimizer": {"name": "SGD", "learning_rate": 0.1, "config": {"momentum": text}}},
    "a name": lambda text: {"name": text},
    "layers": lambda text: {"layers": [LAYER | {"input_shape": None, "output_shape": None}] * 20_000},
}


@pytest.mark.parametrize("forged", FORGED)
def test_a_description_that_is_forged_to_fill_a_frame_costs_little_and_is_told_in_words(forged, monkeypatch):
    model = sequence()
    model.compile("sgd", "mse")
    answers, home, _ = clean(model=model)
    honest = describing.describe(model) | {"handle": 7}
    text = "x" * (bounds.FRAME_HEADER_BYTES - len(Reply.of(honest).frame))
    monkeypatch.setattr(home._respondent, "_held", lambda *asked: honest | FORGED[forged](text))
    home._respondent._models[7] = model, describing.predict
    start = time.thread_time()
    described = answers.model("model")
    assert len(described.find("Dense")) == (0 if forged == "layers" else 1)
    assert described.predict(X).shape == (100, 3)
    if forged in ("a loss", "an optimizer"):
        with pytest.raises(failures.NotPlainData, match="`model` says of its optimizer and its loss is too large"):
            described.on(X)
    else:
        assert [each.class_name for each in described.on(X).layers] == ["Dense"], "as the copy is"
    assert time.thread_time() - start < 5


def test_a_description_can_be_anything():
    answers, home, _ = clean(model=sequence())
    home._respondent._held = lambda *asked: {"handle": ["none"], "optimizer": 3}
    with pytest.raises(ProtocolError):
        answers.model("model")


@pytest.mark.parametrize("end", [WorkerStuck(), WorkerEnded("by signal SIGKILL")])
def test_a_clean_room_that_fails_is_left_for_the_home(end):
    model = sequence()
    answers, _, started = clean(Here({RecreateModel: end}), model=model)
    assert np.allclose(answers.model("model").predict(X), model.predict(X, verbose=0), atol=1e-5)
    assert "it could not be made again, " in answers.unverified[0].reason
    assert [worker.closed for worker in started] == [1]


@pytest.mark.parametrize("kinds", [(RecreateModel, Predict), (Predict,)])
def test_what_fails_in_a_used_worker_is_tried_in_a_new_one(kinds):
    answers, _, started = clean(model=sequence(), other=sequence())
    first = answers.model("model")
    first.predict(X)
    started[0].ends = dict.fromkeys(kinds, WorkerEnded("at its limit of time"))
    second = answers.model("other")
    second.predict(X)
    first.predict(X)
    assert (len(started), answers.unverified) == (2, ())


def test_a_copy_whose_worker_ended_is_made_in_a_new_one():
    answers, _, started = clean(model=sequence())
    asked = answers.model("model")
    before = asked.predict(X)
    started[0].ends = {Predict: WorkerEnded("at its limit of time")}
    assert np.allclose(asked.predict(X), before)
    assert (len(started), answers.unverified) == (2, ())


def test_a_copy_that_fails_everywhere_answers_at_home(monkeypatch):
    model = sequence()
    model.predict = lambda x, **options: np.asarray(model(x))
    answers, _, started = clean(model=model)
    asked = answers.model("model")
    asked.predict(X)

    def fails(model, x):
        if len(x) > 32:
            raise MemoryError("no room")
        return np.asarray(model(x))

    monkeypatch.setattr(recreating, "predict", fails)
    started[0].ends = {Predict: WorkerEnded("by signal SIGKILL")}
    asked.predict(X)
    assert "its copy fails, `model` stopped with MemoryError: no room" in answers.unverified[0].reason
    assert [worker.closed for worker in started] == [1, 1]
    answers.model("model").predict(X)
    assert len(started) == 2, "a copy that failed twice is not made for each request"


def test_what_training_would_move_is_asked_of_the_copy(monkeypatch):
    model = sequence()
    model.layers[0].trainable = False
    honest = observing.training_step

    def forged(asked, *more):
        step = {"path": "dense/kernel", "shape": (4, 3), "gradient": 1.0, "moves": True}
        return [step] if asked is model else honest(asked, *more)

    monkeypatch.setattr(observing, "training_step", forged)
    answers, _, _ = clean(model=model)
    assert not any(weight.moves for weight in answers.model("model").training_step(X))


def test_the_clean_room_has_no_more_time_than_the_submission():
    answers, home, _ = clean(Here(), model=sequence())
    asked = answers.model("model")
    home.seconds_left, within = 5.0, []
    ask = answers._room.ask
    answers._room.ask = lambda question: within.append(question.seconds) or ask(question)
    asked.predict(X)
    assert within == [5.0] * 3
    home.seconds_left = 0.0
    asked.predict(X)
    assert len(within) == 3
    assert home.asked[-1] == "Predict"
    assert answers.unverified == ()


def test_a_model_that_is_gone_is_asked_for_again():
    answers, home, _ = clean(model=sequence())
    asked = answers.model("model")
    before = asked.predict(X)
    home._respondent = Respondent({"model": sequence()}, interruptible=False)
    answers._places.clear()
    assert not np.allclose(asked.predict(X), before)
    assert answers.unverified == ()


def test_the_replies_that_counted_are_recorded():
    answers, _, _ = clean(model=memory())
    recording = Recording()
    recorded = RecordedAnswers(answers, recording)
    recorded.begin("another", "seed")
    got = recorded.model("model").predict(X)
    assert answers.unverified[0].question == "another"
    replayed = ReplayedAnswers(Replies(recording.packed(())))
    replayed.begin("another", "seed")
    assert np.array_equal(replayed.model("model").predict(X), got)


def test_a_worker_serves_so_many_submissions(monkeypatch):
    monkeypatch.setattr("coursekit.grading.cleanroom.CLEAN_ROOM_SUBMISSIONS", 3)
    rooms, started = CleanRooms(), []

    def start(folder):
        started.append(Here())
        return started[-1]

    for _ in range(7):
        with rooms.one(start) as room:
            answers = CleanRoomAnswers(Home(model=sequence()), room)
            answers.model("model").predict(X)
    assert [worker.asked.count(RecreateModel) for worker in started] == [3, 3, 1]
    assert [worker.closed for worker in started] == [1, 1, 0]


def test_a_worker_holds_so_many_weights(monkeypatch):
    monkeypatch.setattr("coursekit.grading.cleanroom.CLEAN_ROOM_BYTES", bounds.KB)
    rooms, started = CleanRooms(), []
    for _ in range(3):
        with rooms.one(lambda folder: started.append(Here()) or started[-1]) as room:
            answers = CleanRoomAnswers(Home(model=sequence(layers.Dense(100))), room)
            answers.model("model").predict(X)
    assert len(started) == 3


def test_a_submission_that_is_stopped_ends_its_worker():
    rooms, worker = CleanRooms(), Here()

    def stopped():
        with rooms.one(lambda folder: worker) as room:
            CleanRoomAnswers(Home(model=sequence()), room).model("model").predict(X)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert worker.closed == 1


@pytest.mark.parametrize(
    ("theirs", "ours", "same"),
    [
        (np.ones(3), np.ones(3) + 1e-5, True),
        (np.ones(3), np.ones(3) + 1e-2, False),
        (1e6 * np.ones(3), 1e6 * np.ones(3) + 10, True),
        (np.array([np.nan, 1.0]), np.array([np.nan, 1.0]), True),
        (np.array([np.nan, 1.0]), np.array([0.0, 1.0]), False),
        ({"a": np.ones(2), "b": [np.ones(1)]}, {"b": [np.ones(1)], "a": np.ones(2)}, True),
        ({"a": np.ones(2)}, {"b": np.ones(2)}, False),
        ([np.ones(2)], [np.ones(2), np.ones(2)], False),
        ("text", np.ones(2), False),
        (np.array(["a", "b"]), np.ones(2), False),
        (None, np.ones(2), False),
        (3.0, np.array(3.0), True),
        (np.zeros((0, 3)), np.zeros((0, 3)), True),
    ],
)
def test_predictions_are_compared_up_to_rounding(theirs, ours, same):
    assert alike(theirs, ours) is same
    if not same:
        assert difference(theirs, [ours] * 3).endswith("what the clean room predicts counts.")


def test_half_precision_is_rough():
    assert alike(np.ones(3), np.ones(3) + 1e-2, rough=True)
    assert not alike(np.ones(3), np.ones(3) + 0.2, rough=True)


def test_the_seed_of_a_submission_is_kept():
    home = Home()
    home.private_seed = "of the submission"
    assert CleanRoomAnswers(home, CleanRoom()).private_seed == "of the submission"
