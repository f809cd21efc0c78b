"""What the tests of the API share: merge patches, and the function with the events of an HTTP API."""

import dataclasses
import functools
import importlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

import pytest
from userprofiles.api import merge_patch, profile_service, routes
from userprofiles.api.administrator import Administration
from userprofiles.api.avatars import Avatars
from userprofiles.api.deletion import Deletion, ErasureQueue
from userprofiles.api.errors import ApiError
from userprofiles.api.idempotency import IdempotentRequests
from userprofiles.api.merge_patch import UpdatePlan
from userprofiles.api.profile_service import ProfileService
from userprofiles.api.routes import Route
from userprofiles.lifecycle.export.export_sources import UserFiles
from userprofiles.lifecycle.export.user_export import UserExporter
from userprofiles.registration.cognito_user import CognitoUser
from userprofiles.registration.registrar import Registrar
from userprofiles.table import audit, deletion, record
from userprofiles.table.audit import Action
from userprofiles.table.deletion import DeletionRequest
from userprofiles.table.lists import UserLists
from userprofiles.table.store import Store
from userprofiles.telemetry import Report
from userprofiles.template import Template
from userprofiles.template_check import ITEM_KINDS, ItemKind

# The user and the app client of the events in tests/events.
SUB = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
CLIENT_ID = "3n4b5urk1ft4fl3mg5e62d9ado"
POOL_ID = "us-east-1_aB3dE5fG7"
QUEUE_URL = "https://sqs.us-east-1.amazonaws.com/123456789012/erasure"


@pytest.fixture
def service(create_registrar: Callable[..., Registrar], cognito: Any, avatars: Avatars) -> ProfileService:
    return ProfileService(
        create_registrar(profile_service.SOURCE),
        cognito,
        pool_id=POOL_ID,
        sleep=lambda _: None,
        claim_picture=avatars.claim,
    )


@pytest.fixture
def replace_registrar_part(service: ProfileService) -> Callable[..., None]:
    """Return a function that replaces attributes of the service's registrar, such as its store."""

    def replace(**attributes: Any) -> None:
        service.registrar = dataclasses.replace(service.registrar, **attributes)

    return replace


@pytest.fixture
def deletions(service: ProfileService) -> Deletion:
    return Deletion(service, timedelta(days=30), sleep=lambda _: None)


@pytest.fixture
def avatars(bucket: Any) -> Avatars:
    return Avatars("pictures", bucket)


@pytest.fixture
def exporter(tables: Any, cognito: Any, bucket: Any) -> UserExporter:
    """Return the exporter of the function."""
    files = UserFiles("pictures", bucket)
    return UserExporter(tables.client, tables.users, cognito, POOL_ID, files, "marketplace")


@pytest.fixture
def api(
    *,
    monkeypatch: pytest.MonkeyPatch,
    service: ProfileService,
    deletions: Deletion,
    avatars: Avatars,
    exporter: UserExporter,
    tables: Any,
    queue: Any,
    report: Report,
) -> Any:
    """Return the function's module, with the tables and the Cognito client of this test."""
    for name in ("USERS_TABLE", "AUDIT_TABLE", "USER_POOL_ID", "IDEMPOTENCY_TABLE", "AVATAR_BUCKET"):
        monkeypatch.setenv(name, "x")
    module = importlib.import_module("userprofiles.handlers.profile_api")
    for name, value in {
        "SERVICE": service,
        "DELETION": deletions,
        "ERASURE_QUEUE": ErasureQueue(QUEUE_URL, queue),
        "AVATARS": avatars,
        "create_exporter": lambda: exporter,
        "IDEMPOTENT_REQUESTS": IdempotentRequests(tables.client, tables.idempotency),
        "CLIENT_IDS": (CLIENT_ID,),
        "REPORT": report,
    }.items():
        monkeypatch.setattr(module, name, value)
    return module


class ApiResponse:
    """The response that a client receives."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self.status = raw["statusCode"]
        self.headers = {name.lower(): value for name, value in raw["headers"].items()}
        self.text = raw["body"]
        self.body = json.loads(raw["body"]) if raw["body"] else None


@pytest.fixture
def handle(api: Any, context: "LambdaContext") -> Callable[[Any], ApiResponse]:
    """Return a function that handles an event of the HTTP API."""
    return lambda event: ApiResponse(api.handler(event, context))


@pytest.fixture
def call(
    handle: Callable[[Any], ApiResponse], load_event: Callable[[str], Any]
) -> Callable[..., ApiResponse]:
    """Return a function that sends a request to /me/profile as the user of the events."""

    def send(
        method: str = "GET",
        patch: Any = None,
        *,
        claims: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> ApiResponse:
        event = load_event(f"http_api_{method.lower()}_profile")
        event["requestContext"]["authorizer"]["jwt"]["claims"] |= claims or {}
        event["headers"] |= headers or {}
        if method == "PATCH":
            event["body"] = json.dumps(patch)
        return handle(event)

    return send


ADMIN = "00000000-0000-4000-8000-00000000000a"
ADMIN_CLAIMS = {"sub": ADMIN, "username": ADMIN, "cognito:groups": "[other admin]"}


class LambdaContext:
    """The part of the Lambda context that the function uses."""

    aws_request_id = "5b4c9d6e-1f0a-4c3b-9a52-2f8d6f1c7e11"

    def __init__(self) -> None:
        self.remaining_ms = 29_000

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining_ms


@pytest.fixture
def context() -> LambdaContext:
    return LambdaContext()


@pytest.fixture
def admin_api(
    *,
    monkeypatch: pytest.MonkeyPatch,
    create_registrar: Callable[..., Registrar],
    cognito: Any,
    avatars: Avatars,
    tables: Any,
    queue: Any,
    report: Report,
) -> Any:
    """Return the module of the administrators' function, with the tables of this test."""
    for name in ("USERS_TABLE", "AUDIT_TABLE", "USER_POOL_ID", "IDEMPOTENCY_TABLE", "AVATAR_BUCKET"):
        monkeypatch.setenv(name, "x")
    module = importlib.import_module("userprofiles.handlers.admin_api")
    administration = Administration(
        create_registrar("admin"),
        cognito,
        POOL_ID,
        UserLists(tables.client, tables.users),
        sleep=lambda _: None,
        claim_picture=avatars.claim,
    )
    requests = IdempotentRequests(tables.client, tables.idempotency)
    for name, value in {
        "ADMINISTRATION": administration,
        "AVATARS": avatars,
        "IDEMPOTENT_REQUESTS": requests,
        "ERASURE_QUEUE": ErasureQueue(QUEUE_URL, queue),
        "CLIENT_IDS": (CLIENT_ID,),
        "REPORT": report,
    }.items():
        monkeypatch.setattr(module, name, value)
    return module


@pytest.fixture
def call_route(
    api: Any, admin_api: Any, context: LambdaContext, load_event: Callable[[str], Any]
) -> Callable[..., ApiResponse]:
    """Return a function that sends a request to a route, as the user of the events or with other claims."""
    handlers = {routes.USERS: api.handler, routes.ADMINISTRATORS: admin_api.handler}

    def send(
        route: Route,
        user_id: str = SUB,
        body: Any = None,
        *,
        claims: dict[str, Any] | None = MappingProxyType({}),  # type: ignore[assignment]
        headers: dict[str, str] | None = None,
        query: dict[str, str] | None = None,
    ) -> ApiResponse:
        event = load_event("http_api_patch_profile")
        path = route.path.replace("{id}", user_id)
        event |= {"routeKey": route.key, "rawPath": path, "queryStringParameters": query or {}}
        event["requestContext"]["http"] |= {"method": route.method, "path": path}
        event["headers"] |= headers or {}
        event["body"] = body if isinstance(body, str) else json.dumps(body)
        if claims is None:
            del event["requestContext"]["authorizer"]
        else:
            event["requestContext"]["authorizer"]["jwt"]["claims"] |= claims
        return ApiResponse(handlers[route.handler](event, context))

    return send


@pytest.fixture
def call_as_admin(
    call_route: Callable[..., ApiResponse], create_user: Callable[..., None], set_fields: Callable[..., None]
) -> Callable[..., ApiResponse]:
    """Return `call_route` for an administrator."""
    create_user(ADMIN)
    set_fields(ADMIN, role="admin", **record.list_keys(ADMIN, "admin", "active"))
    return functools.partial(call_route, claims=ADMIN_CLAIMS)


@pytest.fixture
def create_user(create_registrar: Callable[..., Registrar], cognito: Any) -> Callable[..., None]:
    """Return a function that creates a user in the pool and in the table."""

    def create(sub: str, now: datetime | None = None, **attributes: str) -> None:
        all_attributes = {"sub": sub, "email": f"{sub}@example.com", **attributes}
        cognito.add(sub, all_attributes)
        clock = {} if now is None else {"clock": lambda: now}
        user = CognitoUser(sub, sub, POOL_ID, all_attributes, "CONFIRMED")
        create_registrar("api", **clock).register(user)

    return create


@pytest.fixture
def read_account(tables: Any) -> Callable[[str], dict[str, Any]]:
    """Return a function that reads the item of an account."""

    def read(sub: str) -> dict[str, Any]:
        [account] = [
            item for item in tables.items() if (item["PK"], item["SK"]) == (f"USER#{sub}", "ACCOUNT#MAIN")
        ]
        return account

    return read


@pytest.fixture
def set_fields(tables: Any, read_account: Callable[[str], dict[str, Any]]) -> Callable[..., None]:
    """Return a function that overwrites fields of an account."""
    return lambda sub, **fields: tables.put(read_account(sub) | fields)


@pytest.fixture
def mark_user(
    store: Store,
) -> Callable[..., DeletionRequest]:
    """Return a function that marks a user for deletion, by default for 30 days from now."""

    def mark(sub: str, *, days: int = 30, requested_at: datetime | None = None) -> DeletionRequest:
        moment = requested_at or datetime.now(UTC)
        request = deletion.create_request(moment, timedelta(days=days), "user")
        user = store.read(sub)
        assert user.account is not None
        audit_row = audit.create_row(
            sub, Action.DELETION_REQUESTED, source="api", account=user.account, moment=moment
        )
        changes = deletion.mark_changes(sub, user.account, request)
        assert store.change(user, {"account": changes}, audit_row) is not None
        return request

    return mark


@pytest.fixture
def user_attributes() -> dict[str, str]:
    """Return the Cognito attributes of the user of the events."""
    return {"sub": SUB, "email": "John@Example.com", "email_verified": "true", "given_name": "John"}


@pytest.fixture
def confirmed_user(cognito: Any, user_attributes: dict[str, str]) -> None:
    cognito.add(SUB, user_attributes)


@pytest.fixture
def current_items(marketplace: Template) -> dict[ItemKind, dict[str, Any]]:
    """Return the account and profile of a vendor."""
    attributes = {"email": "a@b.co", "name": "Ana"}
    system = {"sub": "s", "role": "vendor", "now": "2026-02-04T16:00:00Z"}
    return {kind: marketplace.fill(kind, "vendor", attributes, system)[0] for kind in ITEM_KINDS}


@pytest.fixture
def plan_update(
    marketplace: Template, current_items: dict[ItemKind, dict[str, Any]]
) -> Callable[..., UpdatePlan]:
    """Return a function that plans a patch of `current_items`."""

    def plan(patch: Any, template: Template = marketplace, role: str = "vendor") -> UpdatePlan:
        return merge_patch.plan_update(template, role, current_items, patch)

    return plan


@pytest.fixture
def field_errors(plan_update: Callable[..., UpdatePlan]) -> Callable[[Any], dict[str, str]]:
    """Return a function that checks that a patch is rejected, and returns details by JSON Pointer."""

    def reject(patch: Any) -> dict[str, str]:
        with pytest.raises(ApiError) as refusal:
            plan_update(patch)
        assert (refusal.value.status, refusal.value.code) == (400, "invalid_patch")
        return {entry.pointer: entry.detail for entry in refusal.value.field_errors}

    return reject
