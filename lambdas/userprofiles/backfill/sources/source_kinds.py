"""The kinds of sources that a job can name."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from userprofiles.backfill.errors import RefusedError
from userprofiles.backfill.job import TABLE_SOURCE

S3_PREFIX = "s3://"


class SourceKind(StrEnum):
    """Where the users come from, as `--source` and a job name it."""

    TABLE = TABLE_SOURCE
    KEYED_TABLE = "keyed-table"
    POOL = "pool"
    POOL_LIST = "pool-list"
    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"
    EXPORT = "export"
    PYTHON = "python"


FILE_KINDS = (SourceKind.POOL_LIST, SourceKind.JSONL, SourceKind.CSV)


def refuse_local_source(source: Mapping[str, Any]) -> None:
    """Refuse a source that only a command can read, and a state machine can't.

    Raises:
        RefusedError: The source is a file or a Python module of this machine, or a Parquet file.
    """
    kind, path = source.get("kind"), str(source.get("path", ""))
    if kind == SourceKind.PARQUET:
        raise RefusedError(
            f"--source {kind}:{path}: a state machine can't read Parquet, because the package pyarrow is "
            "larger than a function's zip may be. Use --engine local, or convert the file to JSON lines."
        )
    if kind in FILE_KINDS and not path.startswith(S3_PREFIX):
        raise RefusedError(
            f"--source {kind}:{path}: a state machine can't read a file of this machine. Copy the file to S3 "
            f"and make a plan with --source {kind}:s3://BUCKET/KEY, or use --engine local."
        )
    if kind == SourceKind.PYTHON:
        raise RefusedError(
            f"--source {kind}:{source.get('name')}: a state machine runs no module of this machine. Use "
            "--engine local, or write the users to a file in S3."
        )
