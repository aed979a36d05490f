"""What happens to a call between its coming and its end, for logs, metrics and traces."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(eq=False)
class Course:
    """The moments (``time.monotonic``) of one call, noted as it goes on; None for what did not happen."""

    queued: float | None = None
    """It asked for a worker."""
    began: float | None = None
    """It got one."""
    read: float | None = None
    """The worker had read the request."""
    done: float | None = None
    """The worker had written the answer, or an error."""
    request_id: str = ""
    """What it is called: by its request, by its metadata, or by the server."""
    number: int = 0
    """The pool's number of the call, which the worker's log names; 0 where none was asked."""
    worker: int = 0
    """The process that solved; 0 for none."""
    repeated: bool = False
    """Whether the answer is that of an earlier call with the same ``request_id``."""

    def waited(self) -> float | None:
        """Seconds until it got a worker; None where it got none."""
        return None if self.queued is None or self.began is None else self.began - self.queued
