"""Checked settings of the migration job. This module creates no resources."""

from collections.abc import Mapping
from typing import Any

from pulumi_userprofiles.function_settings import FunctionSettings
from pulumi_userprofiles.python_function_settings import log_retention_days, reserved_concurrency
from pulumi_userprofiles.reports_bucket import ReportsBucketSettings
from pulumi_userprofiles.validation import boolean, check_required, integer, table_names

_MAX_CONCURRENCY = 4
"""Leaves 6 of the 10 concurrent executions of a new AWS account to sign-ups and the API."""


class MigrationJobSettings:
    """The arguments of `MigrationJob` that decide which resources are created, checked."""

    def __init__(self, where: str, args: Mapping[str, Any]) -> None:
        """Check the arguments.

        Raises:
            InvalidArgumentError: An argument is not valid.
        """
        check_required(where, args, "users_table_name", "users_table_arn")
        self.functions = FunctionSettings(where, args)
        self.further_tables = table_names(where, args, "table_names")
        self.segments = integer(where, args, "segments", 8, at_least=1, at_most=1000)
        self.max_concurrency = max_concurrency(where, args)
        self.tolerated_failure_percentage = tolerated_failure_percentage(where, args)
        self.allow_rollback = boolean(where, args, "allow_rollback", False)
        self.log_retention_days = log_retention_days(where, args)
        self.tracing = boolean(where, args, "tracing", True)
        self.reports_args = {
            key: args[key] for key in ("protect", "report_retention_days", "kms_key_arn") if key in args
        }
        ReportsBucketSettings(where, self.reports_args)
        self.ledger_args = {key: args[key] for key in ("protect", "kms_key_arn") if key in args}


def tolerated_failure_percentage(
    where: str, args: Mapping[str, Any], key: str = "tolerated_failure_percentage"
) -> int:
    """Read the percentage of segments that may fail in an execution that still succeeds.

    Raises:
        InvalidArgumentError: The value is not valid.
    """
    return integer(where, args, key, 0, at_least=0, at_most=100)


def max_concurrency(
    where: str,
    args: Mapping[str, Any],
    key: str = "max_concurrency",
    reserved_key: str = "reserved_concurrency",
) -> int:
    """Read how many segments are processed at the same time, and check the worker's reserved concurrency.

    Raises:
        InvalidArgumentError: A value is not valid, or the worker reserves fewer executions than it uses.
    """
    maximum = integer(where, args, key, _MAX_CONCURRENCY, at_least=1, at_most=1000)
    reserved_concurrency(where, args, reserved_key, at_least=maximum)
    return maximum
