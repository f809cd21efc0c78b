"""`userprofiles import plan`: shows what an import would do, and writes it to a file for `apply`."""

import argparse
import json
import time
from pathlib import Path
from typing import Any

from userprofiles.backfill.command.exit_code import ExitCode
from userprofiles.backfill.command.output import Output
from userprofiles.backfill.command.signals import stop_on_signals
from userprofiles.backfill.job import new_run_id
from userprofiles.backfill.plan.plan_document import write_document
from userprofiles.backfill.stop import Stop
from userprofiles.commands import legacy_setup
from userprofiles.commands.command_errors import check_writable, print_errors
from userprofiles.commands.legacy_buckets import check_buckets
from userprofiles.commands.legacy_options import (
    absolute_mapping,
    absolute_source,
    add_connection_options,
    add_decision_options,
    add_mapping_option,
    add_source_option,
    read_number,
    source_text,
)
from userprofiles.commands.legacy_plan_text import format_plan
from userprofiles.commands.legacy_setup import ImportSetup
from userprofiles.commands.legacy_view import ImportView
from userprofiles.legacy.documents.document_source import DocumentPage, DocumentSource
from userprofiles.legacy.job.import_job import ImportSlice
from userprofiles.legacy.job.job_errors import command_errors
from userprofiles.legacy.job.plan_estimate import describe_estimate
from userprofiles.legacy.job.plan_file import ImportPlan, conflict_json, create_plan
from userprofiles.legacy.job.planner import ImportPlanner
from userprofiles.legacy.mapping.first_pass import FirstPass
from userprofiles.legacy.mapping.mapping import LegacyMapping
from userprofiles.legacy.mapping.source_check import check_source
from userprofiles.legacy.users.decisions import proposals, read_choices
from userprofiles.table.record import timestamp

_EPILOG = f"""exit codes:
  {ExitCode.DONE:<3} the plan is written, also if it counts records that would fail
  {ExitCode.FAILED:<3} could not read or write: credentials, stack, source, permissions, network, disk
  {ExitCode.STOPPED:<3} stopped by Ctrl-C or SIGTERM: run it again
  {ExitCode.REFUSED:<3} rejected: the source, mapping, decisions or media rules are not valid or do not fit,
      or the pool does not belong to the table
  {ExitCode.USAGE:<3} wrong usage

Required permissions: cognito-idp:DescribeUserPool, lambda:GetFunctionConfiguration, dynamodb:DescribeTable
and dynamodb:BatchGetItem; s3:ListBucket on the buckets of the media rules. With
cognito-idp:GetProvisionedLimit or servicequotas:ListServiceQuotas, the durations are those of the account's
quotas."""


def add_parser(commands: Any) -> None:
    """Add the command `plan`."""
    plan = commands.add_parser(
        "plan",
        help="show what an import would do, and write a plan for `apply`",
        description="Read the whole old database and write a plan: counts, unknown and missing fields,\n"
        "users who need a decision, durations and cost. Nothing is written to AWS.",
        epilog=_EPILOG,
    )
    add_source_option(plan)
    add_mapping_option(plan)
    add_decision_options(plan)
    plan.add_argument(
        "--media-rules", type=Path, metavar="FILE.json", help="where the files behind old URLs are"
    )
    plan.add_argument(
        "--skip", type=read_number, default=0, metavar="N", help="users that former batches have imported"
    )
    plan.add_argument(
        "--limit", type=read_number, metavar="N", help="users of this batch, after --skip (default: all)"
    )
    plan.add_argument(
        "--output", type=Path, metavar="FILE.json", help="file of the plan (default: import-plan-<ID>.json)"
    )
    add_connection_options(plan)
    plan.set_defaults(execute=_execute, parser=plan)


def _execute(values: argparse.Namespace) -> ExitCode:
    parser = values.parser
    parser.as_json = values.json
    if values.limit == 0:
        parser.error("--limit 0: must be at least 1")
    plan_id = new_run_id()
    path = values.output or Path(f"import-plan-{plan_id}.json")
    if path.exists():
        parser.error(f"--output {path}: the file exists. Delete it, or name another file.")
    check_writable(parser, "--output", path)
    _keep_decisions(values, path)
    text = source_text(values)
    stack = legacy_setup.open_stack(values)
    stop = Stop()

    def write() -> ExitCode:
        with command_errors(), legacy_setup.open_documents(text) as source:
            setup = ImportSetup(
                mapping=LegacyMapping.load(absolute_mapping(values.mapping)),
                target=legacy_setup.open_target(stack, values.template),
                media_rules=legacy_setup.read_media_rules(values.media_rules),
                cognito_share=values.cognito_share,
                cognito_rate=values.cognito_rate,
                stop=stop,
                values=values,
            )
            plan = _make_plan(setup, source, plan_id, text)
        write_document(plan.document, path)
        decisions = _write_proposals(plan, path)
        summary = format_plan(plan, path, decisions, values.outputs)
        Output().write((json.dumps(plan.document, indent=2) if values.json else summary) + "\n")
        return ExitCode.DONE

    with stop_on_signals(stop.request):
        return print_errors(write, as_json=values.json)


def _keep_decisions(values: argparse.Namespace, path: Path) -> None:
    """Exit with the usage if the proposals would replace a file in which somebody may have decided."""
    decisions = _decisions_file(path)
    is_named = values.decisions is not None and values.decisions.absolute() == decisions.absolute()
    if decisions.exists() and not is_named:
        values.parser.error(
            f"--output {path}: {decisions} exists and may have your decisions. "
            "Pass it with --decisions, delete it, or name another file."
        )


def _decisions_file(path: Path) -> Path:
    return path.with_suffix(".decisions.json")


def _make_plan(setup: ImportSetup, source: DocumentSource, plan_id: str, text: str) -> ImportPlan:
    values = setup.values
    started_at = time.monotonic()
    check_source(source, setup.mapping)
    check_buckets(setup.target.stack, setup.media_rules)
    choices = read_choices(values.decisions) if values.decisions else {}
    rates = setup.rates()
    part = ImportSlice(skip=values.skip, limit=values.limit)
    view = ImportView(values.limits)
    planner = ImportPlanner(
        setup.reader(source, part),
        FieldCounts(setup.mapping),
        lambda conflicts: setup.open_stages(plan_id, rates, conflicts, choices),
        observer=view,
        stop=setup.stop,
    )
    summary = planner.plan()
    seconds = time.monotonic() - started_at
    return create_plan(
        {
            "planId": plan_id,
            "createdAt": timestamp(legacy_setup.now()),
            "source": {"name": absolute_source(text)},
            "sourceIdentity": source.identity(),
            "mapping": {"name": absolute_mapping(values.mapping), "digest": setup.mapping.digest},
            "mediaRules": setup.media_rules,
            "target": setup.target.identity,
            "codeVersion": legacy_setup.import_code_version(),
            "slice": {"skip": part.skip, "limit": part.limit},
            "decisions": choices,
            "units": [unit.to_json() for unit in summary.units],
            "firstPass": summary.first_pass,
            "conflicts": [conflict_json(conflict) for conflict in summary.conflicts],
            "estimate": describe_estimate(summary.estimate, rates, setup.target.region, seconds),
            "seconds": round(seconds, 1),
        }
    )


class FieldCounts:
    """Counts the fields of documents for a plan.

    Args:
        mapping: The mapping.
    """

    def __init__(self, mapping: LegacyMapping) -> None:
        self._first_pass = FirstPass(mapping)
        self._collections = {entry.collection: entry for entry in mapping.collections}

    def add(self, collection: str, page: DocumentPage) -> None:
        """Count the fields of documents."""
        self._first_pass.add_damaged(collection, len(page.damaged))
        for document in page.documents:
            self._first_pass.add(collection, document, self._collections[collection].read(document)[1])

    def to_json(self) -> list[dict[str, Any]]:
        """Return unknown fields and the share of missing ones, by collection, without values."""
        return self._first_pass.to_json()


def _write_proposals(plan: ImportPlan, path: Path) -> Path | None:
    """Write the file of decisions with a proposal for each user in a conflict; return None without conflicts.

    A user about whom the plan has a decision keeps it.
    """
    choices = _proposed_choices(plan)
    if not choices:
        return None
    decisions = _decisions_file(path)
    write_document(choices, decisions)
    return decisions


def _proposed_choices(plan: ImportPlan) -> dict[str, str]:
    proposed: dict[str, str] = proposals(plan.conflicts)
    return {**proposed, **plan.choices} if proposed else {}
