"""Checked settings of the profile API. This module creates no resources."""

from collections.abc import Mapping
from typing import Any

from userprofiles.api.routes import ROUTES
from userprofiles.settings import DEFAULT_GRACE_DAYS, MAX_GRACE_DAYS

from pulumi_userprofiles.function_rights import TABLE_ARGUMENTS
from pulumi_userprofiles.function_settings import FunctionSettings
from pulumi_userprofiles.paired_arguments import has_both
from pulumi_userprofiles.profile_api_origins import allowed_origins
from pulumi_userprofiles.python_function_settings import log_retention_days, reserved_concurrency
from pulumi_userprofiles.validation import boolean, check_required, integer

ADMIN_GROUP = "admin"
"""Group of the pool whose members can be administrators."""

_QUEUE_ARGUMENTS = ("erasure_queue_url", "erasure_queue_arn")
_MEDIA_ARGUMENTS = ("media_bucket_name", "media_bucket_arn")


class ProfileApiSettings:
    """The arguments of `ProfileApi` that decide which resources are created, checked."""

    def __init__(self, where: str, args: Mapping[str, Any]) -> None:
        """Check the arguments.

        Raises:
            InvalidArgumentError: An argument is not valid.
        """
        check_required(where, args, *TABLE_ARGUMENTS, "user_pool_id", "user_pool_arn", "issuer", "client_ids")
        self.functions = FunctionSettings(where, args)
        reserved_concurrency(where, args)
        self.allowed_origins = allowed_origins(where, args)
        self.requests_per_second = integer(where, args, "requests_per_second", 50, at_least=1, at_most=10_000)
        self.burst = integer(where, args, "burst", 100, at_least=1, at_most=5_000)
        boolean(where, args, "protect", True)
        self.has_phone_sign_in = boolean(where, args, "has_phone_sign_in", False)
        self.has_erasure_queue = has_both(where, args, *_QUEUE_ARGUMENTS)
        self.has_media_bucket = has_both(where, args, *_MEDIA_ARGUMENTS)
        self.grace_period_days = grace_period_days(where, args)
        self.log_retention_days = log_retention_days(where, args)


def grace_period_days(where: str, args: Mapping[str, Any]) -> int:
    """Read the days between a user's request to be deleted and the erasure.

    Raises:
        InvalidArgumentError: The value is not a whole number, or is out of range.
    """
    return integer(where, args, "grace_period_days", DEFAULT_GRACE_DAYS, at_least=0, at_most=MAX_GRACE_DAYS)


def cors_configuration(origins: list[str]) -> dict[str, Any] | None:
    """Return the CORS configuration of the HTTP API, None without origins."""
    if not origins:
        return None
    return {
        "allow_origins": origins,
        "allow_methods": sorted({route.method for route in ROUTES}),
        "allow_headers": ["authorization", "content-type", "idempotency-key", "if-match", "if-none-match"],
        "expose_headers": ["etag"],
        "max_age": 600,
    }
