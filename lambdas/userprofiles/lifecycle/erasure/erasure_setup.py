"""Creates the erasure from the environment of the erasure function, for the function and for the command."""

from collections.abc import Callable, Mapping
from typing import Any

from userprofiles import aws, settings
from userprofiles.lifecycle.erasure.erasure import Erasure
from userprofiles.lifecycle.erasure.erasure_sweep import Sweep
from userprofiles.lifecycle.erasure.erasure_worker import ErasureWorker
from userprofiles.lifecycle.erasure.receipts import Receipts
from userprofiles.lifecycle.erasure.stores.answers import AnswerStore
from userprofiles.lifecycle.erasure.stores.files import FileStore
from userprofiles.lifecycle.erasure.stores.items import ItemStore
from userprofiles.lifecycle.erasure.stores.media_files import MediaStore
from userprofiles.lifecycle.erasure.stores.pool_user import PoolUserStore
from userprofiles.lifecycle.erasure.stores.registered import (
    FUNCTION_READ_S,
    FunctionStore,
    QueueStore,
    Registration,
    parse_registrations,
)
from userprofiles.lifecycle.erasure.stores.store import ErasureStore
from userprofiles.table.store import Store
from userprofiles.telemetry import Report

Clients = Callable[[str], Any]
"""Returns a botocore client of a service, such as `dynamodb`."""


_READ_S = 20
"""Seconds to wait for data of a response: DeleteObjects with 1,000 keys takes longer than other calls."""


def create_client(service: str, **connection: Any) -> Any:
    """Create a client for an erasure. A registered function is invoked once, and has time to answer.

    Args:
        service: botocore's name of the service.
        **connection: Region and endpoint, as `aws.client` has them.
    """
    if service == "lambda":
        return aws.client(service, read_s=FUNCTION_READ_S, attempts=1, **connection)
    return aws.client(service, read_s=_READ_S, **connection)


def create_erasure(environment: Mapping[str, str], clients: Clients) -> Erasure:
    """Create the erasure.

    Args:
        environment: The variables that `userprofiles.handlers.erasure` names.
        clients: Returns a botocore client of a service.

    Raises:
        userprofiles.settings.SettingsError: A variable is missing or wrong.
    """
    dynamodb = clients("dynamodb")
    users_table = settings.required(environment, "USERS_TABLE")
    pool_user = PoolUserStore(clients("cognito-idp"), settings.required(environment, "USER_POOL_ID"))
    queue_url = settings.required(environment, "ERASURE_QUEUE_URL")
    registrations = parse_registrations(environment.get("ERASURE_STORES", ""))
    return Erasure(
        store=Store(dynamodb, users_table, settings.required(environment, "AUDIT_TABLE")),
        users_table=users_table,
        receipts=Receipts(dynamodb, settings.required(environment, "RECEIPTS_TABLE")),
        pool_user=pool_user,
        stores=[
            *_media_stores(environment, clients, users_table),
            ItemStore(dynamodb, users_table),
            FileStore(clients("s3"), settings.required(environment, "AVATAR_BUCKET")),
            AnswerStore(dynamodb, settings.required(environment, "IDEMPOTENCY_TABLE")),
            pool_user,
            *(_registered_store(registration, clients, queue_url) for registration in registrations),
        ],
    )


def _media_stores(environment: Mapping[str, str], clients: Clients, users_table: str) -> list[ErasureStore]:
    """Return the store of media, if there is one. It must come before the items."""
    bucket = environment.get("MEDIA_BUCKET")
    return [MediaStore(clients("s3"), bucket, clients("dynamodb"), users_table)] if bucket else []


def _registered_store(registration: Registration, clients: Clients, queue_url: str) -> ErasureStore:
    name = registration.name
    if registration.function_arn:
        return FunctionStore(name, clients("lambda"), registration.function_arn)
    return QueueStore(name, clients("sqs"), registration.queue_url, queue_url)


def create_worker(environment: Mapping[str, str], clients: Clients, report: Report) -> ErasureWorker:
    """Create the worker of the erasure function.

    Raises:
        userprofiles.settings.SettingsError: A variable is missing or wrong.
    """
    erasure = create_erasure(environment, clients)
    return ErasureWorker(
        erasure=erasure,
        sweep=Sweep(clients("dynamodb"), erasure.users_table, erasure.receipts),
        sqs=clients("sqs"),
        queue_url=settings.required(environment, "ERASURE_QUEUE_URL"),
        report=report,
    )
