"""Fetching files that are not embedded: from a mirror first, then from the official address."""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from pathlib import Path

from coursekit.data import official, packing, registry
from coursekit.data.cache import adopt, cached, check, workspace, write
from coursekit.data.errors import DataError, DownloadFailed
from coursekit.data.records import Archive, File
from coursekit.errors import WHAT_HELPS

RETRIES = 2  # pooch waits one second before the first, two before the second
TIMEOUT = 30  # seconds without a byte
SLOWEST = 20_000  # bytes a second, on average
POLL = 0.2
BLOCK = 2**16
HTML_STARTS = (b"<!doctype html", b"<html")
REMEDY = (
    "Check the connection, or set COURSEKIT_MIRROR to a folder or an address that has the file, laid out like the "
    "cache folder of somebody who has it. What `coursekit data list` calls embedded needs no network. "
    f"{WHAT_HELPS}"
)


class NotTheFile(DataError):
    """Something else came in the file's place; asking again would bring the same."""


def fetch(file: File) -> Path:
    """Fetch a file into the cache and return its path there.

    Raises:
        DownloadFailed: it is at none of its sources; the message says what each of them answered.
        OSError: the cache folder cannot be written.
    """
    problems = []
    offline = os.environ.get("COURSEKIT_OFFLINE", "0") not in ("", "0")
    for address, archive in sources(file):
        if offline and "://" in address:
            problems.append(f"{address}: not asked, because COURSEKIT_OFFLINE is set")
            continue
        try:
            return _fetch_from(address, archive, file)
        except DataError as error:
            problems.append(f"{address}: {error}")
    tried = "\n".join(f"  - {problem}" for problem in problems) or "  - nowhere: COURSEKIT_MIRROR is not set"
    raise DownloadFailed(f"{file.name} ({file.size / 1e6:.1f} MB) could not be fetched.\n{tried}\n{REMEDY}")


def sources(file: File) -> Iterator[tuple[str, Archive | None]]:
    """Where to look for a file, in order: URLs, or paths in a mirror that is a folder.

    With each comes the archive that lies there, from which the file is made; None where the file itself does.
    """
    archive = file.archive
    if mirror := os.environ.get("COURSEKIT_MIRROR"):
        mirror = (mirror if "://" in mirror else str(Path(mirror).expanduser())).rstrip("/")
        yield f"{mirror}/{file.name}", None
        if archive is not None and archive.name != file.name:
            yield f"{mirror}/{archive.name}", archive
    if archive is not None:
        yield archive.url, archive if archive.reader else None


def _fetch_from(address: str, archive: Archive | None, file: File) -> Path:
    with workspace() as folder:
        if archive is None:
            return adopt(_download(address, file, folder), cached(file))
        place = _download(address, archive, folder)
        arrays = getattr(official, archive.reader)(place)
        made = [each for each in registry.files() if each.archive == archive]
        for each, array in zip(made, arrays, strict=True):
            content = packing.npy_bytes(array)
            check(content, each.hash, each.name, "The archive was intact, so please report this.")
            write(each, content)
    return cached(file)


def _download(address: str, wanted: File | Archive, folder: Path) -> Path:
    import requests

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "IProgress not found")  # in a notebook; the bar here is tqdm's plain one
        import pooch

    pooch.get_logger().setLevel("WARNING")  # the progress bar says what is going on
    name = Path(wanted.name).name
    manager = pooch.create(
        folder, base_url="", registry={name: wanted.hash}, urls={name: address}, retry_if_failed=RETRIES
    )
    fetch = functools.partial(manager.fetch, name, downloader=functools.partial(_bring, wanted.size))
    try:
        return Path(_in_time(fetch, folder))
    except requests.RequestException as error:
        raise NotTheFile(f"no answer ({type(error).__name__})") from error
    except ValueError as error:  # pooch's word for a hash that does not match; the message has both
        raise NotTheFile(str(error)) from error


def _in_time(fetch: Callable[[], str], folder: Path) -> str:
    """What ``fetch`` gives; a server that sends too slowly is left to itself.

    Args:
        fetch: brings a file into the folder.
        folder: where what has come so far lies.
    """
    fetched: Future[str] = Future()

    def work() -> None:
        try:
            fetched.set_result(fetch())
        except BaseException as error:
            fetched.set_exception(error)

    began, received = time.monotonic(), 0
    threading.Thread(target=work, daemon=True).start()
    while not wait([fetched], POLL).done:
        with contextlib.suppress(FileNotFoundError):  # between two attempts
            received = max(received, sum(file.stat().st_size for file in folder.iterdir()))
        if time.monotonic() - began > TIMEOUT + received / SLOWEST:
            raise NotTheFile(f"it sends less than {SLOWEST / 1000:.0f} kB a second")
    return fetched.result()


def _bring(size: int, address: str, output_file: str, manager: object) -> None:
    """A downloader as pooch wants it, but for ``size``: for folders and for the web."""
    if "://" not in address:
        if not Path(address).is_file():
            raise NotTheFile("no such file")
        shutil.copyfile(address, output_file)
    elif address.startswith(("http://", "https://")):
        _bring_from_web(size, address, output_file)
    else:
        raise NotTheFile("only http:// and https:// addresses, and folders, can be mirrors")


def _bring_from_web(size: int, address: str, output_file: str) -> None:
    import requests
    from tqdm import tqdm

    # "identity": a server that compresses on the fly would hand over other bytes than those of the file
    asked = requests.get(address, stream=True, timeout=TIMEOUT, headers={"Accept-Encoding": "identity"})
    bar = tqdm(total=size, desc=f"Fetching {Path(address).name}", unit="B", unit_scale=True, delay=0.5, leave=False)
    with asked as answer, bar, open(output_file, "wb") as file:
        if answer.status_code >= 500:
            answer.raise_for_status()  # may pass: pooch tries again
        if not answer.ok:
            raise NotTheFile(f"HTTP {answer.status_code} {answer.reason}")
        for block in answer.iter_content(BLOCK):
            if not file.tell() and block[:64].lstrip().lower().startswith(HTML_STARTS):
                raise NotTheFile("it answered with an HTML page instead of the file; a log-in or error page, perhaps")
            if file.tell() + len(block) > size:
                raise NotTheFile(f"it answered with more than the {size} bytes of the file")
            bar.update(file.write(block))
