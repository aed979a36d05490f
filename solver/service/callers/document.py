"""The file that says who may call, and what they may do: TOML, read with every fault at its path."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from solver.domain.request import MOST_SECONDS
from solver.errors import Fault, InvalidRequest, UnreadableDocument
from solver.service.analysis.methods import OPERATION_METHODS, OPERATIONS
from solver.service.callers.roles import Role, matches
from solver.service.callers.tokens import Issuer
from solver.service.gate import Caller
from solver.v1 import analysis_service_pb2, cluster_service_pb2, placement_service_pb2

METHODS = (
    *(
        f"{service.name}/{method.name}"
        for file in (placement_service_pb2, cluster_service_pb2, analysis_service_pb2)
        for service in file.DESCRIPTOR.services_by_name.values()
        for method in service.methods
    ),
    *(f"{OPERATIONS.rpartition('.')[2]}/{method}" for method in OPERATION_METHODS),
)
"""What may be called, without the package."""

MAX_NAME = 255
"""Characters of a name."""

_TOP = ("reflection", "jwt", "roles", "callers")
_JWT = ("keys", "issuer", "audience")
_ROLE = ("methods", "clusters", "carried", "services", "pass_roles", "calls_at_once", "max_time_limit_seconds")
_CALLER = ("role", "certificates", "tokens", "subjects")
_DIGEST = re.compile(r"[0-9a-f]{64}")

Table = Mapping[str, object]


@dataclass(frozen=True)
class Callers:
    """Who may call.

    Parameters
    ----------
    certificates, tokens, subjects
        The caller of an identity in a certificate, of a token's SHA-256, and of a JSON Web Token's ``sub``.
    issuer
        Of JSON Web Tokens; None where none are believed.
    reflection
        Whether everybody may ask what there is to call.
    files
        What this was read from.
    """

    certificates: Mapping[str, Caller] = field(default_factory=dict)
    tokens: Mapping[str, Caller] = field(default_factory=dict)
    subjects: Mapping[str, Caller] = field(default_factory=dict)
    issuer: Issuer | None = None
    reflection: bool = False
    files: tuple[Path, ...] = ()


def read_callers(file: Path) -> Callers:
    """Read the file.

    Raises
    ------
    UnreadableDocument
        If it is missing or is no TOML.
    InvalidRequest
        With every fault at its path.
    """
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        problem = f"{file} cannot be read: {error.strerror or error}"
        raise UnreadableDocument.at("callers", problem, "name a TOML file of roles and callers") from None
    except ValueError as error:  # TOML and UTF-8 that are none.
        raise UnreadableDocument.at("callers", f"{file} is no TOML: {error}", "correct it there") from None
    return _Reader(file).callers(table)


class _Reader:
    """Reads one file and collects its faults."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._faults: list[Fault] = []

    def callers(self, table: Table) -> Callers:
        self._known("", table, _TOP)
        issuer, files = self._issuer(table)
        roles = {name: self._role(name, one) for name, one in self._tables(table, "roles").items()}
        found: dict[str, dict[str, Caller]] = {"certificates": {}, "tokens": {}, "subjects": {}}
        callers = self._tables(table, "callers")
        for name, one in callers.items():
            self._caller(name, one, roles, found)
        if not callers:
            self._fault("callers", "names nobody", "add a table callers.NAME with a role and a proof")
        if found["subjects"] and "jwt" not in table:
            self._fault("jwt", "is missing where callers have subjects", "name keys, issuer and audience")
        reflection = self._flag("reflection", table, "reflection")
        if self._faults:
            raise InvalidRequest(self._faults)
        return Callers(**found, issuer=issuer, reflection=reflection, files=(self._file, *files))

    def _issuer(self, table: Table) -> tuple[Issuer | None, tuple[Path, ...]]:
        if "jwt" not in table:
            return None, ()
        said = table["jwt"]
        if not isinstance(said, dict):
            self._fault("jwt", "is no table", f"must have {', '.join(_JWT)}")
            return None, ()
        self._known("jwt", said, _JWT)
        texts = [self._text(f"jwt.{key}", said.get(key)) for key in _JWT]
        if not all(texts):
            return None, ()
        keys = self._file.parent / texts[0]
        try:
            return Issuer(keys, texts[1], texts[2], f"{self._file} jwt"), (keys,)
        except InvalidRequest as invalid:
            self._faults += invalid.faults
            return None, ()

    def _role(self, name: str, table: Table) -> Role:
        path = f"roles.{name}"
        self._known(path, table, _ROLE)
        self._named(path, name)
        methods = self._texts(path, table, "methods")
        for k, pattern in enumerate(methods):
            if not any(matches(method, (pattern,)) for method in METHODS):
                remedy = "write Service/Method, such as PlacementService/Place or ClusterService/*"
                self._fault(f"{path}.methods[{k}]", f"'{pattern}' is no method", remedy)
        if "methods" not in table:
            self._fault(f"{path}.methods", "is missing", "list what may be called")
        return Role(
            name=name,
            methods=methods,
            clusters=self._texts(path, table, "clusters"),
            carried=self._flag(f"{path}.carried", table, "carried"),
            services=self._texts(path, table, "services"),
            pass_roles=self._texts(path, table, "pass_roles"),
            calls_at_once=self._calls_at_once(f"{path}.calls_at_once", table.get("calls_at_once")),
            max_time_limit=self._seconds(f"{path}.max_time_limit_seconds", table.get("max_time_limit_seconds")),
        )

    def _caller(self, name: str, table: Table, roles: Mapping[str, Role], found: dict[str, dict[str, Caller]]) -> None:
        path = f"callers.{name}"
        self._known(path, table, _CALLER)
        self._named(path, name)
        role = table.get("role")
        if not isinstance(role, str) or role not in roles:
            problem = "is missing" if role is None else f"'{role}' is not a role"
            self._fault(f"{path}.role", problem, f"name one of roles: {', '.join(list(roles)[:10]) or 'there is none'}")
            return
        caller, proofs = Caller(name, roles[role]), 0
        for kind, known in found.items():
            for k, proof in enumerate(self._texts(path, table, kind)):
                where, proofs = f"{path}.{kind}[{k}]", proofs + 1
                if kind == "tokens" and not _DIGEST.fullmatch(proof):
                    # What stands there may be a token: it must not go into a log.
                    self._fault(
                        where,
                        "is no SHA-256",
                        "write the 64 hexadecimal digits of the token's SHA-256, never the token",
                    )
                elif proof in known:
                    self._fault(where, f"is that of {known[proof].name} too", "give each caller a proof of its own")
                known.setdefault(proof, caller)
        if not proofs:
            self._fault(path, "has no proof of identity", "list certificates, tokens or subjects")

    # Values.

    def _fault(self, path: str, problem: str, remedy: str) -> None:
        self._faults.append(Fault(f"{self._file} {path}".rstrip(), problem, remedy))

    def _known(self, path: str, table: Table, keys: tuple[str, ...]) -> None:
        for key in table:
            if key not in keys:
                self._fault(f"{path}.{key}".lstrip("."), "is not known", f"must be one of {', '.join(keys)}")

    def _named(self, path: str, name: str) -> None:
        if not 0 < len(name) <= MAX_NAME or not name.isprintable():
            self._fault(path, f"has a name of {len(name)} characters", f"must have 1 to {MAX_NAME}, all printable")

    def _tables(self, table: Table, key: str) -> dict[str, Table]:
        said = table.get(key, {})
        if not isinstance(said, dict):
            self._fault(key, "is no table", f"write [{key}.NAME]")
            return {}
        for name, one in said.items():
            if not isinstance(one, dict):
                self._fault(f"{key}.{name}", "is no table", f"write [{key}.{name}]")
        return {name: one for name, one in said.items() if isinstance(one, dict)}

    def _texts(self, path: str, table: Table, key: str) -> tuple[str, ...]:
        said = table.get(key, [])
        if not isinstance(said, list) or not all(isinstance(one, str) and one for one in said):
            self._fault(f"{path}.{key}", "is no list of texts", 'write it as ["...", "..."]')
            return ()
        return tuple(said)

    def _text(self, path: str, said: object) -> str:
        if isinstance(said, str) and said:
            return said
        self._fault(path, "is missing" if said is None else "is no text", 'write it as "..."')
        return ""

    def _flag(self, path: str, table: Table, key: str) -> bool:
        said = table.get(key, False)
        if not isinstance(said, bool):
            self._fault(path, f"is {said!r}", "must be true or false")
        return said is True

    def _calls_at_once(self, path: str, said: object) -> int | None:
        if said is None:
            return None
        if isinstance(said, bool) or not isinstance(said, int) or said < 1:
            self._fault(path, f"is {said!r}", "must be 1 or more; leave it out for no bound")
            return None
        return said

    def _seconds(self, path: str, said: object) -> float | None:
        if said is None:
            return None
        if isinstance(said, bool) or not isinstance(said, int | float) or not 0 < said <= MOST_SECONDS:
            self._fault(
                path, f"is {said!r}", f"must be above 0 and at most {MOST_SECONDS:,}; leave it out for no bound"
            )
            return None
        return float(said)
