"""Every check of exercise 3 accepts answers written in different ways, and rejects what beginners get wrong."""

from __future__ import annotations

import numpy as np
import pytest
from answer_tables import KERAS, AnswerTables

EXERCISE = "03_regularization"

RIGHT = {
    "penalty": [
        "def penalty(weights, l1, l2): return sum(l1 * np.abs(w).sum() + l2 * np.square(w).sum() for w in weights)",
        """
        def penalty(weights, l1, l2):
            flat = np.concatenate([np.ravel(w) for w in weights])
            return l1 * np.linalg.norm(flat, 1) + l2 * flat @ flat
        """,
        """
        def penalty(weights, l1, l2):
            price = 0.0
            for w in weights:
                for number in w.flat:
                    price += l1 * abs(number) + l2 * number * number
            return price
        """,
        KERAS
        + """
def penalty(weights, l1, l2):
    return sum(keras.regularizers.L1L2(l1, l2)(keras.ops.convert_to_tensor(w, "float32")) for w in weights)
""",
        "def penalty(ws, l1, l2): return [sum(l1 * np.linalg.norm(w.ravel(), 1) + l2 * np.vdot(w, w) for w in ws)]",
    ],
    "penalty_gradient": [
        "def penalty_gradient(w, l1, l2): return l1 * np.sign(w) + 2 * l2 * w",
        "def penalty_gradient(w, l1, l2): return np.where(w > 0, l1, np.where(w < 0, -l1, 0)) + l2 * (w + w)",
        """
        import tensorflow as tf
        def penalty_gradient(w, l1, l2):
            w = tf.Variable(w)
            with tf.GradientTape() as tape:
                price = l1 * tf.reduce_sum(tf.abs(w)) + l2 * tf.reduce_sum(w**2)
            return tape.gradient(price, w)
        """,
        "def penalty_gradient(w, l1, l2): return (l1 * ((w > 0).astype(int) - (w < 0)) + 2 * l2 * w).tolist()",
        "def penalty_gradient(w, l1, l2): return l1 * w / (np.abs(w) + 1e-12) + 2 * l2 * w",
    ],
    "shrink": [
        "def shrink(w, strength): return np.sign(w) * np.maximum(np.abs(w) - strength, 0)",
        "def shrink(w, strength): return w - np.clip(w, -strength, strength)",
        """
        def shrink(w, strength):
            return [v - strength if v > strength else v + strength if v < -strength else 0.0 for v in w]
        """,
        KERAS + "def shrink(w, strength): return keras.ops.soft_shrink(w, threshold=strength)",
        "def shrink(w, strength): return np.maximum(w - strength, 0) - np.maximum(-w - strength, 0)",
        """
        def shrink(w, strength):
            w = w.astype("float32")
            return np.copysign(np.clip(np.abs(w) - np.float32(strength), 0, None), w)
        """,
        """
        def shrink(w, strength):
            v = np.zeros_like(w)
            for _ in range(200):
                step = v - 0.5 * (v - w)
                v = np.sign(step) * np.maximum(np.abs(step) - 0.5 * strength, 0)
            return v
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
        KERAS
        + """
def dropout(outputs, rate, training, seed):
    return layers.Dropout(rate, seed=seed)(outputs, training=training)
""",
        """
        import tensorflow as tf
        def dropout(outputs, rate, training, seed):
            if training:
                tf.random.set_seed(seed)
                outputs = tf.nn.dropout(tf.constant(outputs), rate)
            return outputs
        """,
        """
        import random
        def dropout(outputs, rate, training, seed):
            chance = random.Random(seed)
            if not training:
                return outputs.tolist()
            return [[unit / (1 - rate) if chance.random() >= rate else 0.0 for unit in row] for row in outputs]
        """,
        """
        def dropout(outputs, rate, training, seed):
            np.random.seed(seed)
            mask = np.random.choice([0, 1 / (1 - rate)], size=outputs.shape, p=[rate, 1 - rate])
            return outputs * (mask if training else 1)
        """,
        """
        import tensorflow as tf
        def dropout(outputs, rate, training, seed):
            if not training:
                return outputs
            return tf.nn.experimental.stateless_dropout(outputs, rate, seed=(seed, 0))
        """,
        """
        def dropout(outputs, rate, training, seed):
            kept = outputs / (1 - rate) if training else outputs.copy()
            if training:
                kept[np.random.default_rng(seed).uniform(size=kept.shape) < rate] = 0
            return kept
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
        """
        import tensorflow as tf
        def clip_by_norm(gradients, limit):
            return tf.clip_by_global_norm([tf.constant(g) for g in gradients], limit)[0]
        """,
        KERAS
        + """
def clip_by_norm(gradients, limit):
    weights = [keras.Variable(np.zeros_like(g)) for g in gradients]
    keras.optimizers.SGD(1.0, global_clipnorm=limit).apply([keras.ops.convert_to_tensor(g) for g in gradients], weights)
    return [-weight.numpy() for weight in weights]
""",
        """
        def clip_by_norm(gradients, limit):
            norm = np.sqrt(sum(np.vdot(g, g) for g in gradients))
            if norm > limit:
                for g in gradients:
                    g *= limit / norm
            return gradients
        """,
        """
        import math
        def clip_by_norm(gradients, limit):
            norm = math.sqrt(math.fsum(float(number) ** 2 for g in gradients for number in g.flat))
            return [(g * min(1.0, limit / (norm + 1e-6))).tolist() for g in gradients]
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
        KERAS
        + """
def early_stopping(losses, patience, min_delta):
    model = keras.Sequential()
    model.stop_training = False
    callback = keras.callbacks.EarlyStopping("val_loss", patience=patience, min_delta=min_delta, mode="min")
    callback.set_model(model)
    callback.on_train_begin()
    for epoch, loss in enumerate(losses):
        callback.on_epoch_end(epoch, {"val_loss": loss})
        if model.stop_training:
            break
    return callback.best_epoch + 1, epoch + 1
""",
        """
        def early_stopping(losses, patience, min_delta):
            def from_epoch(kept):
                end = min(kept + patience, len(losses))
                better = (e for e in range(kept + 1, end + 1) if losses[e - 1] + min_delta < losses[kept - 1])
                following = next(better, None)
                return (kept, end) if following is None else from_epoch(following)
            return from_epoch(1)
        """,
        """
        def early_stopping(losses, patience, min_delta):
            losses, kept, last = np.asarray(losses, dtype="float32"), np.int64(1), np.int64(1)
            while last < len(losses) and last - kept < patience:
                last += 1
                if losses[kept - 1] - losses[last - 1] > min_delta:
                    kept = last
            return np.array([kept, last])
        """,
        """
        def early_stopping(losses, patience, min_delta):
            best, kept, waited = losses[0], 1, 0
            for epoch, loss in enumerate(losses[1:], start=2):
                waited = 0 if loss < best - min_delta else waited + 1
                if not waited:
                    best, kept = loss, epoch
                elif waited == patience:
                    return kept, epoch
            return kept, len(losses)
        """,
        """
        def early_stopping(losses, patience, min_delta):
            kept = 1
            for last in range(1, len(losses) + 1):
                if losses[last - 1] < losses[kept - 1] - min_delta:
                    kept = last
                if last == kept + patience:
                    return kept, last
            return kept, len(losses)
        """,
        """
        def early_stopping(losses, patience, min_delta):
            kept, rest = 1, list(enumerate(losses[1:], start=2))
            last = 1
            while rest and last - kept < patience:
                last, loss = rest.pop(0)
                kept = last if losses[kept - 1] - loss > min_delta else kept
            return kept, last
        """,
        """
        from functools import reduce
        def early_stopping(losses, patience, min_delta):
            def step(state, epoch):
                kept, last = state
                if last - kept >= patience:
                    return state
                return (epoch, epoch) if losses[epoch - 1] < losses[kept - 1] - min_delta else (kept, epoch)
            return reduce(step, range(2, len(losses) + 1), (1, 1))
        """,
        """
        def early_stopping(losses, patience, min_delta):
            bests = [1]
            for epoch in range(2, len(losses) + 1):
                if losses[bests[-1] - 1] - losses[epoch - 1] > min_delta:
                    bests.append(epoch)
            bests.append(10**9)
            kept = next(now for now, later in zip(bests, bests[1:]) if later - now > patience)
            return kept, min(kept + patience, len(losses))
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
        """
        def choose_strength(x_train, y_train, x_valid, y_valid, strengths):
            lowest, chosen = np.inf, None
            for strength in sorted(strengths):
                w = np.linalg.inv(x_train.T @ x_train + np.diag([strength] * x_train.shape[1])) @ (x_train.T @ y_train)
                error = sum((row @ w - target) ** 2 for row, target in zip(x_valid, y_valid))
                if error < lowest:
                    lowest, chosen = error, strength
            return chosen
        """,
        """
        def choose_strength(x_train, y_train, x_valid, y_valid, strengths):
            u, s, v = np.linalg.svd(x_train, full_matrices=False)
            def error(strength):
                w = v.T @ (s / (s**2 + strength) * (u.T @ y_train))
                return np.linalg.norm(x_valid @ w - y_valid)
            return np.array([min(strengths, key=error)])
        """,
        """
        def choose_strength(x_train, y_train, x_valid, y_valid, strengths):
            errors = {}
            for strength in strengths:  # the penalty as further examples
                x = np.vstack([x_train, np.sqrt(strength) * np.eye(x_train.shape[1])])
                w = np.linalg.lstsq(x, np.append(y_train, np.zeros(x_train.shape[1])), rcond=None)[0]
                errors[np.sqrt(np.mean((x_valid @ w - y_valid) ** 2))] = strength
            return errors[min(errors)]
        """,
        """
        import tensorflow as tf
        def choose_strength(x_train, y_train, x_valid, y_valid, strengths):
            x, y = tf.constant(x_train, tf.float32), tf.constant(y_train[:, None], tf.float32)
            def error(strength):
                w = tf.linalg.solve(tf.transpose(x) @ x + strength * tf.eye(x.shape[1]), tf.transpose(x) @ y)
                return np.mean((x_valid @ w.numpy().ravel() - y_valid) ** 2)
            return tf.constant(min(strengths, key=error))
        """,
    ],
}


def choose(judged_by, added="s * np.eye(x.shape[1])"):
    """The source of `choose_strength` that fits with ``added`` and takes the strength with the lowest ``judged_by``."""
    return f"""
def choose_strength(x, y, u, v, strengths):
    def judge(s):
        w = np.linalg.solve(x.T @ x + {added}, x.T @ y)
        return {judged_by}
    return min(strengths, key=judge)
"""


def stop(better="loss < losses[best] - min_delta", over="epoch - best >= patience"):
    """The source of `early_stopping` with these conditions."""
    return f"""
def early_stopping(losses, patience, min_delta):
    best = 0
    for epoch, loss in enumerate(losses):
        if {better}:
            best = epoch
        if {over}:
            break
    return best + 1, epoch + 1
"""


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
        (
            "the root of all squares",
            """
            def penalty(weights, l1, l2):
                flat = np.concatenate([w.ravel() for w in weights])
                return l1 * np.abs(flat).sum() + l2 * np.linalg.norm(flat)
            """,
        ),
        ("swapped", "def penalty(ws, l1, l2): return sum(l2 * np.abs(w).sum() + l1 * np.square(w).sum() for w in ws)"),
        (
            "the largest column",
            "def penalty(ws, l1, l2): return sum(l1 * np.linalg.norm(np.atleast_2d(w.T).T.reshape(len(w), -1), 1) "
            "+ l2 * (w**2).sum() for w in ws)",
        ),
        ("one number an array", "def penalty(ws, l1, l2): return [l1 * abs(w).sum() + l2 * (w**2).sum() for w in ws]"),
        ("L2 alone", "def penalty(ws, l1, l2): return l2 * sum((w**2).sum() for w in ws)"),
        ("half", "def penalty(ws, l1, l2): return sum(l1 * np.abs(w).sum() + l2 / 2 * (w**2).sum() for w in ws)"),
    ],
    "penalty_gradient": [
        ("no factor 2, no sign", "def penalty_gradient(w, l1, l2): return l1 + l2 * w"),
        ("the penalty itself", "def penalty_gradient(w, l1, l2): return l1 * np.abs(w) + l2 * w**2"),
        ("factor 2 forgotten", "def penalty_gradient(w, l1, l2): return l1 * np.sign(w) + l2 * w"),
        ("size for sign", "def penalty_gradient(w, l1, l2): return l1 * np.abs(w) + 2 * l2 * w"),
        ("uphill", "def penalty_gradient(w, l1, l2): return -l1 * np.sign(w) - 2 * l2 * w"),
        ("one number", "def penalty_gradient(w, l1, l2): return (l1 * np.sign(w) + 2 * l2 * w).sum()"),
        ("smoothed much", "def penalty_gradient(w, l1, l2): return l1 * np.tanh(10 * w) + 2 * l2 * w"),
        ("a mean", "def penalty_gradient(w, l1, l2): return (l1 * np.sign(w) + 2 * l2 * w) / w.size"),
    ],
    "shrink": [
        ("ridge", "def shrink(w, strength): return w / (1 + 2 * strength)"),
        ("past zero", "def shrink(w, strength): return w - strength * np.sign(w)"),
        ("hard threshold", "def shrink(w, strength): return np.where(np.abs(w) > strength, w, 0)"),
        (
            "hovering about zero",
            """
            def shrink(w, strength):
                v = w.copy()
                for _ in range(500):
                    v = v - 0.1 * (v - w + strength * np.sign(v))
                return v
            """,
        ),
        ("half the strength", "def shrink(w, strength): return w - np.clip(w, -strength / 2, strength / 2)"),
        ("clipped", "def shrink(w, strength): return np.clip(w, -strength, strength)"),
        ("by its share", "def shrink(w, strength): return w * max(1 - strength, 0)"),
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
        (
            "noise in place of a mask, in use too",
            """
            def dropout(outputs, rate, training, seed):
                return outputs * np.random.default_rng(0).normal(1, np.sqrt(rate / (1 - rate)), size=outputs.shape)
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
            "the sum of the norms",
            "def clip_by_norm(gs, limit): return [g * min(1, limit / sum(np.linalg.norm(h) for h in gs)) for g in gs]",
        ),
        (
            "the sum of squares",
            "def clip_by_norm(gs, limit): return [g * limit / sum((h**2).sum() for h in gs) for g in gs]",
        ),
        ("scaled by the limit", "def clip_by_norm(gs, limit): return [g * limit for g in gs]"),
        ("shapes lost", "def clip_by_norm(gs, limit): return [(g * limit / np.linalg.norm(g)).ravel() for g in gs]"),
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
        ("better than the epoch before", stop("loss < losses[epoch - 1] - min_delta")),
        ("one epoch too patient", stop(over="epoch - best > patience")),
        ("patience counted from the start", stop(over="epoch >= patience")),
        (
            "a count that never starts anew",
            """
            def early_stopping(losses, patience, min_delta):
                best, waited = 0, 0
                for epoch, loss in enumerate(losses):
                    if epoch == 0 or loss < losses[best] - min_delta:
                        best = epoch
                    else:
                        waited += 1
                    if waited == patience:
                        break
                return best + 1, epoch + 1
            """,
        ),
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
        (
            "the losses, not the epochs",
            "def early_stopping(losses, patience, min_delta): return min(losses), losses[-1]",
        ),
        (
            "stops at the first rise",
            """
            def early_stopping(losses, patience, min_delta):
                epoch = 1
                while epoch < len(losses) and losses[epoch] < losses[epoch - 1]:
                    epoch += 1
                return epoch, epoch
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
        ("the smallest", "def choose_strength(x, y, u, v, strengths): return min(strengths)"),
        (
            "the one in the middle",
            "def choose_strength(x, y, u, v, strengths): return sorted(strengths)[len(strengths) // 2]",
        ),
        ("training error and penalty", choose("np.mean((x @ w - y) ** 2) + s * w @ w")),
        ("absolute errors", choose("np.abs(u @ w - v).mean()")),
        ("validation error and penalty", choose("np.sum((u @ w - v) ** 2) + s * w @ w")),
        ("the worst error", choose("np.abs(u @ w - v).max()")),
        ("the mean miss", choose("abs(np.mean(u @ w - v))")),
        ("the highest error", choose("-np.mean((u @ w - v) ** 2)")),
        ("correlation", choose("-np.corrcoef(u @ w, v)[0, 1]")),
        ("means for sums", choose("np.mean((u @ w - v) ** 2)", added="s * len(x) * np.eye(x.shape[1])")),
        ("added everywhere", choose("np.mean((u @ w - v) ** 2)", added="s")),
        ("the square of λ", choose("np.mean((u @ w - v) ** 2)", added="s**2 * np.eye(x.shape[1])")),
        ("twice λ", choose("np.mean((u @ w - v) ** 2)", added="4 * s * np.eye(x.shape[1])")),
        (
            "with an intercept",
            """
            from sklearn.linear_model import Ridge
            def choose_strength(x_train, y_train, x_valid, y_valid, strengths):
                return max(strengths, key=lambda s: Ridge(alpha=s).fit(x_train, y_train).score(x_valid, y_valid))
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


def _exact_dropout(chances):
    """With numbers for chances that are evenly spread, shuffled."""
    return _dropout().replace(".random(outputs.shape)", f".permuted({chances})")


PARTIAL = [
    ("penalty_gradient", "def penalty_gradient(w, l1, l2): return l1 * w / np.abs(w) + 2 * l2 * w", 1),
    ("dropout", _dropout(scaled=""), 3),  # not scaled at all
    ("dropout", _dropout(scaled="", used="outputs * (1 - rate)"), 2),  # scaled in use, as it was done at first
    ("dropout", _dropout(keeps="< rate"), 3),  # rate taken for the share that is kept
    ("dropout", _dropout(shape="outputs.shape[1]"), 3),  # one mask for all examples
    ("dropout", _dropout(shape="(len(outputs), 1)"), 3),  # whole examples left out
    ("dropout", _dropout().replace("(seed)", "(0)"), 3),  # one seed for all
    ("dropout", _dropout().replace("(seed)", "()"), 3),  # no seed at all
    ("dropout", _dropout().replace("(seed)", "(seed or None)"), 3),  # 0 taken for none
    ("dropout", _dropout().replace("(seed)", "(seed % 10)"), 3),
    ("dropout", _dropout().replace("(seed)", "(seed & 255)"), 3),
    ("dropout", _dropout().replace("(seed)", "(seed % 1000)"), 3),
    ("dropout", _dropout(keeps=">= rate; kept = np.repeat(kept, 2, axis=0)", shape="(len(outputs) // 2, 40)"), 3),
    ("dropout", _dropout(keeps=">= rate; kept = np.repeat(kept, 2, axis=1)", shape="(len(outputs), 20)"), 3),
    ("dropout", _exact_dropout("np.linspace(0, 1, outputs.size).reshape(outputs.shape)"), 3),
    ("dropout", _exact_dropout("np.tile(np.linspace(0, 1, 40), (len(outputs), 1)), axis=1"), 3),
    ("dropout", _exact_dropout("np.tile(np.linspace(0, 1, len(outputs))[:, None], 40), axis=0"), 3),
    ("dropout", _dropout(scaled="/ kept.mean()"), 3),  # the share that happened to be kept
    ("dropout", _dropout(scaled="/ rate"), 3),
    ("dropout", _dropout(scaled="/ (1 - rate) * (outputs > 0)"), 3),  # as if behind a relu
    ("dropout", _dropout().replace(".random(", ".normal(size="), 3),
    ("dropout", _dropout().replace(".random(outputs.shape)", ".uniform(-1, 1, outputs.shape)"), 3),
    ("dropout", _dropout(used="outputs / (1 - rate)"), 3),
    ("dropout", _dropout(shape="(outputs.shape[0], 1)", scaled="/ kept.mean()"), 2),
    ("penalty_gradient", "def penalty_gradient(w, l1, l2): return l1 * np.where(w >= 0, 1, -1) + 2 * l2 * w", 1),
    ("penalty_gradient", "def penalty_gradient(w, l1, l2): return l1 * np.copysign(1, w) + 2 * l2 * w", 1),
    (
        "clip_by_norm",  # every entry alike, whatever it was
        """
        def clip_by_norm(gradients, limit):
            if np.sqrt(sum(np.sum(g ** 2) for g in gradients)) <= limit:
                return gradients
            count = sum(g.size for g in gradients)
            return [np.copysign(limit / np.sqrt(count), g) for g in gradients]
        """,
        2,
    ),
    (
        "clip_by_norm",  # 0 / 0
        """
        def clip_by_norm(gradients, limit):
            norm = np.sqrt(sum(np.sum(g ** 2) for g in gradients))
            return [g * min(limit, norm) / norm for g in gradients]
        """,
        2,
    ),
    ("early_stopping", stop("loss <= losses[best] - min_delta"), 2),  # what is equal counts as better
    ("early_stopping", stop("loss < losses[best] * (1 - min_delta)"), 2),
    ("early_stopping", stop("loss < losses[best] + min_delta"), 2),
    ("early_stopping", stop("loss < losses[best] and losses[best] - loss >= min_delta"), 2),
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
def reviews():
    """The 15,000 reviews to train on, as the exercise makes them, and their labels."""
    from coursekit.data import load_imdb

    imdb = load_imdb(num_words=2_000)
    return imdb.x_train[10_000:].multi_hot(np.uint8), imdb.y_train[10_000:]


@pytest.fixture(scope="module")
def trained(reviews):
    """A small network after three epochs with dropout, and its history."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((2_000,)), layers.Dropout(0.3), layers.Dense(8, "relu"), layers.Dense(1)])
    model.add(layers.Activation("sigmoid"))
    model.compile("adam", "binary_crossentropy")
    history = model.fit(*reviews, batch_size=128, epochs=3, validation_split=0.1, verbose=0)
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


def test_what_does_nothing_against_overfitting_reaches_no_bar(earned, reviews):
    """A plain network ends at a loss of 0.39 to 0.41 and 85 % after 20 epochs, naive Bayes at 0.58 and 84 %."""
    import keras
    from keras import layers

    x, y = reviews
    keras.utils.set_random_seed(1)
    plain = keras.Sequential([layers.Dense(16, "relu"), layers.Dense(16, "relu"), layers.Dense(1, "sigmoid")])
    plain.compile("rmsprop", "binary_crossentropy")
    plain.fit(x, y, batch_size=512, epochs=20, verbose=0)
    counts = [x[y == side].sum(axis=0, dtype=float) + 1 for side in (1, 0)]
    ratio = np.log(counts[0] / counts[0].sum()) - np.log(counts[1] / counts[1].sum())
    bayes = keras.Sequential([keras.Input((2_000,)), layers.Dense(1, "sigmoid")])
    bayes.set_weights([ratio[:, np.newaxis], np.zeros(1)])
    for model in (plain, bayes):
        assert earned(EXERCISE, "training", "", model=model, history={"val_loss": [0.3]}) == 0
