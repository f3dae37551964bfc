"""Questions of exercise 11: merges, TF-IDF, a search, skip-gram pairs and their loss, analogies, few labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from coursekit.checks.shared import or_above, unseen_reviews
from coursekit.grading import Answers, Exercise, Expect

exercise = Exercise("11_text")

LENGTH, SHOWN = 400, 5_000
BAR, DOUBTFUL = 0.78, 0.86

Pair = tuple[str, str]
ALPHABET = "abcdefghijklmnopqrstuvwxyz"
WORDS = ("king", "queen", "man", "woman", "film", "actor", "plot", "scene", "good", "better", "bad", "worse", "loud")


@exercise.question("segment", points=2, title="A word in pieces")
def segment(answers: Answers, expect: Expect) -> None:
    """`segment(word, merges)`: the pieces that a word falls into when the merges are made in their order."""
    rng = answers.draw("words and merges")
    a, b, c, d, e = rng.permutation(list(ALPHABET))[:5].tolist()
    others = "".join(rng.permutation(list(a + b + c + d) * 3))
    cases = [
        (f"{a}{b}{c}{e}{b}{c}", [(b, c), (a, b)]),
        (f"{a}{b}{c}{e}{b}{c}", [(a, b), (b, c)]),
        (f"{a}{b}{c}{d}{a}{b}{a}{b}{c}", [(a, b), (a + b, c), (a + b + c, d), (a + b, a + b + c)]),
        (f"{c}{a}{b}{c}", [(b, c), (a + b, c), (c, a)]),
        (others, [(a, b), (c, d), (a + b, c + d), (d, a), (b, c)]),
        (a + b, [(b, a)]),
        (a, []),
        *(_learnt(rng) for _ in range(3)),
    ]
    hint = (
        "Begin with single letters. Take the pairs in their order, and join each wherever its two pieces, whole ones, "
        "are neighbours."
    )
    for word, merges in cases:
        expect.equal(answers.call("segment", word, merges), _segmented(word, merges), hint=hint)
    with expect.part(points=1, title="a letter that comes again and again"):
        hint = "From the left: of three equal letters the first two are joined, and the third has nobody left."
        for merges in ([(a, a)], [(a, a), (a + a, a)], [(a, a), (a + a, a + a), (b, a + a)]):
            word = f"{a * 3}{b}{a * 4}{b}{a * 2}"
            expect.equal(answers.call("segment", word, merges), _segmented(word, merges), hint=hint)


def _learnt(rng: np.random.Generator) -> tuple[str, list[Pair]]:
    """A word and merges that give each piece in one way: so it is all one whether a merge is looked for again."""
    while True:
        words = _vocabulary(rng, 7)
        merges = _merges(words, 5)
        if len({left + right for left, right in merges}) == len(merges):
            return "".join(words), merges


def _segmented(word: str, merges: Sequence[Pair]) -> list[str]:
    pieces = list(word)
    for pair in merges:
        pieces = _joined(pieces, pair)
    return pieces


def _joined(pieces: Sequence[str], pair: Pair) -> list[str]:
    """The pieces with the two of ``pair``, wherever they are neighbours, made one, from the left."""
    made: list[str] = []
    for piece in pieces:
        if made and (made[-1], piece) == pair:
            made[-1] += piece
        else:
            made.append(piece)
    return made


@exercise.question("learn_merges", points=3, title="Which pieces to join")
def learn_merges(answers: Answers, expect: Expect) -> None:
    """`learn_merges(words, count)`: the first merges of byte-pair encoding, learnt from words and how often they
    occur."""
    rng = answers.draw("words")
    cases = [_telling_vocabulary(rng, mistake) for mistake in range(3)]

    def compare(words: dict[str, int], count: int, hint: str) -> None:
        expect.equal(answers.call("learn_merges", words, count), _merges(words, count), hint=hint)

    with expect.part(points=1, title="one merge"):
        for words in cases:
            hint = "Count all neighbours in all words, each as often as its word occurs, twice where it stands twice."
            compare(words, 1, hint)
    with expect.part(points=1, title="pairs that are equally frequent"):
        hint = or_above(expect, "Of equally frequent pairs take the one that comes first as Python sorts pairs.")
        for _ in range(3):
            compare(_tied_vocabulary(rng), 3, hint)
        a, b, c = np.sort(rng.permutation(list(ALPHABET))[:3]).tolist()
        often = int(rng.integers(2, 20))
        hint = or_above(expect, "Pairs are compared by their first pieces, then by their second ones; not as joined.")
        compare({a + b: 2 * often, a + b + b: often, a + c: often}, 3, hint)
    for count, words in enumerate(cases, 4):
        hint = "After each merge the pieces are others: join the pair in all words, then count again."
        compare(words, count, or_above(expect, hint))
    hint = "When each word is one piece there is no pair left: return the merges that you have."
    few = _vocabulary(rng, 2)
    while _merges(few, 50) != _merges(few, 50, last=True):
        few = _vocabulary(rng, 2)
    for words in (few, dict.fromkeys(rng.permutation(list(ALPHABET))[:3].tolist(), 5)):
        compare(words, 50, hint)
    hint = "A pair that stands at one place alone is still a pair."
    compare({"".join(rng.permutation(list(ALPHABET))[:2]): 1}, 1, or_above(expect, hint))


def _vocabulary(rng: np.random.Generator, size: int) -> dict[str, int]:
    """Words of three to five letters out of four, no letter next to itself, and how often each occurs.

    So no piece stands three times in a row, where to count neighbours is a matter of taste.
    """
    letters = rng.permutation(list(ALPHABET))[:4]
    words: dict[str, int] = {}
    while len(words) < size:
        steps = rng.integers(1, 4, size=rng.integers(3, 6))
        words["".join(letters[np.cumsum(steps) % 4])] = int(rng.integers(1, 40))
    return words


def _telling_vocabulary(rng: np.random.Generator, mistake: int) -> dict[str, int]:
    """Words whose first merges are clearly the most frequent ones, of longer pieces too; the first is another one where
    each word counts once (``mistake`` 0), or a pair once a word (1), or neighbours across two words as well (2)."""
    while True:
        words = _vocabulary(rng, 8)
        merges = _merges(words, 6)
        text = "".join(word * often for word, often in words.items())
        mistaken = [
            Counter(pair for word in words for pair in pairwise(word)),
            Counter[Pair](),
            Counter(pairwise(text)),
        ]
        for word, often in words.items():
            mistaken[1].update(dict.fromkeys(pairwise(word), often))
        differs = mistaken[mistake][merges[0]] < max(mistaken[mistake].values())
        if differs and merges == _merges(words, 6, last=True) and max(map(len, merges[1] + merges[2])) > 1:
            return words


def _tied_vocabulary(rng: np.random.Generator) -> dict[str, int]:
    """Words with pairs that are equally frequent, where words that count once give other merges."""
    while True:
        words = {word: often % 4 + 1 for word, often in _vocabulary(rng, 5).items()}
        others = _merges(words, 3, last=True), _merges(dict.fromkeys(words, 1), 3)
        if _merges(words, 3) not in others:
            return words


def _merges(words: dict[str, int], count: int, last: bool = False) -> list[Pair]:
    """The merges of byte-pair encoding (Sennrich, Haddow and Birch 2016); of equally frequent pairs the first one in
    the alphabet, or the last."""
    spelt = {word: list(word) for word in words}
    found: list[Pair] = []
    while len(found) < count:
        counts: Counter[Pair] = Counter()
        for word, pieces in spelt.items():
            for pair in pairwise(pieces):
                counts[pair] += words[word]
        if not counts:
            break
        most = max(counts.values())
        found.append((max if last else min)(pair for pair, times in counts.items() if times == most))
        spelt = {word: _joined(pieces, found[-1]) for word, pieces in spelt.items()}
    return found


@exercise.question("tf_idf", points=3, title="TF-IDF for documents that come later")
def tf_idf(answers: Answers, expect: Expect) -> None:
    """`tf_idf(counts, new)`: TF-IDF of new documents, with the IDF of those in `counts`, in rows of length 1."""
    rng = answers.draw("documents")
    cases = []
    for documents, others, words in ((9, 4, 6), (1, 3, 4), (20, 1, 9)):
        counts, new = _counted(rng, documents, words), _counted(rng, others, words)
        got = answers.call("tf_idf", counts, new)
        expect.shape(got, new.shape, hint="One row for each *new* document, one column for each word.")
        cases.append((np.asarray(got, dtype=float), _tf_idf(counts, new)))
    with expect.part(points=1, title="weights, whatever the length of the rows"):
        for got, want in cases:
            lengths = np.linalg.norm(got, axis=1, keepdims=True)
            hint = (
                "IDF = ln((1 + documents) / (1 + documents with the word)) + 1, all of it from `counts`; a document "
                "has a word or has it not, however often. Then counts of `new` times IDF, column by column."
            )
            expect.close(got / np.where(lengths > 0, lengths, 1), want, rtol=1e-4, atol=1e-5, hint=hint)
    with expect.part(points=1, title="documents without a word"):
        counts, new = _counted(rng, 6, 5), _counted(rng, 4, 5)
        counts[rng.integers(6)] = new[rng.integers(4)] = 0
        got = answers.call("tf_idf", counts, new)
        expect.finite(got, hint="A row of zeros has the length 0, and 0/0 is nan: leave such a row as it is.")
        hint = "A document without words counts as a document all the same; its own row stays 0."
        expect.close(got, _tf_idf(counts, new), rtol=1e-4, atol=1e-5, hint=or_above(expect, hint))
    for got, want in cases:
        hint = "At last divide each row by its own length, the root of the sum of its squares."
        expect.close(got, want, rtol=1e-4, atol=1e-5, hint=or_above(expect, hint))


def _counted(rng: np.random.Generator, documents: int, words: int) -> np.ndarray:
    """Counts with one word that every document holds, and one that none does."""
    counts = rng.integers(0, 4, size=(documents, words)) * rng.integers(0, 2, size=(documents, words))
    everywhere, nowhere = rng.permutation(words)[:2]
    counts[:, everywhere], counts[:, nowhere] = rng.integers(1, 4, size=documents), 0
    return counts


def _tf_idf(counts: np.ndarray, new: np.ndarray) -> np.ndarray:
    from sklearn.feature_extraction.text import TfidfTransformer

    return np.asarray(TfidfTransformer().fit(counts).transform(new).toarray())


@exercise.question("search", points=2, title="The most similar ones")
def search(answers: Answers, expect: Expect) -> None:
    """`search(queries, rows, count)`: for each query the places of the rows with the largest cosine, best first."""
    rng = answers.draw("queries and rows")

    def compare(queries: np.ndarray, table: np.ndarray, order: np.ndarray, count: int, hint: str) -> None:
        for dtype in (np.float64, np.float32):
            got = answers.call("search", queries.astype(dtype), table.astype(dtype), count)
            expect.shape(got, (len(queries), count), hint="One row for each query, `count` places in it.")
            expect.equal(got, order[:, :count], hint=hint)

    hint = "Cosine = product over both lengths: neither long rows nor near ones win, and opposite ones come last."
    for rows, count in ((9, 1), (12, 4), (6, 6), (1, 1)):
        compare(*_similar(rng, rows), count, hint)
    with expect.part(points=1, title="a row of zeros"):
        hint = "Its similarity is 0, neither nan nor the worst: it stands before the rows that point away."
        compare(*_similar(rng, 8, zeros=1), 9, hint)
        compare(*_similar(rng, 5, zeros=1), 5, hint)
    hint = "The largest first: np.argpartition finds them, but leaves them in any order where there are many."
    compare(*_one_after_the_other(rng, 600), 400, hint)


def _similar(rng: np.random.Generator, rows: int, zeros: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Three queries, as many rows and some of zeros, and the places of the rows by their cosines, no two of which are
    close to each other or to 0."""
    while True:
        queries = rng.normal(size=(3, 5)) * rng.uniform(0.2, 5, size=(3, 1))
        table = rng.normal(size=(rows, 5))
        table *= 10 ** rng.uniform(-2, 2, size=(rows, 1)) / np.linalg.norm(table, axis=1, keepdims=True)
        table = np.insert(table, rng.integers(rows + 1, size=zeros), 0, axis=0)
        lengths = np.linalg.norm(table, axis=1)
        cosines = queries @ table.T / np.linalg.norm(queries, axis=1)[:, np.newaxis] / np.where(lengths > 0, lengths, 1)
        if rows + zeros == 1 or np.diff(np.sort(cosines), axis=1).min() > 1e-3:
            return queries, table, np.argsort(-cosines, axis=1)


def _one_after_the_other(rng: np.random.Generator, rows: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One query, many rows, and their places by cosines, which are equally far apart."""
    cosines, query, across = np.linspace(-0.9, 0.9, rows), rng.normal(size=5), rng.normal(size=(rows, 5))
    cosines = rng.permutation(cosines)
    query /= np.linalg.norm(query)
    across -= np.outer(across @ query, query)
    across *= np.sqrt(1 - cosines**2)[:, np.newaxis] / np.linalg.norm(across, axis=1, keepdims=True)
    table = (np.outer(cosines, query) + across) * 10 ** rng.uniform(-2, 2, size=(rows, 1))
    return 3 * query[np.newaxis], table, np.argsort(-cosines)[np.newaxis]


@exercise.question("skip_gram_pairs", points=2, title="A word and its neighbours")
def skip_gram_pairs(answers: Answers, expect: Expect) -> None:
    """`skip_gram_pairs(tokens, offsets, window)`: every word with every neighbour, none across a border of reviews."""
    rng = answers.draw("tokens")

    def compare(lengths: list[int], window: int, hint: str) -> None:
        offsets = np.cumsum([0, *lengths])
        tokens = rng.integers(1, 6, size=offsets[-1])  # so few words that pairs occur again
        want = _pairs(tokens, offsets.tolist(), window)
        got = answers.call("skip_gram_pairs", tokens, offsets, window)
        if len(want) or np.size(got):
            expect.shape(got, want.shape, hint=hint)
            expect.equal(_in_order(np.asarray(got)), want, hint=f"{hint} The pairs are shown in rising order.")

    hint = (
        "Each place is a centre in turn; its contexts stand up to `window` places before it and behind it, itself "
        "left out."
    )
    for lengths, window in (([7], 1), ([9], 3), ([4], 6), ([2], 1)):
        compare(lengths, window, hint)
    with expect.part(points=1, title="several reviews"):
        hint = "A pair stays within its review; a review of one word has none, an empty one neither."
        for lengths, window in (([3, 4, 2], 2), ([4, 1, 0, 5], 3), ([0, 2, 6, 1], 9), ([1, 0, 1], 2)):
            compare(lengths, window, hint)


def _pairs(tokens: np.ndarray, offsets: Sequence[int], window: int) -> np.ndarray:
    reviews = [tokens[start:stop].tolist() for start, stop in pairwise(offsets)]
    pairs = [
        (centre, context)
        for review in reviews
        for i, centre in enumerate(review)
        for j, context in enumerate(review)
        if 0 < abs(i - j) <= window
    ]
    return _in_order(np.array(pairs, dtype=int).reshape(-1, 2))


def _in_order(pairs: np.ndarray) -> np.ndarray:
    return pairs[np.lexsort(pairs.T[::-1])]


@exercise.question("negative_sampling_loss", points=3, title="The loss of negative sampling")
def negative_sampling_loss(answers: Answers, expect: Expect) -> None:
    """`negative_sampling_loss(centre, context, negatives)`: the mean over a batch of pairs, each with its negatives."""
    rng = answers.draw("vectors")

    def compare(vectors: tuple[np.ndarray, ...], hint: str) -> None:
        for dtype in (np.float64, np.float32):
            arrays = [each.astype(dtype) for each in vectors]
            want = _loss(*(each.astype(float) for each in arrays))
            got = answers.call("negative_sampling_loss", *arrays)
            expect.close(got, want, rtol=1e-4, atol=1e-5, hint=hint)

    def drawn(pairs: int, negatives: int, size: int) -> tuple[np.ndarray, ...]:
        shapes = ((pairs, size), (pairs, size), (pairs, negatives, size))
        return tuple(rng.normal(size=shape) for shape in shapes)

    with expect.part(points=1, title="one pair, one negative"):
        hint = "−log σ(centre · context) − log σ(−centre · negative): the negative's score is to be low."
        for size in (4, 1, 7):
            compare(drawn(1, 1, size), hint)
    with expect.part(points=1, title="scores of a thousand"):
        hint = (
            "The logarithm of a rounded 0 is infinite, and scores that are cut off are wrong. −log σ(z) is "
            "log(exp(0) + exp(−z)): NumPy has a function for the logarithm of such a sum."
        )
        for true, false in ((-1, -1), (-1, 1), (1, -1), (1, 1)):
            centre = rng.normal(size=(1, 5)) + 0.1
            large = centre * rng.uniform(800, 1000) / (centre**2).sum()
            compare((centre, true * large, false * large[np.newaxis]), or_above(expect, hint))
    hint = "Of each pair add up all its negatives, no mean over them; then take the mean over the pairs."
    for pairs, negatives, size in ((5, 3, 4), (1, 6, 2), (8, 2, 8), (3, 3, 3)):
        compare(drawn(pairs, negatives, size), or_above(expect, hint))


def _loss(centre: np.ndarray, context: np.ndarray, negatives: np.ndarray) -> float:
    """See Mikolov et al. (2013), equation 4, with the sign turned."""
    from scipy.special import log_expit

    true, false = np.einsum("pd,pd->p", centre, context), np.einsum("pd,pnd->pn", centre, negatives)
    return float(-(log_expit(true) + log_expit(-false).sum(axis=1)).mean())


@exercise.question("analogy", points=2, title="As king is to man")
def analogy(answers: Answers, expect: Expect) -> None:
    """`analogy(a, b, c, words, vectors, count)`: the `count` words that may be to c what b is to a, the best first."""
    rng = answers.draw("words and vectors")

    def compare(count: int, among_them: bool, hint: str) -> None:
        asked, vectors, want = _analogous(rng, count, among_them)
        for dtype in (np.float64, np.float32):
            got = answers.call("analogy", *asked, list(WORDS), vectors.astype(dtype), count)
            expect.equal(got, want, hint=hint)

    hint = (
        "First give each vector the length 1. Then which words have the largest cosine with b − a + c? A list of "
        "`count` words, also of one."
    )
    for count in (1, 2, 3, 1):
        compare(count, False, hint)
    with expect.part(points=1, title="none of the three"):
        hint = or_above(expect, "b and c lie near b − a + c themselves: leave out a, b and c, and nothing else.")
        for count in (1, 3, len(WORDS) - 3):
            compare(count, True, hint)


def _analogous(rng: np.random.Generator, count: int, among_them: bool) -> tuple[tuple[str, ...], np.ndarray, list[str]]:
    """Three words, vectors of all, and the words that come nearest, clearly so; whether one of the three would be
    ``among_them``. Vectors as they come, another sign, or a sum without ``a`` give other words."""
    while True:
        vectors = rng.normal(size=(len(WORDS), 3)) * 3 ** rng.uniform(-1, 1, size=(len(WORDS), 1))
        three = rng.permutation(len(WORDS))[:3]
        units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        cosines = _cosines(units, three, (-1, 1, 1))
        nearest = np.argsort(-cosines)
        rest = nearest[~np.isin(nearest, three)]
        mistaken = [_cosines(vectors, three, (-1, 1, 1)), cosines * np.linalg.norm(vectors, axis=1)]
        mistaken += [_cosines(units, three, signs) for signs in ((1, -1, 1), (0, 1, 1), (-1, 1, 0))]
        others = [np.delete(np.arange(len(WORDS)), three)[np.argsort(-np.delete(each, three))] for each in mistaken]
        if (
            np.diff(np.sort(cosines)).min() > 1e-3
            and np.isin(nearest[:count], three).any() == among_them
            and nearest[-1] not in three  # so that each of them would show in a list of all
            and not any(np.array_equal(rest[:count], each[:count]) for each in others)
        ):
            return tuple(WORDS[place] for place in three), vectors, [WORDS[place] for place in rest[:count]]


def _cosines(vectors: np.ndarray, three: np.ndarray, signs: tuple[int, int, int]) -> np.ndarray:
    target = np.array(signs) @ vectors[three]
    return np.asarray(vectors @ target / np.linalg.norm(vectors, axis=1) / np.linalg.norm(target))


@exercise.question("few_labels", points=3, title="Two hundred labels", seconds=120)
def few_labels(answers: Answers, expect: Expect) -> None:
    """`judge(rows)` tells good reviews from bad ones after 200 labels and all texts; `estimate` says how often."""
    reviews, labels = unseen_reviews(SHOWN)
    judged = answers.call("judge", reviews.padded(LENGTH))
    expect.finite(judged, hint="The probability that a review is positive, from 0 to 1; or simply 1 and 0.")
    positive = np.reshape(judged, -1)
    expect.shape(positive, (SHOWN,), hint="One number for each of the rows.")
    for most in (positive.min(), positive.max()):
        expect.between(most, 0, 1, hint="The probability that a review is positive, from 0 to 1; or simply 1 and 0.")
    accuracy = float(np.mean((positive > 0.5) == labels))
    hint = (
        "A linear model on TF-IDF of the 200 reviews reaches more if its penalty is weak. Rows mixed up? Or do nearly "
        "all reviews get one verdict?"
    )
    expect.at_least(accuracy, 0.7, hint=hint)
    expect.flag(accuracy > DOUBTFUL, f"It judges {accuracy:.1%} rightly, after 200 labels: did it see others?")
    with expect.part(points=1, title="an honest estimate"):
        hint = (
            "Reviews that it has learnt from flatter it. Learn from four fifths of the 200, judge the rest, and so on."
        )
        expect.between(answers.value("estimate"), accuracy - 0.08, accuracy + 0.08, hint=hint)
    with expect.part(points=1, title=f"{BAR:.0%} of 5,000 test reviews"):
        hint = "200 reviews hold few of the words. What do the other 24,800 say about which words go together?"
        expect.at_least(accuracy, BAR, hint=hint)
