"""`userprofiles import preflight`: the checklist before an import."""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from userprofiles import template as templates
from userprofiles.backfill.command.exit_code import ExitCode
from userprofiles.backfill.job import new_run_id
from userprofiles.backfill.stop import Stop
from userprofiles.commands import legacy_setup
from userprofiles.commands.check_output import show_checks
from userprofiles.commands.command_errors import print_errors
from userprofiles.commands.legacy_buckets import rule_buckets
from userprofiles.commands.legacy_options import (
    DEFAULT_MAPPING,
    add_connection_options,
    add_mapping_option,
    add_pace_options,
    add_source_option,
    source_text,
)
from userprofiles.commands.legacy_setup import ImportSetup
from userprofiles.commands.stack_options import create_stack
from userprofiles.legacy.checklists.preflight import PreflightInput, preflight
from userprofiles.legacy.documents.open_source import open_source
from userprofiles.legacy.job.job_errors import command_errors
from userprofiles.legacy.job.stage import Stage
from userprofiles.legacy.mapping.mapping import LegacyMapping
from userprofiles.stack_setup.stack import Stack

_NAMES = ("user_pool_id", "client_id", "users_table", "audit_table")

_EPILOG = f"""exit codes:
  {ExitCode.DONE:<3} everything is ok
  {ExitCode.FAILED:<3} could not check: credentials, region, network
  {ExitCode.SOME_FAILED:<3} something failed, or could not be checked: each line has its fix
  {ExitCode.USAGE:<3} wrong usage

The checklist only reads. Required permissions: dynamodb:DescribeContinuousBackups, DescribeTable and
BatchGetItem, s3:GetBucketVersioning, cognito-idp:DescribeUserPool, ListUserPoolClients,
DescribeUserPoolClient and GetProvisionedLimit, lambda:GetFunctionConfiguration and
ListEventSourceMappings, sqs:GetQueueAttributes, and for the sender sns:GetSMSSandboxAccountStatus and
GetSMSAttributes, or secretsmanager:GetSecretValue (ssm:GetParameter) and iam:SimulatePrincipalPolicy.
Without one of them, its lines are "not checked"."""


def add_parser(commands: Any) -> None:
    """Add the command `preflight`."""
    parser = commands.add_parser(
        "preflight",
        help="check backups, sender, pool, quotas and a sample of the source before an import",
        description="Check everything that must be ready before an import. Each line is ok, or has its fix.\n"
        "A sample of 20 users is read, mapped and passed to all stages; nothing is written.",
        epilog=_EPILOG,
    )
    add_source_option(parser)
    add_mapping_option(parser)
    add_pace_options(parser)
    parser.add_argument(
        "--source-backup",
        default="",
        metavar="YYYY-MM-DD",
        help="the day of the last backup of the old database: with this you confirm that it can be restored",
    )
    parser.add_argument(
        "--old-media-bucket",
        action="append",
        default=[],
        metavar="B",
        help="a bucket with files of the old application (repeatable; default: those of the media rules)",
    )
    parser.add_argument(
        "--media-rules", type=Path, metavar="FILE.json", help="where the files behind old URLs are"
    )
    add_connection_options(parser)
    parser.add_argument("--client-id", metavar="ID", help="ID of an app client")
    parser.set_defaults(execute=_execute, parser=parser)


def _execute(values: argparse.Namespace) -> ExitCode:
    parser = values.parser
    parser.as_json = values.json
    try:
        template = templates.load(values.template) if values.template else None
    except templates.TemplateError as error:
        parser.error(str(error))
    text = source_text(values)
    stack = create_stack(parser, values, _NAMES, template)

    def check() -> ExitCode:
        with command_errors():
            rules = legacy_setup.read_media_rules(values.media_rules)
            checks = preflight(
                PreflightInput(
                    stack=stack,
                    open_source=lambda: open_source(text),
                    load_mapping=lambda: LegacyMapping.load(values.mapping or DEFAULT_MAPPING),
                    open_stages=lambda mapping: _open_stages(values, stack, rules, mapping),
                    source_backup=values.source_backup,
                    old_buckets=values.old_media_bucket or rule_buckets(rules),
                    now=legacy_setup.now(),
                )
            )
            return show_checks(checks, as_json=values.json)

    return print_errors(check, as_json=values.json)


@contextmanager
def _open_stages(
    values: argparse.Namespace, stack: Stack, rules: Any, mapping: LegacyMapping
) -> Iterator[Sequence[Stage[Any]]]:
    """Create the stages of an import that never runs."""
    setup = ImportSetup(
        mapping=mapping,
        target=legacy_setup.open_target(stack, values.template),
        media_rules=rules,
        cognito_share=values.cognito_share,
        cognito_rate=values.cognito_rate,
        stop=Stop(),
        values=values,
    )
    with setup.open_stages(new_run_id(), setup.rates()) as stages:
        yield stages
