"""What of ``google.longrunning.Operations`` is answered here, by name."""

from __future__ import annotations

OPERATIONS = "google.longrunning.Operations"

OPERATION_METHODS = ("GetOperation", "ListOperations", "WaitOperation", "CancelOperation")
"""``DeleteOperation`` is not: operations are forgotten by themselves."""
