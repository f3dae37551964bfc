"""Pairs of submissions that are nearly the same, as places to look. It says nothing about why they are.

Code is cut into tokens; names, numbers and texts are each replaced by one sign, so renaming changes nothing; lines that
the exercise gives are left out, comments too. Runs of tokens are weighted by TF-IDF, so that what everybody writes
counts little, and compared by their cosine: Schleimer, Wilkerson and Aiken, *Winnowing* (2003), say why runs of tokens;
Manning, Raghavan and Schütze, *Introduction to Information Retrieval* (2008), chapter 6, why TF-IDF.
"""

from __future__ import annotations

import io
import keyword
import re
import tokenize
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

THRESHOLD = 0.9
RUN = (4, 8)
FEWEST_TOKENS = 60
MOST_PAIRS = 200
SIGNS = {tokenize.NUMBER: "0", tokenize.STRING: "''"}
SKIPPED = frozenset({"NL", "NEWLINE", "INDENT", "DEDENT", "ENDMARKER", "COMMENT"})
ROUGH = re.compile(r"[^\W\d]\w*|\d[\w.]*|\S")


@dataclass(frozen=True)
class SimilarPair:
    """Two of the texts compared.

    Attributes:
        first, second: their positions.
        similarity: from 0 to 1, of the code with names and values left open.
        same_text: whether the code is the same to the letter, names and comments included.
    """

    first: int
    second: int
    similarity: float
    same_text: bool


def similar_pairs(works: Sequence[Sequence[str]], given: Iterable[str] = ()) -> list[SimilarPair]:
    """Pairs of works that are nearly the same, the most similar first.

    Args:
        works: for each submission, the sources of its code cells.
        given: lines that the exercise gives, without the spaces around them.
    """
    lines = frozenset(given)
    own = [[_own_lines(source, lines) for source in cells] for cells in works]
    texts = [" ".join(token for source in cells for token in tokens(source)) for cells in own]
    long_enough = [index for index, text in enumerate(texts) if text.count(" ") + 1 >= FEWEST_TOKENS]
    if len(long_enough) < 2:
        return []
    pairs = []
    for first, second, similarity in _near([texts[index] for index in long_enough]):
        one, other = long_enough[first], long_enough[second]
        pairs.append(SimilarPair(one, other, round(similarity, 4), "".join(own[one]) == "".join(own[other])))
    return sorted(pairs, key=lambda pair: (-pair.similarity, not pair.same_text, pair.first, pair.second))[:MOST_PAIRS]


def tokens(source: str) -> list[str]:
    """The tokens of Python code: keywords and signs as they are, one sign for each name, number and text.

    >>> tokens("total = scale * 2  # twice") == tokens("x = y * 30")
    True
    """
    try:
        found = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (tokenize.TokenError, SyntaxError, ValueError):  # a magic, or code that is not finished
        return [_sign(token) for token in ROUGH.findall(source)]
    return [SIGNS.get(each.type) or _sign(each.string) for each in found if tokenize.tok_name[each.type] not in SKIPPED]


def _sign(token: str) -> str:
    if keyword.iskeyword(token):
        return token
    if token[:1].isdigit():
        return "0"
    return "x" if token.isidentifier() else token


def _own_lines(source: str, given: frozenset[str]) -> str:
    return "\n".join(line for line in source.splitlines() if line.strip() not in given) + "\n"


def _near(texts: Sequence[str]) -> Iterable[tuple[int, int, float]]:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.neighbors import NearestNeighbors

    vectors = TfidfVectorizer(
        analyzer="word", token_pattern=r"\S+", lowercase=False, ngram_range=RUN, sublinear_tf=True
    ).fit_transform(texts)
    search = NearestNeighbors(metric="cosine", radius=1 - THRESHOLD + 1e-9).fit(vectors)
    near = search.radius_neighbors_graph(vectors, mode="distance").tocoo()
    for first, second, distance in zip(near.row.tolist(), near.col.tolist(), near.data.tolist()):
        if first < second:
            yield first, second, 1 - distance
