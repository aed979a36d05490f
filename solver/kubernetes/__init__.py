"""Live Kubernetes clusters, through their API (the extra ``kubernetes``)."""

from solver.kubernetes.live import KINDS, Client, Kind, Refused, connect, import_kubernetes

__all__ = ["KINDS", "Client", "Kind", "Refused", "connect", "import_kubernetes"]
