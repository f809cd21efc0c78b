"""`migrate-user-profiles`: its lines, its messages and its exit codes."""

import os
import sys

import pytest
from backfill_fixtures import client_error, plain_user
from botocore.exceptions import EndpointConnectionError, NoCredentialsError
from command_fixtures import RULER, Terminal, files
from userprofiles.backfill.command import migrate_user_profiles


class TestMigrateUserProfiles:
    def test_lines_are_those_of_the_readme(self, old_table, capsys):
        code = migrate_user_profiles.main([])

        lines = capsys.readouterr().out.splitlines()
        assert code == 0
        assert lines[:7] == [
            RULER,
            "Starting User Profile Migration",
            "Table: v_users_dev",
            "Dry Run: False",
            RULER,
            "Scanning table: v_users_dev",
            "Found 4 user records",
        ]
        assert sorted(lines[7:11]) == [
            "Created profile for user: user2",
            "Created profile for user: user3",
            "Profile already exists for user: user1",
            "Profile already exists for user: user4",
        ]
        assert lines[11:] == [
            RULER,
            "Migration Summary",
            RULER,
            "Total users processed:    4",
            "Profiles already existed: 2",
            "Profiles created:         2",
            "Profiles failed:          0",
            RULER,
            "Migration complete!",
        ]

    def test_dry_run(self, old_table, capsys, state_home):
        digest_before = old_table.digest()

        code = migrate_user_profiles.main(["--dry-run"])

        out = capsys.readouterr().out
        assert code == 0
        assert "Dry Run: True\n" in out
        assert "Would create profile for user: user2\n" in out
        assert "Profiles created:         2\n" in out
        assert old_table.digest() == digest_before
        assert files(state_home) == []

    def test_email_address_is_shown_only_on_a_terminal(self, old_table, capsys, monkeypatch):
        monkeypatch.setattr(sys, "stdout", Terminal(sys.stdout))

        migrate_user_profiles.main([])

        assert "Created profile for user: user2 (user2@example.com)\n" in capsys.readouterr().out

    def test_skipped_and_failed_users_have_a_line(self, create_table, use_table, capsys):
        use_table(
            create_table(plain_user("away", status={"S": "inactive"}), plain_user("odd", userId={"N": "7"}))
        )

        code = migrate_user_profiles.main([])

        out = capsys.readouterr().out
        assert code == 2
        assert "Skipped user: away (inactive)\n" in out
        assert (
            "Failed to create profile for user: 7 (userId is a number, not a string; PK odd, SK METADATA)\n"
            in out
        )
        assert "Profiles failed:          1\nUsers skipped:            1\n" in out

    def test_control_characters_of_an_id_are_not_printed(self, create_table, use_table, capsys):
        use_table(create_table(plain_user("a\x1b[2J\nMigration complete!")))

        migrate_user_profiles.main([])

        assert "\x1b" not in capsys.readouterr().out

    def test_three_permissions_of_the_readme_are_enough(self, old_table, capsys):
        old_table.client.denied = {"BatchGetItem", "BatchExecuteStatement"}

        code = migrate_user_profiles.main([])

        captured = capsys.readouterr()
        assert code == 0
        assert "Profiles created:         2\n" in captured.out
        assert captured.err.count("dynamodb:BatchGetItem is denied") == 1
        assert captured.err.count("dynamodb:PartiQLInsert is denied") == 1
        operations = {name for name, _ in old_table.client.calls}
        assert operations == {"Scan", "BatchGetItem", "GetItem", "BatchExecuteStatement", "PutItem"}

    @pytest.mark.parametrize(
        ("error", "messages"),
        [
            (NoCredentialsError(), ["Unable to locate credentials\n", "aws configure", "AWS_ACCESS_KEY_ID"]),
            (
                client_error("Scan", "ResourceNotFoundException"),
                ["Table not found: 'v_users_dev'", "aws dynamodb describe-table --table-name v_users_dev"],
            ),
            (
                client_error("Scan", "AccessDeniedException"),
                ["Access Denied", "dynamodb:Scan", "dynamodb:GetItem", "dynamodb:PutItem"],
            ),
            (EndpointConnectionError(endpoint_url="http://x"), ["Could not connect to DynamoDB at"]),
        ],
    )
    def test_error_is_printed_without_a_traceback(self, old_table, capsys, error, messages):
        def fail(operation, parameters):
            raise error

        old_table.client.hooks = [fail]

        code = migrate_user_profiles.main([])

        err = capsys.readouterr().err
        assert code == 1
        assert all(message in err for message in messages)
        assert "Traceback" not in err

    @pytest.mark.parametrize(
        "arguments", [["--table"], ["--table-name", "x"], ["--segments", "2"], ["x"], ["--dry"]]
    )
    def test_other_arguments_are_wrong_usage(self, capsys, arguments):
        with pytest.raises(SystemExit) as ended:
            migrate_user_profiles.main(arguments)

        assert ended.value.code == 64
        assert "migrate-user-profiles: error: " in capsys.readouterr().err

    @pytest.mark.parametrize("variable", [None, "AWS_ENDPOINT_URL"])
    def test_connection_errors_name_variables_instead_of_options(self, capsys, monkeypatch, variable):
        if variable:
            monkeypatch.setenv(variable, "nonsense")
        else:
            monkeypatch.delenv("AWS_DEFAULT_REGION")
            monkeypatch.delenv("AWS_REGION")

        assert migrate_user_profiles.main([]) == 1

        err = capsys.readouterr().err
        assert (variable or "AWS_DEFAULT_REGION") in err
        assert "--" not in err

    @pytest.mark.parametrize(
        "error", [EndpointConnectionError(endpoint_url="x"), client_error("Scan", "404")]
    )
    def test_call_errors_name_no_options(self, old_table, capsys, error):
        def fail(operation, parameters):
            raise error

        old_table.client.hooks = [fail]

        assert migrate_user_profiles.main([]) == 1
        assert "--" not in capsys.readouterr().err


def test_closed_pipe_stops_the_run(old_table, monkeypatch):
    class Closed(Terminal):
        def write(self, text):
            if "user record" not in text and "Migration\n" not in text:
                raise BrokenPipeError

        def fileno(self):
            return descriptor

    descriptor = os.open(os.devnull, os.O_WRONLY)
    monkeypatch.setattr(sys, "stdout", Closed(sys.stdout))

    assert migrate_user_profiles.main([]) == 3
    os.close(descriptor)
