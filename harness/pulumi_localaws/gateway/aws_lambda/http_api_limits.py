"""The limits of an HTTP API: size of a request, time of an integration, requests per second.

Sources: API Gateway developer guide, "Quotas for configuring and running an HTTP API" (10 MB, 30 seconds) and
"Throttling requests to your HTTP API" (token bucket, 429). The text of 503 is as reported by users
(cortexlabs/cortex#1225); the text of 413 is not verified.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pulumi_localaws.gateway.wire.errors import json_response
from pulumi_localaws.gateway.wire.http_messages import Response

MAX_BODY_BYTES = 10 << 20
_MAX_INTEGRATION_MS = 30_000
# Quotas of an account, which apply to the limit that a stage leaves out.
_ACCOUNT_RATE, _ACCOUNT_BURST = 10_000.0, 5_000.0


def error_response(status: int, message: str) -> Response:
    """Return an error of API Gateway itself."""
    return json_response({"message": message}, status=status, content_type="application/json")


def reject_large_body() -> Response:
    """Return the error for a body above the limit."""
    return error_response(413, "Request Entity Too Large")


@dataclass
class _Bucket:
    tokens: float
    updated_at: float


class Throttle:
    """Limits the requests per second of each stage, by a token bucket.

    Routes without settings of their own share one bucket per stage. AWS does not document whether they do.

    Args:
        clock: Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: dict[tuple[str, str, str], _Bucket] = {}

    def clear(self) -> None:
        """Fill all buckets."""
        self._buckets.clear()

    def admits(self, api_id: str, stage: dict[str, Any], route_key: str) -> bool:
        """Take a token for a request; return whether there was one.

        Args:
            api_id: The API.
            stage: The stage, as GetStages describes it.
            route_key: The request's route.
        """
        route_settings = (stage.get("routeSettings") or {}).get(route_key) or {}
        settings = {**(stage.get("defaultRouteSettings") or {}), **route_settings}
        rate, burst = settings.get("throttlingRateLimit"), settings.get("throttlingBurstLimit")
        if rate is None and burst is None:
            return True
        rate = _ACCOUNT_RATE if rate is None else float(rate)
        burst = _ACCOUNT_BURST if burst is None else float(burst)
        key = (api_id, str(stage.get("stageName")), route_key if route_settings else "")
        now = self._clock()
        bucket = self._buckets.setdefault(key, _Bucket(burst, now))
        bucket.tokens = min(burst, bucket.tokens + (now - bucket.updated_at) * rate)
        bucket.updated_at = now
        if bucket.tokens < 1:
            return False
        bucket.tokens -= 1
        return True


def get_integration_timeout(integration: dict[str, Any]) -> float:
    """Return the seconds that API Gateway waits for an integration."""
    return min(int(integration.get("timeoutInMillis") or _MAX_INTEGRATION_MS), _MAX_INTEGRATION_MS) / 1000
