"""The worker's handler: what it passes on, what it logs, what it counts."""

import json
from types import SimpleNamespace

import pytest
from userprofiles.migration.errors import CannotGoOnError, ErrorKind, RefusedError

CONTEXT = SimpleNamespace(get_remaining_time_in_millis=lambda: 90_000)


@pytest.fixture
def handler(monkeypatch):
    monkeypatch.setenv("USERS_TABLE", "users")
    monkeypatch.setenv("MIGRATION_BUCKET", "reports")
    from userprofiles.handlers import migration_worker  # noqa: PLC0415 - it makes its clients when imported

    return migration_worker


def printed(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]


def test_event_and_remaining_time_reach_the_worker(handler, monkeypatch):
    seen = []

    def handle(self, event, seconds_left):
        seen.append((event, seconds_left))
        return {"runId": "r", "done": True}

    monkeypatch.setattr("userprofiles.migration.worker.Worker.handle", handle)
    event = {"action": "work", "runId": "r", "segment": 1}

    assert handler.handler(event, CONTEXT) == {"runId": "r", "done": True}
    assert seen == [(event, 90.0)]


@pytest.mark.parametrize(
    ("error", "failures"),
    [(RefusedError("no"), 0), (CannotGoOnError(ErrorKind.TABLE, "gone"), 1), (KeyError("bug"), 1)],
)
def test_refusal_is_no_failure(handler, monkeypatch, capsys, error, failures):
    def handle(self, event, seconds_left):
        raise error

    monkeypatch.setattr("userprofiles.migration.worker.Worker.handle", handle)

    with pytest.raises(type(error)):
        handler.handler({"action": "work"}, CONTEXT)

    metrics = [line for line in printed(capsys) if "MigrationFailed" in line]
    assert len(metrics) == failures


@pytest.mark.parametrize(
    ("value", "expected"),
    [("", frozenset()), ("old, older", frozenset({"old", "older", "users"}))],
)
def test_permitted_tables_come_from_the_environment(handler, monkeypatch, value, expected):
    monkeypatch.setenv("MIGRATION_TABLES", value)

    assert handler._settings().tables == expected


def test_numbers_of_a_finished_run_are_logged(handler, monkeypatch, caplog):
    answer = {"runId": "r", "processed": 3, "created": 2, "failed": 0, "failures": [{"userId": "someone"}]}
    monkeypatch.setattr("userprofiles.migration.worker.Worker.handle", lambda *_: answer)

    with caplog.at_level("INFO"):
        handler.handler({"action": "finish", "runId": "r"}, CONTEXT)

    [record] = [record for record in caplog.records if record.message == "carried out"]
    assert record.counts == {"processed": 3, "created": 2, "failed": 0}
    assert "someone" not in repr(vars(record))
