"""`--ledger-dir` must exist for the commands that only read, and each hint names the same ledger."""

import json

import pytest
from userprofiles import cli
from userprofiles.backfill.command.ledger_options import default_ledger_folder
from userprofiles.jobs.file_ledger import FileLedger
from userprofiles.jobs.run_record import RunRecord

RUN = "run-1"
COMMANDS = [
    ["runs", "list"],
    *(["runs", word, RUN] for word in ("show", "watch", "stop", "resume")),
    *(["backfill", word, RUN] for word in ("verify", "report")),
    ["backfill", "rollback", RUN, "--yes"],
    *(["backfill", "quarantine", word, RUN] for word in ("list", "show", "retry")),
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_missing_folder_is_wrong_usage(tmp_path, capsys, command):
    folder = tmp_path / "typo"
    with pytest.raises(SystemExit) as exit_info:
        cli.main([*command, "--ledger-dir", str(folder)])

    assert exit_info.value.code == 64
    assert f"--ledger-dir {folder}: the folder does not exist" in capsys.readouterr().err
    assert not folder.exists()


def test_missing_folder_as_json(tmp_path, capsys):
    with pytest.raises(SystemExit):
        cli.main(["runs", "list", "--json", "--ledger-dir", str(tmp_path / "typo")])

    assert json.loads(capsys.readouterr().out)["error"]["kind"] == "usage"


def test_file_is_no_folder(tmp_path, capsys):
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(SystemExit) as exit_info:
        cli.main(["runs", "list", "--ledger-dir", str(file)])

    assert exit_info.value.code == 64
    assert "must be a folder" in capsys.readouterr().err


def test_default_folder_need_not_exist(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))

    assert cli.main(["runs", "list"]) == 0

    assert str(default_ledger_folder()) in capsys.readouterr().out


def test_apply_creates_the_folder(create_table, connect, tmp_path):
    commands = connect(create_table())
    commands.plan()

    assert commands.apply("--no-backup", "--ledger-dir", tmp_path / "new") == 0
    assert len(list(FileLedger(tmp_path / "new").list_runs())) == 1


@pytest.mark.parametrize(
    ("command", "hint"),
    [
        (["runs", "show", "run-9"], "runs list"),
        (["runs", "stop", RUN], f"runs watch {RUN}"),
        (["backfill", "rollback", RUN, "--yes"], f"runs stop {RUN}"),
        (["backfill", "quarantine", "list", "run-9"], "runs list"),
    ],
)
def test_hint_finds_the_same_ledger_and_region(tmp_path, capsys, command, hint):
    folder = tmp_path / "a ledger"
    job = {"runId": RUN, "table": "users", "dryRun": False, "segments": 1, "only": [], "rule": None}
    job |= {"shape": "plain", "shapeGiven": False, "template": "basic"}
    FileLedger(folder).create(RunRecord(RUN, "backfill", "local", job, table="arn"))
    options = ["--ledger-dir", str(folder), "--region", "eu-west-1"]
    capsys.readouterr()

    cli.main([*command, *options, "--endpoint-url", "http://localhost:1"])

    out, err = capsys.readouterr()
    expected = (
        f"userprofiles {hint} --ledger-dir '{folder}' --region eu-west-1 --endpoint-url http://localhost:1"
    )
    assert expected in out + err
