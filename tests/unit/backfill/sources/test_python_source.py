"""The complete example of docs/sources.md, as it stands there."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from backfill_fixtures import LIMITS, Recorder
from userprofiles.backfill.errors import RefusedError
from userprofiles.backfill.job import Job
from userprofiles.backfill.segment_state import SegmentState
from userprofiles.backfill.sources.open_source import open_source
from userprofiles.backfill.sources.python_source import load_source_factory

DOCUMENT = Path(__file__).parents[4] / "docs" / "sources.md"
SOURCE = {"kind": "python", "name": "legacy_source:create_source"}


@pytest.fixture
def legacy_source(tmp_path, monkeypatch):
    [code] = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "legacy_source.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("LEGACY_DATABASE", str(tmp_path / "legacy.db"))
    with closing(sqlite3.connect(tmp_path / "legacy.db")) as database, database:
        database.execute(
            "CREATE TABLE users (number INTEGER PRIMARY KEY, sub, email, full_name, status, password)"
        )
        users = [(f"u{n}", f"u{n}@example.com", f"Name {n}", "active", "CANARY") for n in range(6)]
        database.executemany(
            "INSERT INTO users (sub, email, full_name, status, password) VALUES (?, ?, ?, ?, ?)",
            [*users, (None, "x", "x", None, "x"), ("u7", "x", "x", "deleted", "x")],
        )


@pytest.mark.usefixtures("legacy_source")
def test_example_imports_its_users_and_resumes(create_table, backfill):
    table = create_table()
    recorder = Recorder()
    limits = type(LIMITS)(threads=1, page_rows=2)
    saved = []

    def stop(operation, _):
        if operation == "BatchExecuteStatement" and len(table.profiles()) == 2:
            saved[:] = recorder.saved_states
            raise KeyboardInterrupt

    table.client.hooks.append(stop)
    with pytest.raises(KeyboardInterrupt):
        backfill(table, source=SOURCE, recorder=recorder, limits=limits)
    table.client.hooks.clear()
    states = [SegmentState.from_json(state) for state in saved]
    result = backfill(table, source=SOURCE, states=states, limits=limits)

    assert result.tally == {"existed": 0, "created": 6, "failed": 1, "skipped": {"softDeleted": 1}}
    assert result.failures == {"": "the row has no id: sub is missing or empty"}
    assert sorted(table.profiles()) == [f"USER#u{n}" for n in range(6)]
    assert "CANARY" not in str(table.items())


@pytest.mark.usefixtures("legacy_source")
def test_example_reads_single_rows_again():
    source = open_source(Job("run-1", "users", source=SOURCE), LIMITS)

    rows = source.read_rows(None, [{"number": "3"}, {"number": "99"}])

    assert [user.user_id for user in source.read_users(rows)] == ["u2"]
    assert source.identity()["kind"] == "legacy"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("legacy", "must be python:MODULE:FUNCTION"),
        ("no_such_module:f", "the module 'no_such_module' was not found"),
        ("json:no_such_function", "has no function 'no_such_function'"),
    ],
)
def test_wrong_name_is_refused(name, message):
    with pytest.raises(RefusedError, match=message):
        load_source_factory(name)
