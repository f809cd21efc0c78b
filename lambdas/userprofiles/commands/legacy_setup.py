"""What all commands `import` open: the old database, the mapping, the stack and the stages."""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from userprofiles import aws
from userprofiles.backfill.command.connection import create_client
from userprofiles.backfill.command.quarantine_place import create_s3
from userprofiles.backfill.error_messages import TableLocation
from userprofiles.backfill.errors import BackfillFailedError, ErrorKind, RefusedError
from userprofiles.backfill.identity import document_digest
from userprofiles.backfill.stop import Stop
from userprofiles.backfill.tables.table_description import check_keys, describe_table
from userprofiles.commands.stack_options import create_stack
from userprofiles.jobs.code_version import code_version
from userprofiles.legacy.data_stages import COPY_READ_S
from userprofiles.legacy.documents.document_source import DocumentSource
from userprofiles.legacy.documents.open_source import open_source
from userprofiles.legacy.dry_run_clients import dry_run_clients
from userprofiles.legacy.job.import_job import ImportSlice
from userprofiles.legacy.job.import_work import STAGE_THREADS
from userprofiles.legacy.job.plan_file import ImportPlan
from userprofiles.legacy.job.record_reader import RecordReader
from userprofiles.legacy.job.stage import Conflict, Stage
from userprofiles.legacy.job.stage_context import StageContext
from userprofiles.legacy.job.stages import open_stages
from userprofiles.legacy.mapping.mapping import LegacyMapping
from userprofiles.legacy.users.quotas import QuotaClass, import_rates, read_quotas
from userprofiles.lifecycle.deployed_settings import read_settings
from userprofiles.stack_setup.stack import Stack
from userprofiles.template import Template

STACK_NAMES = ("user_pool_id", "users_table", "audit_table", "media_bucket")
_REQUIRED = ("user_pool_id", "users_table", "audit_table")

_CODE = (
    "legacy/content/*.py",
    "legacy/graph/*.py",
    "legacy/mapping/*.py",
    "legacy/users/*.py",
    "completion*.py",
    "field_*.py",
    "phone_number.py",
    "phone_sign_in/phone_input.py",
    "registration/first_values.py",
    "schema_*.py",
    "social/*.py",
    "table/attribute_value.py",
    "table/record.py",
    "template*.py",
)


@dataclass(frozen=True)
class ImportTarget:
    """The stack that an import writes to.

    Attributes:
        stack: The names of its resources, and its clients.
        template: Its template.
        table_arn: The ARN of the users table.
        identity: What a plan recognizes the stack by.
    """

    stack: Stack
    template: Template
    table_arn: str
    identity: Mapping[str, Any]

    @property
    def region(self) -> str:
        """The region of the table."""
        return self.table_arn.split(":")[3]

    @property
    def template_version(self) -> str:
        """The template as a record stores it."""
        identity = self.identity["template"]
        return f"{identity['name']} {identity['version']} {identity['digest']}"


def open_stack(values: argparse.Namespace) -> Stack:
    """Return the stack that the options name. Exit with the usage if a name is missing."""
    return create_stack(values.parser, values, _REQUIRED)


def open_target(stack: Stack, template: str | None) -> ImportTarget:
    """Read what identifies a stack, after a check that its pool belongs to its table.

    Raises:
        BackfillError: The stack can't be read, or pool, table and template do not belong together.
    """
    settings = read_settings(stack, template)
    client = stack.client("dynamodb")
    location = TableLocation(
        stack.users_table, client.meta.region_name, client.meta.endpoint_url, has_connection_options=True
    )
    table = describe_table(client, location)
    check_keys(table, location)
    identity = {
        "table": table.arn,
        "tableCreatedAt": table.created_at,
        "userPoolId": stack.user_pool_id,
        "auditTable": stack.audit_table,
        "mediaBucket": stack.media_bucket,
        "template": {
            "name": settings.template.name,
            "version": settings.template.version,
            "digest": document_digest(settings.template.document),
        },
    }
    return ImportTarget(stack, settings.template, table.arn, identity)


def import_code_version() -> str:
    """Return the version of the code that decides what an import writes."""
    return code_version(_CODE)


@contextmanager
def open_documents(text: str) -> Iterator[DocumentSource]:
    """Open the old database, and close it at the end.

    Raises:
        SourceRefusedError: It can't be opened.
    """
    with closing(open_source(text)) as source:
        yield source


@dataclass(frozen=True)
class ImportSetup:
    """The old database, the stack, and how the import runs.

    Attributes:
        mapping: The mapping.
        target: The stack.
        media_rules: The content of the file of media rules; None without one.
        cognito_share: The part of each quota of Cognito that the import uses.
        cognito_rate: The calls per second in each category, instead of a share; None for the share.
        stop: Ends the work.
        values: The options of the command.
    """

    mapping: LegacyMapping
    target: ImportTarget
    media_rules: Any
    cognito_share: float
    cognito_rate: float | None
    stop: Stop
    values: argparse.Namespace

    def rates(self) -> dict[QuotaClass, float]:
        """Return the calls per second by quota class of Cognito."""
        stack = self.target.stack
        # One attempt: without an answer, the rates are the defaults.
        service_quotas = aws.client(
            "service-quotas", attempts=1, region=stack.region, endpoint_url=stack.endpoint_url
        )
        quotas = read_quotas(stack.client("cognito-idp"), service_quotas)
        return import_rates(quotas, share=self.cognito_share, rate=self.cognito_rate)

    def reader(self, source: DocumentSource, part: ImportSlice) -> RecordReader:
        """Return a reader of records."""
        return RecordReader(source, self.mapping, part)

    def open_stages(
        self,
        run_id: str,
        rates: Mapping[QuotaClass, float],
        conflicts: Sequence[Conflict] = (),
        choices: Mapping[str, str] | None = None,
        *,
        is_dry_run: bool = False,
    ) -> AbstractContextManager[list[Stage[Any]]]:
        """Create the stages of a run for the block of a `with`.

        Args:
            run_id: The ID of the run.
            rates: Calls per second by quota class.
            conflicts: The conflicts of the source.
            choices: The decisions, by old ID.
            is_dry_run: Whether `undo` of the stages must not change anything.

        Raises:
            LegacyError: The pool can't be used, the decisions do not fit the conflicts, or the media rules
                are wrong.
        """
        stack, limits = self.target.stack, self.values.limits
        dynamodb, _ = create_client(
            stack.users_table,
            limits=limits,
            region=stack.region,
            endpoint_url=stack.endpoint_url,
            has_connection_options=True,
        )
        cognito = aws.client(
            "cognito-idp",
            attempts=1,
            read_s=10,
            connections=max(STAGE_THREADS.values()),
            region=stack.region,
            endpoint_url=stack.endpoint_url,
        )
        s3 = create_s3(stack.region, stack.endpoint_url, read_s=COPY_READ_S)
        if is_dry_run:
            dynamodb, cognito, s3 = dry_run_clients(dynamodb, cognito, s3)
        context = StageContext(
            dynamodb=dynamodb,
            cognito=cognito,
            s3=s3,
            stack={name: getattr(stack, name) for name in STACK_NAMES},
            source_name=self.mapping.source_name,
            run_id=run_id,
            template=self.target.template,
            rates=rates,
            conflicts=conflicts,
            choices=choices or {},
            media_rules=self.media_rules,
            users_list_friends=self.mapping.users_list_friends,
            stop=self.stop,
            limits=limits,
        )
        return open_stages(context)


def read_media_rules(path: Path | None) -> Any:
    """Read the file of media rules; None without one.

    Raises:
        BackfillFailedError: The file can't be read.
        RefusedError: It is not JSON.
    """
    if path is None:
        return None
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BackfillFailedError(
            ErrorKind.STATE,
            f"--media-rules {path}: the file can't be read: {error.strerror}.\nCheck the path.",
        ) from error
    except (ValueError, RecursionError) as error:
        raise RefusedError(f"--media-rules {path}: must be a JSON document.") from error


def now() -> datetime:
    """Return the current time."""
    return datetime.now(UTC)


def use_stack_of_plan(values: argparse.Namespace, plan: ImportPlan) -> None:
    """Complete the options with the names of a plan's stack, if no file with outputs is named."""
    values.region = values.region or str(plan.target["table"]).split(":")[3]
    if values.outputs:
        return
    values.user_pool_id = values.user_pool_id or plan.target["userPoolId"]
    values.users_table = values.users_table or str(plan.target["table"]).rpartition("/")[2]
    values.audit_table = values.audit_table or plan.target["auditTable"]
    values.media_bucket = values.media_bucket or plan.target["mediaBucket"]
