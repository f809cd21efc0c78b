"""PartiQL is authorized by AWS's actions."""

import json
from typing import Any

import pytest
from conformance_fake_emulator import FakeEmulator
from conformance_gateway import GatewayClient, error_of
from pulumi_localaws.gateway.partiql import required_permissions
from pulumi_localaws.gateway.wire.http_messages import Request

ROLE = "arn:aws:iam::000000000000:role/worker"
SESSION = "arn:aws:sts::000000000000:assumed-role/worker/fn"
TABLE = "arn:aws:dynamodb:eu-west-1:000000000000:table/users"
INSERT = "INSERT INTO \"users\" VALUE {'PK': ?}"


def execute_batch(gateway: GatewayClient, *statements: str) -> Any:
    entries = [{"Statement": s} for s in statements]
    return gateway.call("BatchExecuteStatement", service="dynamodb", key="ASIAX", Statements=entries)


@pytest.mark.parametrize(
    ("principal", "source"), [(SESSION, ROLE), (f"{ROLE[:26]}user/u", f"{ROLE[:26]}user/u")]
)
def test_permission_on_the_table_is_enough(
    gateway: GatewayClient, emulator: FakeEmulator, principal: str, source: str
) -> None:
    """Line 28 (doc): dynamodb:PartiQLInsert, for a role's session and for a user."""
    emulator.denied_principal = principal
    emulator.policy_decisions[f"{source} dynamodb:PartiQLInsert {TABLE}"] = "allowed"

    response = execute_batch(gateway, INSERT)

    assert (response.status, emulator.calls.count("BatchExecuteStatement")) == (200, 2)


def test_denial_has_awss_text(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 28 (doc): the message names AWS's action and the table."""
    emulator.denied_principal = SESSION

    code, message = error_of(execute_batch(gateway, INSERT))

    expected = (
        f"User: {SESSION} is not authorized to perform: dynamodb:PartiQLInsert on resource: {TABLE} "
        "because no identity-based policy allows the dynamodb:PartiQLInsert action"
    )
    assert (code.rsplit("#", 1)[-1], message) == ("AccessDeniedException", expected)
    assert emulator.calls.count("BatchExecuteStatement") == 1


def test_each_statement_needs_its_own_permission(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 28 (doc): the call is denied if one permission is missing."""
    emulator.denied_principal = SESSION
    emulator.policy_decisions[f"{ROLE} dynamodb:PartiQLInsert {TABLE}"] = "allowed"

    code, message = error_of(execute_batch(gateway, INSERT, 'DELETE FROM "users" WHERE PK = ?'))

    assert code.rsplit("#", 1)[-1] == "AccessDeniedException"
    assert "dynamodb:PartiQLDelete" in message


def test_explicit_deny_has_its_own_text(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Line 28 (doc): the text names the explicit deny."""
    emulator.denied_principal = SESSION
    emulator.policy_decisions[f"{ROLE} dynamodb:PartiQLInsert {TABLE}"] = "explicitDeny"

    assert error_of(execute_batch(gateway, INSERT))[1].endswith(
        "with an explicit deny in an identity-based policy"
    )


def test_permitted_call_is_not_repeated(gateway: GatewayClient, emulator: FakeEmulator) -> None:
    """Our own rule: no second call if the backend permits the first."""
    execute_batch(gateway, INSERT)

    assert emulator.calls == ["BatchExecuteStatement"]


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (INSERT, ("dynamodb:PartiQLInsert", "table/users")),
        ("insert  into users value {'PK': 'a'}", ("dynamodb:PartiQLInsert", "table/users")),
        ('SELECT PK, "from" FROM "users" WHERE PK = ?', ("dynamodb:PartiQLSelect", "table/users")),
        ('SELECT "x from open" FROM users', ("dynamodb:PartiQLSelect", "table/users")),
        ('SELECT * FROM "users"."list" WHERE x = ?', ("dynamodb:PartiQLSelect", "table/users/index/list")),
        ("EXISTS(SELECT * FROM users WHERE PK = ?)", ("dynamodb:PartiQLSelect", "table/users")),
        ('\n UPDATE "users" SET a = 1 WHERE PK = ?', ("dynamodb:PartiQLUpdate", "table/users")),
        ('DELETE FROM "users" WHERE PK = ?', ("dynamodb:PartiQLDelete", "table/users")),
    ],
)
def test_statements_are_parsed(statement: str, expected: tuple[str, str]) -> None:
    """Line 28 (doc): action and table or index of a statement."""
    request = Request("POST", "/", (), json.dumps({"Statement": statement}).encode())

    assert required_permissions(request, "ExecuteStatement") == {expected}


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"Statement": "DROP TABLE users"}', b'{"Statement": 7}']
)
def test_call_that_cannot_be_parsed_stays_denied(body: bytes) -> None:
    """Our own rule: the backend's denial is returned."""
    assert required_permissions(Request("POST", "/", (), body), "ExecuteStatement") is None
