"""What the tests of the API share: merge patches, and the function with the events of an HTTP API."""

import dataclasses
import importlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from userprofiles.api import merge_patch, profile_service
from userprofiles.api.errors import ApiError
from userprofiles.api.merge_patch import UpdatePlan
from userprofiles.api.profile_service import ProfileService
from userprofiles.registration.registrar import Registrar
from userprofiles.telemetry import Report
from userprofiles.template import Template
from userprofiles.template_check import ITEM_KINDS, ItemKind

# The user and the app client of the events in tests/events.
SUB = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
CLIENT_ID = "3n4b5urk1ft4fl3mg5e62d9ado"
POOL_ID = "us-east-1_aB3dE5fG7"


@pytest.fixture
def service(create_registrar: Callable[..., Registrar], cognito: Any) -> ProfileService:
    return ProfileService(
        create_registrar(profile_service.SOURCE), cognito, pool_id=POOL_ID, sleep=lambda _: None
    )


@pytest.fixture
def replace_registrar_part(service: ProfileService) -> Callable[..., None]:
    """Return a function that replaces attributes of the service's registrar, such as its store."""

    def replace(**attributes: Any) -> None:
        service._registrar = dataclasses.replace(service._registrar, **attributes)

    return replace


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch, service: ProfileService, report: Report) -> Any:
    """Return the function's module, with the tables and the Cognito client of this test."""
    for name in ("USERS_TABLE", "AUDIT_TABLE", "USER_POOL_ID"):
        monkeypatch.setenv(name, "x")
    module = importlib.import_module("userprofiles.handlers.profile_api")
    monkeypatch.setattr(module, "SERVICE", service)
    monkeypatch.setattr(module, "CLIENT_IDS", (CLIENT_ID,))
    monkeypatch.setattr(module, "REPORT", report)
    return module


class ApiResponse:
    """The response that a client receives."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self.status = raw["statusCode"]
        self.headers = {name.lower(): value for name, value in raw["headers"].items()}
        self.text = raw["body"]
        self.body = json.loads(raw["body"])


@pytest.fixture
def handle(api: Any) -> Callable[[Any], ApiResponse]:
    """Return a function that handles an event of the HTTP API."""
    return lambda event: ApiResponse(api.handler(event, None))


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
    """Return a function that checks that a patch is rejected, and returns the detail of each field, by its JSON Pointer."""

    def reject(patch: Any) -> dict[str, str]:
        with pytest.raises(ApiError) as refusal:
            plan_update(patch)
        assert (refusal.value.status, refusal.value.code) == (400, "invalid_patch")
        return {entry.pointer: entry.detail for entry in refusal.value.field_errors}

    return reject
