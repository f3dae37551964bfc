"""Every check of exercise 3 accepts answers written in different ways, and rejects what beginners get wrong."""

from __future__ import annotations

import numpy as np
import pytest
from answer_tables import AnswerTables

EXERCISE = "03_regularization"

RIGHT = {
    "penalty": [
        "def penalty(weights, l1, l2): return sum(l1 * np.abs(w).sum() + l2 * np.square(w).sum() for w in weights)",
        """
        def penalty(weights, l1, l2):
            flat = np.concatenate([np.ravel(w) for w in weights])
            return l1 * np.linalg.norm(flat, 1) + l2 * flat @ flat
        """,
    ],
    "penalty_gradient": [
        "def penalty_gradient(w, l1, l2): return l1 * np.sign(w) + 2 * l2 * w",
        "def penalty_gradient(w, l1, l2): return np.where(w > 0, l1, np.where(w < 0, -l1, 0)) + l2 * (w + w)",
    ],
    "shrink": [
        "def shrink(w, strength): return np.sign(w) * np.maximum(np.abs(w) - strength, 0)",
        "def shrink(w, strength): return w - np.clip(w, -strength, strength)",
        """
        def shrink(w, strength):
            return [v - strength if v > strength else v + strength if v < -strength else 0.0 for v in w]
        """,
    ],
    "dropout": [
        """
        def dropout(outputs, rate, training, seed):
            if not training:
                return outputs
            return outputs * (np.random.default_rng(seed).random(outputs.shape) >= rate) / (1 - rate)
        """,
        """
        def dropout(outputs, rate, training, seed):
            kept = 1 - rate if training else 1.0
            mask = np.random.RandomState(seed).binomial(1, kept, size=outputs.shape)
            return np.where(mask == 1, outputs / kept, 0)
        """,
    ],
    "clip_by_norm": [
        """
        def clip_by_norm(gradients, limit):
            norm = np.sqrt(sum(np.sum(g ** 2) for g in gradients))
            return [g * limit / max(norm, limit) for g in gradients]
        """,
        """
        def clip_by_norm(gradients, limit):
            norm = np.linalg.norm(np.concatenate([g.ravel() for g in gradients]))
            if norm <= limit:
                return gradients
            return tuple(limit / norm * g for g in gradients)
        """,
    ],
    "early_stopping": [
        """
        def early_stopping(losses, patience, min_delta):
            best = 0
            for epoch, loss in enumerate(losses):
                if loss < losses[best] - min_delta:
                    best = epoch
                if epoch - best >= patience:
                    break
            return best + 1, epoch + 1
        """,
        """
        def early_stopping(losses, patience, min_delta):
            best_loss, kept, waited, epoch = float("inf"), 0, 0, 0
            while epoch < len(losses) and waited < patience:
                epoch += 1
                waited += 1
                if best_loss - losses[epoch - 1] > min_delta:
                    best_loss, kept, waited = losses[epoch - 1], epoch, 0
            return [kept, epoch]
        """,
    ],
    "choose_strength": [
        """
        def choose_strength(x_train, y_train, x_valid, y_valid, strengths):
            def error(strength):
                gram = x_train.T @ x_train + strength * np.eye(x_train.shape[1])
                return np.mean((x_valid @ np.linalg.solve(gram, x_train.T @ y_train) - y_valid) ** 2)
            return min(strengths, key=error)
        """,
        """
        from sklearn.linear_model import Ridge
        def choose_strength(x_train, y_train, x_valid, y_valid, strengths):
            models = [Ridge(alpha=s, fit_intercept=False).fit(x_train, y_train) for s in strengths]
            return strengths[np.argmax([model.score(x_valid, y_valid) for model in models])]
        """,
    ],
}

WRONG = {
    "penalty": [
        (
            "the norm instead of its square",
            "def penalty(ws, l1, l2): return sum(l1 * np.abs(w).sum() + l2 * np.sqrt((w**2).sum()) for w in ws)",
        ),
        ("means", "def penalty(ws, l1, l2): return sum(l1 * np.abs(w).mean() + l2 * (w**2).mean() for w in ws)"),
        ("no sizes", "def penalty(ws, l1, l2): return sum(l1 * w.sum() + l2 * (w**2).sum() for w in ws)"),
        (
            "the first array only",
            "def penalty(ws, l1, l2): return l1 * np.abs(ws[0]).sum() + l2 * np.square(ws[0]).sum()",
        ),
        ("half", "def penalty(ws, l1, l2): return sum(l1 * np.abs(w).sum() + l2 / 2 * (w**2).sum() for w in ws)"),
    ],
    "penalty_gradient": [
        ("no factor 2, no sign", "def penalty_gradient(w, l1, l2): return l1 + l2 * w"),
        ("the penalty itself", "def penalty_gradient(w, l1, l2): return l1 * np.abs(w) + l2 * w**2"),
        ("a mean", "def penalty_gradient(w, l1, l2): return (l1 * np.sign(w) + 2 * l2 * w) / w.size"),
    ],
    "shrink": [
        ("ridge", "def shrink(w, strength): return w / (1 + 2 * strength)"),
        ("past zero", "def shrink(w, strength): return w - strength * np.sign(w)"),
        ("hard threshold", "def shrink(w, strength): return np.where(np.abs(w) > strength, w, 0)"),
        ("signs lost", "def shrink(w, strength): return np.maximum(np.abs(w) - strength, 0)"),
    ],
    "dropout": [
        ("nothing", "def dropout(outputs, rate, training, seed): return None"),
        (
            "units removed, use scaled",
            """
            def dropout(outputs, rate, training, seed):
                if not training:
                    return outputs * (1 - rate)
                kept = np.random.default_rng(seed).random(outputs.shape[1]) >= rate
                return outputs[:, kept]
            """,
        ),
    ],
    "clip_by_norm": [
        ("by value", "def clip_by_norm(gradients, limit): return [np.clip(g, -limit, limit) for g in gradients]"),
        (
            "each array by itself",
            "def clip_by_norm(gs, limit): return [g * min(1, limit / max(np.linalg.norm(g), 1e-9)) for g in gs]",
        ),
        (
            "the largest entry for the norm",
            "def clip_by_norm(gs, limit): return [g * limit / max(limit, max(abs(h).max() for h in gs)) for g in gs]",
        ),
        (
            "one long array",
            """
            def clip_by_norm(gradients, limit):
                flat = np.concatenate([g.ravel() for g in gradients])
                return flat * min(1, limit / np.linalg.norm(flat))
            """,
        ),
    ],
    "early_stopping": [
        (
            "counted from 0, min_delta with the wrong sign",
            """
            def early_stopping(losses, patience, min_delta):
                best = 0
                for epoch, loss in enumerate(losses):
                    if loss < losses[best] + min_delta:
                        best = epoch
                    if epoch - best >= patience:
                        break
                return best, epoch
            """,
        ),
        (
            "the lowest of all losses",
            """
            def early_stopping(losses, patience, min_delta):
                best = int(np.argmin(losses)) + 1
                return best, best + patience
            """,
        ),
    ],
    "choose_strength": [
        (
            "chosen on the training data",
            """
            def choose_strength(x_train, y_train, x_valid, y_valid, strengths):
                def error(s):
                    gram = x_train.T @ x_train + s * np.eye(x_train.shape[1])
                    return np.mean((x_train @ np.linalg.solve(gram, x_train.T @ y_train) - y_train) ** 2)
                return min(strengths, key=error)
            """,
        ),
        (
            "fitted on the validation data too",
            """
            def choose_strength(x_train, y_train, x_valid, y_valid, strengths):
                x, y = np.vstack([x_train, x_valid]), np.concatenate([y_train, y_valid])
                def error(s):
                    w = np.linalg.solve(x.T @ x + s * np.eye(x.shape[1]), x.T @ y)
                    return np.mean((x_valid @ w - y_valid) ** 2)
                return min(strengths, key=error)
            """,
        ),
        (
            "the place, not the strength",
            """
            from sklearn.linear_model import Ridge
            def choose_strength(x_train, y_train, x_valid, y_valid, strengths):
                fits = [Ridge(alpha=s, fit_intercept=False).fit(x_train, y_train) for s in strengths]
                return np.argmax([fit.score(x_valid, y_valid) for fit in fits])
            """,
        ),
    ],
}


def _dropout(used="outputs", shape="outputs.shape", keeps=">= rate", scaled="/ (1 - rate)"):
    return f"""
def dropout(outputs, rate, training, seed):
    if not training:
        return {used}
    kept = np.random.default_rng(seed).random({shape}) {keeps}
    return outputs * kept {scaled}
"""


PARTIAL = [
    ("penalty_gradient", "def penalty_gradient(w, l1, l2): return l1 * w / np.abs(w) + 2 * l2 * w", 1),
    ("dropout", _dropout(scaled=""), 3),  # not scaled at all
    ("dropout", _dropout(scaled="", used="outputs * (1 - rate)"), 2),  # scaled in use, as it was done at first
    ("dropout", _dropout(keeps="< rate"), 3),  # rate taken for the share that is kept
    ("dropout", _dropout(shape="outputs.shape[1]"), 3),  # one mask for all examples
    ("dropout", _dropout(shape="(len(outputs), 1)"), 3),  # whole examples left out
    (
        "clip_by_norm",  # always scaled to the limit
        """
        def clip_by_norm(gradients, limit):
            norm = np.sqrt(sum(np.sum(g ** 2) for g in gradients))
            return [g * limit / norm for g in gradients]
        """,
        2,
    ),
    (
        "early_stopping",  # min_delta forgotten
        """
        def early_stopping(losses, patience, min_delta):
            best = 0
            for epoch, loss in enumerate(losses):
                best = epoch if loss < losses[best] else best
                if epoch - best >= patience:
                    break
            return best + 1, epoch + 1
        """,
        2,
    ),
    (
        "early_stopping",  # as if patience always ran out
        """
        def early_stopping(losses, patience, min_delta):
            best = 0
            for epoch, loss in enumerate(losses):
                if loss < losses[best] - min_delta:
                    best = epoch
                if epoch - best >= patience:
                    break
            return best + 1, best + 1 + patience
        """,
        2,
    ),
]


class TestAnswers(AnswerTables):
    exercise, right, wrong, partial = EXERCISE, RIGHT, WRONG, PARTIAL
    elsewhere = ("training",)


@pytest.fixture(scope="module")
def trained():
    """A small network after three epochs with dropout, and its history."""
    import keras
    from keras import layers

    from coursekit.data import load_imdb

    imdb = load_imdb(num_words=2_000)
    rows = imdb.x_train[:12_000].multi_hot(np.uint8)
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((2_000,)), layers.Dropout(0.3), layers.Dense(8, "relu"), layers.Dense(1)])
    model.add(layers.Activation("sigmoid"))
    model.compile("adam", "binary_crossentropy")
    history = model.fit(rows, imdb.y_train[:12_000], batch_size=128, epochs=3, validation_split=0.1, verbose=0)
    return model, history


@pytest.mark.parametrize(
    ("source", "want"),
    [
        ("", 2),
        ("history = {'loss': [0.3], 'val_loss': [0.4]}", 2),
        ("history = {'loss': [0.1]}", 1),  # no validation data
        ("model.layers[2].set_weights([10 * w for w in model.layers[2].get_weights()])", 1),  # far too sure of itself
        ("model.set_weights([0 * w for w in model.get_weights()])", 0),  # never trained
        ("import keras; model = keras.Sequential(model.layers[:-1])", 0),  # logits for probabilities
        ("del model", 0),
    ],
)
def test_training_is_judged_by_loss_accuracy_and_validation(earned, trained, source, want):
    model, history = trained
    weights = model.get_weights()
    assert earned(EXERCISE, "training", source, model=model, history=history) == want
    model.set_weights(weights)
