"""Files that a report is written to."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from solver.errors import InvalidRequest
from solver.report.files import check_folder, write_whole


def test_a_new_file_has_the_rights_of_any_new_file(tmp_path: Path) -> None:
    """What is written is as readable as a file that was opened plainly."""
    (tmp_path / "plain").write_bytes(b"")
    write_whole(tmp_path / "whole", b"x")
    rights = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("plain", "whole")]
    assert rights[0] == rights[1]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """Writing through a link changes the file that it points to, not the link."""
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"before")
    link.symlink_to(target)
    write_whole(link, b"after")
    assert (link.is_symlink(), target.read_bytes()) == (True, b"after")


def test_a_pipe_is_written_to_and_stays(tmp_path: Path) -> None:
    """A pipe or a device is written to; no file takes its place."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    found: list[bytes] = []
    reader = threading.Thread(target=lambda: found.append(pipe.read_bytes()))
    reader.start()
    write_whole(pipe, b"through")
    reader.join(10)
    assert (found, pipe.is_fifo(), [path.name for path in tmp_path.iterdir()]) == ([b"through"], True, ["pipe"])


def test_standard_output_by_its_name() -> None:
    """``/dev/stdout`` is written to, and stays the link that it is."""
    code = "from pathlib import Path; from solver.report.files import write_whole; write_whole(Path('/dev/null'), b'x')"
    code += "; write_whole(Path('/dev/stdout'), b'through')"
    before = os.lstat("/dev/stdout").st_mode, os.lstat("/dev/null").st_mode
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert answer.stdout == b"through"
    assert (os.lstat("/dev/stdout").st_mode, os.lstat("/dev/null").st_mode) == before


def test_a_file_in_no_folder_is_refused_beforehand(tmp_path: Path) -> None:
    """A folder that is missing, or stands where the file should be, is a fault before any search."""
    check_folder("--figure", tmp_path / "a.png")
    with pytest.raises(InvalidRequest, match="does not exist; make it first"):
        check_folder("--figure", tmp_path / "no" / "a.png")
    with pytest.raises(InvalidRequest, match="is a folder; name a file"):
        check_folder("--figure", tmp_path)
