"""Clusters that a request can name, each read once: many inputs lead to the same one."""

from __future__ import annotations

from hashlib import blake2b

from solver.rules.bind import bind
from solver.service import codec
from solver.service.clusters.state import LiveCluster
from solver.service.sizes import SizeLimits

MOST = 200_000
"""Clusters that are remembered, by the digest of what a request says of them."""


class Readable:
    """Reads clusters as a worker does.

    Parameters
    ----------
    sizes
        What a request may be at most.
    """

    def __init__(self, sizes: SizeLimits = codec.DEFAULT_SIZES) -> None:
        self._sizes = sizes
        self._known: set[bytes] = set()

    def require(self, cluster: LiveCluster) -> bytes:
        """Read a cluster, rules and all, unless one of the same bytes was read before; the digest of these bytes.

        Raises
        ------
        PlacementSolverError
            If it cannot be read.
        """
        request = cluster.request_part(())
        digest = blake2b(request, digest_size=16).digest()
        if digest not in self._known:
            bind(codec.call_from_bytes(request, self._sizes).problem)
            if len(self._known) < MOST:
                self._known.add(digest)
        return digest
