"""What is drawn for a submission follows from its content and from the secret of its batch, which nobody can guess.

The secret lies in the batch's folder, is made once, and never reaches a process that runs a learner's code.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from pathlib import Path

from coursekit.errors import CoursekitError
from coursekit.files import read_file, replace_file

NAME = "secret"


class UnusableSecret(CoursekitError):
    """The file of a batch's secret is damaged; the message names it."""


def read_secret(out: Path) -> bytes | None:
    """The secret of the batch in a folder, ``None`` if it has none.

    Raises:
        UnusableSecret: the file holds something else.
        coursekit.files.CannotRead: it cannot be read.
    """
    content = read_file(out / NAME)
    if content is None:
        return None
    if not re.fullmatch(rb"[0-9a-f]{64}\n?", content):
        raise UnusableSecret(
            f"{out / NAME} is damaged: it should hold 64 hexadecimal digits. Restore it; or delete it, and what has to "
            "run from now on gets new draws."
        )
    return bytes.fromhex(content.decode("ascii"))


def secret_of(out: Path) -> bytes:
    """The secret of the batch in a folder, made if it has none. One process at a time may call this.

    Raises:
        UnusableSecret, coursekit.files.CannotRead: as :func:`read_secret`.
        coursekit.files.CannotWrite: it cannot be kept.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> secret_of(folder) == secret_of(folder)
    True
    """
    return read_secret(out) or _made(out)


def draws_seed(secret: bytes, digest: str, exercise: str) -> str:
    """The seed of what is drawn for a submission with this digest, beside the notebook's own draws."""
    return hmac.new(secret, f"{digest} {exercise}".encode(), hashlib.sha256).hexdigest()


def random_state(digest: str) -> int:
    """The 32 bits from which a worker's own random numbers follow, so that a mark repeats. No secret is in them.

    >>> random_state("an empty notebook") == random_state("an empty notebook")
    True
    """
    return int.from_bytes(hashlib.sha256(f"random state {digest}".encode()).digest()[:4], "big")


def _made(out: Path) -> bytes:
    secret = secrets.token_bytes(32)
    content = f"{secret.hex()}\n".encode("ascii")
    replace_file(out / NAME, content, "{remedy}, then give the same command again.", owner_only=True)
    return secret
