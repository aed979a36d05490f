"""Live Kubernetes clusters, through their API (the extra ``kubernetes``)."""

from solver.kubernetes.live import Client, Refused, connect, import_kubernetes

__all__ = ["Client", "Refused", "connect", "import_kubernetes"]
