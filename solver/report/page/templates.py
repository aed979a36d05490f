"""Templates of pages: everything in them is escaped, and a name that a template does not know is an error."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

SHARED = Path(__file__).resolve().parent
STYLE = "page.css"

_MARKS = re.compile(r"`(?P<code>[^`]+)`|\*\*(?P<strong>[^*]+)\*\*|\*(?P<em>[^*]+)\*")


def environment(folder: Path) -> Environment:
    """Templates of a folder, and those that pages share."""
    made = Environment(
        loader=FileSystemLoader([folder, SHARED]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters["inline"] = inline
    return made


def style(*files: Path) -> Markup:
    """The style of every page, then that of some files."""
    return Markup("\n".join(path.read_text(encoding="utf-8") for path in (SHARED / STYLE, *files)))


def inline(text: str) -> Markup:
    """Text with `code`, *emphasis* and **stress** as HTML; all else in it is shown as it is."""
    return Markup(
        _MARKS.sub(lambda mark: f"<{mark.lastgroup}>{mark[mark.lastgroup or 0]}</{mark.lastgroup}>", escape(text))
    )


def digest(script: str) -> str:
    """What a Content-Security-Policy calls a script that may run (CSP level 3, section 2.3.1)."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
