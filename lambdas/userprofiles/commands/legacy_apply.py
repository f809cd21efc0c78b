"""`userprofiles import apply` and `delta`: carry out a plan, resume its run, or import what has changed."""

import argparse
from pathlib import Path
from typing import Any

from userprofiles.backfill.command.apply_options import add_drift_options
from userprofiles.backfill.command.exit_code import ExitCode
from userprofiles.backfill.command.ledger_options import open_ledger
from userprofiles.backfill.command.signals import stop_on_signals
from userprofiles.backfill.job import new_run_id
from userprofiles.backfill.stop import Stop
from userprofiles.commands.command_errors import print_errors
from userprofiles.commands.legacy_options import (
    add_connection_options,
    add_decision_options,
    add_run_options,
    add_source_option,
    check_run_options,
    refuse_state_machine,
)
from userprofiles.commands.legacy_run import run_import
from userprofiles.commands.legacy_setup import use_stack_of_plan
from userprofiles.commands.stack_options import use_endpoint_of_outputs
from userprofiles.legacy.job.import_job import ImportOperation
from userprofiles.legacy.job.plan_file import read_plan

_EXIT_CODES = f"""exit codes:
  {ExitCode.DONE:<3} done
  {ExitCode.FAILED:<3} could not start or continue: credentials, stack, source, permissions, network, disk or
      ledger
  {ExitCode.SOME_FAILED:<3} done, but some records failed or need a decision
  {ExitCode.STOPPED:<3} stopped early: the last message says how to resume
  {ExitCode.REFUSED:<3} rejected: the plan was changed, does not fit any more or is applied already, the
      counts differ too much, another process works on its run or table, or another import of the
      table is not finished
  {ExitCode.USAGE:<3} wrong usage
"""
_PERMISSIONS = """
Required permissions: those of `import plan`; cognito-idp:AdminCreateUser, AdminSetUserPassword, AdminGetUser
and AdminDisableUser on the pool; dynamodb:GetItem, BatchGetItem, PutItem, UpdateItem and PartiQLInsert on the
users table; s3:PutObject on the media bucket."""


def add_parsers(commands: Any) -> None:
    """Add the commands `apply` and `delta`."""
    apply = commands.add_parser(
        "apply",
        help="carry out a plan, or resume its run",
        description="Carry out a plan of `userprofiles import plan`. Existing users and items are never\n"
        "changed, and no message is sent. The same command resumes the run after a stop, an error or a kill.",
        epilog=_EXIT_CODES + _PERMISSIONS,
    )
    delta = commands.add_parser(
        "delta",
        help="import what is new or has changed in the old database",
        description="Import what is new in the old database since the plan was applied, and change what\n"
        "has changed there. Fields that users have changed here stay. The report has the freeze window:\n"
        "the time in which the old application must not change.",
        epilog=_EXIT_CODES + _PERMISSIONS,
    )
    for parser, operation in ((apply, ImportOperation.IMPORT), (delta, ImportOperation.DELTA)):
        parser.add_argument("plan", type=Path, metavar="PLAN", help="file that `import plan` wrote")
        if parser is apply:
            parser.add_argument(
                "--dry-run",
                action="store_true",
                help="check everything and show the counts, but write nothing",
            )
        add_source_option(parser, "that of the plan, or ")
        add_decision_options(parser)
        add_drift_options(parser)
        add_run_options(parser)
        parser.add_argument(
            "--allow-unfinished",
            action="store_true",
            help="also if another import of the table is unfinished; its half-done users stay as they are",
        )
        add_connection_options(parser)
        parser.set_defaults(execute=_execute, parser=parser, operation=operation, dry_run=False)


def _execute(values: argparse.Namespace) -> ExitCode:
    parser = values.parser
    parser.as_json = values.json
    check_run_options(parser, values)
    use_endpoint_of_outputs(parser, values)
    stop = Stop()

    def run() -> ExitCode:
        refuse_state_machine(values)
        plan = read_plan(values.plan)
        use_stack_of_plan(values, plan)
        ledger = open_ledger(values, values.limits, is_new=True)
        is_delta = values.operation is ImportOperation.DELTA
        return run_import(values, ledger, plan, new_run_id() if is_delta else plan.plan_id, stop)

    with stop_on_signals(stop.request):
        return print_errors(run, as_json=values.json)
