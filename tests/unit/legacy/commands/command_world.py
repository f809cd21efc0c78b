"""The commands of an import on an export in a folder, a real mapping, and stages in memory."""

import copy
import json
import types
from contextlib import contextmanager

import pytest
from import_fakes import Stage, Target
from import_world import TABLE_ARN, bury
from userprofiles import cli
from userprofiles import template as templates
from userprofiles.backfill.command import ledger_options
from userprofiles.backfill.limits import Limits
from userprofiles.commands import legacy_rollback, legacy_run, legacy_setup
from userprofiles.jobs.file_ledger import FileLedger
from userprofiles.legacy.dry_run_clients import DryRunTable
from userprofiles.legacy.job.stage import RecordKind
from userprofiles.legacy.users.quotas import DEFAULT_QUOTAS
from userprofiles.stack_setup.stack import Stack

USERS, CONTENT = "authapp_usermodel", "biographapp_biographmodel"
LIMITS = Limits(threads=2, checkpoint_every_s=60.0, heartbeat_s=60.0)
STACK_OPTIONS = ("--user-pool-id", "eu-west-1_a", "--users-table", "users", "--audit-table", "audit")


def user_document(number, **fields):
    """Return the document of a user of the old application."""
    return {
        "_id": str(number),
        "phone_number": f"15123456{number}",
        "country_code": "49",
        "username": f"name{number}",
        "name": "Änne",
        **fields,
    }


def content_document(number, user):
    """Return the document of a biograph."""
    return {"_id": f"c{number}", "user_id": str(user), "title": "A day", "record_text": "It was sunny."}


class CommandWorld:
    """The commands, and what they work on."""

    def __init__(self, folder, capsys):
        self.folder = folder
        self.capsys = capsys
        self.export = folder / "export"
        self.export.mkdir()
        self.target = Target()
        self.plan_file = folder / "plan.json"
        self.users = [user_document(number) for number in range(30)]
        self.content = [content_document(number, number) for number in range(5)]
        self.ledgers = []
        self.write_export()

    def open_ledger(self, folder):
        ledger = FileLedger(folder)
        self.ledgers.append(ledger)
        return ledger

    def bury(self):
        """Release the locks that a killed process would have lost."""
        bury(self.ledgers)

    def write_export(self):
        for name, documents in ((USERS, self.users), (CONTENT, self.content)):
            lines = [
                document if isinstance(document, str) else json.dumps(document) for document in documents
            ]
            (self.export / f"{name}.json").write_text("".join(line + "\n" for line in lines))

    def run(self, *arguments):
        """Run a command. Return exit code, standard output and standard error."""
        try:
            code = cli.main([str(argument) for argument in arguments], LIMITS)
        except SystemExit as error:
            code = error.code
        output = self.capsys.readouterr()
        return code, output.out, output.err

    def plan(self, *arguments):
        source = ("--source", f"export:{self.export}")
        return self.run("import", "plan", *source, "--output", self.plan_file, *STACK_OPTIONS, *arguments)

    def apply(self, *arguments):
        return self.run("import", "apply", self.plan_file, *arguments)

    def delta(self, *arguments):
        return self.run("import", "delta", self.plan_file, *arguments)

    def ledger(self):
        return FileLedger(self.folder / "state" / "userprofiles" / "ledger")

    def runs(self):
        return list(self.ledger().list_runs())

    @contextmanager
    def open_stages(self, context):
        kinds = {"users": RecordKind.USERS, "content": RecordKind.CONTENT, "links": RecordKind.USERS}
        is_dry_run = isinstance(context.dynamodb, DryRunTable)
        target = copy.deepcopy(self.target) if is_dry_run else self.target
        yield [Stage(name, kind, target, context.run_id) for name, kind in kinds.items()]

    def open_target(self, stack, _template):
        identity = {
            "table": TABLE_ARN,
            "userPoolId": stack.user_pool_id,
            "auditTable": stack.audit_table,
            "mediaBucket": stack.media_bucket,
            "template": {"name": "social", "version": "1.0", "digest": "0"},
        }
        return legacy_setup.ImportTarget(stack, templates.load("social"), TABLE_ARN, identity)


@pytest.fixture
def commands(tmp_path, capsys, monkeypatch):
    world = CommandWorld(tmp_path, capsys)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("LEGACY_SOURCE", raising=False)
    monkeypatch.setattr(ledger_options, "FileLedger", world.open_ledger)
    monkeypatch.setattr(legacy_setup, "open_stages", world.open_stages)
    monkeypatch.setattr(legacy_setup, "open_target", world.open_target)
    monkeypatch.setattr(legacy_setup.ImportSetup, "rates", lambda _: dict(DEFAULT_QUOTAS))
    client = types.SimpleNamespace(meta=None)
    monkeypatch.setattr(legacy_setup, "create_client", lambda *_, **__: (client, None))
    monkeypatch.setattr(Stack, "client", lambda *_: None)
    for module in (legacy_run, legacy_rollback):
        monkeypatch.setattr(module, "find_operator", lambda *_: "arn:aws:iam::111122223333:user/operator")
    return world
