"""Checks of the table that an operator names as the restored users table."""

from collections.abc import Collection
from dataclasses import replace

from userprofiles.backfill.errors import BackfillFailedError, ErrorKind, RefusedError
from userprofiles.stack_setup import table_checks
from userprofiles.stack_setup.check_result import CheckFailedError, Status
from userprofiles.stack_setup.stack import Stack


def check_restored_table(stack: Stack, option: str, table: str, other_tables: Collection[str]) -> None:
    """Check that a table can be a restored users table.

    The audit table has the same keys and partitions as the users table: an erasure in it would delete audit
    rows.

    Args:
        stack: The stack, for its region and endpoint.
        option: The command-line option that named the table.
        table: The name of the table.
        other_tables: The stack's tables that are not users tables.

    Raises:
        RefusedError: The table doesn't exist, isn't active, has other keys, or is another table of the stack.
        BackfillFailedError: The table can't be read.
    """
    if table in other_tables:
        raise RefusedError(
            f"{option} {table!r} is another table of the stack, not a users table.\n"
            "Pass the restored users table."
        )
    try:
        table_checks.check_table(stack, table)
    except CheckFailedError as error:
        if error.status is Status.NOT_CHECKED:
            raise BackfillFailedError(ErrorKind.RIGHTS, f"{option}: {error}.\n{error.fix}") from error
        raise RefusedError(
            f"{option}: {error}.\n"
            "Pass the restored users table. It must be ACTIVE, in this region, and have the keys PK and SK."
        ) from error


def check_indexes(stack: Stack, option: str, table: str) -> None:
    """Check that a table has the indexes of a users table, which no audit table has.

    Args:
        stack: The stack, for its region and endpoint.
        option: The command-line option that named the table.
        table: The name of the table.

    Raises:
        RefusedError: An index is missing or not active.
        BackfillFailedError: The table can't be read.
    """
    try:
        table_checks.check_indexes(replace(stack, users_table=table))
    except CheckFailedError as error:
        if error.status is Status.NOT_CHECKED:
            raise BackfillFailedError(ErrorKind.RIGHTS, f"{option}: {error}.\n{error.fix}") from error
        raise RefusedError(
            f"{option}: {table!r} can't be used: {error}.\n"
            "Pass the restored users table with all its indexes, and wait until they are ACTIVE."
        ) from error
