"""Files that a report is written to: whole, or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from solver.errors import InvalidRequest

PICTURES = (".svg", ".png")


def check_picture(option: str, path: Path) -> None:
    """Refuse a name that says neither SVG nor PNG.

    Raises
    ------
    InvalidRequest
        If it ends in something else than ``.svg`` or ``.png``.
    """
    if path.suffix.lower() not in PICTURES:
        raise InvalidRequest.at(option, f"'{path}' is neither SVG nor PNG", "must end in .svg or .png")


def check_folder(option: str, path: Path) -> None:
    """Refuse a file that could not be written for want of its folder.

    Raises
    ------
    InvalidRequest
        If the folder does not exist, or a folder has the file's name.
    """
    if not path.parent.is_dir():
        raise InvalidRequest.at(option, f"the folder '{path.parent}' does not exist", "make it first")
    if path.is_dir():
        raise InvalidRequest.at(option, f"'{path}' is a folder", "name a file")


def write_whole(path: Path, content: bytes) -> None:
    """Write a file: under another name in the same folder first, which then takes the name.

    Raises
    ------
    OSError
        If the folder is missing or the file cannot be written; what was there before is then still there.
    """
    # A link keeps pointing where it points; a device or a pipe is written to, never replaced by a file.
    if path.is_relative_to("/dev") or (path.exists() and not path.is_file()):
        path.write_bytes(content)
        return
    path = path.resolve()
    if not path.parent.is_dir():
        raise FileNotFoundError(2, "the folder does not exist", str(path.parent))
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        # A temporary file is private; the one it becomes has the rights of any new file.
        mask = os.umask(0)
        os.umask(mask)
        Path(name).chmod(0o666 & ~mask)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
