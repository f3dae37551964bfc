"""HTML made from templates: whatever is put into one is escaped, and a name that is missing is an error."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup


def environment(package: str, finalize: Callable[[Any], Any] | None = None) -> Environment:
    """The templates in the folder ``templates`` of a package, with the filters ``code`` and ``number``.

    Args:
        package: its name.
        finalize: is given every value before it is put into a page, and returns what is put there instead.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader(package),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"code": code, "number": "{:g}".format}
    return made


def code(text: str) -> Markup:
    """Escaped text in which `backticks` mark code; where one has no partner, all of them stand as they are.

    >>> code("`a < b` holds"), code("a ` alone")
    (Markup('<code>a &lt; b</code> holds'), Markup('a ` alone'))
    """
    from markupsafe import Markup, escape

    pieces = [escape(piece) for piece in text.split("`")]
    if len(pieces) % 2 == 0:
        return Markup("`").join(pieces)
    return Markup("").join(Markup("<code>{}</code>").format(each) if n % 2 else each for n, each in enumerate(pieces))
