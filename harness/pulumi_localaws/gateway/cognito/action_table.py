"""The table of all Cognito actions in docs/cognito-behaviour.md: which part handles each one here.

To write it after a change, run ``python -m pulumi_localaws.gateway.cognito.action_table`` with the document.
"""

import importlib
import importlib.util
import re
import sys
from pathlib import Path

import botocore.session
from botocore import xform_name

from pulumi_localaws.gateway.cognito.dispatch import HANDLERS
from pulumi_localaws.local.cognito_actions import list_added_handlers
from pulumi_localaws.local.import_jobs import ImportJobs

BEGIN, END = "<!-- actions: begin of the generated table -->", "<!-- actions: end of the generated table -->"
GATEWAY, EMULATOR, ADDED, REJECTED = "gateway", "emulator", "added", "rejected"
_EMULATOR_ACTION = re.compile(r'^        "(\w+)": _\w+,$', re.MULTILINE)


def classify_actions() -> dict[str, str]:
    """Return the part that handles each action of Cognito's API model, in alphabetical order."""
    model = botocore.session.get_session().get_service_model("cognito-idp")
    emulator_actions, added_actions = _read_emulator_actions(), _list_added_actions()

    def classify(action: str) -> str:
        if action in HANDLERS:
            return GATEWAY
        if action in added_actions:
            return ADDED
        if action not in emulator_actions:
            return REJECTED
        names_user = (
            action.startswith("Admin") and "Username" in model.operation_model(action).input_shape.members
        )
        return GATEWAY if names_user else EMULATOR

    return {action: classify(action) for action in sorted(model.operation_names)}


def write_table() -> str:
    """Return the table in Markdown, between its markers."""
    rows = [
        f"| {action} | {part} | {_command(action) if part == REJECTED else ''} |"
        for action, part in classify_actions().items()
    ]
    return "\n".join([BEGIN, "", "| action | by | try it on AWS with |", "|---|---|---|", *rows, "", END])


def replace_table(document: str) -> str:
    """Return a document with the current table in place of the former one."""
    head, _, rest = document.partition(BEGIN)
    return head + write_table() + rest.partition(END)[2]


def _command(action: str) -> str:
    return f"`aws cognito-idp {xform_name(action, '-')}`"


def _list_added_actions() -> frozenset[str]:
    def load_module(name: str) -> object:
        return importlib.import_module(f"pulumi_localaws.local.{name}")

    jobs = ImportJobs(None, None, lambda group, stream, lines: None)  # noqa: ARG005 - only its actions count
    return frozenset(list_added_handlers(None, jobs, load_module))


def _read_emulator_actions() -> frozenset[str]:
    """Read the emulator's actions from its source: its table is local to a function."""
    spec = importlib.util.find_spec("ministack.services.cognito")
    if spec is None or spec.origin is None:
        sys.exit("ministack is not installed. The extra `testing` includes it")
    source = Path(spec.origin).read_text()
    start = source.index("async def _dispatch_idp")
    return frozenset(_EMULATOR_ACTION.findall(source, start, source.index("async def _dispatch_identity")))


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(replace_table(path.read_text()))
