"""Files: what cannot be read or written is a sentence that names it and says what would help."""

from __future__ import annotations

import errno
import os

import pytest

from coursekit.files import CannotRead, CannotWrite, read_file, replace_file


def test_a_file_that_is_not_there_is_none_and_a_folder_is_an_error(tmp_path):
    assert read_file(tmp_path / "nothing") is None
    with pytest.raises(CannotRead, match=r"cannot be read: Is a directory"):
        read_file(tmp_path)


@pytest.mark.parametrize(
    ("number", "remedy"), [(errno.ENOSPC, "Make room, then"), (errno.EACCES, "Mend that, then")], ids=["full", "denied"]
)
def test_the_advice_is_what_would_help(number, remedy, tmp_path, monkeypatch):
    def fail(*given):
        raise OSError(number, os.strerror(number))

    (tmp_path / "kept.txt").write_text("old")
    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(CannotWrite, match=remedy):
        replace_file(tmp_path / "kept.txt", b"new", "All is safe. {remedy}, then try again.")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]
