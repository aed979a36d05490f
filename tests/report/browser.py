"""A headless Chromium, and pages that it is shown."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from html import unescape
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), ""
)
TELEPHONE = 390


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of the files of a folder, so that the one may look into the other."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def chromium(profile: Path, *arguments: str) -> str:
    """What a headless Chromium prints. It has no sandbox: tests may run as root, and the page is ours."""
    fixed = ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--virtual-time-budget=5000")
    command = [CHROMIUM, *fixed, f"--user-data-dir={profile}", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=180).stdout


def seen(profile: Path, address: str, scheme: str) -> dict[str, object]:
    """What a page that drives another has found: the JSON in its ``#out``; ``scheme`` is light or dark."""
    # Blink's PreferredColorScheme: 0 is dark, 1 is light.
    preferred = f"--blink-settings=preferredColorScheme={0 if scheme == 'dark' else 1}"
    text = chromium(profile, preferred, "--dump-dom", address)
    said = re.search(r'<pre id="out">(.*?)</pre>', text, flags=re.DOTALL)
    assert said and said[1], text[-2000:]
    found: dict[str, object] = json.loads(unescape(said[1]))
    return {**found, "asked": scheme}
