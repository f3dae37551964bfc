"""Text that a learner may have chosen, made harmless for terminals, file names and spreadsheets."""

from __future__ import annotations

import hashlib
import re
import unicodedata

from coursekit.printable import clean as clean

FORMULA = r"[=+\-@＝＋－＠]"
FORMULA_START = re.compile(rf" *{FORMULA}")
LATER_START = re.compile(rf"(;[\s\"']*)(?={FORMULA})")  # of a cell, where a spreadsheet parts at semicolons
LONGEST_NAME = 120


def file_name(text: str) -> str:
    """A file name for ``text``: letters and digits of every script, and 128 bits of a digest that keep two texts apart.

    >>> file_name("../Zoë O'Neil"), file_name("..") == file_name("...")
    ('Zoë_O_Neil-99db2d4f319588dd0e7635dd23ada1fd', False)
    """
    kept = (each if unicodedata.category(each)[0] in "LMN" else "_" for each in unicodedata.normalize("NFC", text))
    short = re.sub("_+", "_", "".join(kept)).strip("_").encode()[:LONGEST_NAME].decode(errors="ignore")
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return f"{short}-{digest}" if short else digest


def cell(value: object) -> object:
    """``value`` for a cell of a CSV file, in one line; text that a spreadsheet would take for a formula, at its start
    or behind a semicolon, gets an apostrophe before.

    Numbers are as people write them: 2 rather than 2.0.

    >>> cell("=1+1"), cell("a;=1+1"), cell(-3.5), cell(2.0), cell("Ada")
    ("'=1+1", "a;'=1+1", '-3.5', '2', 'Ada')
    """
    if isinstance(value, float):
        return f"{value:.10g}"
    if not isinstance(value, str):
        return "" if value is None else value
    text = LATER_START.sub(r"\1'", clean(re.sub(r"[\t-\r]+", " ", value)))
    return f"'{text}" if FORMULA_START.match(text) else text
