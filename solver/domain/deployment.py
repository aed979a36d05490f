"""Numbers of a rolling deployment that ECS documents (ECS API, DeploymentConfiguration and DeploymentCircuitBreaker)."""

from __future__ import annotations

from solver.errors import InvalidRequest


def circuit_breaker_threshold(desired: int, *, percent: int = 50, least: int = 3, most: int = 200) -> int:
    """Failed tasks after which the circuit breaker ends a deployment: ``ceil(desired * percent / 100)`` within bounds.

    Parameters
    ----------
    desired
        The service's desired count, zero or more.
    percent
        Of the desired count.
    least, most
        The bounds. ``least`` was 10 in 2023 and is 3 now, so it is a parameter.

    Raises
    ------
    InvalidRequest
        If a number is negative, or the bounds are the wrong way round.
    """
    for name, number in (("desired", desired), ("percent", percent), ("least", least)):
        if number < 0:
            raise InvalidRequest.at(name, f"is {number}", "must be zero or more")
    if most < least:
        raise InvalidRequest.at("most", f"is {most}, below least, {least}", "must be at least as much")
    return min(max(-(-desired * percent // 100), least), most)
