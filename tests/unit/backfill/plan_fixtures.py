"""Makes plans of tables in moto by the command line."""

import json

import pytest
from userprofiles import cli
from userprofiles.backfill.limits import COMMAND_LINE


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
        return self.run("plan", "--table-name", self.table.name, "--out", path, *arguments)

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
        return PlanCommands(table, tmp_path)

    return connect
