"""PartiQL asks for AWS's own actions."""

import json
from typing import Any

import pytest
from conformance_fake import Fake, Gateway, error_of
from pulumi_localaws.gateway.partiql import wanted_rights
from pulumi_localaws.gateway.wire.http_messages import Request

ROLE = "arn:aws:iam::000000000000:role/worker"
SESSION = "arn:aws:sts::000000000000:assumed-role/worker/fn"
TABLE = "arn:aws:dynamodb:eu-west-1:000000000000:table/users"
INSERT = "INSERT INTO \"users\" VALUE {'PK': ?}"


def batch(gateway: Gateway, *statements: str) -> Any:
    entries = [{"Statement": s} for s in statements]
    return gateway.call("BatchExecuteStatement", service="dynamodb", key="ASIAX", Statements=entries)


@pytest.mark.parametrize(
    ("principal", "source"), [(SESSION, ROLE), (f"{ROLE[:26]}user/u", f"{ROLE[:26]}user/u")]
)
def test_the_right_on_the_table_is_enough(gateway: Gateway, fake: Fake, principal: str, source: str) -> None:
    """Line 28 (doc): dynamodb:PartiQLInsert, for a role's session as for a user."""
    fake.denied = principal
    fake.decisions[f"{source} dynamodb:PartiQLInsert {TABLE}"] = "allowed"

    response = batch(gateway, INSERT)

    assert (200, 2) == (response.status, fake.calls.count("BatchExecuteStatement"))


def test_without_the_right_it_is_denied_in_awss_words(gateway: Gateway, fake: Fake) -> None:
    """Line 28 (doc): the message names AWS's action and the table."""
    fake.denied = SESSION

    code, message = error_of(batch(gateway, INSERT))

    expected = (
        f"User: {SESSION} is not authorized to perform: dynamodb:PartiQLInsert on resource: {TABLE} "
        "because no identity-based policy allows the dynamodb:PartiQLInsert action"
    )
    assert ("AccessDeniedException", expected) == (code.rsplit("#", 1)[-1], message)
    assert 1 == fake.calls.count("BatchExecuteStatement")


def test_each_statement_needs_its_own_right(gateway: Gateway, fake: Fake) -> None:
    """Line 28 (doc): one right missing denies the call."""
    fake.denied = SESSION
    fake.decisions[f"{ROLE} dynamodb:PartiQLInsert {TABLE}"] = "allowed"

    code, message = error_of(batch(gateway, INSERT, 'DELETE FROM "users" WHERE PK = ?'))

    assert "AccessDeniedException" == code.rsplit("#", 1)[-1]
    assert "dynamodb:PartiQLDelete" in message


def test_an_explicit_deny_says_so(gateway: Gateway, fake: Fake) -> None:
    """Line 28 (doc): the other text."""
    fake.denied = SESSION
    fake.decisions[f"{ROLE} dynamodb:PartiQLInsert {TABLE}"] = "explicitDeny"

    assert error_of(batch(gateway, INSERT))[1].endswith("with an explicit deny in an identity-based policy")


def test_what_passes_is_not_asked_again(gateway: Gateway, fake: Fake) -> None:
    """Our own rule: no second call where the backend is content."""
    batch(gateway, INSERT)

    assert ["BatchExecuteStatement"] == fake.calls


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
def test_statements_are_read(statement: str, expected: tuple[str, str]) -> None:
    """Line 28 (doc): which action on which table or index."""
    request = Request("POST", "/", (), json.dumps({"Statement": statement}).encode())

    assert {expected} == wanted_rights(request, "ExecuteStatement")


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"Statement": "DROP TABLE users"}', b'{"Statement": 7}']
)
def test_what_cannot_be_read_stays_denied(body: bytes) -> None:
    """Our own rule: in doubt the backend's denial stands."""
    assert wanted_rights(Request("POST", "/", (), body), "ExecuteStatement") is None
