"""Answers to the questions of exercise 11, as test_text judges them."""

from __future__ import annotations

RIGHT = {
    "segment": [
        """
        def segment(word, merges):
            pieces = list(word)
            for left, right in merges:
                place = 0
                while place < len(pieces) - 1:
                    if pieces[place] == left and pieces[place + 1] == right:
                        pieces[place : place + 2] = [left + right]
                    place += 1
            return pieces
        """,
        """
        def segment(word, merges):
            def join(symbols, pair):
                joined, i = (), 0
                while i < len(symbols):
                    width = 2 if symbols[i : i + 2] == tuple(pair) else 1
                    joined += ("".join(symbols[i : i + width]),)
                    i += width
                return joined
            symbols = tuple(word)
            for pair in merges:
                symbols = join(symbols, pair)
            return symbols
        """,
        """
        import re
        def segment(word, merges):
            text = " ".join(word)
            for left, right in merges:
                text = re.sub(rf"(?<!\\S){left} {right}(?!\\S)", left + right, text)
            return text.split()
        """,
        """
        def segment(word, merges):  # looks for the pair that was learnt first, again and again
            rank = {tuple(pair): place for place, pair in enumerate(merges)}
            pieces = list(word)
            while True:
                pairs = set(zip(pieces, pieces[1:])) & rank.keys()
                if not pairs:
                    return pieces
                first = min(pairs, key=rank.get)
                made, waiting = [], iter(pieces)
                for piece in waiting:
                    if made and (made[-1], piece) == first:
                        made[-1] = made[-1] + piece
                    else:
                        made.append(piece)
                pieces = made
        """,
        """
        from functools import reduce
        def segment(word, merges):
            def join(pieces, pair):
                if len(pieces) < 2:
                    return pieces
                if tuple(pieces[:2]) == tuple(pair):
                    return [pieces[0] + pieces[1], *join(pieces[2:], pair)]
                return [pieces[0], *join(pieces[1:], pair)]
            return reduce(join, merges, list(word))
        """,
        """
        def segment(word, merges):
            ends = np.ones(len(word), bool)  # whether a piece ends behind this letter
            for left, right in merges:
                start = 0
                while start < len(word):
                    middle = start + np.argmax(ends[start:]) + 1
                    end = middle + np.argmax(ends[middle:]) + 1 if middle < len(word) else middle
                    if middle < len(word) and (word[start:middle], word[middle:end]) == (left, right):
                        ends[middle - 1] = False
                        start = end
                    else:
                        start = middle
            cuts = [0, *(np.flatnonzero(ends) + 1).tolist()]
            return np.array([word[i:j] for i, j in zip(cuts, cuts[1:])])
        """,
    ],
    "learn_merges": [
        """
        from collections import Counter
        def learn_merges(words, count):
            spelt, merges = {word: list(word) for word in words}, []
            for _ in range(count):
                pairs = Counter()
                for word, often in words.items():
                    for pair in zip(spelt[word], spelt[word][1:]):
                        pairs[pair] += often
                if not pairs:
                    break
                left, right = best = min(pairs, key=lambda pair: (-pairs[pair], pair))
                merges.append(best)
                for pieces in spelt.values():
                    for place in range(len(pieces) - 2, -1, -1):
                        if (pieces[place], *pieces[place + 1 : place + 2]) == best:
                            pieces[place : place + 2] = [left + right]
            return merges
        """,
        """
        import re
        def learn_merges(words, count):
            texts = {" " + "  ".join(word) + " ": often for word, often in words.items()}
            merges = []
            while len(merges) < count:
                pairs = {}
                for text, often in texts.items():
                    pieces = text.split()
                    for pair in zip(pieces[:-1], pieces[1:]):
                        pairs[pair] = pairs.get(pair, 0) + often
                if not pairs:
                    return merges
                best = sorted(pairs.items(), key=lambda item: (-item[1], item[0]))[0][0]
                merges.append(best)
                texts = {
                    text.replace(f" {best[0]}  {best[1]} ", f" {best[0]}{best[1]} "): often
                    for text, often in texts.items()
                }
            return merges
        """,
        """
        from collections import defaultdict
        def learn_merges(words, count):
            if count == 0:
                return []
            def go_on(vocabulary, left):
                tally = defaultdict(int)
                for pieces, often in vocabulary:
                    for i in range(len(pieces) - 1):
                        tally[pieces[i], pieces[i + 1]] += often
                if left == 0 or not tally:
                    return []
                most = max(tally.values())
                best = min(pair for pair, times in tally.items() if times == most)
                shorter = []
                for pieces, often in vocabulary:
                    made = []
                    for piece in pieces:
                        if made and (made[-1], piece) == best:
                            made.append(made.pop() + piece)
                        else:
                            made.append(piece)
                    shorter.append((made, often))
                return [best, *go_on(shorter, left - 1)]
            return go_on([(list(word), often) for word, often in words.items()], count)
        """,
        """
        def learn_merges(words, count):
            lists = [([*word], often) for word, often in words.items()]
            merges = []
            for _ in range(count):
                flat = [(a, b, n) for pieces, n in lists for a, b in zip(pieces, pieces[1:])]
                if not flat:
                    return merges
                names = sorted({(a, b) for a, b, _ in flat})
                totals = np.zeros(len(names), int)
                np.add.at(totals, [names.index((a, b)) for a, b, _ in flat], [n for _, _, n in flat])
                a, b = names[totals.argmax()]  # the first of the largest
                merges.append([a, b])
                for pieces, _ in lists:
                    i = 0
                    while i + 1 < len(pieces):
                        if pieces[i] == a and pieces[i + 1] == b:
                            pieces[i] += pieces.pop(i + 1)
                        i += 1
            return merges
        """,
        """
        from collections import Counter
        from itertools import pairwise
        def learn_merges(words, count):
            corpus = [list(word) for word, often in words.items() for _ in range(often)]  # each as often as it occurs
            merges = []
            while len(merges) < count and (pairs := Counter(pair for word in corpus for pair in pairwise(word))):
                merges.append(min(pairs, key=lambda pair: (-pairs[pair], pair)))
                left, right = merges[-1]
                for word in corpus:
                    for place in reversed(range(len(word) - 1)):
                        if word[place : place + 2] == [left, right]:
                            word[place : place + 2] = [left + right]
            return np.array(merges)
        """,
        """
        from itertools import groupby
        def learn_merges(words, count):
            spelt, merges = {word: tuple(word) for word in words}, ()
            while len(merges) < count:
                rows = sorted(((a, b), words[w]) for w, p in spelt.items() for a, b in zip(p, p[1:]))
                if len(rows) == 0:
                    break
                totals = {pair: sum(n for _, n in same) for pair, same in groupby(rows, key=lambda row: row[0])}
                best = max(totals, key=totals.get)  # of equal ones the first, and they are sorted
                merges += (best,)
                for word, pieces in spelt.items():
                    made, place = [], 0
                    while place < len(pieces):
                        step = 1 + (pieces[place : place + 2] == best)
                        made.append("".join(pieces[place : place + step]))
                        place += step
                    spelt[word] = tuple(made)
            return merges
        """,
    ],
    "tf_idf": [
        """
        def tf_idf(counts, new):
            idf = np.log((1 + len(counts)) / (1 + (counts > 0).sum(axis=0))) + 1
            weights = new * idf
            lengths = np.sqrt((weights**2).sum(axis=1, keepdims=True))
            return weights / np.where(lengths > 0, lengths, 1)
        """,
        """
        from sklearn.feature_extraction.text import TfidfTransformer
        def tf_idf(counts, new): return TfidfTransformer().fit(counts).transform(new).toarray()
        """,
        """
        import math
        def tf_idf(counts, new):
            n = len(counts)
            idf = [math.log((1 + n) / (1 + sum(row[w] > 0 for row in counts))) + 1 for w in range(counts.shape[1])]
            rows = []
            for row in new:
                weights = [count * factor for count, factor in zip(row, idf)]
                norm = math.sqrt(sum(w * w for w in weights)) or 1
                rows.append([w / norm for w in weights])
            return rows
        """,
        """
        import tensorflow as tf
        def tf_idf(counts, new):
            present = tf.math.count_nonzero(counts, axis=0, dtype=tf.float32)
            idf = 1 + tf.math.log(1.0 + counts.shape[0]) - tf.math.log1p(present)
            return tf.math.l2_normalize(tf.cast(new, tf.float32) * idf, axis=1)
        """,
        """
        from sklearn.preprocessing import normalize
        def tf_idf(counts, new):
            share = new / np.maximum(new.sum(axis=1, keepdims=True), 1)  # the length of the row is divided out anyway
            idf = 1 - np.log((np.count_nonzero(counts, axis=0) + 1) / (counts.shape[0] + 1))
            return normalize(share @ np.diag(idf))
        """,
        """
        def tf_idf(counts, new):
            df = np.minimum(counts, 1).sum(0)
            weights = np.log(np.e * (1 + counts.shape[0]) / (1 + df)) * new.astype("float32")
            for row in weights:
                if row.any():
                    row /= np.linalg.norm(row)
            return weights
        """,
        """
        import keras
        def tf_idf(counts, new):
            idf = np.log((1 + len(counts)) / (1 + np.sign(counts).sum(axis=0))) + 1
            return keras.utils.normalize(new * idf, axis=-1, order=2)
        """,
    ],
    "search": [
        """
        def search(queries, rows, count):
            lengths = np.linalg.norm(rows, axis=1)
            similarity = queries @ rows.T / np.where(lengths > 0, lengths, 1)
            return np.argsort(-similarity, axis=1)[:, :count]
        """,
        """
        from sklearn.metrics.pairwise import cosine_similarity
        def search(queries, rows, count):
            return [np.argsort(similarity)[::-1][:count] for similarity in cosine_similarity(queries, rows)]
        """,
        """
        import math
        def search(queries, rows, count):
            def cosine(a, b):
                product = sum(x * y for x, y in zip(a, b))
                lengths = math.hypot(*a) * math.hypot(*b)
                return product / lengths if lengths else 0.0
            return [
                sorted(range(len(rows)), key=lambda place: cosine(query, rows[place]), reverse=True)[:count]
                for query in queries.tolist()
            ]
        """,
        """
        import tensorflow as tf
        def search(queries, rows, count):
            similarity = tf.matmul(tf.math.l2_normalize(queries, 1), tf.math.l2_normalize(rows, 1), transpose_b=True)
            return tf.math.top_k(similarity, k=count).indices
        """,
        """
        def search(queries, rows, count):
            norm = np.sqrt(np.einsum("rd,rd->r", rows, rows))
            unit = np.divide(rows, norm[:, None], out=np.zeros_like(rows), where=norm[:, None] > 0)
            return np.argsort(queries @ unit.T)[:, ::-1][:, :count]
        """,
        """
        from scipy.spatial.distance import cdist
        def search(queries, rows, count):
            distance = np.nan_to_num(cdist(queries, rows, "cosine"), nan=1.0)
            return distance.argsort()[:, :count].astype("int32")
        """,
        """
        def search(queries, rows, count):
            unit = lambda a: a / (np.linalg.norm(a, axis=1, keepdims=True) + 1e-12)
            distances = ((unit(queries)[:, None] - unit(rows)[None]) ** 2).sum(axis=2)  # of unit vectors: 2 − 2 cos
            distances[:, ~rows.any(axis=1)] = 2
            return np.argsort(distances, axis=1)[:, :count]
        """,
    ],
    "skip_gram_pairs": [
        """
        def skip_gram_pairs(tokens, offsets, window):
            pairs = []
            for start, stop in zip(offsets[:-1], offsets[1:]):
                for i in range(start, stop):
                    for j in range(max(start, i - window), min(stop, i + window + 1)):
                        if j != i:
                            pairs.append((tokens[i], tokens[j]))
            return pairs
        """,
        """
        def skip_gram_pairs(tokens, offsets, window):
            review = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
            found = [np.zeros((0, 2), int)]
            for step in range(1, window + 1):
                same = review[:-step] == review[step:]
                left, right = tokens[:-step][same], tokens[step:][same]
                found += [np.stack([left, right], axis=1), np.stack([right, left], axis=1)]
            return np.concatenate(found)
        """,
        """
        def skip_gram_pairs(tokens, offsets, window):
            place = np.arange(len(tokens))
            review = np.searchsorted(offsets, place, side="right")
            far = abs(place[:, None] - place)
            i, j = np.nonzero((far > 0) & (far <= window) & (review[:, None] == review))
            return np.column_stack([tokens[i], tokens[j]])
        """,
        """
        def skip_gram_pairs(tokens, offsets, window):
            pairs = []
            for review in np.split(tokens, offsets[1:-1]):
                review = review.tolist()
                for i, centre in enumerate(review):
                    contexts = review[max(0, i - window) : i] + review[i + 1 : i + 1 + window]
                    pairs += [[centre, context] for context in contexts]
            return pairs
        """,
        """
        from itertools import combinations
        def skip_gram_pairs(tokens, offsets, window):
            pairs = []
            for start, stop in zip(offsets, offsets[1:]):
                for i, j in combinations(range(start, stop), 2):
                    if j - i <= window:
                        pairs.extend([(tokens[i], tokens[j]), (tokens[j], tokens[i])])
            return np.array(pairs, dtype="float32")
        """,
        """
        import tensorflow as tf
        def skip_gram_pairs(tokens, offsets, window):
            reviews = tf.RaggedTensor.from_row_splits(tokens, offsets)
            found = [tf.zeros((0, 2), tokens.dtype)]
            for step in range(1, window + 1):
                both = [reviews[:, step:].flat_values, reviews[:, :-step].flat_values]
                found += [tf.stack(both, 1), tf.stack(both[::-1], 1)]
            return tf.concat(found, 0)
        """,
        """
        from collections import deque
        def skip_gram_pairs(tokens, offsets, window):
            borders, before = set(offsets.tolist()), deque(maxlen=window)
            for place, word in enumerate(tokens):
                if place in borders:
                    before.clear()
                for other in before:
                    made.append((word, other))
                    made.append((other, word))
                before.append(word)
            result = list(made)
            made.clear()
            return tuple(result)
        made = []
        """,
    ],
    "negative_sampling_loss": [
        """
        def negative_sampling_loss(centre, context, negatives):
            true = np.sum(centre * context, axis=1)
            false = np.sum(centre[:, np.newaxis] * negatives, axis=2)
            return np.mean(np.logaddexp(0, -true) + np.logaddexp(0, false).sum(axis=1))
        """,
        """
        import tensorflow as tf
        def negative_sampling_loss(centre, context, negatives):
            words = tf.concat([context[:, tf.newaxis], negatives], axis=1)
            logits = tf.einsum("pd,pkd->pk", centre, words)
            labels = tf.concat([tf.ones_like(logits[:, :1]), tf.zeros_like(logits[:, 1:])], axis=1)
            losses = tf.nn.sigmoid_cross_entropy_with_logits(labels, logits)
            return tf.reduce_mean(tf.reduce_sum(losses, axis=1))
        """,
        """
        import math
        def negative_sampling_loss(centre, context, negatives):
            def surprise(z):  # −log σ(z)
                return max(-z, 0) + math.log1p(math.exp(-abs(z)))
            total = 0
            for u, v, others in zip(centre.tolist(), context.tolist(), negatives.tolist()):
                dot = lambda w: sum(x * y for x, y in zip(u, w))
                total += surprise(dot(v)) + sum(surprise(-dot(w)) for w in others)
            return total / len(centre)
        """,
        """
        from scipy.special import log_expit
        def negative_sampling_loss(centre, context, negatives):
            scores = np.concatenate([context[:, None], -negatives], axis=1) @ centre[:, :, None]
            return -log_expit(scores).sum() / len(scores)
        """,
        """
        import keras
        def negative_sampling_loss(centre, context, negatives):
            true = keras.ops.sum(centre * context, axis=-1)
            false = keras.ops.sum(centre[:, None] * negatives, axis=-1)
            return keras.ops.mean(keras.ops.softplus(-true)) + keras.ops.sum(keras.ops.softplus(false)) / len(false)
        """,
        """
        def negative_sampling_loss(centre, context, negatives):
            losses = []
            for c, o, n in zip(centre, context, negatives):
                z = np.append(-(c @ o), n @ c)
                losses.append(np.sum(np.where(z > 0, z, 0) + np.log1p(np.exp(-np.abs(z)))))
            return [np.mean(losses)]
        """,
    ],
    "analogy": [
        """
        def analogy(a, b, c, words, vectors, count):
            units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
            row = dict(zip(words, units))
            similarity = units @ (row[b] - row[a] + row[c])
            order = [words[place] for place in np.argsort(-similarity)]
            return [word for word in order if word not in (a, b, c)][:count]
        """,
        """
        def analogy(a, b, c, words, vectors, count):
            units = (vectors.T / np.sqrt((vectors**2).sum(1))).T
            i, j, k = map(words.index, (a, b, c))
            similarity = units @ (units[j] - units[i] + units[k])
            similarity[[i, j, k]] = -np.inf
            return np.array(words)[np.argsort(similarity)[::-1][:count]]
        """,
        """
        import math
        def analogy(a, b, c, words, vectors, count):
            unit = {}
            for word, vector in zip(words, vectors.tolist()):
                unit[word] = [x / math.hypot(*vector) for x in vector]
            target = [y - x + z for x, y, z in zip(unit[a], unit[b], unit[c])]
            others = [word for word in words if word not in {a, b, c}]
            others.sort(key=lambda word: -sum(x * y for x, y in zip(unit[word], target)))
            return tuple(others[:count])
        """,
        """
        import tensorflow as tf
        def analogy(a, b, c, words, vectors, count):
            units = tf.math.l2_normalize(vectors, axis=1)
            signs = np.zeros(len(words), vectors.dtype)
            for word, sign in ((a, -1), (b, 1), (c, 1)):
                signs[words.index(word)] = sign
            similarity = tf.linalg.matvec(units, tf.linalg.matvec(units, signs, transpose_a=True))
            similarity = tf.where(signs == 0, similarity, tf.constant(-9, similarity.dtype))
            return [words[place] for place in tf.math.top_k(similarity, count).indices.numpy()]
        """,
        """
        from sklearn.metrics.pairwise import cosine_similarity
        from sklearn.preprocessing import normalize
        def analogy(a, b, c, words, vectors, count):
            place = {word: i for i, word in enumerate(words)}
            u = normalize(vectors)
            target = u[[place[b]]] - u[[place[a]]] + u[[place[c]]]
            found = []
            for i in cosine_similarity(target, u)[0].argsort()[::-1]:
                if words[i] in (a, b, c):
                    continue
                found.append(words[i])
                if len(found) == count:
                    return found
        """,
        """
        def analogy(a, b, c, words, vectors, count):
            u = vectors / np.linalg.norm(vectors, axis=1)[:, None]
            A, B, C = (u[words.index(word)] for word in (a, b, c))
            scores = {word: x @ B - x @ A + x @ C for word, x in zip(words, u)}  # the sum of three cosines
            for word in (a, b, c):
                del scores[word]
            return sorted(scores, key=scores.get, reverse=True)[:count]
        """,
        """
        def analogy(a, b, c, words, vectors, count):
            u = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
            target = u[words.index(b)] - u[words.index(a)] + u[words.index(c)]
            distance = np.linalg.norm(u - target / np.linalg.norm(target), axis=1)  # of unit vectors: 2 − 2 cos
            order = [i for i in distance.argsort() if words[i] != a and words[i] != b and words[i] != c]
            return [words[i] for i in order[:count]]
        """,
    ],
}

SEGMENT, LEARN, TF_IDF, SEARCH, PAIRS, LOSS, ANALOGY = (
    RIGHT[name][0]
    for name in (
        "segment",
        "learn_merges",
        "tf_idf",
        "search",
        "skip_gram_pairs",
        "negative_sampling_loss",
        "analogy",
    )
)


def _without(source: str, old: str, new: str) -> str:
    """A right answer with one thing changed, which is there."""
    assert old in source, old
    return source.replace(old, new)


WRONG = {
    "segment": [
        (
            "the longest piece first",
            """
            def segment(word, merges):
                known = sorted((a + b for a, b in merges), key=len, reverse=True)
                pieces = []
                while word:
                    piece = next((each for each in known if word.startswith(each)), word[0])
                    pieces.append(piece)
                    word = word[len(piece):]
                return pieces
            """,
        ),
        ("the last merge first", _without(SEGMENT, "in merges:", "in merges[::-1]:")),
        ("each merge once a word", _without(SEGMENT, "[left + right]", "[left + right]; break")),
        ("the pair itself", _without(SEGMENT, "[left + right]", "[(left, right)]")),
        ("right before left", _without(SEGMENT, "== left and pieces[place + 1] == right", "== right")),
        ("letters", "def segment(word, merges): return list(word)"),
        (
            "by spelling",
            """
            import re
            def segment(word, merges):
                return re.findall("|".join([a + b for a, b in reversed(merges)] + ["."]), word)
            """,
        ),
        (
            "a piece that is spelled so, wherever it was cut",
            """
            def segment(word, merges):
                text = " ".join(word)
                for left, right in merges:
                    text = text.replace(left + " " + right, left + right)
                return text.replace(" ", "")
            """,
        ),
        ("text, not pieces", _without(SEGMENT, "return pieces", "return ' '.join(pieces)")),
    ],
    "learn_merges": [
        ("each word once", _without(LEARN, "+= often", "+= 1")),
        (
            "the pieces joined",
            _without(LEARN, "merges.append(best)", "merges.append(left + right)"),
        ),
        ("the rarest", _without(LEARN, "-pairs[pair]", "pairs[pair]")),
        ("with their counts", _without(LEARN, "merges.append(best)", "merges.append((best, pairs[best]))")),
        ("letters, not pairs", _without(LEARN, "zip(spelt[word], spelt[word][1:])", "zip(word, word)")),
        (
            "a pair counts once a word",
            _without(LEARN, "in zip(spelt[word], spelt[word][1:])", "in set(zip(word, word[1:]))"),
        ),
        (
            "across words",
            """
            from collections import Counter
            def learn_merges(words, count):
                text = "".join(word * often for word, often in words.items())
                return [pair for pair, _ in Counter(zip(text, text[1:])).most_common(count)]
            """,
        ),
        (
            "right to left in the pair",
            _without(LEARN, "merges.append(best)", "merges.append(best[::-1])"),
        ),
    ],
    "tf_idf": [
        ("IDF of the new ones", _without(TF_IDF, "idf = np", "counts = new; idf = np")),
        (
            "words counted, not documents",
            _without(TF_IDF, "(counts > 0).sum(axis=0)", "counts.sum(axis=0)"),
        ),
        ("logarithm of base 10", _without(TF_IDF, "np.log(", "np.log10(")),
        ("no 1 behind the logarithm", _without(TF_IDF, " + 1\n", "\n")),
        ("nothing added to the counts", _without(TF_IDF, "(1 + len(counts)) / (1 + ", "(0 + len(counts)) / (0 + ")),
        ("upside down", _without(TF_IDF, "weights = new * idf", "weights = new / idf")),
        ("no counts", _without(TF_IDF, "weights = new *", "weights = (new > 0) *")),
        ("of the old documents", _without(TF_IDF, "weights = new *", "weights = counts *")),
        ("no IDF", _without(TF_IDF, "weights = new * idf", "weights = 1.0 * new")),
        (
            "documents and words mixed up",
            _without(TF_IDF, "len(counts)", "counts.shape[1]"),
        ),
    ],
    "search": [
        ("products", _without(SEARCH, "np.where(lengths > 0, lengths, 1)", "1")),
        (
            "the nearest",
            "def search(q, rows, count): return np.linalg.norm(q[:, None] - rows, axis=2).argsort(axis=1)[:, :count]",
        ),
        ("the worst first", _without(SEARCH, "argsort(-similarity", "argsort(similarity")),
        ("the similarities", _without(SEARCH, "np.argsort(-similarity, axis=1)", "-np.sort(-similarity, axis=1)")),
        (
            "opposite is as good",
            _without(SEARCH, "argsort(-sim", "argsort(-abs(sim").replace("similarity, a", "similarity), a"),
        ),
        ("the wrong axis", _without(SEARCH, "axis=1)[:, :count]", "axis=0)[:, :count]")),
        ("all of them", _without(SEARCH, "[:, :count]", "")),
        ("from 1", _without(SEARCH, "[:, :count]", "[:, :count] + 1")),
        ("of the query alone the length", _without(SEARCH, "norm(rows, axis=1)", "norm(rows)")),
        ("ranks", _without(SEARCH, "np.argsort(-similarity, axis=1)", "np.argsort(np.argsort(-similarity, axis=1))")),
    ],
    "skip_gram_pairs": [
        ("itself too", _without(PAIRS, "if j != i", "if True")),
        ("only behind", _without(PAIRS, "range(max(start, i - window)", "range(i")),
        ("one too few behind", _without(PAIRS, "i + window + 1", "i + window")),
        ("one too far", _without(PAIRS, "i - window", "i - window - 1")),
        ("no word with its like", _without(PAIRS, "if j != i", "if tokens[j] != tokens[i]")),
        ("each pair once", _without(PAIRS, "return pairs", "return sorted(set(pairs))")),
        ("places", _without(PAIRS, "(tokens[i], tokens[j])", "(i, j)")),
        (
            "a slice from before the start",
            """
            def skip_gram_pairs(tokens, offsets, window):
                pairs = []
                for review in np.split(tokens, offsets[1:-1]):
                    for i, centre in enumerate(review):
                        for context in [*review[i - window : i], *review[i + 1 : i + 1 + window]]:
                            pairs.append((centre, context))
                return pairs
            """,
        ),
        (
            "all pairs",
            _without(PAIRS, "range(max(start, i - window), min(stop, i + window + 1))", "range(start, stop)"),
        ),
        ("nothing", "def skip_gram_pairs(tokens, offsets, window): return []"),
    ],
    "negative_sampling_loss": [
        ("negatives drawn near", _without(LOSS, "logaddexp(0, false)", "logaddexp(0, -false)")),
        ("the sign of all", _without(LOSS, "return np", "return -np")),
        (
            "probabilities, no logarithm",
            """
            def negative_sampling_loss(centre, context, negatives):
                sigmoid = lambda z: 1 / (1 + np.exp(-z))
                false = np.einsum("pd,pkd->pk", centre, negatives)
                return np.mean(1 - sigmoid((centre * context).sum(1)) + sigmoid(false).sum(1))
            """,
        ),
        (
            "softmax over the negatives",
            """
            from scipy.special import logsumexp
            def negative_sampling_loss(centre, context, negatives):
                scores = np.einsum("pd,pkd->pk", centre, np.concatenate([context[:, None], negatives], axis=1))
                return np.mean(logsumexp(scores, axis=1) - scores[:, 0])
            """,
        ),
        ("the context against the negatives", _without(LOSS, "centre[:, np", "context[:, np")),
        ("no negatives", _without(LOSS, " + np.logaddexp(0, false).sum(axis=1)", "")),
        (
            "cosines",
            _without(LOSS, "true =", "centre = centre / np.linalg.norm(centre, axis=1, keepdims=True); true ="),
        ),
        ("one number a pair", _without(LOSS, "return np.mean(", "return (1, ")),
    ],
    "analogy": [
        (
            "vectors as they come",
            _without(ANALOGY, "vectors / np.linalg.norm(vectors, axis=1, keepdims=True)", "vectors"),
        ),
        (
            "lengths that count in the end",
            _without(ANALOGY, "similarity = units", "similarity = vectors"),
        ),
        ("a − b", _without(ANALOGY, "row[b] - row[a]", "row[a] - row[b]")),
        ("a forgotten", _without(ANALOGY, "- row[a]", "")),
        ("c forgotten", _without(ANALOGY, "+ row[c]", "")),
        ("the most unlike", _without(ANALOGY, "argsort(-similarity)", "argsort(similarity)")),
        ("places", _without(ANALOGY, "words[place] for", "place for")),
        ("a word for a list", _without(ANALOGY, "[:count]", "[0]")),
        (
            "the length over the wrong axis",
            _without(ANALOGY, "axis=1, keepdims", "axis=0, keepdims"),
        ),
        (
            "the nearest to a sum that is longer",
            """
            def analogy(a, b, c, words, vectors, count):
                at = words.index
                target = vectors[at(b)] - vectors[at(a)] + vectors[at(c)]
                distance = np.linalg.norm(vectors - target, axis=1)
                return [words[i] for i in distance.argsort() if words[i] not in (a, b, c)][:count]
            """,
        ),
    ],
}

# Partly right: the answer, and the points that its right parts earn.
PARTIAL = [
    (  # from the right
        "segment",
        """
        def segment(word, merges):
            pieces = list(word)
            for left, right in merges:
                for place in reversed(range(len(pieces) - 1)):
                    if pieces[place : place + 2] == [left, right]:
                        pieces[place : place + 2] = [left + right]
            return pieces
        """,
        1,
    ),
    (  # the joined piece is looked at again, and one piece serves twice
        "segment",
        """
        def segment(word, merges):
            pieces = list(word)
            for left, right in merges:
                spots = [i for i in range(len(pieces) - 1) if pieces[i : i + 2] == [left, right]]
                for i in reversed(spots):
                    pieces[i : i + 2] = [left + right]
            return pieces
        """,
        1,
    ),
    ("learn_merges", _without(LEARN, "(-pairs[pair], pair)", "-pairs[pair]"), 2),  # the one that was met first
    ("learn_merges", _without(LEARN, "if not pairs:\n                    break", "pass"), 2),  # fails when none is left
    (  # the most frequent pairs of letters
        "learn_merges",
        """
        from collections import Counter
        def learn_merges(words, count):
            pairs = Counter()
            for word, often in words.items():
                for pair in zip(word, word[1:]):
                    pairs[pair] += often
            return sorted(pairs, key=lambda pair: (-pairs[pair], pair))[:count]
        """,
        1,
    ),
    ("learn_merges", _without(LEARN, "[left + right]", "[left, right]"), 1),  # nothing is joined
    ("learn_merges", _without(LEARN, "pair))", "pair[::-1]))"), 2),  # ties by the right piece
    ("tf_idf", _without(TF_IDF, "/ np.where(lengths > 0, lengths, 1)", ""), 1),  # not of length 1
    ("tf_idf", _without(TF_IDF, "np.where(lengths > 0, lengths, 1)", "lengths"), 2),
    ("tf_idf", _without(TF_IDF, "lengths = np.sqrt((weights**2)", "lengths = ((weights)"), 1),  # the sum is 1
    ("tf_idf", _without(TF_IDF, "np.where(lengths > 0, lengths, 1)", "(1e-3 + lengths)"), 1),
    ("search", _without(SEARCH, "np.where(lengths > 0, lengths, 1)", "lengths"), 1),  # nan is last
    (
        "search",  # the zeros are left out, and the others have other places
        """
        def search(queries, rows, count):
            rows = rows[rows.any(axis=1)]
            similarity = queries @ (rows / np.linalg.norm(rows, axis=1, keepdims=True)).T
            return np.argsort(-similarity, axis=1)[:, :count]
        """,
        1,
    ),
    (
        "skip_gram_pairs",  # across borders
        _without(PAIRS, "for start, stop in zip(offsets[:-1], offsets[1:])", "for start, stop in [(0, len(tokens))]"),
        1,
    ),
    (
        "skip_gram_pairs",  # no array of nothing
        """
        def skip_gram_pairs(tokens, offsets, window):
            found = []
            for review in np.split(tokens, offsets[1:-1]):
                places = range(len(review))
                i, j = np.array([(i, j) for i in places for j in places if 0 < abs(i - j) <= window]).T
                found.append(np.stack([review[i], review[j]], axis=1))
            return np.concatenate(found)
        """,
        1,
    ),
    ("negative_sampling_loss", _without(LOSS, "false).sum(axis=1)", "false).mean(axis=1)"), 2),
    ("negative_sampling_loss", _without(LOSS, "return np.mean(", "return np.sum("), 2),
    (
        "negative_sampling_loss",
        """
        def negative_sampling_loss(centre, context, negatives):
            log_sigmoid = lambda z: np.log(1 / (1 + np.exp(-z)))
            false = np.einsum("pd,pkd->pk", centre, negatives)
            return -np.mean(log_sigmoid((centre * context).sum(axis=1)) + log_sigmoid(-false).sum(axis=1))
        """,
        2,
    ),
    (
        "negative_sampling_loss",
        """
        def negative_sampling_loss(centre, context, negatives):
            log_sigmoid = lambda z: np.log(1e-7 + 1 / (1 + np.exp(-np.clip(z, -30, 30))))
            false = np.einsum("pd,pkd->pk", centre, negatives)
            return -np.mean(log_sigmoid((centre * context).sum(axis=1)) + log_sigmoid(-false).sum(axis=1))
        """,
        2,
    ),
    ("analogy", _without(ANALOGY, "if word not in (a, b, c)", "if True"), 1),
    ("analogy", _without(ANALOGY, "(a, b, c)]", "(b, c)]"), 1),
    ("analogy", _without(ANALOGY, "(a, b, c)]", "(a, c)]"), 1),
    ("analogy", _without(ANALOGY, "(a, b, c)]", "(a, b)]"), 1),
]

# For `few_labels`: ways that learn from the words of all reviews, and ways that learn from the 200 alone.
COUNTED = """
from scipy.sparse import csr_matrix
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.naive_bayes import MultinomialNB
from sklearn.preprocessing import StandardScaler, normalize

def counted(rows):
    places = np.repeat(np.arange(len(rows)), rows.shape[1])
    return csr_matrix((np.ones(rows.size, "float32"), (places, rows.ravel())), shape=(len(rows), 10_000))[:, 4:]

counts = counted(rows)
weighting = TfidfTransformer(sublinear_tf=True).fit(counts)
weights = weighting.transform(counts)

def learn(model, x):
    estimate = cross_val_score(model, x[:200], labels, cv=5).mean()
    return model.fit(x[:200], labels), estimate
"""
HONEST = {
    "fifty directions of TF-IDF": """
        squeeze = TruncatedSVD(50, random_state=1)
        model, estimate = learn(LogisticRegression(C=10), squeeze.fit_transform(weights))
        def judge(rows): return model.predict_proba(squeeze.transform(weighting.transform(counted(rows))))[:, 1]
    """,
    "the mean of word vectors": """
        together = 0
        for step in range(1, 6):
            left, right = rows[:, :-step].ravel(), rows[:, step:].ravel()
            pairs = csr_matrix((np.ones(left.size, "float32"), (left, right)), shape=(10_000, 10_000))[4:, 4:]
            together = together + pairs + pairs.T
        often = np.asarray(together.sum(axis=1)).ravel()
        noise = often**0.75 / (often**0.75).sum()
        cells = together.tocoo()
        surprise = np.maximum(np.log(cells.data / often[cells.row] / noise[cells.col]), 0)
        squeeze = TruncatedSVD(100, random_state=1).fit(csr_matrix((surprise, (cells.row, cells.col)), cells.shape))
        vectors = normalize(squeeze.components_.T * np.sqrt(squeeze.singular_values_))
        def mean_of(rows): return normalize((counted(rows) > 0).astype("float32") @ vectors)
        scale = StandardScaler().fit(mean_of(rows))
        model, estimate = learn(LogisticRegression(C=0.01), scale.transform(mean_of(rows)))
        def judge(rows): return model.predict(scale.transform(mean_of(rows)))
    """,
    "a model that teaches another": """
        squeeze = TruncatedSVD(100, random_state=1)
        directions = squeeze.fit_transform(weights)
        teacher, estimate = learn(LogisticRegression(C=10), directions)
        model = LogisticRegression().fit(weights, teacher.predict(directions))
        def judge(rows): return model.predict_proba(weighting.transform(counted(rows)))[:, 1]
    """,
}
LAZY = {
    "TF-IDF": """
        model, estimate = learn(LogisticRegression(C=100, max_iter=500), weights)
        def judge(rows): return model.predict_proba(weighting.transform(counted(rows)))[:, 1]
    """,
    "multi-hot": """
        model, estimate = learn(LogisticRegression(max_iter=500), (counts > 0).astype("float32"))
        def judge(rows): return model.predict_proba((counted(rows) > 0).astype("float32"))[:, 1]
    """,
    "naive Bayes": """
        model, estimate = learn(MultinomialNB(alpha=0.1), (counts > 0).astype("float32"))
        def judge(rows): return model.predict((counted(rows) > 0).astype("float32"))
    """,
}
