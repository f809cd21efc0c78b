"""No test in this folder opens a network socket: moto runs inside the process, the rest is stubs."""

import functools
import io
import json
import os
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.core import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends
from pytest_socket import disable_socket, enable_socket
from userprofiles import settings, template
from userprofiles.registration.registrar import Registrar
from userprofiles.settings import Roles
from userprofiles.table.attribute_value import deserialize_item, serialize_item
from userprofiles.table.store import Store
from userprofiles.telemetry import Report, request_id
from userprofiles.template import Template

sys.path.insert(0, str(Path(__file__).parent))  # for the helper module: test folders are not packages

from log_lines import create_logger
from moto_shortcut import mock_dynamodb

HERE = Path(__file__).parent


def pytest_runtest_setup(item: pytest.Item) -> None:
    # Unix sockets stay enabled: an event loop creates a pair of them, and they never leave the machine.
    if HERE in item.path.parents:
        disable_socket(allow_unix_socket=True)


def pytest_runtest_teardown(item: pytest.Item) -> None:
    if HERE in item.path.parents:
        enable_socket()


@pytest.fixture(autouse=True)
def aws_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set a function's environment, without the caller's profile, endpoint and credentials."""
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


@pytest.fixture(autouse=True)
def no_request_id() -> Iterator[None]:
    """Run the test without the request ID of another test's invocation."""
    token = request_id.set("")
    yield
    request_id.reset(token)


# One session for all tests, so that it reads the service descriptions only once.
SESSION = botocore.session.Session()
REGION = "us-east-1"
EVENTS = Path(__file__).parents[1] / "events"


CREDENTIALS = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}


# The clients are created once, because this takes longer than most tests.
@functools.cache
def create_dynamodb_client() -> Any:
    return SESSION.create_client("dynamodb", region_name=REGION, **CREDENTIALS)


@functools.cache
def create_s3_client() -> Any:
    config = Config(signature_version="s3v4")
    return SESSION.create_client("s3", region_name=REGION, config=config, **CREDENTIALS)


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
    """The users table and the audit table in moto."""

    users = "users"
    audit = "audit"
    idempotency = "idempotency"

    def __init__(self, client: Any) -> None:
        self.client = client
        self._create(self.users, ("PK", "SK"), {"list": "listPK", "status-list": "statusListPK"})
        self._create(self.audit, ("PK", "SK"), {})
        self._create(self.idempotency, ("id",), {})

    def _create(self, name: str, key: tuple[str, ...], partition_keys: dict[str, str]) -> None:
        indexes = [
            {
                "IndexName": index,
                "KeySchema": self._key_schema(partition_key, "listSK"),
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
            for index, partition_key in partition_keys.items()
        ]
        names = {*key, *partition_keys.values(), *(("listSK",) if indexes else ())}
        self.client.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=self._key_schema(*key),
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in sorted(names)],
            **({"GlobalSecondaryIndexes": indexes} if indexes else {}),
        )

    @staticmethod
    def _key_schema(*names: str) -> list[dict[str, str]]:
        return [
            {"AttributeName": name, "KeyType": key_type}
            for name, key_type in zip(names, ("HASH", "RANGE"), strict=False)
        ]

    def items(self, table: str | None = None) -> list[dict[str, Any]]:
        """Return every item of a table, sorted by its key."""
        return sorted(self.items_of(table or self.users), key=lambda item: (item["PK"], item["SK"]))

    def audit_rows(self) -> list[dict[str, Any]]:
        return self.items(self.audit)

    def items_of(self, table: str) -> list[dict[str, Any]]:
        """Return every item of a table in any order.

        They come from moto's memory: a scan would take ten times as long, most of it to write the response.
        """
        stored_items = dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION].tables[table].all_items()
        return [
            deserialize_item({name: value.to_regular_json() for name, value in item.attrs.items()})
            for item in stored_items
        ]

    def put(self, item: dict[str, Any], table: str | None = None) -> None:
        self.client.put_item(TableName=table or self.users, Item=serialize_item(item))

    def delete(self, item: dict[str, Any]) -> None:
        self.client.delete_item(
            TableName=self.users,
            Key=serialize_item({"PK": item["PK"], "SK": item["SK"]}),
        )

    def erase(self) -> None:
        """Replace every item with a tombstone."""
        for item in self.items():
            self.put({"PK": item["PK"], "SK": item["SK"], "entityType": "TOMBSTONE"})


class FakeCognito:
    """A client of Cognito with the operations that the functions use."""

    def __init__(self) -> None:
        self.groups: dict[str, set[str]] = {"admin": set()}
        self.users: dict[str, dict[str, Any]] = {}
        self.error: Exception | None = None
        self.requests: list[tuple[str, str]] = []
        self.sign_outs: list[str] = []
        self.sign_out_error: Exception | None = None

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
        self.requests.append((UserPoolId, Username))
        if self.error is not None:
            raise self.error
        if Username not in self.users:
            raise create_aws_error("UserNotFoundException")
        return self.users[Username]

    def admin_create_user(self, *, Username: str, UserAttributes: Any, **_: Any) -> dict[str, Any]:  # noqa: N803
        self.requests.append(("AdminCreateUser", Username))
        if self.error is not None:
            raise self.error
        attributes = {entry["Name"]: entry["Value"] for entry in UserAttributes}
        if any(attributes.items() & self._attributes(user).items() for user in self.users.values()):
            raise create_aws_error("UsernameExistsException")
        sub = str(uuid.uuid4())
        self.add(sub, {"sub": sub, **attributes}, status="FORCE_CHANGE_PASSWORD")
        user = self.users[sub]
        return {"User": {**user, "Attributes": user["UserAttributes"]}}

    @staticmethod
    def _attributes(user: dict[str, Any]) -> dict[str, str]:
        return {entry["Name"]: entry["Value"] for entry in user["UserAttributes"]}

    def admin_user_global_sign_out(self, *, UserPoolId: str, Username: str) -> None:  # noqa: N803
        if self.sign_out_error is not None:
            raise self.sign_out_error
        if Username not in self.users:
            raise create_aws_error("UserNotFoundException")
        self.sign_outs.append(Username)

    def admin_add_user_to_group(self, *, UserPoolId: str, Username: str, GroupName: str) -> None:  # noqa: N803
        self._group_of(Username, GroupName).add(Username)

    def admin_remove_user_from_group(self, *, UserPoolId: str, Username: str, GroupName: str) -> None:  # noqa: N803
        self._group_of(Username, GroupName).discard(Username)

    def _group_of(self, name: str, group: str) -> set[str]:
        if self.error is not None:
            raise self.error
        if name not in self.users:
            raise create_aws_error("UserNotFoundException")
        if group not in self.groups:
            raise create_aws_error("ResourceNotFoundException")
        return self.groups[group]


class FakeQueue:
    """A client of SQS that keeps the messages."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, Any]] = []
        self.error: Exception | None = None

    def send_message(self, *, QueueUrl: str, MessageBody: str) -> None:  # noqa: N803
        if self.error is not None:
            raise self.error
        self.messages.append((QueueUrl, json.loads(MessageBody)))


class FakeBucket:
    """A client of S3: presigned requests as botocore signs them, and the objects of one bucket."""

    page_keys = 2

    def __init__(self) -> None:
        client = create_s3_client()
        self.keys: set[str] = set()
        self.contents: dict[str, bytes] = {}
        self.generate_presigned_post = client.generate_presigned_post
        self.generate_presigned_url = client.generate_presigned_url

    def copy_object(self, *, Bucket: str, Key: str, CopySource: dict[str, str]) -> dict[str, str]:  # noqa: N803
        if CopySource["Key"] not in self.keys:
            raise create_aws_error("AccessDenied")
        self.keys.add(Key)
        return {"VersionId": f"version of {Key}"}

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, **_: Any) -> dict[str, str]:  # noqa: N803
        self.keys.add(Key)
        self.contents[Key] = Body
        return {"VersionId": f"version of {Key}"}

    def head_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        if Key not in self.keys:
            raise create_aws_error("403")
        return {}

    def delete_object(self, *, Bucket: str, Key: str, VersionId: str) -> None:  # noqa: N803
        assert VersionId == f"version of {Key}"
        self.keys.discard(Key)
        self.contents.pop(Key, None)

    def list_objects_v2(self, *, Bucket: str, Prefix: str, ContinuationToken: str = "0") -> dict[str, Any]:  # noqa: N803
        keys = sorted(key for key in self.keys if key.startswith(Prefix))
        start = int(ContinuationToken)
        page = keys[start : start + self.page_keys]
        contents = [{"Key": key, "Size": len(self.contents.get(key, b""))} for key in page]
        if start + self.page_keys >= len(keys):
            return {"Contents": contents, "IsTruncated": False}
        return {
            "Contents": contents,
            "IsTruncated": True,
            "NextContinuationToken": str(start + self.page_keys),
        }


def create_aws_error(code: str, reasons: list[dict[str, Any]] | None = None) -> ClientError:
    """Create the error that botocore raises for an error response of AWS."""
    response: Any = {"Error": {"Code": code, "Message": "a message that may repeat CANARY values"}}
    if reasons is not None:
        response["CancellationReasons"] = reasons
    return ClientError(response, "Operation")


@pytest.fixture
def load_event() -> Callable[[str], Any]:
    """Return a function that loads an event from tests/events."""
    return lambda name: json.loads((EVENTS / f"{name}.json").read_text())


@pytest.fixture
def tables(aws_environment: None) -> Iterator[Tables]:
    with mock_dynamodb():
        yield Tables(SerializedClient(create_dynamodb_client()))


@pytest.fixture
def store(tables: Tables) -> Store:
    return Store(tables.client, tables.users, tables.audit, sleep=lambda _: None)


@pytest.fixture
def bucket(aws_environment: None) -> FakeBucket:
    return FakeBucket()


@pytest.fixture
def queue() -> FakeQueue:
    return FakeQueue()


@pytest.fixture
def cognito() -> FakeCognito:
    return FakeCognito()


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
def create_registrar(store: Store, marketplace: Template, roles: Roles) -> Callable[..., Registrar]:
    """Return a function that creates a registrar. Its arguments replace single attributes."""

    def create(source: str, **attributes: Any) -> Registrar:
        defaults: dict[str, Any] = {"store": store, "template": marketplace, "roles": roles}
        return Registrar(source=source, **(defaults | attributes))

    return create


@pytest.fixture
def log() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def report(log: io.StringIO) -> Report:
    """Return a Report that writes its lines to `log`, and metrics to standard output."""
    return Report(create_logger(log))


@pytest.fixture
def aws_error() -> Callable[..., ClientError]:
    """Return a function that creates the error that botocore raises for an error response of AWS."""
    return create_aws_error


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 2, 4, 16, 0, 0, tzinfo=UTC)
