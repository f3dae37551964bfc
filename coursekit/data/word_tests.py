"""Published tests of word vectors: pairs of words that people rated, and analogies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from coursekit.data import registry, store


@dataclass(frozen=True, eq=False)
class WordPairs:
    """Pairs of words with the mean of what people said how near they are, from 0 to 10.

    Attributes:
        first: ``(pairs,)`` text, in lower case.
        second: ``(pairs,)`` text, in lower case.
        scores: ``(pairs,)`` float64.
    """

    first: np.ndarray
    second: np.ndarray
    scores: np.ndarray

    def __len__(self) -> int:
        return len(self.scores)


@dataclass(frozen=True, eq=False)
class Analogies:
    """Questions: what is to the third word as the second is to the first?

    Attributes:
        questions: ``(questions, 4)`` text, in lower case; the fourth word is the answer.
        sections: ``(questions,)`` text: of which kind each question is.
    """

    questions: np.ndarray
    sections: np.ndarray

    def __len__(self) -> int:
        return len(self.questions)


def load_word_pairs(name: Literal["wordsim353", "simlex999"]) -> WordPairs:
    """The 353 pairs of WordSim-353, or the 999 of SimLex-999.

    People rated for WordSim-353 (Finkelstein and others, 2002) how *related* two words are, for SimLex-999 (Hill,
    Reichart, Korhonen, 2015) how *similar* the things are that they stand for.

    Raises:
        UnknownData: another name.
        DamagedFile: the embedded file is damaged and no intact copy can be had.

    >>> pairs = load_word_pairs("simlex999")
    >>> len(pairs), pairs.first[0], pairs.second[0], pairs.scores[0]
    (999, np.str_('old'), np.str_('new'), np.float64(1.58))
    """
    (file,) = registry.find(name).files
    return read_pairs(store.content(file).decode())


def load_analogies() -> Analogies:
    """The 19,544 questions that Mikolov, Chen, Corrado and Dean published in 2013, in 14 sections.

    Raises:
        DamagedFile: the embedded file is damaged and no intact copy can be had.

    >>> analogies = load_analogies()
    >>> len(analogies), analogies.questions[0].tolist(), analogies.sections[0]
    (19544, ['athens', 'greece', 'baghdad', 'iraq'], np.str_('capital-common-countries'))
    """
    (file,) = registry.find("analogies").files
    return read_analogies(store.content(file).decode())


def read_pairs(text: str) -> WordPairs:
    """Lines of two words and a score, with tabs between them; a line that begins with # is passed over.

    Raises:
        ValueError: a line is none of these.

    >>> read_pairs("# pairs\\ntiger\\tcat\\t7.35\\n").scores
    array([7.35])
    """
    rows = [line.lower().split("\t") for line in text.splitlines() if not line.startswith("#")]
    for row in rows:
        if len(row) != 3:
            raise ValueError(f"A line holds two words and a score, with tabs between them; this one holds {row}.")
    first, second, scores = zip(*rows)
    return WordPairs(np.array(first), np.array(second), np.array(scores, float))


def read_analogies(text: str) -> Analogies:
    """Lines of four words, below the names of their sections, which begin with a colon.

    Raises:
        ValueError: a line is neither, or stands above the first section.

    >>> read_analogies(": family\\nBoy girl king queen").questions
    array([['boy', 'girl', 'king', 'queen']], dtype='<U5')
    """
    questions, sections, section = [], [], ""
    for line in text.splitlines():
        if line.startswith(":"):
            section = line[1:].strip()
            continue
        words = line.lower().split()
        if len(words) != 4 or not section:
            raise ValueError(f"A line holds four words, below the name of its section; this one holds {words}.")
        questions.append(words)
        sections.append(section)
    return Analogies(np.array(questions), np.array(sections))
