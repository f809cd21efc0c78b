"""The profile API by the events of an HTTP API, from token to table."""

import base64
import dataclasses
import importlib
import io
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from userprofiles.api import profile_service
from userprofiles.api.profile_service import ProfileService
from userprofiles.api.routes import ROUTES, Route
from userprofiles.backfill.skip_rule import DEFAULT_STATUSES
from userprofiles.registration.registrar import Registrar
from userprofiles.table import audit
from userprofiles.table.store import Store, StoreBusyError, StoreError, User
from userprofiles.telemetry import Report

SUB = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
CLIENT = "3n4b5urk1ft4fl3mg5e62d9ado"
POOL = "us-east-1_aB3dE5fG7"
ATTRIBUTES = {"sub": SUB, "email": "John@Example.com", "email_verified": "true", "given_name": "John"}


@pytest.fixture
def service(make_registrar: Callable[..., Registrar], directory: Any) -> ProfileService:
    return ProfileService(
        make_registrar(profile_service.SOURCE), directory, pool_id=POOL, sleep=lambda _: None
    )


@pytest.fixture
def set_part(service: ProfileService) -> Callable[..., None]:
    """Return a function that replaces parts of the service's registrar, such as its store."""

    def replace(**parts: Any) -> None:
        service._registrar = dataclasses.replace(service._registrar, **parts)

    return replace


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch, service: ProfileService, report: Report) -> Any:
    """The function's own module, with the tables and the directory of this test."""
    for name in ("USERS_TABLE", "AUDIT_TABLE", "USER_POOL_ID"):
        monkeypatch.setenv(name, "x")
    module = importlib.import_module("userprofiles.handlers.profile_api")
    monkeypatch.setattr(module, "SERVICE", service)
    monkeypatch.setattr(module, "CLIENT_IDS", (CLIENT,))
    monkeypatch.setattr(module, "REPORT", report)
    return module


class Answer:
    """What a client sees."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self.status = raw["statusCode"]
        self.headers = {name.lower(): value for name, value in raw["headers"].items()}
        self.text = raw["body"]
        self.body = json.loads(raw["body"])


@pytest.fixture
def call(api: Any, load_event: Callable[[str], Any]) -> Callable[..., Answer]:
    def send(
        method: str = "GET",
        patch: Any = None,
        *,
        claims: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> Answer:
        event = load_event(f"http_api_{method.lower()}_profile")
        event["requestContext"]["authorizer"]["jwt"]["claims"] |= claims or {}
        event["headers"] |= headers or {}
        if method == "PATCH":
            event["body"] = json.dumps(patch)
        return Answer(api.handler(event | more, None))

    return send


@pytest.fixture
def known(directory: Any) -> None:
    directory.add(SUB, ATTRIBUTES)


def test_health_needs_no_token(api: Any, load_event: Callable[[str], Any], directory: Any) -> None:
    answer = Answer(api.handler(load_event("http_api_health"), None))

    assert (answer.status, answer.body) == (200, {"status": "ok"})
    assert directory.asked == []


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.key)
def test_every_route_has_a_handler_that_requires_a_token_if_the_table_says_so(
    route: Route, api: Any, load_event: Callable[[str], Any]
) -> None:
    event = load_event("http_api_health") | {"routeKey": route.key, "rawPath": route.path}
    event["requestContext"]["http"] |= {"method": route.method, "path": route.path}

    answer = Answer(api.handler(event, None))

    assert answer.status == (401 if route.needs_token else 200)


@pytest.mark.usefixtures("known")
def test_first_access_creates_through_the_same_register(
    call: Callable[..., Answer],
    tables: Any,
    directory: Any,
) -> None:
    answer = call()

    [row] = tables.rows()
    assert answer.status == 200
    assert directory.asked == [(POOL, SUB)]
    assert (row["action"], row["source"]) == ("REGISTERED", "api")
    assert answer.body["account"]["email"] == "john@example.com"
    assert answer.body["profile"]["firstName"] == "John"


@pytest.mark.usefixtures("known")
def test_second_access_asks_nobody_and_writes_nothing(
    call: Callable[..., Answer],
    tables: Any,
    directory: Any,
) -> None:
    first = call()
    before = tables.items()
    directory.asked.clear()

    second = call()

    assert (first.body, first.headers["etag"]) == (second.body, second.headers["etag"])
    assert ([], before) == (directory.asked, tables.items())


@pytest.mark.usefixtures("known")
def test_answer_shows_no_key_and_no_bookkeeping_and_may_not_be_kept(call: Callable[..., Answer]) -> None:
    answer = call()

    shown = answer.body["account"].keys() | answer.body["profile"].keys()
    hidden = {"PK", "SK", "entityType", "listPK", "listSK", "auditHead", "version", "expiresAt"}
    assert set() == shown & hidden
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.usefixtures("known")
def test_claims_are_never_copied_into_a_record(call: Callable[..., Answer], tables: Any) -> None:
    call(claims={"email": "CLAIM@x.y", "custom:role": "vendor", "name": "CLAIM", "cognito:groups": "[CLAIM]"})

    assert "CLAIM" not in str(tables.items())
    assert tables.items()[0]["role"] == "customer"


@pytest.mark.parametrize(
    "claims",
    [
        {"token_use": "id", "aud": CLIENT},
        {"token_use": "id"},
        {"token_use": None},
        {"client_id": "another-client"},
        {"client_id": None, "aud": CLIENT},
        {"client_id": ""},
        {"sub": None},
        {"sub": "a#b"},
        {"sub": ["x"]},
        {"username": ""},
        {"client_id": [CLIENT]},
    ],
    ids=str,
)
@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_anything_but_an_access_token_of_our_client_is_401(
    call: Callable[..., Answer],
    tables: Any,
    method: str,
    claims: dict[str, Any],
) -> None:
    answer = call(method, {"profile": {"language": "fr"}}, claims=claims)

    assert (401, "unauthorized", "Bearer") == (
        answer.status,
        answer.body["error"]["code"],
        answer.headers["www-authenticate"],
    )
    assert tables.items() == []


@pytest.mark.parametrize(
    "context", [{}, {"authorizer": None}, {"authorizer": {"jwt": {}}}, {"authorizer": {"jwt": 7}}]
)
def test_request_without_claims_is_401(
    api: Any,
    load_event: Callable[[str], Any],
    context: dict[str, Any],
) -> None:
    event = load_event("http_api_get_profile")
    del event["requestContext"]["authorizer"]
    event["requestContext"] |= context

    assert api.handler(event, None)["statusCode"] == 401


def test_user_whom_cognito_does_not_know_is_401_and_not_written(
    call: Callable[..., Answer], tables: Any
) -> None:
    assert (call().status, call("PATCH", {}).status) == (401, 401)
    assert (tables.items(), tables.rows()) == ([], [])


@pytest.mark.parametrize(
    "changes",
    [
        {"attributes": ATTRIBUTES | {"sub": "somebody-else"}},
        {"status": "UNCONFIRMED"},
        {"enabled": False},
    ],
)
def test_user_who_is_another_unconfirmed_or_disabled_is_401(
    call: Callable[..., Answer],
    tables: Any,
    directory: Any,
    changes: dict[str, Any],
) -> None:
    directory.add(SUB, **({"attributes": ATTRIBUTES} | changes))

    assert call().status == 401
    assert tables.items() == []


@pytest.mark.usefixtures("known")
def test_federated_user_is_asked_for_by_name(call: Callable[..., Answer], directory: Any) -> None:
    directory.add("Google_1", ATTRIBUTES, status="EXTERNAL_PROVIDER")

    assert call(claims={"username": "Google_1"}).status == 200
    assert directory.asked == [(POOL, "Google_1")]


@pytest.mark.usefixtures("known")
def test_half_a_user_is_made_whole_by_the_first_access(call: Callable[..., Answer], tables: Any) -> None:
    first = call()
    tables.delete(tables.items()[1])

    second = call()

    assert first.body["profile"].keys() == second.body["profile"].keys()
    assert {"REGISTERED", "REPAIRED"} == {row["action"] for row in tables.rows()}


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("left", [0, 1, None])
def test_erased_user_is_410_and_stays_erased(
    call: Callable[..., Answer],
    tables: Any,
    directory: Any,
    left: int | None,
) -> None:
    call()
    items = tables.items()
    tables.erase()
    if left is not None:
        tables.delete(items[1 - left])
    before = tables.items()
    directory.asked.clear()

    statuses = [call().status, call("PATCH", {"profile": {"language": "fr"}}).status]

    assert ([410, 410], []) == (statuses, directory.asked)
    assert before == tables.items()


@pytest.mark.usefixtures("known")
def test_change_is_kept_with_its_row_and_without_its_values(call: Callable[..., Answer], tables: Any) -> None:
    call()

    answer = call("PATCH", {"profile": {"address": {"city": "Lyon"}}, "account": {"cart": [{"price": 9.5}]}})

    account, profile = tables.items()
    assert answer.status == 200
    assert ("Lyon", "") == (profile["address"]["city"], profile["address"]["street"])
    assert [{"price": 9.5}] == answer.body["account"]["cart"]
    assert answer.body["profile"]["updatedAt"] == profile["updatedAt"]
    assert audit.verify(tables.rows(), account["auditHead"]) == 2
    [row] = [row for row in tables.rows() if row["action"] == "PROFILE_UPDATED"]
    assert ["account.cart", "profile.address"] == row["fields"]
    assert "Lyon" not in str(tables.rows())


@pytest.mark.usefixtures("known")
def test_change_by_somebody_new_creates_first(call: Callable[..., Answer], tables: Any) -> None:
    answer = call("PATCH", {"profile": {"language": "fr"}})

    assert (answer.status, answer.body["profile"]["language"]) == (200, "fr")
    assert len(tables.rows()) == 2


@pytest.mark.usefixtures("known")
def test_change_moves_updated_at_only_with_the_profile(
    call: Callable[..., Answer],
    set_part: Callable[..., None],
    now: datetime,
) -> None:
    first = call().body["profile"]["updatedAt"]
    set_part(clock=lambda: now)

    of_account = call("PATCH", {"account": {"name": "Bo"}}).body["profile"]["updatedAt"]
    of_profile = call("PATCH", {"profile": {"language": "fr"}}).body["profile"]["updatedAt"]

    assert (first, "2026-02-04T16:00:00Z") == (of_account, of_profile)


@pytest.mark.usefixtures("known")
def test_change_of_nothing_writes_nothing(call: Callable[..., Answer], tables: Any) -> None:
    first = call()
    before = tables.items(), tables.rows()

    answer = call("PATCH", {"profile": {"language": "en"}})

    assert (200, first.body) == (answer.status, answer.body)
    assert before == (tables.items(), tables.rows())


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(
    "patch",
    [{"account": {"role": "vendor"}}, {"profile": {"userId": "x"}}, {"profile": {"PK": "x"}}, [], "x", None],
    ids=str,
)
def test_refused_change_is_400_and_changes_nothing(
    call: Callable[..., Answer], tables: Any, patch: Any
) -> None:
    call()
    before = tables.items()

    answer = call("PATCH", patch)

    assert (400, "invalid_patch") == (answer.status, answer.body["error"]["code"])
    assert before == tables.items()


@pytest.mark.usefixtures("known")
def test_refused_change_names_its_fields(call: Callable[..., Answer]) -> None:
    error = call("PATCH", {"account": {"role": "vendor"}}).body["error"]

    assert [{"field": "account.role", "problem": "can't be changed by the user"}] == error["fields"]


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("status", [*DEFAULT_STATUSES, " Suspended "])
def test_user_of_an_inactive_account_reads_and_changes_nothing(
    call: Callable[..., Answer], tables: Any, status: str
) -> None:
    call()
    tables.put(tables.items()[0] | {"status": status})
    before = tables.items(), tables.rows()

    answer = call("PATCH", {"profile": {"language": "fr"}}, headers={"if-match": '"stale"'})

    assert (403, "inactive") == (answer.status, answer.body["error"]["code"])
    assert before == (tables.items(), tables.rows())
    assert call().body["account"]["status"] == status


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("status", ["active", "trial", None, 7])
def test_any_other_status_is_no_obstacle(call: Callable[..., Answer], tables: Any, status: Any) -> None:
    call()
    tables.put(tables.items()[0] | {"status": status})

    assert call("PATCH", {"profile": {"language": "fr"}}).status == 200


@pytest.mark.usefixtures("known")
def test_body_too_large_is_413(call: Callable[..., Answer]) -> None:
    assert call("PATCH", {"account": {"name": "x" * 70_000}}).status == 413


@pytest.mark.usefixtures("known")
def test_body_in_base64_is_read(
    call: Callable[..., Answer], api: Any, load_event: Callable[[str], Any]
) -> None:
    event = load_event("http_api_patch_profile")
    event |= {"isBase64Encoded": True, "body": base64.b64encode(event["body"].encode()).decode()}

    assert Answer(api.handler(event, None)).body["profile"]["address"]["city"] == "Lyon"
    assert api.handler(event | {"body": "?"}, None)["statusCode"] == 400
    assert api.handler(event | {"body": None}, None)["statusCode"] == 400


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("header", ["If-Match", "if-match"])
def test_stale_if_match_is_412_and_changes_nothing(
    call: Callable[..., Answer], tables: Any, header: str
) -> None:
    etag = call().headers["etag"]
    call("PATCH", {"profile": {"language": "fr"}})
    before = tables.items()

    answer = call("PATCH", {"profile": {"language": "de"}}, headers={header: etag})

    assert answer.status == 412
    assert before == tables.items()


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("form", ["{}", '"other", {}', "*"])
def test_current_if_match_lets_the_change_through(call: Callable[..., Answer], form: str) -> None:
    etag = call().headers["etag"]

    answer = call("PATCH", {"profile": {"language": "de"}}, headers={"if-match": form.format(etag)})

    assert answer.status == 200
    assert etag != answer.headers["etag"]


@pytest.mark.usefixtures("known")
def test_weak_tag_never_matches(call: Callable[..., Answer]) -> None:
    etag = call().headers["etag"]

    assert call("PATCH", {"profile": {"language": "de"}}, headers={"if-match": f"W/{etag}"}).status == 412


class Interfering:
    """A store in which somebody else writes just before each of the first changes."""

    def __init__(self, store: Store, tables: Any, times: int) -> None:
        self.store, self.tables, self.times = store, tables, times
        self.read, self.create = store.read, store.create

    def change(self, user: User, changes: Any, row: Any) -> bool:
        if self.times:
            self.times -= 1
            account = self.tables.items()[0]
            self.tables.put({**account, "auditHead": f"other-{self.times}", "totalOrders": 5})
        return self.store.change(user, changes, row)


@pytest.mark.usefixtures("known")
def test_concurrent_changes_are_both_kept(
    call: Callable[..., Answer],
    set_part: Callable[..., None],
    store: Store,
    tables: Any,
) -> None:
    call()
    set_part(store=Interfering(store, tables, times=2))

    answer = call("PATCH", {"account": {"name": "Bo"}})

    assert answer.status == 200
    assert (5, "Bo") == (answer.body["account"]["totalOrders"], answer.body["account"]["name"])


@pytest.mark.usefixtures("known")
def test_change_that_never_gets_through_is_409(
    call: Callable[..., Answer],
    set_part: Callable[..., None],
    store: Store,
    tables: Any,
) -> None:
    call()
    set_part(store=Interfering(store, tables, times=99))

    answer = call("PATCH", {"account": {"name": "Bo"}})

    assert (409, "conflict") == (answer.status, answer.body["error"]["code"])
    assert tables.items()[0]["name"] == "John"


@pytest.mark.usefixtures("known")
def test_if_match_holds_also_against_a_write_in_between(
    call: Callable[..., Answer],
    set_part: Callable[..., None],
    store: Store,
    tables: Any,
) -> None:
    etag = call().headers["etag"]
    set_part(store=Interfering(store, tables, times=1))

    assert call("PATCH", {"account": {"name": "Bo"}}, headers={"if-match": etag}).status == 412


class Refusing:
    """A store that refuses everything."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def read(self, _: str) -> User:
        raise self.error


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (StoreBusyError("ThrottlingException"), 503),
        (StoreError("AccessDeniedException"), 503),
        (ZeroDivisionError("CANARY"), 500),
    ],
)
def test_our_trouble_is_told_without_its_cause(
    call: Callable[..., Answer],
    set_part: Callable[..., None],
    log: io.StringIO,
    error: Exception,
    status: int,
) -> None:
    set_part(store=Refusing(error))

    answer = call()

    assert status == answer.status
    assert "CANARY" not in answer.text + log.getvalue()
    assert type(error).__name__ in log.getvalue() or str(error) in log.getvalue()


def test_cognito_that_does_not_answer_is_503(
    call: Callable[..., Answer],
    directory: Any,
    aws_error: Callable[..., Exception],
    tables: Any,
) -> None:
    directory.error = aws_error("TooManyRequestsException")

    assert call().status == 503
    assert tables.items() == []


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/me/profile/x"), ("DELETE", "/me/profile"), ("GET", "/")]
)
def test_what_is_not_there_is_404(api: Any, load_event: Callable[[str], Any], method: str, path: str) -> None:
    event = load_event("http_api_get_profile")
    event["rawPath"] = path
    event["requestContext"]["http"] |= {"method": method, "path": path}

    answer = Answer(api.handler(event, None))

    assert (404, "not_found") == (answer.status, answer.body["error"]["code"])


@pytest.mark.usefixtures("known")
def test_no_line_repeats_what_a_user_sent(
    call: Callable[..., Answer],
    log: io.StringIO,
    capsys: pytest.CaptureFixture[str],
) -> None:
    call("PATCH", {"profile": {"firstName": "CANARY", "CANARY": "x"}}, headers={"x-canary": "CANARY"})
    call("PATCH", {"profile": {"firstName": "CANARY"}}, claims={"scope": "CANARY"})

    assert len(log.getvalue().splitlines()) == 2
    assert "CANARY" not in log.getvalue() + capsys.readouterr().out
    assert "eyJ" not in log.getvalue()
