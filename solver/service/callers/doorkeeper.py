"""Lets callers in who prove who they are, to the methods of their role, as many calls at a time as it says."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from solver.errors import Overloaded, PermissionDenied, Unauthenticated
from solver.service.callers.document import read_callers
from solver.service.callers.roles import said
from solver.service.callers.tokens import bearer_of, found_by
from solver.service.gate import Caller, Context, Incoming


class Doorkeeper:
    """Knows the callers of a file, which is read again while the server runs.

    A token that is sent says who calls; without one, the certificate does. Of a certificate the URIs among its alternative
    names count, else the DNS names, else the common name.

    Parameters
    ----------
    file
        As ``read_callers`` reads it.

    Raises
    ------
    InvalidRequest
        If the file cannot be read, or is wrong.
    """

    name = "the callers"

    def __init__(self, file: Path) -> None:
        self._file = file
        self._callers = read_callers(file)
        self._calls: Counter[str] = Counter()

    @property
    def reflection(self) -> bool:
        """Whether everybody may ask what there is to call."""
        return self._callers.reflection

    def files(self) -> tuple[Path, ...]:
        """What the callers are read from."""
        return self._callers.files

    def reload(self) -> None:
        """Read the file again; raises as when it was read first, and then the callers stay as they were."""
        self._callers = read_callers(self._file)

    async def identify(self, method: str, context: Context) -> Caller:
        """Who calls.

        Raises
        ------
        Unauthenticated
            If nothing proves it.
        """
        callers = self._callers
        token = bearer_of(context.invocation_metadata() or ())
        if token is not None:
            found = found_by(token, callers.tokens)
            if found is not None:
                return found
            if callers.issuer is None:
                raise Unauthenticated("the token is not known here")
            subject = callers.issuer.subject_of(token)
            if subject not in callers.subjects:
                raise Unauthenticated("the token is valid, and its subject is not known here")
            return callers.subjects[subject]
        proofs = _of_certificate(context)
        if not proofs:
            raise Unauthenticated(
                "nothing proves who calls; send a bearer token, or a certificate where the server asks for one"
            )
        named = {found.name: found for proof in proofs if (found := callers.certificates.get(proof)) is not None}
        if len(named) != 1:
            raise Unauthenticated(f"the certificate names {'several callers' if named else 'nobody who is known here'}")
        return next(iter(named.values()))

    @asynccontextmanager
    async def entered(self, call: Incoming) -> AsyncIterator[None]:
        """A call of a caller, from its beginning to its end, however it ends.

        Raises
        ------
        PermissionDenied
            If the role does not allow the method.
        Overloaded
            If the caller has as many calls already as its role allows.
        """
        caller, role = call.caller, call.caller.role
        if not role.allows_method(call.method):
            allowed = said(role.methods).replace("use", "call")
            raise PermissionDenied(f"method {call.method}: the role '{role.name}' may not call it; {allowed}")
        if role.calls_at_once is not None and self._calls[caller.name] >= role.calls_at_once:
            raise Overloaded(
                f"'{caller.name}' has {role.calls_at_once} calls already, all that its role allows at once"
            )
        self._calls[caller.name] += 1
        try:
            yield
        finally:
            self._calls[caller.name] -= 1


def _of_certificate(context: Context) -> list[str]:
    """The identities of the caller's certificate; none where it has sent none."""
    proved = context.auth_context()
    if proved.get("transport_security_type") != [b"ssl"]:
        return []
    for key in ("peer_uri", "peer_dns", "x509_common_name"):
        found = [value.decode(errors="replace") for value in proved.get(key, ())]
        if any(found):
            return [value for value in found if value]
    return []
