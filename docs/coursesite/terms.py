"""A Sphinx extension: the first use of a term on a page of the course leads to the glossary."""

from __future__ import annotations

import re
from collections.abc import Iterator

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

LINKED = ("notebooks/",)  # folders of the pages whose first uses lead to the glossary
NOT_IN = (nodes.title, nodes.reference, nodes.literal, nodes.literal_block, nodes.math, nodes.math_block, nodes.raw)


def glossary_terms(text: str) -> list[str]:
    """The terms of a glossary in Markdown: the lines of its directive that are not indented.

    >>> glossary_terms("# G\\n\\n```{glossary}\\nepoch\\n  One pass.\\n```")
    ['epoch']
    """
    inside = text.partition("```{glossary}\n")[2].partition("\n```")[0]
    return [line for line in inside.splitlines() if line and not line.startswith(" ")]


class FirstUses(SphinxTransform):
    """Makes the first use of each term a link."""

    default_priority = 700  # after parsing, before references are resolved

    def apply(self, **kwargs: object) -> None:
        """Change this document."""
        if not self.env.docname.startswith(LINKED):
            return
        glossary = (self.app.srcdir / "glossary.md").read_text("utf-8")
        left = {term.lower() for term in glossary_terms(glossary)}
        pattern = _pattern(left)
        for text in list(_prose(self.document)):
            if text.parent is not None:
                self._link(text, pattern, left)

    def _link(self, text: nodes.Text, pattern: re.Pattern[str], left: set[str]) -> None:
        whole, end, pieces = str(text), 0, []
        for found in pattern.finditer(whole):
            term = " ".join(found[1].lower().split())
            if term in left:
                pieces += [nodes.Text(whole[end : found.start()]), _reference(term, found[0])]
                left.discard(term)
                end = found.end()
        if pieces:
            text.parent.replace(text, [piece for piece in [*pieces, nodes.Text(whole[end:])] if piece.astext()])


def _pattern(terms: set[str]) -> re.Pattern[str]:
    longest_first = sorted(terms, key=len, reverse=True)
    words = "|".join(re.escape(term).replace("\\ ", r"\s+") for term in longest_first)
    return re.compile(rf"(?<![\w-])({words})s?(?![\w-])", re.IGNORECASE)


def _reference(term: str, shown: str) -> addnodes.pending_xref:
    reference = addnodes.pending_xref(
        "", refdomain="std", reftype="term", reftarget=term, refexplicit=True, refwarn=True, classes=["term"]
    )
    reference += nodes.inline("", shown, classes=["xref", "std", "std-term"])
    return reference


def _prose(document: nodes.document) -> Iterator[nodes.Text]:
    """The texts that a reader sees at once: no headings, links, code or formulas, and nothing that is folded away."""
    folded = 0
    for node in document.findall():
        if isinstance(node, nodes.raw):
            folded += node.astext().count("<details") - node.astext().count("</details")
        elif isinstance(node, nodes.Text) and not folded and not _within(node, NOT_IN):
            yield node


def _within(node: nodes.Node, kinds: tuple[type, ...]) -> bool:
    while node.parent is not None:
        node = node.parent
        if isinstance(node, kinds):
            return True
    return False


def setup(app: Sphinx) -> dict[str, bool]:
    """What Sphinx calls."""
    app.add_transform(FirstUses)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
