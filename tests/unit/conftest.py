"""No test in this folder opens a socket: moto answers inside the process, all else is a stub."""

import io
import json
import os
import threading
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from aws_lambda_powertools import Logger
from botocore.exceptions import ClientError
from moto import mock_aws
from pytest_socket import disable_socket, enable_socket
from userprofiles import settings, template
from userprofiles.registration.registrar import Registrar
from userprofiles.settings import Roles
from userprofiles.table.attribute_value import deserialize_item, serialize_item
from userprofiles.table.store import Store
from userprofiles.telemetry import Report
from userprofiles.template import Template

HERE = Path(__file__).parent


def pytest_runtest_setup(item: pytest.Item) -> None:
    # Unix sockets stay: an event loop makes itself a pair of them, and nothing leaves the machine by one.
    if HERE in item.path.parents:
        disable_socket(allow_unix_socket=True)


def pytest_runtest_teardown(item: pytest.Item) -> None:
    if HERE in item.path.parents:
        enable_socket()


@pytest.fixture(autouse=True)
def aws_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A function's environment, and nothing of the caller's: no profile, endpoint or credentials."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "POWERTOOLS_"))]:
        monkeypatch.delenv(name)
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "POWERTOOLS_METRICS_NAMESPACE": "UserProfiles",
        "POWERTOOLS_SERVICE_NAME": "test",
    }.items():
        monkeypatch.setenv(name, value)


# One for all tests: it reads the service descriptions once.
SESSION = botocore.session.Session()
EVENTS = Path(__file__).parents[1] / "events"


class SerializedClient:
    """A botocore client that carries out one call at a time.

    moto doesn't isolate transactions: a cancelled transaction restores the whole tables from the copy that it
    took at its start, and so undoes the concurrent writes of other threads. DynamoDB isolates them.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._lock = threading.Lock()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        operation = getattr(self._client, name)

        def call(**parameters: Any) -> Any:
            with self._lock:
                return operation(**parameters)

        return call


class Tables:
    """The users table and the audit table, inside this process."""

    users = "users"
    audit = "audit"

    def __init__(self, client: Any) -> None:
        self.client = client
        for name in (self.users, self.audit):
            client.create_table(
                TableName=name,
                BillingMode="PAY_PER_REQUEST",
                KeySchema=[
                    {"AttributeName": "PK", "KeyType": "HASH"},
                    {"AttributeName": "SK", "KeyType": "RANGE"},
                ],
                AttributeDefinitions=[
                    {"AttributeName": "PK", "AttributeType": "S"},
                    {"AttributeName": "SK", "AttributeType": "S"},
                ],
            )

    def items(self, table: str | None = None) -> list[dict[str, Any]]:
        """Return every item of a table, sorted by its key."""
        found = self.client.scan(TableName=table or self.users)["Items"]
        return sorted(map(deserialize_item, found), key=lambda item: (item["PK"], item["SK"]))

    def rows(self) -> list[dict[str, Any]]:
        return self.items(self.audit)

    def put(self, item: dict[str, Any]) -> None:
        self.client.put_item(TableName=self.users, Item=serialize_item(item))

    def delete(self, item: dict[str, Any]) -> None:
        self.client.delete_item(
            TableName=self.users,
            Key=serialize_item({"PK": item["PK"], "SK": item["SK"]}),
        )

    def erase(self) -> None:
        """Leave of every user what a deletion leaves."""
        for item in self.items():
            self.put({"PK": item["PK"], "SK": item["SK"], "entityType": "TOMBSTONE"})


class FakeDirectory:
    """Cognito, as far as AdminGetUser goes."""

    def __init__(self) -> None:
        self.users: dict[str, dict[str, Any]] = {}
        self.error: Exception | None = None
        self.asked: list[tuple[str, str]] = []

    def add(
        self, name: str, attributes: dict[str, str], status: str = "CONFIRMED", enabled: bool = True
    ) -> None:
        self.users[name] = {
            "Username": name,
            "UserAttributes": [{"Name": key, "Value": value} for key, value in attributes.items()],
            "UserStatus": status,
            "Enabled": enabled,
        }

    def admin_get_user(self, *, UserPoolId: str, Username: str) -> dict[str, Any]:  # noqa: N803
        self.asked.append((UserPoolId, Username))
        if self.error is not None:
            raise self.error
        if Username not in self.users:
            raise make_aws_error("UserNotFoundException")
        return self.users[Username]


def make_aws_error(code: str, reasons: list[dict[str, Any]] | None = None) -> ClientError:
    """Make the error that botocore raises for an answer of AWS."""
    response: Any = {"Error": {"Code": code, "Message": "a message that may repeat CANARY values"}}
    if reasons is not None:
        response["CancellationReasons"] = reasons
    return ClientError(response, "Operation")


@pytest.fixture
def load_event() -> Callable[[str], Any]:
    """Return a function that reads an event of tests/events."""
    return lambda name: json.loads((EVENTS / f"{name}.json").read_text())


@pytest.fixture
def tables(aws_environment: None) -> Iterator[Tables]:
    with mock_aws():
        yield Tables(SerializedClient(SESSION.create_client("dynamodb", region_name="us-east-1")))


@pytest.fixture
def store(tables: Tables) -> Store:
    return Store(tables.client, tables.users, tables.audit, sleep=lambda _: None)


@pytest.fixture
def directory() -> FakeDirectory:
    return FakeDirectory()


@pytest.fixture(scope="session")
def marketplace() -> Template:
    return template.load("marketplace")


@pytest.fixture(scope="session")
def basic() -> Template:
    return template.load("basic")


@pytest.fixture
def roles(marketplace: Template) -> Roles:
    return settings.roles({}, marketplace)


@pytest.fixture
def make_registrar(store: Store, marketplace: Template, roles: Roles) -> Callable[..., Registrar]:
    """Return a function that creates a registrar for the tables; it takes the parts that differ."""

    def make(source: str, **parts: Any) -> Registrar:
        defaults: dict[str, Any] = {"store": store, "template": marketplace, "roles": roles}
        return Registrar(source=source, **(defaults | parts))

    return make


@pytest.fixture
def log() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def report(log: io.StringIO) -> Report:
    """What a function reports, its lines in `log`; metrics go to standard output."""
    return Report(Logger(service=uuid.uuid4().hex, stream=log))


@pytest.fixture
def aws_error() -> Callable[..., ClientError]:
    """Return a function that makes the error botocore raises for an answer of AWS."""
    return make_aws_error


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 2, 4, 16, 0, 0, tzinfo=UTC)
