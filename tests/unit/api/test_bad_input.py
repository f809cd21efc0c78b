"""Bad requests on every route with a body: a documented answer, no write, and no personal data in the logs.

Each test sends many requests, because none of them may change anything.

Other bad input: single fields in test_merge_patch_errors.py and in the tests of each route, cursors in
test_user_list.py, templates and versions in test_template.py and test_template_versions.py, callers in
test_authorisation.py.
"""

import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from userprofiles.api import routes
from userprofiles.api.routes import (
    CHANGE_USER,
    CHANGE_USERS,
    ERASE_USER,
    INVITE_USER,
    LIST_USERS,
    RESTORE_USER,
    ROUTES,
    SET_ROLE,
    SET_STATUS,
    Route,
)

USER = "11111111-1111-4111-8111-111111111111"
CANARY = "canary@example.com"
ADMIN = "00000000-0000-4000-8000-00000000000a"
ADMIN_CLAIMS = {"sub": ADMIN, "username": ADMIN}
ROUTES_WITH_BODY = [
    route
    for route in ROUTES
    if route.method in {"PATCH", "POST", "PUT"} and route not in {ERASE_USER, RESTORE_USER}
]

BAD_BODIES = {
    "empty": ("", 400, "invalid_json"),
    "not JSON": (f"email={CANARY}", 400, "invalid_json"),
    "incomplete": (f'{{"email": "{CANARY}"', 400, "invalid_json"),
    "duplicate names": (f'{{"email": "a@b.co", "email": "{CANARY}"}}', 400, "invalid_json"),
    "NaN": (f'{{"{CANARY}": NaN}}', 400, "invalid_json"),
    "minus Infinity": (f'{{"{CANARY}": -Infinity}}', 400, "invalid_json"),
    "a number of 5,000 digits": (f'{{"{CANARY}": {"9" * 5000}}}', 400, "invalid_json"),
    "nested 1,000 deep": ('{"a":' * 1000 + f'"{CANARY}"' + "}" * 1000, 400, "invalid_json"),
    "arrays nested 60,000 deep": ("[" * 60_000, 400, "invalid_json"),
    "10 MB": (f'{{"{CANARY}": "{"x" * 10 * 1024 * 1024}"}}', 413, "too_large"),
    "null": ("null", 400, None),
    "a text": (f'"{CANARY}"', 400, None),
    "a list": (f'["{CANARY}"]', 400, None),
    "an unknown field": (f'{{"{CANARY}": "{CANARY}"}}', 400, None),
}
"""Body, status and code; None if the code depends on the route."""


@pytest.fixture
def send(call_as_admin: Callable[..., Any], create_user: Callable[..., None]) -> Callable[..., Any]:
    """Return a function that sends a request of an administrator; the user exists."""
    create_user(USER)
    return call_as_admin


@pytest.fixture
def nothing_changes(
    send: Callable[..., Any], tables: Any, cognito: Any, log: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> Iterator[None]:
    """Check after the test that its requests wrote nothing to tables and pool, and no value to the logs."""

    def state() -> Any:
        groups = {name: set(members) for name, members in cognito.groups.items()}
        stored_answers = tables.items_of(tables.idempotency)
        return tables.items(), tables.audit_rows(), stored_answers, set(cognito.users), groups

    before = state()
    yield
    assert state() == before
    assert CANARY not in log.getvalue() + capsys.readouterr().out


@pytest.mark.usefixtures("nothing_changes")
@pytest.mark.parametrize("route", ROUTES_WITH_BODY, ids=lambda route: route.key)
def test_bad_body_is_refused(send: Callable[..., Any], route: Route) -> None:
    user_id = {"user_id": USER} if "{id}" in route.path else {}

    responses = {
        kind: send(route, body=body, headers={"idempotency-key": "k"}, **user_id)
        for kind, (body, _, _) in BAD_BODIES.items()
    }

    for kind, (_, status, code) in BAD_BODIES.items():
        response = responses[kind]
        assert (kind, response.status, response.body["code"]) == (
            kind,
            status,
            code or response.body["code"],
        )
        assert response.headers["content-type"] == "application/problem+json"
        assert len(response.text) < 4096


NUMBERS = ["1e126", "-1e126", "1e-131", "1e999", "1" * 40]


@pytest.mark.usefixtures("nothing_changes")
def test_number_beyond_the_range_of_dynamodb_is_refused(send: Callable[..., Any]) -> None:
    patches = [f'{{"account": {{"cart": [{{"{CANARY}": {number}}}]}}}}' for number in NUMBERS]

    responses = [send(CHANGE_USER, USER, patch) for patch in patches]
    bulk_responses = [
        send(CHANGE_USERS, body=f'{{"users": [{{"userId": "{USER}", "patch": {patch}}}]}}')
        for patch in patches
    ]

    answers = [(response.status, response.body["errors"][0]["code"]) for response in responses]
    assert answers == [(400, "not_storable")] * len(NUMBERS)
    codes = [response.body["results"][0]["code"] for response in bulk_responses]
    assert codes == ["invalid_patch"] * len(NUMBERS)


WRONG_IDS = [
    "22222222-2222-4222-8222-222222222222",
    "..",
    "*",
    "me",
    f"USER#{USER}",
    f"USER%23{USER}",
    f"{USER}%00",
    f"{USER} ",
    f"{USER}%0a",
    USER.replace("1", "\uff11"),
    CANARY,
    "x" * 129,
]


@pytest.mark.usefixtures("nothing_changes")
@pytest.mark.parametrize(
    ("route", "body"),
    [
        (routes.READ_USER, None),
        (CHANGE_USER, {"profile": {"language": "fr"}}),
        (SET_ROLE, {"role": "admin"}),
        (SET_STATUS, {"status": "suspended"}),
        (routes.SET_VENDOR_STATUS, {"vendorStatus": "approved"}),
    ],
    ids=lambda value: getattr(value, "key", ""),
)
def test_id_of_nobody_is_404(send: Callable[..., Any], route: Route, body: Any) -> None:
    statuses = {user_id: send(route, user_id, body).status for user_id in WRONG_IDS}

    assert statuses == dict.fromkeys(WRONG_IDS, 404)


@pytest.mark.usefixtures("nothing_changes")
def test_repeated_or_unknown_query_parameter_is_refused(send: Callable[..., Any]) -> None:
    """An HTTP API joins the values of a repeated parameter with commas (payload format 2.0)."""
    queries = {
        "role twice": {"role": "customer,vendor"},
        "limit twice": {"role": "customer", "limit": "5,500"},
        "status twice": {"role": "customer", "status": "active,suspended"},
        "role as a list": {"role": "customer", "role[]": "vendor"},
        "another case": {"Role": "customer"},
        "long names": {"role": "customer", **{f"{CANARY}{number}" * 20: "x" for number in range(300)}},
    }

    for kind, query in queries.items():
        response = send(LIST_USERS, query=query)
        assert (kind, response.status, response.body["code"]) == (kind, 400, "invalid_query")
        assert len(response.body["errors"]) <= 20
        assert len(response.text) < 8192


INVITATIONS = [
    {"email": f"{CANARY}\r\nBcc: other@example.com"},
    {"email": f"{CANARY}\x00"},
    {"email": f"\x1b[31m{CANARY}"},
    {"email": f"\u202e{CANARY}"},
    {"email": f"\ud800{CANARY}"},
    {"email": f"{CANARY},other@example.com"},
    {"email": "a" * 60 + "@" + "b" * 70 + ".co"},
    {"email": CANARY, "phoneNumber": "+1415555\u0660123"},
    {"email": CANARY, "phoneNumber": "+14155550123\n"},
    {"email": CANARY, "role": "admin"},
    {"email": CANARY, "role": "Admin"},
    {"email": CANARY, "custom:role": "admin"},
    {"email": CANARY, "UserAttributes": "x", "groups": "admin"},
    {"email": CANARY, "userId": USER},
    {"email": CANARY, "email_verified": "true"},
]


@pytest.mark.usefixtures("nothing_changes")
def test_invitation_with_other_attributes_or_a_false_address_is_refused(send: Callable[..., Any]) -> None:
    responses = [send(INVITE_USER, body=invitation) for invitation in INVITATIONS]

    answers = [(response.status, response.body["code"]) for response in responses]
    assert answers == [(400, "invalid_body")] * len(INVITATIONS)


@pytest.mark.usefixtures("nothing_changes")
@pytest.mark.timeout(20)
def test_long_address_does_not_keep_the_function_busy(send: Callable[..., Any]) -> None:
    """A pattern without a limit takes over a minute for it."""
    assert send(INVITE_USER, body={"email": "a@" + "." * 60_000 + "@"}).status == 400


PATCHES = [
    {"account": {"role": "admin"}},
    {"account": {"status": "active"}},
    {"account": {"listPK": "LIST#admin#00"}},
    {"account": {"PK": f"USER#{USER}", "SK": "ACCOUNT#MAIN"}},
    {"account": {"entityType": "TOMBSTONE"}},
    {"account": {"auditHead": "x", "version": 1}},
    {"account": {"setFields": ["role"], "templateVersion": "9.0"}},
    {"profile": {"userId": "x", "createdAt": "2020-01-01T00:00:00Z"}},
    {"profile": {"profile_completed": True}},
    {"role": "admin"},
    {"account": {"__proto__": {"role": "admin"}, "constructor": {}}},
]


@pytest.mark.usefixtures("nothing_changes")
def test_patch_of_keys_roles_and_bookkeeping_is_refused(send: Callable[..., Any]) -> None:
    """Administrators change the same fields as users; role and status have routes of their own."""
    responses = [send(CHANGE_USER, USER, patch) for patch in PATCHES]
    bulk_responses = [
        send(CHANGE_USERS, body={"users": [{"userId": USER, "patch": patch}]}) for patch in PATCHES
    ]

    codes = [response.body["code"] for response in responses]
    assert codes == ["invalid_patch"] * len(PATCHES)
    bulk_codes = [response.body["results"][0]["code"] for response in bulk_responses]
    assert bulk_codes == ["invalid_patch"] * len(PATCHES)


SIMILAR_GROUPS = [
    "admin",
    "[]",
    "[ ]",
    "[Admin]",
    "[admins]",
    "[[admin]]",
    "[[admin]",
    "[x,admin]",
    "[admin, x]",
    '["admin"]',
    "[x\tadmin]",
    "[x\u00a0admin]",
    "[x\u2003admin]",
    "[\uff41dmin]",
    "admin]",
    " [admin]",
    ["admin"],
    {"admin": True},
    None,
]


@pytest.mark.usefixtures("nothing_changes")
def test_group_that_only_looks_like_the_administrators_group_is_refused(send: Callable[..., Any]) -> None:
    """The role in the table is that of an administrator: only the group is another one."""
    statuses = [
        send(SET_ROLE, USER, {"role": "admin"}, claims={**ADMIN_CLAIMS, "cognito:groups": groups}).status
        for groups in SIMILAR_GROUPS
    ]

    assert statuses == [403] * len(SIMILAR_GROUPS)


@pytest.mark.usefixtures("nothing_changes")
def test_role_in_the_token_makes_no_administrator(send: Callable[..., Any]) -> None:
    roles = {"role": "admin", "custom:role": "admin", "cognito:groups": "[customer]"}

    assert send(SET_ROLE, USER, {"role": "admin"}, claims=ADMIN_CLAIMS | roles).status == 403
