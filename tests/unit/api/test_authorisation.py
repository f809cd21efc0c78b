"""Who may call which route: one table of every route and every kind of caller.

The authorizer of the HTTP API rejects expired tokens, and tokens of another pool or client, before the
function is called: see tests/e2e/test_authorisation.py. Here, the function gets claims.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from userprofiles.api import routes
from userprofiles.api.routes import ROUTES, Route

# The user of the events, and another user whose profile the administrators' routes change.
SUB = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
OTHER = "11111111-1111-4111-8111-111111111111"
IN_GROUP = {"cognito:groups": "[admin]"}


class Caller(NamedTuple):
    """A kind of caller: claims of the token, fields of the account, whether the user was erased or marked."""

    claims: dict[str, Any] | None
    fields: dict[str, Any]
    is_erased: bool = False
    grace_days: int | None = None


CALLERS = {
    "user": Caller({}, {}),
    "vendor": Caller({}, {"role": "vendor"}),
    "admin": Caller(IN_GROUP, {"role": "admin"}),
    "demoted admin": Caller(IN_GROUP, {"role": "customer"}),
    "admin without group": Caller({}, {"role": "admin"}),
    "inactive admin": Caller(IN_GROUP, {"role": "admin", "status": "suspended"}),
    "similar group": Caller({"cognito:groups": "[administrators not-admin]"}, {"role": "admin"}),
    "group in another form": Caller({"cognito:groups": "admin"}, {"role": "admin"}),
    "no token": Caller(None, {}),
    "another client": Caller({**IN_GROUP, "client_id": "another"}, {"role": "admin"}),
    "ID token": Caller({**IN_GROUP, "token_use": "id"}, {"role": "admin"}),
    "erased user": Caller({}, {}, is_erased=True),
    "erased admin": Caller(IN_GROUP, {}, is_erased=True),
    "inactive user": Caller({}, {"status": "suspended"}),
    "marked user": Caller({}, {}, grace_days=30),
    "marked admin": Caller(IN_GROUP, {"role": "admin"}, grace_days=30),
    "due user": Caller({}, {}, grace_days=0),
    "due admin": Caller(IN_GROUP, {"role": "admin"}, grace_days=0),
}

BODIES: dict[Route, Any] = {
    routes.CHANGE_PROFILE: {"profile": {"language": "fr"}},
    routes.CHANGE_USER: {"profile": {"language": "fr"}},
    routes.SET_ROLE: {"role": "customer"},
    routes.SET_STATUS: {"status": "suspended"},
    routes.SET_VENDOR_STATUS: {"vendorStatus": "approved"},
    routes.CREATE_AVATAR: {"contentType": "image/png"},
    routes.INVITE_USER: {"email": "new@example.com"},
    routes.CHANGE_USERS: {"users": [{"userId": OTHER}]},
}

NO_TOKEN = dict.fromkeys(["no token", "another client", "ID token"], 401)
ERASED = dict.fromkeys(["erased user", "erased admin", "due user", "due admin"], 410)
MARKED = dict.fromkeys(["marked user", "marked admin"], 410)
OWN = {**dict.fromkeys(CALLERS, 200), **NO_TOKEN, **ERASED, **MARKED}
ADMIN_ONLY = {**dict.fromkeys(CALLERS, 403), **NO_TOKEN, "marked admin": 410, "due admin": 410}
EXPECTED: dict[Route, dict[str, int]] = {
    routes.HEALTH: dict.fromkeys(CALLERS, 200),
    routes.OPENAPI: dict.fromkeys(CALLERS, 200),
    routes.READ_PROFILE: OWN,
    routes.CHANGE_PROFILE: {**OWN, "inactive user": 403, "inactive admin": 403},
    routes.READ_COMPLETION: OWN,
    routes.CREATE_AVATAR: {
        **{name: 201 if status == 200 else status for name, status in OWN.items()},
        "inactive user": 403,
        "inactive admin": 403,
    },
    routes.EXPORT_USER: {**dict.fromkeys(CALLERS, 200), **NO_TOKEN, **ERASED},
    # A suspended user can leave too.
    routes.DELETE_USER: {name: 202 if status == 200 else status for name, status in OWN.items()},
    routes.RESTORE_USER: {**dict.fromkeys(CALLERS, 200), **NO_TOKEN, **ERASED},
    routes.LIST_USERS: {**ADMIN_ONLY, "admin": 200},
    routes.READ_USER: {**ADMIN_ONLY, "admin": 200},
    routes.CHANGE_USER: {**ADMIN_ONLY, "admin": 200},
    routes.SET_ROLE: {**ADMIN_ONLY, "admin": 200},
    routes.SET_STATUS: {**ADMIN_ONLY, "admin": 200},
    # The other user is no vendor: the administrator may call the route, but the step is illegal.
    routes.SET_VENDOR_STATUS: {**ADMIN_ONLY, "admin": 409},
    routes.INVITE_USER: {**ADMIN_ONLY, "admin": 201},
    routes.CHANGE_USERS: {**ADMIN_ONLY, "admin": 200},
    routes.ERASE_USER: {**ADMIN_ONLY, "admin": 202},
}


def test_table_has_every_route() -> None:
    assert set(EXPECTED) == set(ROUTES)


@pytest.mark.usefixtures("confirmed_user")
@pytest.mark.parametrize("caller_name", CALLERS)
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.key)
@pytest.mark.sample(3)
def test_caller_gets_the_status_of_the_table(
    *,
    route: Route,
    caller_name: str,
    call_route: Callable[..., Any],
    create_user: Callable[..., None],
    set_fields: Callable[..., None],
    mark_user: Callable[..., Any],
    tables: Any,
) -> None:
    caller = CALLERS[caller_name]
    create_user(SUB)
    create_user(OTHER)
    if caller.fields:
        set_fields(SUB, **caller.fields)
    if caller.grace_days is not None:
        mark_user(SUB, days=caller.grace_days)
    if caller.is_erased:
        for item in tables.items():
            if item["PK"] == f"USER#{SUB}":
                tables.put({"PK": item["PK"], "SK": item["SK"], "entityType": "TOMBSTONE"})
    before = tables.items(), tables.audit_rows()

    response = call_route(route, OTHER, BODIES.get(route), claims=caller.claims, query={"role": "customer"})

    assert response.status == EXPECTED[route][caller_name], response.text
    if response.status in {401, 403, 410}:
        assert (tables.items(), tables.audit_rows()) == before
        assert response.headers["content-type"] == "application/problem+json"
