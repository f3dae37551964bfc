"""Text that somebody else may have chosen, made harmless for a terminal."""

from __future__ import annotations

import unicodedata


def clean(text: str) -> str:
    """``text`` without characters that steer a terminal or turn the reading direction, and valid as UTF-8.

    >>> clean("a\\x1b[2Jb\\u202ec\\ud800")
    'a�[2Jb�c�'
    """
    return "".join("�" if unicodedata.category(each) in ("Cc", "Cf", "Cs") else each for each in text)


def visible(text: str) -> str:
    """The same, but line breaks stay, and a tab becomes spaces.

    >>> visible("a\\u202eb\\nc")
    'a�b\\nc'
    """
    return "\n".join(clean(line) for line in text.replace("\t", "    ").split("\n"))
