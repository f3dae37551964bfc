import numpy as np


# %% segment · right · ends and starts kept in a linked list
def segment(word, merges):
    text, after = dict(enumerate(word)), {place: place + 1 for place in range(len(word))}
    for left, right in merges:
        place = 0
        while place < len(word):
            following = after[place]
            if following < len(word) and text[place] == left and text[following] == right:
                text[place] += text.pop(following)
                after[place] = after.pop(following)
            place = after[place]
    return [text[place] for place in sorted(text)]


# %% segment · right · a sign of its own between the pieces
def segment(word, merges):
    text = "|" + "|".join(word) + "|"
    for left, right in merges:
        done = ""
        while f"|{left}|{right}|" in text:
            before, text = text.split(f"|{left}|{right}|", 1)
            done, text = done + before + "|" + left + right, "|" + text
        text = done + text
    return text.strip("|").split("|")


# %% segment · right · an iterator that looks one ahead
def segment(word, merges):
    pieces = tuple(word)
    for pair in merges:
        made, held = [], None
        for piece in pieces:
            if held is None:
                held = piece
            elif (held, piece) == tuple(pair):
                made.append(held + piece)
                held = None
            else:
                made.append(held)
                held = piece
        pieces = (*made, *([held] if held is not None else []))
    return list(pieces)


# %% segment · wrong · letters only are joined
def segment(word, merges):
    pieces = list(word)
    known = {a + b for a, b in merges}
    made = []
    while pieces:
        two = "".join(pieces[:2])
        take = 2 if len(pieces) > 1 and two in known else 1
        made.append("".join(pieces[:take]))
        pieces = pieces[take:]
    return made


# %% segment · wrong · the list grows shorter under the loop
def segment(word, merges):
    pieces = list(word)
    for left, right in merges:
        for i in range(len(pieces) - 1):
            if i < len(pieces) - 1 and pieces[i] == left and pieces[i + 1] == right:
                pieces[i : i + 2] = [left + right]
                break
    return pieces


# %% segment · wrong · what a merge makes may be joined again at once
def segment(word, merges):
    pieces = list(word)
    for left, right in merges:
        i = 0
        while i < len(pieces) - 1:
            if (pieces[i][-len(left) :], pieces[i + 1]) == (left, right):
                pieces[i : i + 2] = [pieces[i] + right]
            else:
                i += 1
    return pieces


# %% segment · wrong · one piece serves twice
def segment(word, merges):
    pieces = list(word)
    for left, right in merges:
        made = []
        for i, piece in enumerate(pieces):
            if i + 1 < len(pieces) and (piece, pieces[i + 1]) == (left, right):
                made.append(left + right)
            elif not (i and (pieces[i - 1], piece) == (left, right)):
                made.append(piece)
        pieces = made
    return pieces


# %% segment · wrong · the merges as a set
def segment(word, merges):
    pieces, known = list(word), set(merges)
    i = 0
    while i < len(pieces) - 1:
        if (pieces[i], pieces[i + 1]) in known:
            pieces[i : i + 2] = [pieces[i] + pieces[i + 1]]
            i = max(i - 1, 0)
        else:
            i += 1
    return pieces


# %% learn_merges · right · counts kept, and put right after a merge
from collections import Counter


def pairs_in(pieces, often):
    return Counter({pair: often * times for pair, times in Counter(zip(pieces, pieces[1:])).items()})


def learn_merges(words, count):
    held, total = {word: tuple(word) for word in words}, Counter()
    for word, pieces in held.items():
        total.update(pairs_in(pieces, words[word]))
    merges = []
    while len(merges) < count and +total:
        best = min(+total, key=lambda pair: (-total[pair], pair))
        merges.append(best)
        for word, pieces in held.items():
            made = []
            for piece in pieces:
                if made and (made[-1], piece) == best:
                    made[-1] += piece
                else:
                    made.append(piece)
            if len(made) < len(pieces):
                total.subtract(pairs_in(pieces, words[word]))
                total.update(pairs_in(tuple(made), words[word]))
                held[word] = tuple(made)
    return merges


# %% learn_merges · right · sorted twice
def learn_merges(words, count):
    corpus, merges = [(list(word), often) for word, often in words.items()], []
    for _ in range(count):
        tally = {}
        for pieces, often in corpus:
            for k in range(1, len(pieces)):
                pair = pieces[k - 1], pieces[k]
                tally.setdefault(pair, []).append(often)
        if tally == {}:
            return merges
        ordered = sorted(sorted(tally), key=lambda pair: sum(tally[pair]), reverse=True)
        a, b = ordered[0]
        merges += [[a, b]]
        for pieces, _ in corpus:
            k = 0
            while k < len(pieces) - 1:
                if pieces[k : k + 2] == [a, b]:
                    pieces[k] = a + b
                    del pieces[k + 1]
                k += 1
    return merges


# %% learn_merges · right · np.unique of texts with a space, which come sorted
def learn_merges(words, count):
    spelt, often = [" ".join(word) for word in words], list(words.values())
    merges = []
    for _ in range(count):
        names, times = [], []
        for text, number in zip(spelt, often):
            pieces = text.split(" ")
            names += [f"{a} {b}" for a, b in zip(pieces, pieces[1:])]
            times += [number] * (len(pieces) - 1)
        if not names:
            break
        kinds, which = np.unique(names, return_inverse=True)
        best = str(kinds[np.bincount(which, weights=times).argmax()])
        merges.append(tuple(best.split()))
        joined = best.replace(" ", "")
        spelt = [f" {text} ".replace(f" {best} ", f" {joined} ").replace(f" {best} ", f" {joined} ").strip()
                 for text in spelt]
    return merges

# %% learn_merges · wrong · the most frequent by max, first met first
def learn_merges(words, count):
    spelt, merges = {word: list(word) for word in words}, []
    for _ in range(count):
        tally = {}
        for word, pieces in spelt.items():
            for pair in zip(pieces, pieces[1:]):
                tally[pair] = tally.get(pair, 0) + words[word]
        if not tally:
            break
        best = max(tally, key=tally.get)
        merges.append(best)
        for pieces in spelt.values():
            k = 0
            while k < len(pieces) - 1:
                if tuple(pieces[k : k + 2]) == best:
                    pieces[k : k + 2] = ["".join(best)]
                k += 1
    return merges


# %% learn_merges · wrong · by the text of the joined piece
def learn_merges(words, count):
    spelt, merges = {word: list(word) for word in words}, []
    for _ in range(count):
        tally = {}
        for word, pieces in spelt.items():
            for pair in zip(pieces, pieces[1:]):
                tally[pair] = tally.get(pair, 0) + words[word]
        if not tally:
            break
        best = min(tally, key=lambda pair: (-tally[pair], -len("".join(pair)), pair))
        merges.append(best)
        for pieces in spelt.values():
            k = 0
            while k < len(pieces) - 1:
                if tuple(pieces[k : k + 2]) == best:
                    pieces[k : k + 2] = ["".join(best)]
                k += 1
    return merges


# %% learn_merges · wrong · in the order of what is joined
def learn_merges(words, count):
    spelt, merges = {word: list(word) for word in words}, []
    for _ in range(count):
        tally = {}
        for word, pieces in spelt.items():
            for pair in zip(pieces, pieces[1:]):
                tally[pair] = tally.get(pair, 0) + words[word]
        if not tally:
            break
        best = min(tally, key=lambda pair: (-tally[pair], "".join(pair)))
        merges.append(best)
        for pieces in spelt.values():
            k = 0
            while k < len(pieces) - 1:
                if tuple(pieces[k : k + 2]) == best:
                    pieces[k : k + 2] = ["".join(best)]
                k += 1
    return merges


# %% learn_merges · wrong · what occurs once is no pair
def learn_merges(words, count):
    spelt, merges = {word: list(word) for word in words}, []
    while len(merges) < count:
        tally = {}
        for word, pieces in spelt.items():
            for pair in zip(pieces, pieces[1:]):
                tally[pair] = tally.get(pair, 0) + words[word]
        if max(tally.values(), default=0) < 2:
            break
        best = min(tally, key=lambda pair: (-tally[pair], pair))
        merges.append(best)
        for pieces in spelt.values():
            k = 0
            while k < len(pieces) - 1:
                if tuple(pieces[k : k + 2]) == best:
                    pieces[k : k + 2] = ["".join(best)]
                k += 1
    return merges


# %% learn_merges · wrong · only the words that are whole the pair change
def learn_merges(words, count):
    spelt, merges = {word: list(word) for word in words}, []
    for _ in range(count):
        tally = {}
        for word, pieces in spelt.items():
            for pair in zip(pieces, pieces[1:]):
                tally[pair] = tally.get(pair, 0) + words[word]
        if not tally:
            break
        best = min(tally, key=lambda pair: (-tally[pair], pair))
        merges.append(best)
        for pieces in spelt.values():
            if tuple(pieces[:2]) == best:
                pieces[:2] = ["".join(best)]
    return merges


# %% learn_merges · wrong · no merge twice, but no joining either
def learn_merges(words, count):
    tally = {}
    for word, often in words.items():
        for pair in zip(word, word[1:]):
            tally[pair] = tally.get(pair, 0) + often
    return sorted(tally, key=lambda pair: (-tally[pair], pair))[:count]


# %% tf_idf · right · a pipeline of scikit-learn's
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.pipeline import make_pipeline


def tf_idf(counts, new):
    return np.asarray(make_pipeline(TfidfTransformer(norm="l2")).fit(counts).transform(new).todense())


# %% tf_idf · right · a diagonal, and hypot
from functools import reduce


def tf_idf(counts, new):
    n, d = counts.shape[0], (counts != 0).astype(int).T.sum(axis=-1)
    weights = new @ np.diag(1 - np.log((1 + d) / (1 + n)))
    lengths = np.array([reduce(np.hypot, row, 0.0) for row in weights])
    lengths[lengths == 0] = 1
    return (weights.T / lengths).T


# %% tf_idf · right · in place, in float32
def tf_idf(counts, new):
    out = np.array(new, dtype=np.float32)
    for word in range(out.shape[1]):
        out[:, word] *= np.log1p(len(counts)) - np.log1p(np.sign(counts[:, word]).sum()) + 1
    norms = np.sqrt(np.einsum("ij,ij->i", out, out))
    np.divide(out, norms[:, None], out=out, where=norms[:, None] > 0)
    return out


# %% tf_idf · wrong · IDF of both together
def tf_idf(counts, new):
    both = np.vstack([counts, new])
    weights = new * (np.log((1 + len(both)) / (1 + (both > 0).sum(axis=0))) + 1)
    lengths = np.linalg.norm(weights, axis=1, keepdims=True)
    return weights / np.where(lengths > 0, lengths, 1)


# %% tf_idf · wrong · one length for all rows
def tf_idf(counts, new):
    weights = new * (np.log((1 + len(counts)) / (1 + (counts > 0).sum(axis=0))) + 1)
    return weights / max(np.linalg.norm(weights), 1e-12)


# %% tf_idf · wrong · the new documents counted with the old
def tf_idf(counts, new):
    n = len(counts) + len(new)
    weights = new * (np.log((1 + n) / (1 + (counts > 0).sum(axis=0))) + 1)
    lengths = np.linalg.norm(weights, axis=1, keepdims=True)
    return weights / np.where(lengths > 0, lengths, 1)


# %% tf_idf · wrong · documents without a word left out of n
def tf_idf(counts, new):
    counts = counts[counts.any(axis=1)]
    weights = new * (np.log((1 + len(counts)) / (1 + (counts > 0).sum(axis=0))) + 1)
    lengths = np.linalg.norm(weights, axis=1, keepdims=True)
    return weights / np.where(lengths > 0, lengths, 1)


# %% tf_idf · wrong · the tenth occurrence counts less
def tf_idf(counts, new):
    tf = np.where(new > 0, 1 + np.log(np.maximum(new, 1)), 0)
    weights = tf * (np.log((1 + len(counts)) / (1 + (counts > 0).sum(axis=0))) + 1)
    lengths = np.linalg.norm(weights, axis=1, keepdims=True)
    return weights / np.where(lengths > 0, lengths, 1)


# %% search · right · heapq
import heapq


def search(queries, rows, count):
    found = []
    for query in queries:
        scores = {}
        for place, row in enumerate(rows):
            size = np.sqrt(row @ row)
            scores[place] = row @ query / size if size else 0
        found.append(heapq.nlargest(count, scores, key=scores.get))
    return np.array(found)


# %% search · right · signed squares, without a root
def search(queries, rows, count):
    product = queries.astype(float) @ rows.T.astype(float)
    squares = (rows.astype(float) ** 2).sum(axis=1)
    likeness = np.sign(product) * product**2 / np.maximum(squares, np.finfo(float).tiny)
    return np.argsort(likeness, axis=1)[:, : -count - 1 : -1]


# %% search · right · the best one taken out, count times
def search(queries, rows, count):
    units = np.nan_to_num(rows / np.linalg.norm(rows, axis=1, keepdims=True))
    scores, places = queries @ units.T, []
    for _ in range(count):
        best = scores.argmax(axis=1)
        places.append(best)
        scores[np.arange(len(queries)), best] = -np.inf
    return np.stack(places, axis=1)


# %% search · wrong · rows cut off before they are compared
def search(queries, rows, count):
    rows = rows[:count]
    lengths = np.linalg.norm(rows, axis=1)
    return np.argsort(-queries @ rows.T / np.where(lengths > 0, lengths, 1), axis=1)


# %% search · wrong · divided by the sum of a row
def search(queries, rows, count):
    lengths = np.abs(rows).sum(axis=1)
    return np.argsort(-queries @ rows.T / np.where(lengths > 0, lengths, 1), axis=1)[:, :count]


# %% search · wrong · a row of zeros is the worst
def search(queries, rows, count):
    lengths = np.linalg.norm(rows, axis=1)
    similarity = queries @ rows.T / np.where(lengths > 0, lengths, 1)
    similarity[:, lengths == 0] = -1e9
    return np.argsort(-similarity, axis=1)[:, :count]


# %% search · wrong · a thousandth added to the lengths
def search(queries, rows, count):
    lengths = np.linalg.norm(rows, axis=1) + 1e-3
    return np.argsort(-queries @ rows.T / lengths, axis=1)[:, :count]

# %% search · wrong · for the first query only
def search(queries, rows, count):
    lengths = np.linalg.norm(rows, axis=1)
    similarity = queries[0] @ rows.T / np.where(lengths > 0, lengths, 1)
    return np.tile(np.argsort(-similarity)[:count], (len(queries), 1))


# %% search · wrong · the best ones, in no order
def search(queries, rows, count):
    lengths = np.linalg.norm(rows, axis=1)
    cosines = queries @ rows.T / np.where(lengths == 0, 1, lengths)
    return np.argpartition(-cosines, count - 1, axis=1)[:, :count]


# %% skip_gram_pairs · right · shifted by each step, padded
def skip_gram_pairs(tokens, offsets, window):
    made = []
    for start, stop in zip(offsets[:-1].tolist(), offsets[1:].tolist()):
        review = tokens[start:stop]
        for step in range(-window, window + 1):
            if step and abs(step) < len(review):
                here = np.arange(max(0, -step), len(review) - max(0, step))
                made.extend(zip(review[here].tolist(), review[here + step].tolist()))
    return made


# %% skip_gram_pairs · right · permutations
from itertools import permutations


def skip_gram_pairs(tokens, offsets, window):
    pairs = []
    for number in range(len(offsets) - 1):
        review = list(enumerate(tokens[offsets[number] : offsets[number + 1]]))
        pairs += [[a, b] for (i, a), (j, b) in permutations(review, 2) if -window <= i - j <= window]
    return np.array(pairs)


# %% skip_gram_pairs · right · a band matrix
def skip_gram_pairs(tokens, offsets, window):
    blocks = []
    for review in np.split(tokens, offsets[1:-1]):
        size = len(review)
        band = np.tril(np.ones((size, size), bool), window) & np.triu(np.ones((size, size), bool), -window)
        np.fill_diagonal(band, False)
        blocks.append(review[np.argwhere(band)].reshape(-1, 2))
    return np.concatenate(blocks).astype("int32")


# %% skip_gram_pairs · wrong · a window of so many words in all
def skip_gram_pairs(tokens, offsets, window):
    pairs = []
    for start, stop in zip(offsets[:-1], offsets[1:]):
        for i in range(start, stop):
            for j in range(max(start, i - window // 2), min(stop, i + window // 2 + 1)):
                if j != i:
                    pairs.append((tokens[i], tokens[j]))
    return pairs


# %% skip_gram_pairs · wrong · centres at the borders left out
def skip_gram_pairs(tokens, offsets, window):
    pairs = []
    for start, stop in zip(offsets[:-1], offsets[1:]):
        for i in range(start + window, stop - window):
            for j in range(i - window, i + window + 1):
                if j != i:
                    pairs.append((tokens[i], tokens[j]))
    return pairs


# %% skip_gram_pairs · wrong · an empty review takes the next one's first word
def skip_gram_pairs(tokens, offsets, window):
    pairs = []
    for start, stop in zip(offsets[:-1], offsets[1:]):
        stop = max(stop, start + 1)
        for i in range(start, min(stop, len(tokens))):
            for j in range(max(start, i - window), min(stop, i + window)):
                if j != i:
                    pairs.append((tokens[i], tokens[j]))
    return pairs


# %% skip_gram_pairs · wrong · the last review forgotten
def skip_gram_pairs(tokens, offsets, window):
    pairs = []
    for start, stop in zip(offsets[:-2], offsets[1:-1]):
        for i in range(start, stop):
            for j in range(max(start, i - window), min(stop, i + window + 1)):
                if j != i:
                    pairs.append((tokens[i], tokens[j]))
    return pairs


# %% negative_sampling_loss · right · a matrix product a pair
def negative_sampling_loss(centre, context, negatives):
    scores = np.matmul(negatives, centre[..., np.newaxis])[..., 0]
    margins = np.hstack([np.diag(centre @ context.T)[:, None], -scores]).astype(float)
    return (np.maximum(-margins, 0) + np.log1p(np.exp(-abs(margins)))).sum() / margins.shape[0]


# %% negative_sampling_loss · right · Keras, one pair after the other
import keras


def negative_sampling_loss(centre, context, negatives):
    total = 0.0
    for u, v, others in zip(centre, context, negatives):
        total -= float(keras.ops.log_sigmoid(keras.ops.convert_to_tensor(u @ v)))
        total -= float(keras.ops.sum(keras.ops.log_sigmoid(keras.ops.convert_to_tensor(-others @ u))))
    return total / len(centre)


# %% negative_sampling_loss · right · of the larger logarithm
def negative_sampling_loss(centre, context, negatives):
    def minus_log_sigmoid(z):
        z = np.asarray(z, "float64")
        return np.where(z < -30, -z, np.log1p(np.exp(np.minimum(-z, 30.0))))

    near = minus_log_sigmoid((centre * context).sum(-1))
    far = minus_log_sigmoid(-(negatives * centre[:, None, :]).sum(-1)).sum(-1)
    return (near + far).mean(keepdims=True)


# %% negative_sampling_loss · wrong · the negatives of all pairs
def negative_sampling_loss(centre, context, negatives):
    near = np.logaddexp(0, -(centre * context).sum(axis=1))
    far = np.logaddexp(0, np.tensordot(centre, negatives, (1, 2))).sum(axis=(1, 2))
    return np.mean(near + far)


# %% negative_sampling_loss · wrong · one minus the sigmoid, rounded
def negative_sampling_loss(centre, context, negatives):
    sigmoid = lambda z: 1 / (1 + np.exp(-z))
    near = sigmoid((centre * context).sum(axis=1))
    far = 1 - sigmoid(np.einsum("pd,pnd->pn", centre, negatives))
    return -np.mean(np.log(near) + np.log(far).sum(axis=1))


# %% negative_sampling_loss · wrong · a sum over the pairs divided by all terms
def negative_sampling_loss(centre, context, negatives):
    near = np.logaddexp(0, -(centre * context).sum(axis=1))
    far = np.logaddexp(0, np.einsum("pd,pnd->pn", centre, negatives))
    return (near.sum() + far.sum()) / (near.size + far.size)


# %% negative_sampling_loss · wrong · scores held within fifty
def negative_sampling_loss(centre, context, negatives):
    near = np.clip((centre * context).sum(axis=1), -50, 50)
    far = np.clip(np.einsum("pd,pnd->pn", centre, negatives), -50, 50)
    return np.mean(np.log1p(np.exp(-near)) + np.log1p(np.exp(far)).sum(axis=1))


# %% analogy · right · the three taken out of the table first
def analogy(a, b, c, words, vectors, count):
    unit = {word: vector / np.sqrt(vector @ vector) for word, vector in zip(words, vectors)}
    target = unit.pop(b) - unit.pop(a) + unit.pop(c)
    return [word for _, word in sorted(((-(vector @ target), word) for word, vector in unit.items()))][:count]


# %% analogy · right · masked
def analogy(a, b, c, words, vectors, count):
    names = np.array(words)
    units = np.apply_along_axis(lambda row: row / np.linalg.norm(row), 1, vectors)
    target = units[names == b][0] - units[names == a][0] + units[names == c][0]
    scores = np.ma.masked_array(units @ target, np.isin(names, [a, b, c]))
    return names[np.ma.argsort(-scores, fill_value=np.inf)][:count].tolist()


# %% analogy · right · the angle, in degrees
import math


def analogy(a, b, c, words, vectors, count):
    units = vectors / np.linalg.norm(vectors, ord=2, axis=-1)[:, None]
    goal = units[words.index(c)] + units[words.index(b)] - units[words.index(a)]
    goal = goal / np.linalg.norm(goal)
    others = sorted(
        set(words) - {a, b, c},
        key=lambda word: math.degrees(math.acos(max(-1, min(1, float(units[words.index(word)] @ goal))))),
    )
    return others[:count]


# %% analogy · wrong · the three best left out
def analogy(a, b, c, words, vectors, count):
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    target = units[words.index(b)] - units[words.index(a)] + units[words.index(c)]
    return [words[place] for place in np.argsort(-units @ target)[3 : 3 + count]]


# %% analogy · wrong · cut off before they are left out
def analogy(a, b, c, words, vectors, count):
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    target = units[words.index(b)] - units[words.index(a)] + units[words.index(c)]
    best = [words[place] for place in np.argsort(-units @ target)[:count]]
    return [word for word in best if word not in (a, b, c)]


# %% analogy · wrong · enough left over for one of the three
def analogy(a, b, c, words, vectors, count):
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    target = units[words.index(b)] - units[words.index(a)] + units[words.index(c)]
    best = [words[place] for place in np.argsort(-units @ target)[: count + 1]]
    return [word for word in best if word not in (a, b, c)][:count]


# %% analogy · wrong · the distance to a target that is not of length 1, among lengths as they come
def analogy(a, b, c, words, vectors, count):
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    target = units[words.index(b)] - units[words.index(a)] + units[words.index(c)]
    order = np.linalg.norm(vectors - target, axis=1).argsort()
    return [words[place] for place in order if words[place] not in (a, b, c)][:count]


# %% analogy · wrong · c − a + b, of vectors as they come, brought to length 1 in the end
def analogy(a, b, c, words, vectors, count):
    target = vectors[words.index(b)] - vectors[words.index(a)] + vectors[words.index(c)]
    scores = vectors @ target / np.linalg.norm(vectors, axis=1) / np.linalg.norm(target)
    return [words[place] for place in scores.argsort()[::-1] if words[place] not in (a, b, c)][:count]
