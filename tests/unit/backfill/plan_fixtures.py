"""Makes plans of tables in moto by the command line."""

import json

import pytest
from userprofiles import cli
from userprofiles.backfill.command.ledger_options import default_ledger_folder
from userprofiles.backfill.limits import COMMAND_LINE
from userprofiles.backfill.plan.plan_file import create_plan
from userprofiles.jobs.file_ledger import FileLedger

ENVELOPE = {"format", "version", "sections", "sha256"}


class PlanCommands:
    """The commands for plans, with the connection to one table."""

    def __init__(self, table, folder):
        self.table = table
        self.folder = folder
        self.path = folder / "plan.json"

    def run(self, *arguments, limits=COMMAND_LINE):
        return cli.main(["backfill", *map(str, arguments)], limits)

    def plan(self, *arguments, path=None):
        path = path or self.path
        path.unlink(missing_ok=True)
        return self.run("plan", "--table-name", self.table.name, "--output", path, *arguments)

    def apply(self, *arguments, limits=COMMAND_LINE, path=None):
        return self.run("apply", path or self.path, *arguments, limits=limits)

    def edit(self, change):
        """Change the plan as a person with an editor would."""
        document = self.document()
        change(document)
        self.path.write_text(json.dumps(document))

    def sign(self, change):
        """Change the plan and its hashes: as a plan of another table or release would be."""
        content = {name: value for name, value in self.document().items() if name not in ENVELOPE}
        change(content)
        self.path.write_text(json.dumps(create_plan(content).document))

    def runs(self):
        return list(FileLedger(default_ledger_folder()).list_runs())

    def document(self, path=None):
        return json.loads((path or self.path).read_text())


@pytest.fixture
def connect(monkeypatch, tmp_path):
    """Connect the commands to a table in moto."""

    def connect(table):
        monkeypatch.setattr(
            "userprofiles.backfill.command.connection.create_client",
            lambda name, **_: (table.client, table.location),
        )
        monkeypatch.setattr(
            "userprofiles.backfill.command.apply_command.find_operator", lambda *_: "arn:aws:iam::1:user/ann"
        )
        return PlanCommands(table, tmp_path)

    return connect
