"""Where the files of the repository stand on the site, and the links between them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath

LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\(([^()\s]+)\)")
CODE = re.compile(r"^( *`{3,})(?![`{]).*?^\1 *$", re.MULTILINE | re.DOTALL)  # of a directive, the text is no code


def relocate(text: str, here: str, there: str, places: Mapping[str, str], repository: str) -> str:
    """A Markdown text whose links lead on after it moved to the site.

    A link to a file that has a place on the site leads there; one to another file of the repository leads to the
    repository or, where that has no address, is left out, its words kept.

    Args:
        text: Markdown.
        here: path of its file in the repository.
        there: its path on the site.
        places: the site's path of each file that has one.
        repository: its address, without a slash at the end; or empty.

    >>> places = {"SECURITY.md": "security.md"}
    >>> relocate("[a](../SECURITY.md#b), [c](../LICENSE)", "docs/x.md", "x.md", places, "")
    '[a](security.md#b), c'
    """

    def moved(found: re.Match[str]) -> str:
        picture, words, link = found.groups()
        path, hash_sign, anchor = link.partition("#")
        if not path or re.match(r"[a-z]+:", path):
            return found[0]
        named = posixpath.normpath(PurePosixPath(here).parent / path)
        if named in places:
            to = posixpath.relpath(places[named], PurePosixPath(there).parent)
            return f"{picture}[{words}]({to}{hash_sign}{anchor})"
        return f"[{words}]({repository}/blob/main/{named}{hash_sign}{anchor})" if repository else words

    return outside_code(text, lambda prose: LINK.sub(moved, prose))


def outside_code(text: str, change: Callable[[str], str]) -> str:
    """The text with its prose changed, that of directives included, and its blocks of code left as they are.

    >>> print(outside_code("a\\n```\\na\\n```\\na", str.upper))
    A
    ```
    a
    ```
    A
    """
    changed, end = [], 0
    for block in CODE.finditer(text):
        changed += [change(text[end : block.start()]), block[0]]
        end = block.end()
    return "".join([*changed, change(text[end:])])
