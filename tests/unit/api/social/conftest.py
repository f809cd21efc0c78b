"""The function with the routes of `social`, with the tables and the bucket of a test."""

import importlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import fastjsonschema
import pytest
from userprofiles import template
from userprofiles.api import openapi
from userprofiles.api.content_service import ContentService
from userprofiles.api.idempotency import IdempotentRequests
from userprofiles.api.media import Media
from userprofiles.api.media_redirect import MediaRedirects
from userprofiles.api.routes import Route
from userprofiles.api.social_lists import SocialLists
from userprofiles.social.social_items import SocialItems
from userprofiles.table import record
from userprofiles.table.lists import UserLists
from userprofiles.telemetry import Report

SUB = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
CLIENT_ID = "3n4b5urk1ft4fl3mg5e62d9ado"
NOW = datetime(2026, 2, 4, 16, 0, 0, 123_000, tzinfo=UTC)


class Response:
    """The response that a client receives."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self.status = raw["statusCode"]
        self.headers = {name.lower(): value for name, value in raw["headers"].items()}
        self.body = json.loads(raw["body"]) if raw["body"] else None


@pytest.fixture
def social_api(monkeypatch: pytest.MonkeyPatch, tables: Any, bucket: Any, report: Report) -> Any:
    """Return the function's module."""
    for name in ("USERS_TABLE", "IDEMPOTENCY_TABLE", "MEDIA_BUCKET"):
        monkeypatch.setenv(name, "x")
    module = importlib.import_module("userprofiles.handlers.social_api")
    items, media = SocialItems(tables.client, tables.users), Media("media-bucket", bucket)
    for name, value in {
        "CONTENT": ContentService(items, media, clock=lambda: NOW),
        "LISTS": SocialLists(items, UserLists(tables.client, tables.users), lambda: NOW),
        "REDIRECTS": MediaRedirects(items, media, lambda: NOW),
        "IDEMPOTENT_REQUESTS": IdempotentRequests(tables.client, tables.idempotency),
        "CLIENT_IDS": (CLIENT_ID,),
        "REPORT": report,
    }.items():
        monkeypatch.setattr(module, name, value)
    return module


@pytest.fixture
def call(social_api: Any, context: Any, load_event: Callable[[str], Any]) -> Callable[..., Response]:
    """Return a function that sends a request to a route, as the user of the events or as another one."""

    def send(
        route: Route,
        path: str | None = None,
        body: Any = None,
        *,
        sub: str = SUB,
        host: str = "api.example.com",
        claims: dict[str, Any] | None = MappingProxyType({}),  # type: ignore[assignment]
        headers: dict[str, str] | None = None,
        query: dict[str, str] | None = None,
    ) -> Response:
        event = load_event("http_api_patch_profile")
        path = path or route.path
        event |= {"routeKey": route.key, "rawPath": path, "queryStringParameters": query or {}}
        event["requestContext"]["http"] |= {"method": route.method, "path": path}
        event["requestContext"]["domainName"] = host
        event["headers"] |= headers or {}
        event["body"] = body if isinstance(body, str) else json.dumps(body)
        if claims is None:
            del event["requestContext"]["authorizer"]
        else:
            event["requestContext"]["authorizer"]["jwt"]["claims"] |= {
                "sub": sub,
                "username": sub,
                **claims,
            }
        return Response(social_api.handler(event, context))

    return send


@pytest.fixture
def add_account(tables: Any) -> Callable[..., None]:
    """Return a function that writes an account of the template `social`."""

    def add(sub: str, **fields: Any) -> None:
        account = {"username": f"name of {sub}", "status": "active", **fields}
        tables.put({**record.key(sub, "account"), "entityType": "USER_ACCOUNT", **account})

    return add


@pytest.fixture
def content_items(tables: Any) -> Callable[[], list[dict[str, Any]]]:
    """Return a function that reads all content items."""
    return lambda: [item for item in tables.items() if item["SK"].startswith("CONTENT#")]


@pytest.fixture
def validate() -> Callable[[str, Any], None]:
    """Return a function that checks an answer against a schema of the OpenAPI document."""
    document = openapi.build_document(template.load("social"), has_social=True)
    components = {"components": document["components"]}

    def check(name: str, answer: Any) -> None:
        fastjsonschema.compile({**document["components"]["schemas"][name], **components})(answer)

    return check
