"""Kubernetes: what ``kubectl get ... -o json`` prints, to a problem."""

from solver.formats.kubernetes.cluster import KubernetesCluster
from solver.formats.kubernetes.documents import looks_like_kubernetes
from solver.formats.kubernetes.reading import read, read_objects

__all__ = ["KubernetesCluster", "looks_like_kubernetes", "read", "read_objects"]
