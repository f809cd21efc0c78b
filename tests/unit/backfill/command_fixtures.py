"""What the tests of the two commands share: a table that they work on, and a folder for their state."""

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
def use(monkeypatch):
    """Let the commands talk to a table in moto."""

    def use(table):
        monkeypatch.setattr(
            "userprofiles.backfill.command.backfill_command.connect",
            lambda name, **_: (table.client, table.place),
        )
        return table

    return use


@pytest.fixture
def old_table(make_table, use):
    """Four users as in the README's example: two with a profile, two without."""
    return use(make_table(*(plain_user(f"user{n}") for n in range(1, 5)), profile("user1"), profile("user4")))


def run(*arguments, limits=COMMAND_LINE):
    return cli.main(["backfill", "run", "--table-name", "v_users_dev", *arguments], limits)


def files(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


class Terminal:
    """Makes a stream say that it is one."""

    def __init__(self, stream):
        self._stream = stream

    def isatty(self):
        return True

    def __getattr__(self, name):
        return getattr(self._stream, name)
