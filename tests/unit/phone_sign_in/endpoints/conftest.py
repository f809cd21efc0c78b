"""The function of the two endpoints, with everything behind it in memory."""

import dataclasses
import importlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from memory_dynamodb import MemoryTables
from phone_pool import CLIENT_ID, POOL_ID, PhonePool
from sign_in_world import RecordedClient, World
from userprofiles.api.routes import REGISTER_PHONE, VERIFY_PHONE
from userprofiles.phone_sign_in import endpoints
from userprofiles.phone_sign_in.code_sign_in import CodeSignIn
from userprofiles.phone_sign_in.endpoints import PhoneEndpoints
from userprofiles.phone_sign_in.mac_key import MacKey
from userprofiles.phone_sign_in.pool_users import PoolUsers
from userprofiles.phone_sign_in.source_limits import RequestLimits, SourceLimits
from userprofiles.registration.registrar import Registrar
from userprofiles.settings import Roles
from userprofiles.table.store import Store
from userprofiles.template import Template

PHONE = "+14155550123"
NUMBER = {"phone_number": "(415) 555-0123"}
JSON = "application/json"
ENVIRONMENT = (
    *("USERS_TABLE", "AUDIT_TABLE", "CODES_TABLE", "CODE_KEY_ID", "CODE_QUEUE_URL"),
    *("USER_POOL_ID", "USER_POOL_CLIENT_ID"),
)


class Service:
    """The function and its AWS services.

    Attributes:
        world: KMS, the table of codes, the queue and the triggers.
        pool: The user pool.
        tables: The users table and the audit table.
        cognito: The client of the pool.
        dynamodb: The client of the users table.
        endpoints: The endpoints of the function.
    """

    def __init__(
        self,
        world: World,
        template: Template,
        roles: Roles,
        load_event: Callable[[str], Any],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        self.world = world
        self.pool = PhonePool(world)
        self.tables = MemoryTables()
        self.cognito = RecordedClient(self.pool, world.calls)
        self.dynamodb = RecordedClient(self.tables.client, world.calls)
        store = Store(self.dynamodb, "users", "audit", sleep=lambda _: None)
        mac_key = MacKey(world.kms, "key")
        self.endpoints = PhoneEndpoints(
            code_settings=world.settings,
            limits=RequestLimits(),
            sources=SourceLimits(mac_key, world.dynamodb, "codes", clock=world.clock),
            requests=world.requests,
            checks=world.checks,
            users=PoolUsers(self.cognito, POOL_ID, store, world.report, self_sign_up=True),
            registrar=Registrar(
                store,
                template,
                roles,
                endpoints.SOURCE,
                clock=lambda: datetime.fromtimestamp(world.clock.now, UTC),
            ),
            sign_in=CodeSignIn(self.cognito, POOL_ID, CLIENT_ID),
            report=world.report,
        )
        self._load_event = load_event
        self._module = importlib.import_module("userprofiles.handlers.phone_sign_in_api")
        self._monkeypatch = monkeypatch
        monkeypatch.setattr(self._module, "REPORT", world.report)
        self.replace()

    def replace(self, **parts: Any) -> None:
        """Replace parts of the endpoints."""
        self.endpoints = dataclasses.replace(self.endpoints, **parts)
        self._monkeypatch.setattr(self._module, "ENDPOINTS", self.endpoints)

    def register(self, body: Any = NUMBER, **request: Any) -> Any:
        return self.send(REGISTER_PHONE, body, **request)

    def verify(self, code: object = None, **request: Any) -> Any:
        """Send a code with the phone number; default: the code of the last message."""
        otp = self.world.messages[-1]["code"] if code is None else code
        return self.send(VERIFY_PHONE, {**NUMBER, "otp": otp}, **request)

    def send_code(self, phone_number: str, code: str) -> Any:
        return self.send(VERIFY_PHONE, {"phone_number": phone_number, "otp": code})

    def send(
        self,
        route: Any,
        body: Any,
        *,
        address: str | None = "203.0.113.7",
        content_type: str | None = JSON,
    ) -> Any:
        """Send a request and return its status, headers and body."""
        event = self._load_event("http_api_patch_profile")
        event |= {"routeKey": route.key, "rawPath": route.path}
        event["body"] = body if isinstance(body, str) else json.dumps(body)
        event["headers"]["content-type"] = content_type
        if content_type is None:
            del event["headers"]["content-type"]
        event["requestContext"]["http"] |= {"method": route.method, "path": route.path, "sourceIp": address}
        del event["requestContext"]["authorizer"]
        response = self._module.handler(event, SimpleNamespace(aws_request_id="5b4c9d6e"))
        headers = {name.lower(): value for name, value in response["headers"].items()}
        return SimpleNamespace(
            status=response["statusCode"], headers=headers, body=json.loads(response["body"])
        )


@pytest.fixture
def create_service(
    marketplace: Template,
    roles: Roles,
    load_event: Callable[[str], Any],
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[World], Service]:
    """Return a function that creates the service of a world."""
    for name in ENVIRONMENT:
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("SELF_SIGN_UP", "true")
    return lambda world: Service(world, marketplace, roles, load_event, monkeypatch)


@pytest.fixture
def service(world: World, create_service: Callable[[World], Service]) -> Service:
    return create_service(world)


@pytest.fixture
def quiet_service(quiet_world: World, create_service: Callable[[World], Service]) -> Service:
    """A service without log lines, for calls in several threads."""
    return create_service(quiet_world)


@pytest.fixture
def add_user(service: Service) -> Callable[..., str]:
    """Return a function that adds a user with the phone number to the pool."""

    def add(status: str = "CONFIRMED", verified: str = "true", **options: Any) -> str:
        return service.pool.add(status, phone_number=PHONE, phone_number_verified=verified, **options)

    return add
