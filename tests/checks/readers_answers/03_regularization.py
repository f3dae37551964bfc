import keras
import numpy as np
import tensorflow as tf
from keras import layers

# %% penalty · right · weight by weight
def penalty(weights, l1, l2):
    numbers = [float(number) for array in weights for number in np.ravel(array)]
    return sum(l1 * abs(number) + l2 * number * number for number in numbers)

# %% penalty · wrong · the norm itself, not its square
def penalty(weights, l1, l2):
    absolute = sum(np.sum(np.abs(array)) for array in weights)
    squared = sum(np.sum(array**2) for array in weights)
    return l1 * absolute + l2 * np.sqrt(squared)

# %% penalty · wrong · the two strengths exchanged
def penalty(weights, l1, l2):
    total = 0.0
    for array in weights:
        total += l2 * np.abs(array).sum() + l1 * (array * array).sum()
    return total

# %% penalty · wrong · the matrix norm of columns
def penalty(weights, l1, l2):
    total = 0.0
    for array in weights:
        largest_column = np.abs(array).sum(axis=0).max()
        total += l1 * largest_column + l2 * np.square(array).sum()
    return total

# %% penalty_gradient · wrong · the two of the square is missing
def penalty_gradient(w, l1, l2):
    signs = np.where(w > 0, 1, np.where(w < 0, -1, 0))
    return l2 * w + l1 * signs

# %% shrink · right · the soft shrinkage of Keras
def shrink(w, strength):
    return np.asarray(keras.activations.soft_shrink(keras.ops.convert_to_tensor(w), strength))

# %% shrink · right · size and sign apart, single precision
def shrink(w, strength):
    size = np.abs(np.float32(w)) - strength
    size[size < 0] = 0
    return np.where(w < 0, -size, size)

# %% shrink · wrong · a descent that never lands on zero
def shrink(w, strength):
    found = np.array(w, float)
    for _ in range(500):
        found -= 0.2 * (found - w + strength * np.sign(found))
    return found

# %% dropout · right · the layer of Keras
def dropout(outputs, rate, training, seed):
    layer = layers.Dropout(rate, seed=seed)
    return layer(keras.ops.convert_to_tensor(outputs), training=training)

# %% dropout · right · TensorFlow with a global seed
def dropout(outputs, rate, training, seed):
    tf.random.set_seed(seed)
    return tf.nn.dropout(tf.constant(outputs), rate) if training else tf.constant(outputs)

# %% dropout · right · the random module, number by number
import random

def dropout(outputs, rate, training, seed):
    dice, scale = random.Random(seed), 1 / (1 - rate)
    rows = [list(row) for row in outputs]
    if training:
        for row in rows:
            row[:] = [0.0 if dice.random() < rate else scale * number for number in row]
    return rows

# %% dropout · right · factors drawn with the old interface
def dropout(outputs, rate, training, seed):
    if training:
        state = np.random.RandomState(seed)
        factors = state.choice((1 / (1 - rate), 0), outputs.shape, p=(1 - rate, rate))
        outputs = factors * outputs
    return outputs

# %% dropout · wrong · the seed is not used
def dropout(outputs, rate, training, seed):
    if training:
        dice = np.random.default_rng(42)
        outputs = np.where(dice.random(outputs.shape) < rate, 0, outputs / (1 - rate))
    return outputs

# %% dropout · wrong · normal numbers held against the rate
def dropout(outputs, rate, training, seed):
    if training:
        dice = np.random.default_rng(seed).standard_normal(outputs.shape)
        outputs = np.where(dice < rate, 0, outputs / (1 - rate))
    return outputs

# %% dropout · wrong · negative outputs are lost
def dropout(outputs, rate, training, seed):
    if training:
        kept = np.random.default_rng(seed).random(outputs.shape) >= rate
        outputs = np.where(kept & (outputs > 0), outputs / (1 - rate), 0)
    return outputs

# %% dropout · wrong · scaled by the share that happened to stay
def dropout(outputs, rate, training, seed):
    if training:
        kept = np.random.default_rng(seed).random(outputs.shape) >= rate
        outputs = kept * outputs * kept.size / kept.sum()
    return outputs

# %% dropout · wrong · two seeds share a mask
def dropout(outputs, rate, training, seed):
    if not training:
        return outputs
    kept = np.random.default_rng(seed // 2).random(outputs.shape) >= rate
    return outputs * kept / (1 - rate)

# %% clip_by_norm · right · a step of an optimizer that clips
def clip_by_norm(gradients, limit):
    weights = [keras.Variable(keras.ops.zeros(np.shape(gradient))) for gradient in gradients]
    optimizer = keras.optimizers.SGD(learning_rate=1.0, global_clipnorm=limit)
    optimizer.apply([tf.cast(gradient, tf.float32) for gradient in gradients], weights)
    return [-weight.numpy() for weight in weights]

# %% clip_by_norm · right · the arrays are scaled in place
def clip_by_norm(gradients, limit):
    length = np.sqrt(sum(float(np.vdot(gradient, gradient)) for gradient in gradients))
    factor = limit / max(length, limit)
    for gradient in gradients:
        np.multiply(gradient, factor, out=gradient)
    return gradients

# %% clip_by_norm · wrong · the sum of all norms
def clip_by_norm(gradients, limit):
    length = 0.0
    for gradient in gradients:
        length += np.sqrt(np.sum(gradient**2))
    return [gradient * limit / max(length, limit) for gradient in gradients]

# %% clip_by_norm · wrong · short gradients are stretched
def clip_by_norm(gradients, limit):
    length = np.sqrt(sum(np.sum(gradient**2) for gradient in gradients))
    factor = limit / length if length else 1.0
    return [factor * gradient for gradient in gradients]

# %% clip_by_norm · wrong · the square held against the limit
def clip_by_norm(gradients, limit):
    square = sum(np.sum(gradient**2) for gradient in gradients)
    return [gradient * limit / np.sqrt(square) if square > limit else gradient for gradient in gradients]

# %% early_stopping · right · the callback of Keras
def early_stopping(losses, patience, min_delta):
    class Nothing:
        stop_training = False

    callback = keras.callbacks.EarlyStopping("loss", mode="min", patience=patience, min_delta=min_delta)
    callback.set_model(Nothing())
    callback.on_train_begin()
    last = 0
    while last < len(losses) and not callback.model.stop_training:
        callback.on_epoch_end(last, {"loss": losses[last]})
        last += 1
    return callback.best_epoch + 1, last

# %% early_stopping · right · looks for the next better epoch
def early_stopping(losses, patience, min_delta):
    kept, end = 1, min(1 + patience, len(losses))
    epoch = 2
    while epoch <= end:
        if losses[kept - 1] - losses[epoch - 1] > min_delta:
            kept, end = epoch, min(epoch + patience, len(losses))
        epoch += 1
    return kept, end

# %% early_stopping · right · whole numbers of NumPy
def early_stopping(losses, patience, min_delta):
    kept = last = np.int32(1)
    for epoch in np.arange(2, len(losses) + 1, dtype=np.int32):
        if last - kept >= patience:
            break
        last = epoch
        if np.subtract(losses[kept - 1], losses[last - 1]) > min_delta:
            kept = last
    return np.stack([kept, last])

# %% early_stopping · right · counts the epochs that were no better
def early_stopping(losses, patience, min_delta):
    lowest, kept, in_vain = losses[0], 1, 0
    for epoch, loss in enumerate(losses, start=1):
        if lowest - loss > min_delta:
            lowest, kept, in_vain = loss, epoch, 0
        elif epoch > 1:
            in_vain += 1
        if in_vain == patience:
            return kept, epoch
    return kept, len(losses)

# %% early_stopping · right · an iterator of numbered losses
def early_stopping(losses, patience, min_delta):
    numbered = enumerate(losses, start=1)
    kept, lowest = next(numbered)
    last = kept
    for last, loss in numbered:
        if lowest - loss > min_delta:
            kept, lowest = last, loss
        elif last - kept >= patience:
            break
    return kept, last

# %% early_stopping · wrong · compared with the epoch before
def early_stopping(losses, patience, min_delta):
    kept, waited, last = 1, 0, 1
    for last in range(2, len(losses) + 1):
        better = losses[last - 2] - losses[last - 1] > min_delta
        kept, waited = (last, 0) if better else (kept, waited + 1)
        if waited == patience:
            break
    return kept, last

# %% early_stopping · wrong · an equal loss counts as better
def early_stopping(losses, patience, min_delta):
    kept, last = 1, 1
    for last in range(2, len(losses) + 1):
        if losses[kept - 1] - losses[last - 1] >= min_delta:
            kept = last
        if last - kept == patience:
            break
    return kept, last

# %% early_stopping · wrong · the smallest change taken as a share
def early_stopping(losses, patience, min_delta):
    kept, last = 1, 1
    for last in range(2, len(losses) + 1):
        if losses[last - 1] < losses[kept - 1] - min_delta * abs(losses[kept - 1]):
            kept = last
        if last - kept == patience:
            break
    return kept, last

# %% early_stopping · wrong · patience never starts again
def early_stopping(losses, patience, min_delta):
    kept, waited, last = 1, 0, 1
    for last in range(2, len(losses) + 1):
        if losses[kept - 1] - losses[last - 1] > min_delta:
            kept = last
        else:
            waited += 1
        if waited == patience:
            break
    return kept, last

# %% choose_strength · right · an inverse matrix, and the first of the best
def choose_strength(x_train, y_train, x_valid, y_valid, strengths):
    errors = []
    for strength in strengths:
        inverse = np.linalg.inv(np.dot(x_train.T, x_train) + np.diag([strength] * x_train.shape[1]))
        weights = inverse @ (x_train.T @ y_train)
        errors.append(float(np.sum((np.dot(x_valid, weights) - y_valid) ** 2)))
    return strengths[errors.index(min(errors))]

# %% choose_strength · right · one singular value decomposition for all
def choose_strength(x_train, y_train, x_valid, y_valid, strengths):
    left, values, right = np.linalg.svd(x_train, full_matrices=False)
    target, seen = left.T @ y_train, x_valid @ right.T

    def error(strength):
        return np.mean((seen @ (values / (values**2 + strength) * target) - y_valid) ** 2)

    return sorted(strengths, key=error)[0]

# %% choose_strength · wrong · chosen on the training examples
def choose_strength(x_train, y_train, x_valid, y_valid, strengths):
    costs = []
    for strength in strengths:
        gram = x_train.T @ x_train + strength * np.eye(x_train.shape[1])
        weights = np.linalg.solve(gram, x_train.T @ y_train)
        costs.append(np.mean((x_train @ weights - y_train) ** 2) + strength * np.sum(weights**2))
    return strengths[int(np.argmin(costs))]

# %% choose_strength · wrong · absolute errors
def choose_strength(x_train, y_train, x_valid, y_valid, strengths):
    costs = []
    for strength in strengths:
        gram = x_train.T @ x_train + strength * np.eye(x_train.shape[1])
        weights = np.linalg.solve(gram, x_train.T @ y_train)
        costs.append(np.abs(x_valid @ weights - y_valid).sum())
    return strengths[int(np.argmin(costs))]

# %% choose_strength · wrong · the mean squared error is penalised
def choose_strength(x_train, y_train, x_valid, y_valid, strengths):
    costs = []
    for strength in strengths:
        gram = x_train.T @ x_train + len(x_train) * strength * np.eye(x_train.shape[1])
        weights = np.linalg.solve(gram, x_train.T @ y_train)
        costs.append(np.square(x_valid @ weights - y_valid).mean())
    return strengths[int(np.argmin(costs))]

# %% choose_strength · wrong · the penalty is added to the validation error
def choose_strength(x_train, y_train, x_valid, y_valid, strengths):
    costs = []
    for strength in strengths:
        gram = x_train.T @ x_train + strength * np.eye(x_train.shape[1])
        weights = np.linalg.solve(gram, x_train.T @ y_train)
        costs.append(np.square(x_valid @ weights - y_valid).sum() + strength * weights @ weights)
    return strengths[int(np.argmin(costs))]
