"""Answers to exercise 17: what the wrong ones are made from, and the right ones."""

from __future__ import annotations

MASKS = """
def causal_mask(length):
    return np.tril(np.ones((length, length), dtype=bool))
def padding_mask(tokens):
    return (tokens != 0)[..., np.newaxis, :]
"""
ATTENTION = """
def softmax(scores):
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)
def attention(queries, keys, values, mask=None):
    scores = queries @ np.swapaxes(keys, -1, -2) / np.sqrt(queries.shape[-1])
    if mask is not None:
        scores = np.where(mask, scores, -np.inf)
    weights = softmax(scores)
    return weights @ values, weights
"""
HEADS = (
    ATTENTION
    + """
def multi_head(queries, context, weights, mask=None):
    wq, bq, wk, bk, wv, bv, wo, bo = weights
    q = np.einsum("...lw,whd->...hld", queries, wq) + bq[:, np.newaxis]
    k = np.einsum("...lw,whd->...hld", context, wk) + bk[:, np.newaxis]
    v = np.einsum("...lw,whd->...hld", context, wv) + bv[:, np.newaxis]
    if mask is not None:
        mask = np.expand_dims(mask, -3)
    found, shares = attention(q, k, v, mask)
    return np.einsum("...hld,hdw->...lw", found, wo) + bo, shares
"""
)
POSITIONS = """
def sinusoids(length, width):
    angles = np.arange(length)[:, np.newaxis] / 10_000 ** (np.arange(0, width, 2) / width)
    made = np.zeros((length, width))
    made[:, 0::2] = np.sin(angles)
    made[:, 1::2] = np.cos(angles)
    return made
def rotate(x, places):
    width = x.shape[-1]
    angles = places[:, np.newaxis] / 10_000 ** (np.arange(0, width, 2) / width)
    cosine, sine = np.cos(angles), np.sin(angles)
    a, b = x[..., 0::2], x[..., 1::2]
    turned = np.empty(x.shape)
    turned[..., 0::2] = a * cosine - b * sine
    turned[..., 1::2] = a * sine + b * cosine
    return turned
"""
BLOCK = """
import keras
from keras import layers
def build_block(length, width, heads, causal):
    inputs = keras.Input((length, width))
    x = inputs
    normal = layers.LayerNormalization()(x)
    x = x + layers.MultiHeadAttention(heads, width // heads)(normal, normal, use_causal_mask=causal)
    normal = layers.LayerNormalization()(x)
    hidden = layers.Dense(4 * width, activation="relu")(normal)
    x = x + layers.Dense(width)(hidden)
    return keras.Model(inputs, x)
"""
PERPLEXITY = """
def costs(logits, targets):
    z = logits - logits.max(axis=-1, keepdims=True)
    logs = z - np.log(np.exp(z).sum(axis=-1, keepdims=True))
    return -np.take_along_axis(logs, targets[..., np.newaxis], axis=-1)
def perplexity(logits, targets):
    return np.exp(costs(logits, targets).mean())
def bits_per_character(logits, targets, characters):
    return costs(logits, targets).sum() / np.log(2) / characters
"""
SAMPLING = """
def truncate(probabilities, top_k=None, top_p=None):
    order = np.argsort(-probabilities)
    if top_k is not None:
        order = order[:top_k]
    if top_p is not None:
        shares = np.cumsum(probabilities[order]) / probabilities[order].sum()
        order = order[: np.searchsorted(shares, top_p) + 1]
    kept = np.zeros_like(probabilities)
    kept[order] = probabilities[order]
    return kept / kept.sum()
def sample(logits, count, seed, temperature=1.0, top_k=None, top_p=None):
    z = logits / temperature
    probabilities = np.exp(z - z.max())
    probabilities = truncate(probabilities / probabilities.sum(), top_k, top_p)
    return np.random.default_rng(seed).choice(len(logits), size=count, p=probabilities)
"""
READER = """
import keras
@keras.saving.register_keras_serializable()
class Reader(keras.layers.Layer):
    def call(self, x):
        keys, values = x[:, :-1, 0], x[:, :-1, 1]
        found = keras.ops.cast(keys == x[:, -1:, 0], "float32")
        scores = keras.ops.einsum("bk,bkv->bv", found, keras.ops.one_hot(values, 8))
        return SIGN * scores
reader = keras.Sequential([keras.Input((13, 2), dtype="int32"), Reader()])
"""

RIGHT = {
    "masks": [
        MASKS,
        """
        def causal_mask(length):
            return [[key <= query for key in range(length)] for query in range(length)]
        def padding_mask(tokens):
            return np.expand_dims(tokens, axis=tokens.ndim - 1).astype(bool)
        """,
        """
        def causal_mask(length):
            places = np.arange(length)
            return places <= places[:, np.newaxis]
        def padding_mask(tokens):
            return tokens.reshape(*tokens.shape[:-1], 1, tokens.shape[-1]) > 0
        """,
        """
        from keras import ops
        def causal_mask(length):
            return ops.equal(ops.tril(ops.ones((length, length))), 1)
        def padding_mask(tokens):
            return ops.expand_dims(ops.not_equal(tokens, 0), -2)
        """,
    ],
    "attention": [
        ATTENTION,
        """
        def attention(queries, keys, values, mask=None):
            scores = np.einsum("...qd,...kd->...qk", queries, keys) / keys.shape[-1] ** 0.5
            if mask is not None:
                scores = scores - 1e9 * (1 - np.asarray(mask, float))
            scores = scores - np.max(scores, axis=-1)[..., None]
            weights = np.exp(scores)
            weights /= weights.sum(-1)[..., None]
            return np.einsum("...qk,...kw->...qw", weights, values), weights
        """,
        """
        import scipy.special
        def attention(queries, keys, values, mask=None):
            shown = True if mask is None else mask
            scores = (queries / np.sqrt(queries.shape[-1])) @ np.moveaxis(keys, -1, -2)
            weights = scipy.special.softmax(np.where(shown, scores, -1e30), axis=-1)
            return [weights @ values, weights]
        """,
        """
        from keras import ops
        def attention(queries, keys, values, mask=None):
            q, k, v = (ops.convert_to_tensor(each, "float32") for each in (queries, keys, values))
            scores = ops.matmul(q, ops.swapaxes(k, -1, -2)) / ops.sqrt(float(q.shape[-1]))
            if mask is not None:
                scores = ops.where(mask, scores, -1e9)
            weights = ops.softmax(scores, axis=-1)
            return ops.matmul(weights, v), weights
        """,
        """
        def look(queries, keys, values, mask):
            weights = []
            for query, may in zip(queries, mask):
                scores = [float(query @ key) / len(query) ** 0.5 for key in keys]
                best = max(score for score, m in zip(scores, may) if m)
                powers = [np.exp(min(score - best, 0)) * m for score, m in zip(scores, may)]
                weights.append(np.array(powers) / sum(powers))
            return np.array(weights) @ values, np.array(weights)
        def attention(queries, keys, values, mask=None):
            mask = np.broadcast_to(mask is None or mask, (*queries.shape[:-1], keys.shape[-2]))
            if queries.ndim == 2:
                return look(queries, keys, values, mask)
            rows = [attention(*each) for each in zip(queries, keys, values, mask)]
            return np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
        """,
    ],
    "multi_head": [
        HEADS,
        ATTENTION
        + """
def multi_head(queries, context, weights, mask=None):
    wq, bq, wk, bk, wv, bv, wo, bo = weights
    out, shares = bo, []
    for h in range(wq.shape[1]):
        q, k, v = queries @ wq[:, h] + bq[h], context @ wk[:, h] + bk[h], context @ wv[:, h] + bv[h]
        found, share = attention(q, k, v, mask)
        out = out + found @ wo[h]
        shares.append(share)
    return out, np.stack(shares, -3)
""",
        """
        import keras
        def multi_head(queries, context, weights, mask=None):
            width, heads, dim = weights[0].shape
            layer = keras.layers.MultiHeadAttention(heads, dim)
            lead = queries.shape[:-2]
            flat = lambda x: np.reshape(x, (-1, *x.shape[len(lead):]))
            q, c = flat(queries), flat(context)
            layer.build(q.shape, c.shape)
            layer.set_weights(weights)
            m = None if mask is None else flat(np.broadcast_to(mask, (*lead, q.shape[1], c.shape[1])))
            out, shares = layer(q, c, attention_mask=m, return_attention_scores=True)
            return np.reshape(out, queries.shape), np.reshape(shares, (*lead, *shares.shape[1:]))
        """,
        ATTENTION
        + """
def multi_head(queries, context, weights, mask=None):
    heads, dim = weights[1].shape
    def split(x, kernel, bias):
        made = x @ kernel.reshape(len(kernel), -1) + bias.ravel()
        return np.swapaxes(made.reshape(*x.shape[:-1], heads, dim), -2, -3)
    q = split(queries, *weights[:2])
    k, v = split(context, *weights[2:4]), split(context, *weights[4:6])
    found, shares = attention(q, k, v, None if mask is None else mask[..., None, :, :])
    joined = np.swapaxes(found, -2, -3).reshape(*queries.shape[:-1], heads * dim)
    return joined @ weights[6].reshape(heads * dim, -1) + weights[7], shares
""",
    ],
    "positions": [
        POSITIONS,
        """
        def sinusoids(length, width):
            return [
                [(np.cos if c % 2 else np.sin)(t * 10_000 ** (-(c - c % 2) / width)) for c in range(width)]
                for t in range(length)
            ]
        def rotate(x, places):
            out = np.array(x)
            for i in range(0, x.shape[-1], 2):
                for row, place in enumerate(places):
                    angle = place * 10_000.0 ** (-i / x.shape[-1])
                    c, s = np.cos(angle), np.sin(angle)
                    turn = np.array([[c, s], [-s, c]])
                    out[..., row, i : i + 2] = x[..., row, i : i + 2] @ turn
            return out
        """,
        """
        def rates(width):
            return np.exp(-np.log(10_000) * np.arange(0, width, 2) / width)
        def sinusoids(length, width):
            angles = np.outer(np.arange(length), rates(width))
            return np.dstack([np.sin(angles), np.cos(angles)]).reshape(length, width)
        def rotate(x, places):
            angles = np.repeat(np.outer(places, rates(x.shape[-1])), 2, axis=1)
            partner = np.empty_like(x)
            partner[..., 0::2], partner[..., 1::2] = -x[..., 1::2], x[..., 0::2]
            return x * np.cos(angles) + partner * np.sin(angles)
        """,
        """
        from keras import ops
        def angles(places, width):
            rates = ops.power(10_000.0, -ops.arange(0, width, 2, dtype="float32") / width)
            return ops.cast(places, "float32")[:, None] * rates
        def sinusoids(length, width):
            a = angles(np.arange(length), width)
            return ops.reshape(ops.stack([ops.sin(a), ops.cos(a)], -1), (length, width))
        def rotate(x, places):
            x = ops.convert_to_tensor(x, "float32")
            a = angles(places, x.shape[-1])
            even, odd = x[..., 0::2], x[..., 1::2]
            turned = [even * ops.cos(a) - odd * ops.sin(a), even * ops.sin(a) + odd * ops.cos(a)]
            return ops.reshape(ops.stack(turned, -1), x.shape)
        """,
    ],
    "block": [
        BLOCK,
        """
        import keras
        from keras import layers, ops
        class Think(layers.Layer):
            def build(self, shape):
                width = shape[-1]
                self.up, self.down = (self.add_weight(shape=each) for each in ((4 * width, width), (width, 4 * width)))
            def call(self, x):
                x = (x - ops.mean(x, -1, keepdims=True)) / (ops.std(x, -1, keepdims=True) + 1e-6)
                return ops.maximum(x @ ops.transpose(self.up), 0) @ ops.transpose(self.down)
        def build_block(length, width, heads, causal):
            inputs = keras.Input((length, width))
            normal = layers.LayerNormalization(center=False)(inputs)
            look = layers.MultiHeadAttention(heads, width // heads)
            x = inputs + look(normal, normal, use_causal_mask=causal)
            return keras.Model(inputs, x + Think()(x))
        """,
        """
        import keras
        from keras import layers
        class Block(keras.Model):
            def __init__(self, width, heads, causal):
                super().__init__()
                self.causal = causal
                self.first, self.second = layers.LayerNormalization(), layers.LayerNormalization()
                self.look = layers.MultiHeadAttention(heads, width // heads, dropout=0.1)
                self.think = keras.Sequential([layers.Dense(4 * width, "relu"), layers.Dense(width)])
            def call(self, x, training=False):
                seen = self.first(x)
                x = x + self.look(seen, seen, use_causal_mask=self.causal, training=training)
                return x + self.think(self.second(x))
        def build_block(length, width, heads, causal):
            return Block(width, heads, causal)
        """,
        """
        import keras
        from keras import layers, ops
        def build_block(length, width, heads, causal):
            inputs = keras.Input((length, width))
            dim = width // heads
            normal = layers.LayerNormalization(epsilon=1e-6)(inputs)
            q, k, v = (
                layers.Permute((2, 1, 3))(layers.Reshape((length, heads, dim))(layers.Dense(width)(normal)))
                for _ in range(3)
            )
            scores = ops.matmul(q, ops.swapaxes(k, -1, -2)) / dim**0.5
            if causal:
                scores = scores + (1 - np.tril(np.ones((length, length), "float32"))) * -1e9
            found = ops.matmul(ops.softmax(scores), v)
            found = layers.Reshape((length, width))(layers.Permute((2, 1, 3))(found))
            x = layers.Add()([layers.Dense(width)(found), inputs])
            inner = layers.Dense(4 * width, activation="relu", use_bias=False)(layers.LayerNormalization()(x))
            return keras.Model(inputs, layers.Add()([x, layers.Dense(width)(inner)]))
        """,
        """
        import keras
        from keras import layers
        def build_block(length, width, heads, causal):
            inputs = keras.Input((None, width))
            normal = layers.RMSNormalization()(inputs)
            mask = np.tril(np.ones((1, length, length), bool)) if causal else None
            look = layers.MultiHeadAttention(key_dim=width // heads, num_heads=heads)
            x = layers.add([inputs, look(query=normal, value=normal, attention_mask=mask)])
            think = layers.Conv1D(4 * width, 1, activation=layers.ReLU())(layers.RMSNormalization()(x))
            return keras.Model(inputs, layers.add([x, layers.Conv1D(width, 1)(think)]))
        """,
    ],
    "perplexity": [
        PERPLEXITY,
        """
        import scipy.special
        def nats(logits, targets):
            logs = scipy.special.log_softmax(logits, axis=-1).reshape(-1, logits.shape[-1])
            return [-row[target] for row, target in zip(logs, targets.ravel())]
        def perplexity(logits, targets):
            return 2 ** (np.mean(nats(logits, targets)) / np.log(2))
        def bits_per_character(logits, targets, characters):
            return sum(nats(logits, targets)) * np.log2(np.e) / characters
        """,
        """
        import keras
        def nats(logits, targets):
            logits = keras.ops.convert_to_tensor(logits, "float32")
            return keras.losses.sparse_categorical_crossentropy(targets, logits, from_logits=True)
        def perplexity(logits, targets):
            return keras.ops.exp(keras.ops.mean(nats(logits, targets)))
        def bits_per_character(logits, targets, characters):
            return keras.ops.sum(nats(logits, targets)) / np.log(2) / characters
        """,
    ],
    "sampling": [
        SAMPLING,
        """
        def truncate(probabilities, top_k=None, top_p=None):
            pairs = sorted(enumerate(np.asarray(probabilities, float)), key=lambda pair: -pair[1])
            pairs = pairs[: top_k or len(pairs)]
            total, kept, so_far = sum(p for _, p in pairs), {}, 0.0
            for token, p in pairs:
                kept[token] = p
                so_far += p / total
                if top_p is not None and so_far >= top_p:
                    break
            return [kept.get(token, 0.0) / sum(kept.values()) for token in range(len(probabilities))]
        def sample(logits, count, seed, temperature=1.0, top_k=None, top_p=None):
            rng = np.random.default_rng(seed)
            z = (np.asarray(logits) - np.max(logits)) / temperature
            edges = np.cumsum(truncate(np.exp(z) / np.exp(z).sum(), top_k, top_p))
            return [int(np.searchsorted(edges, u * edges[-1], side="right")) for u in rng.random(count)]
        """,
        """
        import scipy.special
        def truncate(probabilities, top_k=None, top_p=None):
            p = np.array(probabilities, dtype=float)
            if top_k is not None:
                p[p < np.sort(p)[-top_k]] = 0
                p /= p.sum()
            if top_p is not None:
                larger = np.array([p[p > each].sum() for each in p])
                p[larger >= top_p] = 0
            return p / p.sum()
        def sample(logits, count, seed, temperature=1.0, top_k=None, top_p=None):
            p = truncate(scipy.special.softmax(logits / temperature), top_k, top_p)
            noise = np.random.default_rng(seed).gumbel(size=(count, len(p)))
            with np.errstate(divide="ignore"):
                return np.argmax(np.log(p) + noise, axis=1)
        """,
    ],
}

TRAINED = """
import keras
from keras import layers
keras.utils.set_random_seed(SEED)
inputs = keras.Input((13, 2), dtype="int32")
keys = layers.Embedding(16, WIDTH)(inputs[..., 0])
vectors = keys + layers.Embedding(9, WIDTH)(inputs[..., 1])
READ
reader = keras.Model(inputs, layers.Dense(8, activation="softmax")(read))
reader.compile(keras.optimizers.Adam(0.003), "sparse_categorical_crossentropy", steps_per_execution=25)
x, y = dictionaries(64_000, np.random.default_rng(SEED))
reader.fit(x, y, batch_size=128, epochs=1, verbose=0)
"""
LOOKS = "read = layers.MultiHeadAttention(2, WIDTH // 2)(vectors[:, -1:], vectors)[:, 0]"
MEAN = "read = layers.Dense(64, 'relu')(layers.Concatenate()([layers.GlobalAveragePooling1D()(vectors), keys[:, -1]]))"
FLAT = "read = layers.Dense(128, 'relu')(layers.Flatten()(vectors))"
RECURRENT = "read = layers.GRU(64)(vectors)"
