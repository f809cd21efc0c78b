"""Opens the source that a job names."""

from pathlib import Path

from userprofiles.backfill.errors import RefusedError
from userprofiles.backfill.job import Job
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.sources.byte_file import LocalFile, S3File
from userprofiles.backfill.sources.clients import SourceClients
from userprofiles.backfill.sources.export_source import ExportSource
from userprofiles.backfill.sources.file_source import FileSource, UserReader
from userprofiles.backfill.sources.other_table_source import OtherTableSource
from userprofiles.backfill.sources.parquet_source import ParquetSource
from userprofiles.backfill.sources.pool_source import PoolSource
from userprofiles.backfill.sources.pool_user_row import PoolUserReader
from userprofiles.backfill.sources.python_source import load_source_factory
from userprofiles.backfill.sources.records import CsvRecords, JsonRecords, RecordFormat
from userprofiles.backfill.sources.source import Source
from userprofiles.backfill.sources.source_kinds import S3_PREFIX, SourceKind
from userprofiles.backfill.sources.table_source import TableSource
from userprofiles.backfill.targets.user_roles import load_roles
from userprofiles.backfill.users.mapped_user import MappedUserReader
from userprofiles.backfill.users.mapping import ColumnMapping
from userprofiles.backfill.users.table_user_reader import TableUserReader


def open_source(job: Job, limits: Limits, clients: SourceClients | None = None) -> Source:
    """Return the source of a job. Nothing is read yet.

    Args:
        job: The task.
        limits: The sizes of pages.
        clients: The clients of other services than DynamoDB; None for new ones.

    Raises:
        RefusedError: The job names an unknown kind of source.
    """
    clients = clients or SourceClients()
    match job.source.get("kind"):
        case SourceKind.TABLE if not job.creates_accounts:
            return TableSource(job, limits)
        case SourceKind.TABLE | SourceKind.KEYED_TABLE:
            return OtherTableSource(job, limits, load_roles(job))
        case SourceKind.POOL:
            return PoolSource(job.source, clients, roles=load_roles(job), limits=limits)
        case SourceKind.POOL_LIST | SourceKind.JSONL | SourceKind.CSV | SourceKind.PARQUET:
            return _file_source(job, limits, clients)
        case SourceKind.EXPORT:
            reader = TableUserReader(job.source, job.rule, load_roles(job))
            return ExportSource(job.source, clients, reader, limits.page_rows)
        case SourceKind.PYTHON:
            return load_source_factory(job.source["name"])(job, limits)
        case kind:
            raise RefusedError(f"Unknown kind of source {kind!r}; allowed: {', '.join(SourceKind)}.")


def open_file(path: str, clients: SourceClients) -> LocalFile | S3File:
    """Return a file of this machine or of S3.

    Raises:
        RefusedError: The path begins with `s3://` and is not `s3://BUCKET/KEY`.
    """
    return S3File(path, clients) if path.startswith(S3_PREFIX) else LocalFile(Path(path))


def _file_source(job: Job, limits: Limits, clients: SourceClients) -> Source:
    source, roles = job.source, load_roles(job)
    file = open_file(source["path"], clients)
    record_format: RecordFormat = JsonRecords()
    reader: UserReader = PoolUserReader(roles)
    if source["kind"] != SourceKind.POOL_LIST:
        mapping = ColumnMapping.from_json(source)
        reader = MappedUserReader(mapping, job.rule, roles)
        if source["kind"] == SourceKind.CSV:
            record_format = CsvRecords(source["header"], mapping.delimiter)
    if source["kind"] == SourceKind.PARQUET:
        return ParquetSource(source, file, reader, limits.page_rows)
    return FileSource(
        source,
        file,
        record_format,
        reader,
        segments=job.segments,
        page_rows=limits.page_rows,
    )
