"""Text that a learner may have chosen, made harmless for terminals, file names and spreadsheets."""

from __future__ import annotations

import hashlib
import re
import unicodedata

from coursekit.printable import clean as clean

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
PARTED = re.compile(rf';(?=[\s"]*[{re.escape("".join(FORMULA_STARTS))}])')  # a cell where semicolons part them
LONGEST_NAME = 60


def file_name(text: str) -> str:
    """A file name for ``text``: letters that every system takes, and a digest that keeps two texts apart.

    >>> file_name("../Zoë O'Neil"), file_name("..") == file_name("...")
    ('Zoe_O_Neil-99db2d4f', False)
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    short = re.sub(r"[^A-Za-z0-9]+", "_", plain).strip("_")[:LONGEST_NAME]
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{short}-{digest}" if short else digest


def cell(value: object) -> object:
    """``value`` for a cell of a CSV file; text that a spreadsheet would take for a formula gets an apostrophe before,
    also where one that parts cells at semicolons would see a formula begin. Control characters are left out.

    Numbers are as people write them: 2 rather than 2.0.

    >>> cell("=1+1"), cell("a;=1+1"), cell(-3.5), cell(2.0), cell("Ada")
    ("'=1+1", "a;'=1+1", '-3.5', '2', 'Ada')
    """
    if isinstance(value, float):
        return f"{value:.10g}"
    if not isinstance(value, str):
        return "" if value is None else value
    begins = value.lstrip(" ").startswith(FORMULA_STARTS)
    text = PARTED.sub(";'", clean(re.sub(r"[\t\r\n]+", " ", value)))
    return f"'{text}" if begins else text
