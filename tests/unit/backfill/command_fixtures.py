"""Shared by the tests of the two commands: a table, and a directory for their state."""

import pytest
from backfill_fixtures import plain_user, profile
from userprofiles import cli
from userprofiles.backfill.limits import COMMAND_LINE

RULER = "=" * 60


@pytest.fixture(autouse=True)
def state_home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def use_table(monkeypatch):
    """Connect the commands to a table in moto."""

    def use_table(table):
        monkeypatch.setattr(
            "userprofiles.backfill.command.backfill_command.create_client",
            lambda name, **_: (table.client, table.location),
        )
        return table

    return use_table


@pytest.fixture
def old_table(create_table, use_table):
    """Create the four users of the README's example: two with a profile, two without."""
    return use_table(
        create_table(*(plain_user(f"user{n}") for n in range(1, 5)), profile("user1"), profile("user4"))
    )


def run(*arguments, limits=COMMAND_LINE):
    return cli.main(["backfill", "run", "--table-name", "v_users_dev", *arguments], limits)


def files(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


class Terminal:
    """A stream that reports to be a terminal."""

    def __init__(self, stream):
        self._stream = stream

    def isatty(self):
        return True

    def __getattr__(self, name):
        return getattr(self._stream, name)
