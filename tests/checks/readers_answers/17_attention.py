import itertools
import random
import keras
import numpy as np
import scipy.special
import tensorflow as tf
from keras import layers

# %% masks · right · TensorFlow's bands
def causal_mask(length):
    return tf.linalg.band_part(tf.ones((length, length), tf.bool), -1, 0)

def padding_mask(tokens):
    return tf.expand_dims(tf.not_equal(tokens, 0), -2)

# %% masks · right · a function of row and column
def causal_mask(length):
    return np.fromfunction(lambda row, column: column <= row, (length, length))

def padding_mask(tokens):
    return ~np.isin(np.expand_dims(tokens, axis=-2), [0])

# %% masks · wrong · counted from the length
def causal_mask(length):
    return np.tri(length, dtype=bool)

def padding_mask(tokens):
    tokens = np.asarray(tokens)
    lengths = np.count_nonzero(tokens, axis=-1)
    return (np.arange(tokens.shape[-1]) < lengths[..., None])[..., None, :]

# %% masks · wrong · a row for each query
def causal_mask(length):
    return np.tri(length, dtype=bool)

def padding_mask(tokens):
    real = np.asarray(tokens) != 0
    return np.repeat(real[..., None, :], real.shape[-1], axis=-2)

# %% attention · right · differences between scores
def attention(queries, keys, values, mask=None):
    scores = np.matmul(queries, keys.swapaxes(-1, -2), dtype="float64") / np.sqrt(keys.shape[-1])
    if mask is not None:
        scores[~np.broadcast_to(mask, scores.shape)] = -np.inf
    scores = np.maximum(scores, -1e300)
    with np.errstate(over="ignore"):
        weights = 1 / np.exp(scores[..., None, :] - scores[..., :, None]).sum(axis=-1)
    return weights @ values, weights

# %% attention · right · a list of two, keys scaled
def attention(queries, keys, values, mask=None):
    scores = queries @ np.moveaxis(keys / np.sqrt(keys.shape[-1]), -1, -2)
    seen = np.ones(scores.shape, bool) if mask is None else np.broadcast_to(mask, scores.shape)
    top = np.max(scores, axis=-1, keepdims=True, where=seen, initial=-np.inf)
    raised = np.exp(np.minimum(scores - top, 0)) * seen
    weights = raised / np.sum(raised, axis=-1, keepdims=True)
    return [weights @ values, weights]

# %% attention · wrong · hidden scores of minus a hundred
def attention(queries, keys, values, mask=None):
    scores = queries @ np.swapaxes(keys, -1, -2) / np.sqrt(queries.shape[-1])
    if mask is not None:
        scores = np.where(mask, scores, -100.0)
    weights = scipy.special.softmax(scores, axis=-1)
    return weights @ values, weights

# %% attention · wrong · scores cut off at 700
def attention(queries, keys, values, mask=None):
    scores = np.clip(queries @ np.swapaxes(keys, -1, -2) / np.sqrt(queries.shape[-1]), -700, 700)
    if mask is not None:
        scores = np.where(mask, scores, -np.inf)
    weights = np.exp(scores)
    weights = weights / weights.sum(axis=-1, keepdims=True)
    return weights @ values, weights

# %% multi_head · right · queries and keys in one matrix
def multi_head(queries, context, weights, mask=None):
    Wq, bq, Wk, bk, Wv, bv, Wo, bo = (part.astype("float64") for part in weights)
    both = np.einsum("whd,vhd->hwv", Wq, Wk)
    scores = np.einsum("...qw,hwv,...kv->...hqk", queries, both, context, optimize=True)
    scores = scores + np.einsum("hd,vhd,...kv->...hk", bq, Wk, context, optimize=True)[..., None, :]
    scores /= np.sqrt(Wq.shape[-1])
    if mask is not None:
        scores = np.where(mask[..., None, :, :], scores, -np.inf)
    shares = scipy.special.softmax(scores, axis=-1)
    values = np.einsum("vhd,hdw->hvw", Wv, Wo)
    mixed = np.einsum("...hqk,...kv,hvw->...qw", shares, context, values, optimize=True)
    return mixed + np.einsum("hd,hdw->w", bv, Wo) + bo, shares

# %% multi_head · right · axes in front one by one
def multi_head(queries, context, weights, mask=None):
    if queries.ndim > 2:
        masks = [None] * len(queries) if mask is None else mask
        pairs = [multi_head(q, c, weights, m) for q, c, m in zip(queries, context, masks)]
        return tuple(np.array(part) for part in zip(*pairs))
    (Wq, bq), (Wk, bk), (Wv, bv), (Wo, bo) = zip(weights[::2], weights[1::2])
    q, k, v = (np.tensordot(rows, W, 1) + b for rows, W, b in (
        (queries, Wq, bq), (context, Wk, bk), (context, Wv, bv)))
    shares = np.zeros((Wq.shape[1], len(queries), len(context)), "float32")
    answers = np.zeros_like(q)
    for head, (row, query) in itertools.product(range(Wq.shape[1]), enumerate(q)):
        seen = np.arange(len(context)) if mask is None else np.flatnonzero(mask[row])
        scores = k[seen, head] @ query[head] / np.sqrt(q.shape[-1])
        shares[head, row, seen] = np.exp(scores - scores.max()) / np.exp(scores - scores.max()).sum()
        answers[row, head] = shares[head, row] @ v[:, head]
    return np.tensordot(answers, Wo, 2) + bo, shares

# %% multi_head · wrong · the mask for one axis in front of it
def multi_head(queries, context, weights, mask=None):
    Wq, bq, Wk, bk, Wv, bv, Wo, bo = weights
    q = np.einsum("...tw,whd->...htd", queries, Wq) + bq[:, None]
    k = np.einsum("...tw,whd->...htd", context, Wk) + bk[:, None]
    v = np.einsum("...tw,whd->...htd", context, Wv) + bv[:, None]
    scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])
    if mask is not None:
        scores = np.where(mask[None], scores, -np.inf)
    shares = scipy.special.softmax(scores, axis=-1)
    return np.einsum("...htd,hdw->...tw", shares @ v, Wo) + bo, shares

# %% multi_head · wrong · cut into heads without changing axes
def multi_head(queries, context, weights, mask=None):
    Wq, bq, Wk, bk, Wv, bv, Wo, bo = weights
    width, heads, d = Wq.shape

    def cut(rows, W, b):
        wide = rows @ W.reshape(width, heads * d) + b.ravel()
        return wide.reshape(*rows.shape[:-2], heads, rows.shape[-2], d)

    q, k, v = cut(queries, Wq, bq), cut(context, Wk, bk), cut(context, Wv, bv)
    scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(d)
    if mask is not None:
        scores = np.where(mask[..., None, :, :], scores, -np.inf)
    shares = scipy.special.softmax(scores, axis=-1)
    return np.einsum("...htd,hdw->...tw", shares @ v, Wo) + bo, shares

# %% positions · right · lengths and angles
def sinusoids(length, width):
    angles = np.einsum("p,i->pi", np.arange(length), 10_000.0 ** np.linspace(0, -1, width // 2, endpoint=False))
    return np.dstack((np.sin(angles), np.cos(angles))).reshape(length, -1)

def rotate(x, places):
    pairs = x.reshape(*x.shape[:-1], -1, 2).astype("float64")
    lengths, angles = np.hypot(pairs[..., 0], pairs[..., 1]), np.arctan2(pairs[..., 1], pairs[..., 0])
    angles = angles + np.outer(places, 10_000.0 ** -(np.arange(pairs.shape[-2]) / pairs.shape[-2]))
    turned = lengths[..., None] * np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    return turned.reshape(x.shape).astype(x.dtype)

# %% positions · right · turned again and again
def sinusoids(length, width):
    unit = np.tile([0.0, 1.0], (length, width // 2))
    table = rotate(unit, -np.arange(length))
    return table

def rotate(x, places):
    speeds = np.float64(10_000) ** (-2 * (np.arange(x.shape[-1]) // 2) / x.shape[-1])
    angles = np.asarray(places)[:, None] * speeds
    other = x[..., np.arange(x.shape[-1]) ^ 1]
    signs = np.where(np.arange(x.shape[-1]) % 2, 1, -1)
    return np.cos(angles) * x + signs * np.sin(angles) * other

# %% positions · wrong · a table of a hundred places
def sinusoids(length, width):
    angles = np.outer(np.arange(length), 10_000.0 ** (-np.arange(0, width, 2) / width))
    return np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(length, width)

def rotate(x, places):
    waves = sinusoids(100, x.shape[-1])[np.minimum(places, 99)]
    sin, cos, a, b = waves[:, ::2], waves[:, 1::2], x[..., ::2], x[..., 1::2]
    return np.stack([a * cos - b * sin, a * sin + b * cos], axis=-1).reshape(x.shape)

# %% positions · wrong · the first number is overwritten before it is used again
def sinusoids(length, width):
    angles = np.outer(np.arange(length), 10_000.0 ** (-np.arange(0, width, 2) / width))
    return np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(length, width)

def rotate(x, places):
    angles = np.outer(places, 10_000.0 ** (-np.arange(0, x.shape[-1], 2) / x.shape[-1]))
    result = x.copy()
    result[..., ::2] = result[..., ::2] * np.cos(angles) - result[..., 1::2] * np.sin(angles)
    result[..., 1::2] = result[..., ::2] * np.sin(angles) + result[..., 1::2] * np.cos(angles)
    return result

# %% block · right · a layer for each head
def build_block(length, width, heads, causal):
    inputs = keras.Input((length, width))
    rows = layers.LayerNormalization()(inputs)
    seen = [layers.MultiHeadAttention(1, width // heads)(rows, rows, use_causal_mask=causal) for _ in range(heads)]
    x = layers.Add()([inputs, *seen])
    wide = layers.Conv1D(4 * width, 1, activation="relu")(layers.LayerNormalization()(x))
    return keras.Model(inputs, x + layers.Conv1D(width, 1)(wide))

# %% block · wrong · both parts read the same
def build_block(length, width, heads, causal):
    inputs = keras.Input((length, width))
    rows = layers.LayerNormalization()(inputs)
    seen = layers.MultiHeadAttention(heads, width // heads)(rows, rows, use_causal_mask=causal)
    dense = layers.Dense(width)(layers.Dense(4 * width, "relu")(layers.LayerNormalization()(inputs)))
    return keras.Model(inputs, inputs + seen + dense)

# %% block · wrong · another activation
def build_block(length, width, heads, causal):
    inputs = keras.Input((length, width))
    rows = layers.LayerNormalization()(inputs)
    x = inputs + layers.MultiHeadAttention(heads, width // heads)(rows, rows, use_causal_mask=causal)
    dense = layers.Dense(width)(layers.Dense(4 * width, "gelu")(layers.LayerNormalization()(x)))
    return keras.Model(inputs, x + dense)

# %% perplexity · right · the one from the other
def perplexity(logits, targets):
    return float(2 ** bits_per_character(logits, targets, np.size(targets)))

def bits_per_character(logits, targets, characters):
    total = 0.0
    for place in np.ndindex(np.shape(targets)):
        differences = np.float64(logits[place]) - np.float64(logits[place][targets[place]])
        total += np.logaddexp.reduce(differences)
    return total * 1.4426950408889634 / characters

# %% perplexity · wrong · the probability is kept away from zero
def perplexity(logits, targets):
    chances = np.take_along_axis(scipy.special.softmax(logits, axis=-1), np.asarray(targets)[..., None], -1)
    return np.exp(-np.log(chances + 1e-12).mean())

def bits_per_character(logits, targets, characters):
    chances = np.take_along_axis(scipy.special.softmax(logits, axis=-1), np.asarray(targets)[..., None], -1)
    return -np.log2(chances + 1e-12).sum() / characters

# %% perplexity · wrong · the entropy
def perplexity(logits, targets):
    return np.exp(scipy.special.entr(scipy.special.softmax(logits, axis=-1)).sum(axis=-1).mean())

def bits_per_character(logits, targets, characters):
    return scipy.special.entr(scipy.special.softmax(logits, axis=-1)).sum() / np.log(2) / characters

# %% sampling · right · how many of each, then mixed
def truncate(probabilities, top_k=None, top_p=None):
    result = np.array(probabilities, dtype="float64")
    if top_k is not None and top_k < len(result):
        result[np.argpartition(result, -top_k)[:-top_k]] = 0
        result /= result.sum()
    if top_p is not None:
        for place in np.argsort(result):
            if result.sum() - result[place] < top_p:
                break
            result[place] = 0
    return result / result.sum()

def sample(logits, count, seed, temperature=1.0, top_k=None, top_p=None):
    rng = np.random.default_rng(seed)
    chances = truncate(np.exp(scipy.special.log_softmax(logits / temperature)), top_k, top_p)
    drawn = np.repeat(np.arange(len(chances)), rng.multinomial(count, chances))
    return rng.permutation(drawn)

# %% sampling · wrong · the temperature behind the cut
def truncate(probabilities, top_k=None, top_p=None):
    order = np.argsort(-probabilities)[:top_k]
    kept = probabilities[order] / probabilities[order].sum()
    if top_p is not None:
        enough = np.searchsorted(np.cumsum(kept), top_p) + 1
        order, kept = order[:enough], kept[:enough] / kept[:enough].sum()
    result = np.zeros_like(probabilities)
    result[order] = kept
    return result

def sample(logits, count, seed, temperature=1.0, top_k=None, top_p=None):
    kept = truncate(scipy.special.softmax(logits), top_k, top_p) > 0
    chances = scipy.special.softmax(np.where(kept, logits / temperature, -np.inf))
    return np.random.default_rng(seed).choice(len(chances), size=count, p=chances)

# %% sampling · wrong · in the order of the tokens
def truncate(probabilities, top_k=None, top_p=None):
    order = np.argsort(-probabilities)[:top_k]
    kept = probabilities[order] / probabilities[order].sum()
    if top_p is not None:
        enough = np.searchsorted(np.cumsum(kept), top_p) + 1
        order, kept = order[:enough], kept[:enough] / kept[:enough].sum()
    result = np.zeros_like(probabilities)
    result[order] = kept
    return result

def sample(logits, count, seed, temperature=1.0, top_k=None, top_p=None):
    chances = truncate(scipy.special.softmax(logits / temperature), top_k, top_p)
    counts = np.random.default_rng(seed).multinomial(count, chances)
    return np.repeat(np.arange(len(chances)), counts)

# %% block · wrong · round the attention
def build_block(length, width, heads, causal):
    inputs = keras.Input((length, width))
    rows = layers.LayerNormalization()(inputs)
    x = inputs + layers.MultiHeadAttention(heads, width // heads)(rows, rows, use_causal_mask=causal)
    wide = layers.Dense(4 * width, "relu")(layers.LayerNormalization()(x))
    return keras.Model(inputs, inputs + layers.Dense(width)(wide))

# %% block · wrong · queries that are not normalised
def build_block(length, width, heads, causal):
    inputs = keras.Input((length, width))
    rows = layers.LayerNormalization()(inputs)
    x = inputs + layers.MultiHeadAttention(heads, width // heads)(inputs, rows, use_causal_mask=causal)
    wide = layers.Dense(4 * width, "relu")(layers.LayerNormalization()(x))
    return keras.Model(inputs, x + layers.Dense(width)(wide))

# %% sampling · wrong · one bound or else the other
def truncate(probabilities, top_k=None, top_p=None):
    order = np.argsort(-probabilities)
    kept = probabilities[order]
    if top_k:
        order = order[:top_k]
    elif top_p is not None:
        order = order[: np.searchsorted(np.cumsum(kept), top_p) + 1]
    result = np.zeros_like(probabilities)
    result[order] = probabilities[order] / probabilities[order].sum()
    return result

def sample(logits, count, seed, temperature=1.0, top_k=None, top_p=None):
    chances = truncate(scipy.special.softmax(logits / temperature), top_k, top_p)
    return np.random.default_rng(seed).choice(len(chances), size=count, p=chances)
