"""Checked settings of Python functions. This module creates no resources."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import pulumi

from pulumi_userprofiles.build_tools import BundleError
from pulumi_userprofiles.bundle import LOCK_FILE, OWN_LOCK_FILES, build_bundle
from pulumi_userprofiles.policies import check_statements
from pulumi_userprofiles.validation import (
    InvalidArgumentError,
    boolean,
    check_exclusive,
    check_required,
    enum_member,
    integer,
    plain_value,
)

RETENTION_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545),
    *(731, 1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
"""Retention periods that CloudWatch Logs supports (API reference, PutRetentionPolicy)."""


class LambdaPlatform(StrEnum):
    """Platform that a function's zip is built for."""

    LAMBDA = "lambda"
    """AWS Lambda on arm64."""

    HOST = "host"
    """This machine's interpreter, for a local AWS."""


class LambdaRuntime(StrEnum):
    """AWS Lambda runtime of a function."""

    PYTHON_3_13 = "python3.13"
    """Python 3.13."""

    PYTHON_3_12 = "python3.12"
    """Python 3.12."""

    PYTHON_3_11 = "python3.11"
    """Python 3.11."""


class PythonFunctionSettings:
    """The arguments of `PythonFunction`, checked, and its zip."""

    def __init__(self, where: str, args: Mapping[str, Any]) -> None:
        """Check the arguments and build the zip.

        Raises:
            InvalidArgumentError: An argument is not valid.
            pulumi.RunError: The zip cannot be built.
        """
        check_required(where, args, "handler")
        check_exclusive(where, args, "existing_role_arn", ["statements"])
        check_statements(where, args.get("statements") or [])
        self.timeout_seconds = integer(where, args, "timeout_seconds", 10, at_least=1, at_most=900)
        self.memory_mb = integer(where, args, "memory_mb", 512, at_least=128, at_most=10_240)
        self.log_retention_days = log_retention_days(where, args)
        self.snap_start = boolean(where, args, "snap_start", False)
        self.tracing = boolean(where, args, "tracing", True)
        self.reserved_concurrency = reserved_concurrency(where, args)
        self.runtime = _runtime(where, args)
        self.zip = zip_path(where, args, plain_value(where, "extra_files", args.get("extra_files")))


def zip_path(where: str, args: Mapping[str, Any], extra_files: Mapping[str, str] | None) -> str:
    """Build the zip for the platform, runtime and handler in the arguments, or take it from the cache.

    Returns:
        Path of the zip.

    Raises:
        InvalidArgumentError: The platform or the runtime is unknown.
        pulumi.RunError: The zip cannot be built.
    """
    platform = enum_member(where, args, "platform", LambdaPlatform.LAMBDA)
    lock_file = OWN_LOCK_FILES.get(plain_value(where, "handler", args.get("handler")), LOCK_FILE)
    try:
        return str(build_bundle(platform.value, extra_files, _runtime(where, args).value, lock_file))
    except BundleError as error:
        raise pulumi.RunError(f"{where}: {error}") from error


def _runtime(where: str, args: Mapping[str, Any]) -> LambdaRuntime:
    return enum_member(where, args, "runtime", LambdaRuntime.PYTHON_3_13)


def reserved_concurrency(
    where: str, args: Mapping[str, Any], key: str = "reserved_concurrency", *, at_least: int = 1
) -> int | None:
    """Read a function's reserved concurrency.

    Raises:
        InvalidArgumentError: The value is not a whole number, or is out of range.
    """
    return integer(where, args, key, None, at_least=at_least, at_most=10_000)


def log_retention_days(where: str, args: Mapping[str, Any]) -> int:
    """Read how many days log events are kept.

    Raises:
        InvalidArgumentError: CloudWatch Logs does not support this retention period.
    """
    days = integer(where, args, "log_retention_days", 30, at_least=1, at_most=3653)
    if days not in RETENTION_DAYS:
        raise InvalidArgumentError(
            where,
            "'log_retention_days' must be a retention period that CloudWatch Logs supports",
            got=days,
            allowed=", ".join(map(str, RETENTION_DAYS)),
            fix="Choose the next longer period.",
            argument="log_retention_days",
        )
    return days
