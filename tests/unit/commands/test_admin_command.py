"""`userprofiles admin`: the operator creates and removes administrators."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from userprofiles import cli
from userprofiles.api.administrator import Administration
from userprofiles.commands import admin_command
from userprofiles.registration.cognito_user import CognitoUser
from userprofiles.registration.registrar import Registrar
from userprofiles.table import audit, record
from userprofiles.table.lists import UserLists

POOL_ID = "us-east-1_aB3dE5fG7"
USER = "11111111-1111-4111-8111-111111111111"
OPTIONS = [
    *("--user-pool-id", POOL_ID, "--table-name", "users", "--audit-table", "audit"),
    *("--template", "marketplace"),
]


@pytest.fixture
def user(create_registrar: Callable[..., Registrar], cognito: Any) -> str:
    attributes = {"sub": USER, "email": "ada@example.com"}
    cognito.add("ada@example.com", attributes)
    create_registrar("api").register(CognitoUser(USER, "ada@example.com", POOL_ID, attributes, "CONFIRMED"))
    return USER


@pytest.fixture(autouse=True)
def administration(
    monkeypatch: pytest.MonkeyPatch,
    create_registrar: Callable[..., Registrar],
    cognito: Any,
    tables: Any,
) -> None:
    """Make the command use the tables and the Cognito client of this test."""
    monkeypatch.setattr(
        admin_command,
        "_create_administration",
        lambda _values, template: Administration(
            create_registrar("operator", template=template),
            cognito,
            POOL_ID,
            UserLists(tables.client, tables.users),
        ),
    )


def run(*arguments: str) -> int:
    return cli.main(["admin", *arguments, *OPTIONS])


@pytest.mark.usefixtures("user")
def test_grant_stores_the_role_with_an_audit_row_and_adds_the_user_to_the_group(
    tables: Any, cognito: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    exit_code = run("grant", "ada@example.com")

    account = tables.items()[0]
    rows = tables.audit_rows()
    assert exit_code == 0
    assert capsys.readouterr().out == f"The user {USER} has the role admin.\n"
    assert (account["role"], account["listPK"]) == ("admin", f"LIST#admin#{record.list_shard(USER)}")
    assert cognito.groups["admin"] == {"ada@example.com"}
    [row] = [row for row in rows if row["action"] == "ROLE_CHANGED"]
    assert row["source"] == "operator"
    assert row["requestId"]
    assert audit.verify(rows, account["auditHead"]) == 2


def test_revoke_keeps_the_role_of_a_user_without_the_role_admin(
    tables: Any, cognito: Any, create_registrar: Callable[..., Registrar], capsys: pytest.CaptureFixture[str]
) -> None:
    attributes = {"sub": USER, "email": "vera@example.com", "custom:role": "vendor"}
    cognito.add("vera@example.com", attributes)
    create_registrar("api").register(CognitoUser(USER, "vera@example.com", POOL_ID, attributes, "CONFIRMED"))

    before = tables.items()

    exit_code = run("revoke", "vera@example.com", "--json")

    assert (exit_code, tables.items()) == (0, before)
    assert json.loads(capsys.readouterr().out) == {"userId": USER, "role": "vendor", "changed": False}


@pytest.mark.usefixtures("user")
def test_second_grant_changes_nothing(tables: Any, capsys: pytest.CaptureFixture[str]) -> None:
    run("grant", "ada@example.com")
    before = tables.items(), tables.audit_rows()
    capsys.readouterr()

    exit_code = run("grant", "ada@example.com", "--json")

    assert exit_code == 0
    assert json.loads(capsys.readouterr().out) == {"userId": USER, "role": "admin", "changed": False}
    assert (tables.items(), tables.audit_rows()) == before


@pytest.mark.usefixtures("user")
def test_revoke_gives_the_default_role_and_leaves_the_group(tables: Any, cognito: Any) -> None:
    run("grant", "ada@example.com")

    exit_code = run("revoke", "ada@example.com")

    assert (exit_code, tables.items()[0]["role"], cognito.groups["admin"]) == (0, "customer", set())


def test_unknown_user_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    exit_code = run("grant", "nobody", "--json")

    output = capsys.readouterr()
    assert exit_code == 5
    assert "The pool has no such user. Pass the user name" in output.err
    assert "no such user" in json.loads(output.out)["error"]


def test_user_without_a_record_is_refused_with_the_way_out(
    cognito: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    cognito.add("ada", {"sub": USER})

    assert run("grant", "ada") == 5
    assert "Let the user sign in and open the profile once" in capsys.readouterr().err
    assert cognito.groups["admin"] == set()


@pytest.mark.usefixtures("user")
def test_missing_group_is_refused_with_the_way_out(
    cognito: Any, tables: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    del cognito.groups["admin"]

    assert run("grant", "ada@example.com") == 5
    assert "Deploy the profile API, which creates it" in capsys.readouterr().err
    assert tables.items()[0]["role"] == "customer"


@pytest.mark.usefixtures("user")
def test_failed_call_to_aws_is_reported_without_a_traceback(
    cognito: Any, aws_error: Callable[..., Exception], capsys: pytest.CaptureFixture[str]
) -> None:
    cognito.error = aws_error("AccessDeniedException")

    assert run("grant", "ada@example.com") == 1
    assert "A call to AWS failed: AccessDeniedException. Check" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["admin", "grant", "ada", *OPTIONS[6:]],
            "required: --user-pool-id, --users-table, --audit-table, or",
        ),
        (["admin", "revoke", "ada", *OPTIONS[:6]], "the following arguments are required: --template"),
        (["admin", "grant", *OPTIONS], "the following arguments are required: USER"),
        (["admin", "grant", "ada", *OPTIONS, "--role", "x"], "unrecognized arguments: --role x"),
        (["admin", "grant", "ada", *OPTIONS, "--template", "none"], "--template: Template 'none' doesn't"),
        (["admin"], "the following arguments are required: COMMAND"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_wrong_usage_exits_with_64(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_info:
        cli.main(arguments)

    assert exit_info.value.code == 64
    assert message in capsys.readouterr().err
