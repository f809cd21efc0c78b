"""`userprofiles backfill verify`: options, output, report and exit codes."""

import json
from dataclasses import replace

import pytest
from backfill_fixtures import profile
from review_fixtures import change, create_profiles, store_run, user, users
from userprofiles import cli
from userprofiles.backfill.job import Operation
from userprofiles.backfill.limits import COMMAND_LINE
from userprofiles.backfill.tables.table_shape import TableShape

PLAIN = TableShape.PLAIN


@pytest.fixture
def verify(capsys, monkeypatch, tmp_path):
    """Return a function that runs the command on a table in moto."""

    def run(table, *arguments):
        monkeypatch.setattr(
            "userprofiles.backfill.command.connection.create_client",
            lambda name, **_: (table.client, table.location),
        )
        ledger = ["--ledger-dir", str(tmp_path / "ledger")]
        code = cli.main(["backfill", "verify", *arguments, *ledger], COMMAND_LINE)
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def run_in_ledger(create_table, tmp_path):
    """Return a function that creates profiles with a run whose record is in a ledger."""

    def create(*rows, shape=PLAIN):
        table = create_table(*rows)
        history = create_profiles(table, shape)
        store_run(tmp_path / "ledger", history)
        return table

    return create


def test_clean_run(run_in_ledger, verify):
    table = run_in_ledger(*users(PLAIN, 3), profile("user0000"), user(PLAIN, "x", status={"S": "inactive"}))

    code, out, err = verify(table, "run-1")

    assert (code, err) == (0, "")
    assert out == (
        "Run run-1 in table v_users_dev: all users\n"
        "  matching               2\n"
        "  changed                0\n"
        "  differing              0\n"
        "  missing                0\n"
        "  orphaned               0\n"
        "  erased                 0\n"
        "  existed                1  (not created by the run, or a further row)\n"
        "  skipped                1  (inactive)\n"
        "No differences.\n"
    )


def test_differences_are_listed_by_user_and_names_of_attributes(run_in_ledger, verify, tmp_path):
    table = run_in_ledger(*users(PLAIN, 4))
    change(table, "user0001", language={"S": "secret"}, nickname={"S": "secret"})
    table.put(user(PLAIN, "new"), profile("ghost"))
    report = tmp_path / "report.json"

    code, out, _ = verify(table, "run-1", "--report", str(report))

    assert code == 2
    assert out.endswith(
        "Differences:\n"
        "  new: missing: the user has no profile\n"
        "  user0001: differing: language, nickname\n"
        "  ghost: orphaned: the profile has no user\n"
    ) or sorted(out.splitlines()[-3:]) == [
        "  ghost: orphaned: the profile has no user",
        "  new: missing: the user has no profile",
        "  user0001: differing: language, nickname",
    ]
    document = json.loads(report.read_text())
    assert "secret" not in out + report.read_text()
    assert {entry["userId"]: entry["outcome"] for entry in document["users"]} == {
        "new": "missing",
        "user0001": "differing",
        "ghost": "orphaned",
    }
    assert (document["matching"], document["differing"], document["processed"]) == (3, 1, 6)


def test_json(run_in_ledger, verify):
    table = run_in_ledger(*users(PLAIN, 2))

    code, out, err = verify(table, "run-1", "--json")

    document = json.loads(out)
    assert (code, err, document["users"]) == (0, "", [])
    assert (document["runId"], document["complete"], document["sample"]) == ("run-1", True, None)
    assert (document["createdByRun"], document["matching"], document["unaccounted"]) == (2, 2, 0)


def test_profiles_that_vanished_with_their_users_are_counted(run_in_ledger, verify):
    table = run_in_ledger(*users(PLAIN, 3))
    for key in ({"PK": "USER#user0001", "SK": "PROFILE#MAIN"}, {"PK": "user0001", "SK": "METADATA"}):
        table.moto.delete_item(TableName=table.name, Key={name: {"S": value} for name, value in key.items()})

    code, out, _ = verify(table, "run-1")

    assert code == 2
    assert "Profiles that the run created: 3. Not found: 1. They exist no longer" in out


@pytest.mark.long
def test_sample_shows_its_seed_and_can_be_repeated(run_in_ledger, verify):
    table = run_in_ledger(*users(PLAIN, 40))

    _, out, _ = verify(table, "run-1", "--sample", "10", "--json")
    document = json.loads(out)
    seed = document["sample"]["seed"]
    code, again, _ = verify(table, "run-1", "--sample", "10", "--seed", seed, "--json")

    assert code == 0
    assert 0 < document["matching"] < 40
    assert json.loads(again)["matching"] == document["matching"]
    assert document["sample"] == {"size": 10, "total": 40, "seed": seed}


@pytest.mark.parametrize("shape", list(TableShape))
def test_table_without_a_run(create_table, verify, shape):
    table = create_table(*users(shape, 3))
    create_profiles(table, shape)
    change(table, "user0000", language={"S": "xx"})

    code, out, _ = verify(table, "--table-name", "v_users_dev")

    assert code == 2
    assert out.startswith("Table v_users_dev: all users\n  matching               2\n")


@pytest.mark.parametrize("option", ["--template social", "--shape stack", "--segments 2", "--flags gone"])
def test_option_of_a_table_is_rejected_for_a_run(create_table, verify, capsys, option):
    with pytest.raises(SystemExit) as exit_info:
        verify(create_table(), "run-1", *option.split())

    assert exit_info.value.code == 64
    assert f"{option.split()[0]} can't be used with RUN" in capsys.readouterr().err


def test_unknown_run_is_refused(create_table, verify, tmp_path):
    (tmp_path / "ledger").mkdir()
    code, out, err = verify(create_table(), "run-9", "--json")

    assert code == 5
    assert "run-9" in err
    assert json.loads(out)["error"]["kind"] == "refused"


def test_verification_of_a_rollback_is_refused(create_table, verify, tmp_path):
    table = create_table()
    history = create_profiles(table, PLAIN)
    rollback = replace(history.job, operation=Operation.ROLLBACK, of_run="run-0")
    store_run(tmp_path / "ledger", replace(history, job=rollback))

    code, _, err = verify(table, "run-1")

    assert code == 5
    assert "Run run-1 is a rollback, not a run that creates profiles" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "give either the ID of a run, or --table-name"),
        (("run-1", "--table-name", "t_1"), "give either the ID of a run, or --table-name"),
        (("run-1", "--sample", "0"), "must be a whole number of users, at least 1, got '0'"),
        (("run-1", "--seed", "x"), "--seed needs --sample"),
        (("--table-name", "t_1", "--template", "nope"), "nope"),
    ],
)
def test_wrong_usage(create_table, verify, capsys, arguments, message):
    with pytest.raises(SystemExit) as error:
        verify(create_table(), *arguments)

    assert error.value.code == 64
    assert message in capsys.readouterr().err
