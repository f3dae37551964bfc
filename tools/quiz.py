"""Turns a question to check oneself by into the Markdown cell of a lesson: each choice opens to its reason.

    python tools/quiz.py < quiz.txt

The text holds the question, then its choices, each with its reason indented below it; a plus marks the right one:

    Which of these numbers is the L2 penalty of the weights 3 and −4?
    - 5
      That is the norm; the penalty is its square.
    + 25
      The sum of the squares, times λ.

What is printed goes into a Markdown cell as it is. It needs no script, so it opens in JupyterLab, in VS Code and on a
web page. In a choice, only `code` is marked up; question and reasons are Markdown.
"""

from __future__ import annotations

import html
import re
import sys
from dataclasses import dataclass

HEAD = "**Check yourself.** "
WORDS = {True: "**Right.**", False: "**No.**"}
CHOICE = """<details><summary>{text}</summary>

{word} {reason}

</details>"""
READ = re.compile(CHOICE.format(text="(?P<text>.+)", word=r"(?P<word>\*\*\w+\.\*\*)", reason="(?P<reason>.+)"))


@dataclass(frozen=True)
class Choice:
    """One answer to choose: its text, whether it is right, and why it is or is not."""

    text: str
    right: bool
    reason: str


@dataclass(frozen=True)
class Quiz:
    """A question with its choices.

    Raises:
        ValueError: fewer than two choices, not exactly one right, one without a reason, or two alike.
    """

    question: str
    choices: tuple[Choice, ...]

    def __post_init__(self) -> None:
        for text in (self.question, *(part for choice in self.choices for part in (choice.text, choice.reason))):
            if not text or " ".join(text.split()) != text:
                raise ValueError(f"a question, a choice and its reason are one paragraph each, not {text!r}")
        if len({choice.text for choice in self.choices}) < max(2, len(self.choices)):
            raise ValueError("a question has at least two choices, no two alike")
        if (right := sum(choice.right for choice in self.choices)) != 1:
            raise ValueError(f"{right} choices are right; it has to be one")


def from_text(text: str) -> Quiz:
    """Read a question as its author writes it.

    >>> from_text("Is 1 prime?\\n- yes\\n  It has one divisor.\\n+ no\\n  A prime has two.").choices[1].reason
    'A prime has two.'
    """
    head, *blocks = re.split(r"^(?=[-+] )", text.strip(), flags=re.MULTILINE)
    choices = []
    for block in blocks:
        first, *reason = block.splitlines()
        if any(line and not line.startswith("  ") for line in reason):
            raise ValueError(f"below {first!r} stands a line that is neither indented as a reason nor a choice")
        choices.append(Choice(_joined([first[2:]]), first.startswith("+"), _joined(reason)))
    return Quiz(_joined([head]), tuple(choices))


def to_markdown(quiz: Quiz) -> str:
    """The source of the Markdown cell."""
    choices = (
        CHOICE.format(text=_marked_up(choice.text), word=WORDS[choice.right], reason=choice.reason)
        for choice in quiz.choices
    )
    return "\n\n".join([HEAD + quiz.question, "\n".join(choices)])


def from_markdown(source: str) -> Quiz:
    """Read a question from its cell.

    Raises:
        ValueError: the cell holds something else or something more than one question.

    >>> quiz = from_text("Is 1 prime?\\n- yes\\n  It has one divisor.\\n+ no\\n  A prime has two.")
    >>> from_markdown(to_markdown(quiz)) == quiz
    True
    """
    rights = {word: right for right, word in WORDS.items()}
    head, _, body = source.partition("\n\n")
    choices = tuple(
        Choice(_plain(found["text"]), rights.get(found["word"], False), found["reason"])
        for found in READ.finditer(body)
    )
    quiz = Quiz(head.removeprefix(HEAD), choices)
    if to_markdown(quiz) != source:
        raise ValueError("the cell is not what tools/quiz.py makes of its question")
    return quiz


def _joined(lines: list[str]) -> str:
    return " ".join(" ".join(lines).split())


def _marked_up(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text, quote=False))


def _plain(text: str) -> str:
    return html.unescape(re.sub(r"<code>([^`]+?)</code>", r"`\1`", text))


if __name__ == "__main__":
    try:
        print(to_markdown(from_text(sys.stdin.read())))
    except ValueError as error:
        sys.exit(f"quiz.py: {error}")
