"""`userprofiles import apply --dry-run`: checks a plan, and shows what it would do with the decisions."""

import json
from collections.abc import Mapping

from userprofiles.backfill.command.exit_code import ExitCode
from userprofiles.backfill.command.output import Output
from userprofiles.commands.legacy_plan import FieldCounts
from userprofiles.commands.legacy_plan_text import unit_lines
from userprofiles.commands.legacy_setup import ImportSetup
from userprofiles.commands.legacy_view import ImportView
from userprofiles.legacy.documents.document_source import DocumentSource
from userprofiles.legacy.job.plan_file import ImportPlan
from userprofiles.legacy.job.planner import ImportPlanner


def show_dry_run(
    setup: ImportSetup, source: DocumentSource, plan: ImportPlan, choices: Mapping[str, str]
) -> ExitCode:
    """Read the source, and print what a run would do. Nothing is written, and no run is recorded.

    Args:
        setup: The stack, and how the run would be carried out.
        source: The source.
        plan: The plan, which fits.
        choices: All decisions, by old ID.

    Raises:
        BackfillError, LegacyError: The source or AWS can't be read, or a stop was requested.
    """
    rates = setup.rates()
    planner = ImportPlanner(
        setup.reader(source, plan.part),
        FieldCounts(setup.mapping),
        lambda conflicts: setup.open_stages(plan.plan_id, rates, conflicts, choices),
        observer=ImportView(setup.values.limits),
        stop=setup.stop,
    )
    units = [unit.to_json() for unit in planner.plan().units]
    if setup.values.json:
        text = json.dumps({"planId": plan.plan_id, "dryRun": True, "units": units}, indent=2)
    else:
        text = "\n".join([*unit_lines(units), "", "Dry run: nothing was written."])
    Output().write(text + "\n")
    return ExitCode.DONE
