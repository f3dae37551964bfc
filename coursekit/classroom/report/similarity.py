"""Pairs of submissions that are nearly the same, as places to look. It says nothing about why they are.

Code is cut into tokens; names, numbers and texts are each replaced by one sign, so renaming changes nothing; lines that
the exercise gives are left out, comments too. Runs of tokens are weighted by TF-IDF, so that what everybody writes
counts little, and compared by their cosine: Schleimer, Wilkerson and Aiken, *Winnowing* (2003), say why runs of tokens;
Manning, Raghavan and Schütze, *Introduction to Information Retrieval* (2008), chapter 6, why TF-IDF.
"""

from __future__ import annotations

import keyword
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from itertools import chain, islice
from typing import Any

from coursekit.worker.bounds import COMPARED_CHARACTERS, COMPARED_TOKENS, SIMILARITY_SECONDS

THRESHOLD = 0.9
RUN = (4, 8)
FEWEST_TOKENS = 60
MOST_PAIRS = 200
BLOCK = 200  # works whose cosines with all others are held at a time
# Linear in the length of the text: a text that is not closed ends with its line, or with the whole.
TOKEN = re.compile(
    r"""(?P<comment>\#[^\n]*)
    | (?P<text>(?:\b[A-Za-z]{1,2})?(?:
        \"{3} (?:[^"\\] | \\. | "(?!""))* (?:\"{3} | \\? \Z)
      | '{3} (?:[^'\\] | \\. | '(?!''))* (?:'{3} | \\? \Z)
      | " (?:[^"\\\n] | \\.)* ["\\]?
      | ' (?:[^'\\\n] | \\.)* ['\\]?))
    | (?P<name>[^\W\d]\w*) | (?P<number>\.?\d[\w.]*) | (?P<sign>[-+*/%@&|^=<>!:~]{2,3} | \S)""",
    re.DOTALL | re.VERBOSE,
)
SIGNS = {"text": "''", "number": "0"}


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


def similar_pairs(works: Sequence[Sequence[str]], given: Iterable[str] = ()) -> tuple[list[SimilarPair], int]:
    """Pairs of works that are nearly the same, the most similar first; and how many works time did not suffice for.

    Of each work so many tokens are compared as :mod:`coursekit.worker.bounds` says.

    Args:
        works: for each submission, the sources of its code cells.
        given: lines that the exercise gives, without the spaces around them.
    """
    lines, last = frozenset(given), time.monotonic() + SIMILARITY_SECONDS
    own, rows, compared, left_out = [_own_text(cells, lines) for cells in works], [], [], 0
    for index, text in enumerate(own):
        if time.monotonic() > last:
            left_out = len(own) - index
            break
        found = list(islice(tokens(text[:COMPARED_CHARACTERS]), COMPARED_TOKENS))
        if len(found) >= FEWEST_TOKENS:
            rows.append(_runs(found))
            compared.append(index)
    texts = dict[str, int]()
    numbers = [texts.setdefault(text, len(texts)) for text in own]
    nearest = list[tuple[float, bool, int, int]]()
    for done, near in _near(rows):
        pairs = ((compared[first], compared[second], round(similarity, 4)) for first, second, similarity in near)
        ranked = ((-similarity, numbers[one] != numbers[other], one, other) for one, other, similarity in pairs)
        nearest = nsmallest(MOST_PAIRS, chain(nearest, ranked))
        if time.monotonic() > last:
            left_out += len(rows) - done
            break
    return [SimilarPair(one, other, -less, not differ) for less, differ, one, other in nearest], left_out


def tokens(source: str) -> Iterator[str]:
    """The tokens of Python code: keywords and signs as they are, one sign for each name, number and text.

    >>> list(tokens("total = scale * 2  # twice")) == list(tokens("x = y * 30"))
    True
    """
    for match in TOKEN.finditer(source):
        kind, token = match.lastgroup or "", match[0]
        if kind == "name":
            yield token if keyword.iskeyword(token) else "x"
        elif kind != "comment":
            yield SIGNS.get(kind, token)


def _own_text(cells: Iterable[str], given: frozenset[str]) -> str:
    lines = (line for source in cells for line in source.splitlines())
    return "\n".join(line for line in lines if line.strip() not in given)


def _runs(found: Iterable[str]) -> Any:
    """How often each run of tokens occurs: one row of a sparse matrix, whose columns are hashes of the runs."""
    from sklearn.feature_extraction.text import HashingVectorizer

    options = {"token_pattern": r"\S+", "lowercase": False, "alternate_sign": False, "norm": None}
    return HashingVectorizer(ngram_range=RUN, **options).transform([" ".join(found)])


def _near(rows: Sequence[Any]) -> Iterator[tuple[int, Iterator[tuple[int, int, float]]]]:
    """How many rows are compared with all that follow them, and the pairs of the latest of them, block by block."""
    from scipy import sparse
    from sklearn.feature_extraction.text import TfidfTransformer

    if len(rows) < 2:
        return
    vectors = TfidfTransformer(sublinear_tf=True).fit_transform(sparse.vstack(rows, format="csr"))
    for start in range(0, len(rows), BLOCK):
        cosines = (vectors[start : start + BLOCK] @ vectors[start:].T).tocoo()
        near = (cosines.row < cosines.col) & (cosines.data >= THRESHOLD - 1e-9)
        firsts, seconds = (start + cosines.row[near]).tolist(), (start + cosines.col[near]).tolist()
        yield min(start + BLOCK, len(rows)), zip(firsts, seconds, cosines.data[near].tolist())
