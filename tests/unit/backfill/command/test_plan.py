"""`backfill plan`: what the plan contains, and what the command prints."""

import json
import stat

import pytest
from backfill_fixtures import account, plain_user, plain_users, profile
from source_fixtures import person, write_lines
from userprofiles import cli


@pytest.fixture
def commands(create_table, connect):
    """Connect to a table with 12 users: 9 to create, 1 existing, 1 skipped, 1 without a usable id."""
    users = plain_users(10)
    return connect(
        create_table(
            *users,
            profile("user00"),
            plain_user("gone", status={"S": "inactive"}),
            plain_user("broken", userId={"N": "7"}),
        )
    )


def test_plan_counts_users_by_outcome_and_reason(commands):
    assert commands.plan() == 0

    counts = commands.document()["counts"]
    assert counts["processed"] == 12
    assert (counts["created"], counts["existed"], counts["failed"]) == (9, 1, 1)
    assert counts["skipped"] == {"inactive": 1}
    assert counts["failedByReason"] == {"userId is a number, not a string": 1}


def test_plan_writes_nothing_to_the_table(commands):
    before = commands.table.digest()

    commands.plan()

    assert commands.table.digest() == before
    assert commands.table.client.count("BatchExecuteStatement") == 0


def test_plan_names_five_users_of_each_outcome_by_id_only(commands):
    commands.plan()

    samples = commands.document()["samples"]
    assert len(samples["created"]) == 5
    assert set(samples["created"]) < {f"user{n:02d}" for n in range(1, 10)}
    assert samples["skipped: inactive"] == ["gone"]
    assert samples["failed: userId is a number, not a string"] == ["7"]
    assert "example.com" not in commands.path.read_text()


def test_two_plans_of_one_table_have_the_same_samples_and_digests(commands):
    commands.plan("--segments", "4")
    first = commands.document()
    commands.plan("--segments", "4")
    second = commands.document()

    assert first["samples"] == second["samples"]
    assert first["segments"] == second["segments"]


def test_digest_of_a_segment_changes_with_one_outcome(commands):
    commands.plan("--segments", "1")
    [before] = commands.document()["segments"]
    commands.table.put(profile("user05"))
    commands.plan("--segments", "1")
    [after] = commands.document()["segments"]

    assert before["processed"] == after["processed"]
    assert before["digest"] != after["digest"]


def test_segments_add_up_to_the_counts(commands):
    commands.plan("--segments", "4")

    document = commands.document()
    assert len(document["segments"]) == 4
    for name in ("processed", "existed", "created", "failed"):
        assert sum(entry[name] for entry in document["segments"]) == document["counts"][name]


def test_plan_has_the_identity_of_table_template_source_and_code(commands):
    commands.plan()

    document = commands.document()
    assert document["table"]["arn"].endswith(":table/v_users_dev")
    assert document["table"]["keySchema"] == ["PK S HASH", "SK S RANGE"]
    assert document["table"]["createdAt"]
    assert document["template"]["name"] == "basic"
    assert document["source"]["kind"] == "table"
    assert document["codeVersion"].startswith("0.1.0+")


def test_estimate_has_units_cost_and_duration_at_the_rate(commands):
    commands.plan("--rate", "0.1")

    estimate = commands.document()["estimate"]
    assert estimate["writeUnits"] == 9
    assert estimate["readUnits"] > 0
    assert estimate["seconds"] == 90.0
    assert estimate["cost"]["pricesRegion"] == "us-east-1"
    assert 0 < estimate["cost"]["requests"] < 0.001


def test_plan_of_our_table_detects_its_shape(create_table, connect):
    commands = connect(create_table(account("a"), account("b")))

    commands.plan()

    assert commands.document()["job"]["shape"] == "stack"
    assert commands.document()["counts"]["created"] == 2


def test_file_is_private(commands):
    commands.plan()

    assert stat.S_IMODE(commands.path.stat().st_mode) == 0o600


def test_text_has_counts_cost_warnings_and_the_next_command(commands, capsys):
    commands.plan()

    out = capsys.readouterr().out
    assert "           9 to create" in out
    assert "           1 to skip: inactive" in out
    assert "Warning: Point-in-time recovery is off." in out
    assert f"userprofiles backfill apply {commands.path}" in out


def test_text_has_the_name_of_the_source_and_the_notes(create_table, connect, tmp_path, capsys):
    file = tmp_path / "users.jsonl"
    write_lines(file, person("u1", kind="admin"), person("u2", kind="vendor"))
    columns = {"id": "sub", "role": "kind"}
    mapping = tmp_path / "mapping.json"
    mapping.write_text(
        json.dumps({"format": "userprofiles-mapping", "version": 1, "columns": columns}), encoding="utf-8"
    )
    commands = connect(create_table(account("a")))
    options = ("--mapping", mapping, "--template", "marketplace", "--roles", "vendor")
    commands.plan("--source", f"jsonl:{file}", *options)

    out = capsys.readouterr().out
    assert f"Source:   jsonl:{file}" in out
    assert "           1   of these with the note roleNotAllowed" in out


def test_source_without_users_is_a_warning(create_table, connect):
    commands = connect(create_table(profile("user00")))
    commands.plan()

    assert "noUsers" in {warning["kind"] for warning in commands.document()["warnings"]}


def test_json_prints_the_plan(commands, capsys):
    commands.plan("--json")

    assert json.loads(capsys.readouterr().out) == commands.document()


def test_plan_warns_of_table_settings(commands):
    client = commands.table.moto
    client.update_time_to_live(
        TableName=commands.table.name,
        TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"},
    )
    client.update_table(
        TableName=commands.table.name,
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
    )

    commands.plan()

    warnings = {entry["kind"]: entry["message"] for entry in commands.document()["warnings"]}
    assert set(warnings) == {"failures", "noPointInTimeRecovery", "timeToLive", "stream"}
    assert "expires" in warnings["timeToLive"]


def test_plan_warns_of_hot_keys_and_missing_ids(create_table, connect):
    rows = [plain_user("ORG#1", SK={"S": f"M{n:03d}"}, userId={"S": f"u{n}"}) for n in range(120)]
    nameless = plain_user(" ", userId=None)
    commands = connect(create_table(*rows, nameless))

    commands.plan()

    warnings = {entry["kind"]: entry["message"] for entry in commands.document()["warnings"]}
    assert "the largest numbers: 120." in warnings["hotKeys"]
    assert "which get no profile: 1." in warnings["missingIds"]


def test_plan_warns_of_huge_items(create_table, connect):
    commands = connect(create_table(plain_user("u", firstName={"S": "x" * 200_000})))

    commands.plan()

    kinds = {entry["kind"] for entry in commands.document()["warnings"]}
    assert "hugeItems" in kinds
    assert commands.document()["estimate"]["writeUnits"] > 190


def test_missing_right_to_describe_the_table_names_the_action(commands, capsys):
    commands.table.client.denied.add("DescribeTable")

    assert commands.plan() == 1

    assert "dynamodb:DescribeTable" in capsys.readouterr().err
    assert not commands.path.exists()


def test_wrong_keys_are_rejected(create_table, connect, capsys):
    commands = connect(create_table(keys=("id", "sort")))

    assert commands.plan() == 1

    assert "has the keys id S HASH, sort S RANGE" in capsys.readouterr().err


def test_missing_table_is_reported(commands, capsys):
    commands.table.moto.delete_table(TableName=commands.table.name)

    assert commands.plan() == 1

    assert "Table not found" in capsys.readouterr().err


def test_existing_file_is_not_replaced(commands, capsys):
    commands.path.write_text("precious")

    with pytest.raises(SystemExit) as exit_info:
        commands.run("plan", "--table-name", commands.table.name, "--out", commands.path)

    assert exit_info.value.code == 64
    assert "the file exists" in capsys.readouterr().err
    assert commands.path.read_text() == "precious"


def test_former_name_of_the_option_is_hidden(commands, capsys):
    assert commands.run("plan", "--table-name", commands.table.name, "--out", commands.path) == 0

    assert commands.document()["planId"]
    with pytest.raises(SystemExit):
        commands.run("plan", "--help")
    assert "--out " not in capsys.readouterr().out


def test_table_name_is_required(capsys):
    with pytest.raises(SystemExit) as exit_info:
        cli.main(["backfill", "plan", "--json"])

    assert exit_info.value.code == 64
    out, err = capsys.readouterr()
    assert "--table-name" in err
    assert json.loads(out)["error"]["kind"] == "usage"


def test_stop_writes_no_plan(commands, monkeypatch, capsys):
    monkeypatch.setattr("userprofiles.backfill.stop.Stop.is_requested", True)

    assert commands.plan() == 3

    assert "Nothing was written" in capsys.readouterr().err
    assert not commands.path.exists()


def test_diff_of_equal_plans(commands, capsys):
    other = commands.folder / "other.json"
    commands.plan()
    commands.plan(path=other)
    capsys.readouterr()

    assert commands.run("plan", "diff", commands.path, other, "--json") == 0

    differences = json.loads(capsys.readouterr().out)["differences"]
    assert [entry for entry in differences if not entry["name"].startswith("estimate")] == []


def test_diff_names_what_differs(commands, capsys):
    other = commands.folder / "other.json"
    commands.plan()
    commands.table.put(plain_user("new"))
    commands.plan("--template", "social", path=other)
    capsys.readouterr()

    assert commands.run("plan", "diff", commands.path, other) == 2

    out = capsys.readouterr().out
    assert "counts.processed: 12 -> 13" in out
    assert "template.name: basic -> social" in out


@pytest.fixture
def file_commands(create_table, connect, tmp_path):
    """Plan the users of a file for an empty users table."""
    commands = connect(create_table())
    commands.users = tmp_path / "users.jsonl"
    write_lines(commands.users, *(person(f"u{number}") for number in range(5)))
    mapping = {"format": "userprofiles-mapping", "version": 1, "columns": {"id": "sub", "email": "mail"}}
    (tmp_path / "mapping.json").write_text(json.dumps(mapping))
    options = ["--source", f"jsonl:{commands.users}", "--mapping", tmp_path / "mapping.json"]
    assert commands.plan(*options, "--template", "marketplace") == 0
    return commands


def test_plan_of_a_file_is_applied_to_our_table(file_commands, capsys):
    document = file_commands.document()
    assert document["counts"]["created"] == 5
    assert document["job"]["shape"] == "stack"
    assert document["source"]["kind"] == "jsonl"
    assert document["estimate"]["writeUnits"] >= 10, "an account and a profile for each user"

    assert file_commands.apply("--no-backup") == 0

    kinds = [item["SK"]["S"] for item in file_commands.table.items()]
    assert sorted(kinds) == ["ACCOUNT#MAIN"] * 5 + ["PROFILE#MAIN"] * 5


def test_accounts_require_a_template(file_commands, capsys):
    """Without it, the accounts would have the fields of another template than those of later sign-ups."""
    with pytest.raises(SystemExit) as exit_info:
        file_commands.plan("--source", f"jsonl:{file_commands.users}")

    assert exit_info.value.code == 64
    assert "requires --template NAME" in capsys.readouterr().err


def test_option_without_effect_is_rejected(file_commands, capsys):
    assert file_commands.plan("--source", f"jsonl:{file_commands.users}", "--shape", "plain") == 5

    assert "--shape can't be used with --source jsonl" in capsys.readouterr().err


def test_missing_values_of_the_source_are_a_warning(file_commands, capsys):
    write_lines(file_commands.users, person("u1"), person("u2", mail=None))
    options = ["--source", f"jsonl:{file_commands.users}", "--mapping", file_commands.folder / "mapping.json"]

    assert file_commands.plan(*options, "--template", "marketplace") == 0

    assert "Warning: the column 'mail' (for email) has no value in 1 of" in capsys.readouterr().err


def test_plan_of_another_table_names_it_as_the_command_does(create_table, connect, capsys):
    create_table(account("u1"), name="other_users")
    commands = connect(create_table())

    assert commands.plan("--source", "table:other_users", "--template", "basic") == 0

    assert "Source:   table:other_users\n" in capsys.readouterr().out
    document = commands.document()
    assert document["job"]["source"]["kind"] == document["source"]["kind"] == "table"


def test_file_that_changed_after_the_plan_is_refused(file_commands, capsys):
    write_lines(file_commands.users, person("other"))

    assert file_commands.apply("--no-backup") == 5

    assert str(file_commands.users) in capsys.readouterr().err
    assert file_commands.table.items() == []


def test_plan_for_the_state_machine_names_the_engine(commands, capsys):
    commands.plan("--engine", "stepfunctions")

    assert f"backfill apply {commands.path} --engine stepfunctions" in capsys.readouterr().out


def test_next_command_has_the_same_connection(commands, capsys):
    commands.plan("--region", "eu-west-1", "--endpoint-url", "http://localhost:1")

    expected = f"apply {commands.path} --region eu-west-1 --endpoint-url http://localhost:1\n"
    assert expected in capsys.readouterr().out


def test_too_many_segments_for_the_state_machine(commands, capsys):
    with pytest.raises(SystemExit) as exit_info:
        commands.plan("--engine", "stepfunctions", "--segments", "2001")

    assert exit_info.value.code == 64
    assert "at most 2,000 segments" in capsys.readouterr().err


def test_state_machine_cannot_read_a_local_file(file_commands, capsys):
    options = ["--source", f"jsonl:{file_commands.users}", "--mapping", file_commands.folder / "mapping.json"]

    code = file_commands.plan(*options, "--template", "marketplace", "--engine", "stepfunctions")

    assert code == 5
    assert "a state machine can't read a file of this machine" in capsys.readouterr().err
