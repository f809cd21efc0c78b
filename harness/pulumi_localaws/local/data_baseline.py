"""Remember the data of the emulator, and return to it later, without the deletion of a single item.

A deletion through the API of a service would take long, and would fire triggers, streams and notifications.

The emulator's interpreter loads this module beside its start script, so it uses only ministack and the
standard library.
"""

import copy
import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

BASELINE_PATH = "/_localaws/data-baseline"

_App = Callable[[Any, Any, Any], Awaitable[None]]
_Stores = dict[tuple[str, ...], Any]

_S3_OBJECT_STORES = (
    "_object_tags",
    "_object_acl",
    "_object_annotations",
    "_object_versions",
    "_object_retention",
    "_object_legal_hold",
    "_multipart_uploads",
    "_completed_multipart_uploads",
)
_COGNITO_SESSION_STORES = ("_refresh_tokens", "_authorization_codes", "_auth_codes")


def _list_stores() -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield a key and the dictionary or list for all data that a program stores, but not its resources."""
    from ministack.services import cognito, dynamodb, s3, ses, sns, sqs  # noqa: PLC0415

    for key, table in _entries(dynamodb._tables):  # noqa: SLF001 - the emulator's version is pinned
        yield ("dynamodb", key), table["items"]
    for key, queue in _entries(sqs._queues):  # noqa: SLF001 - as above
        yield ("sqs", key, "messages"), queue["messages"]
        yield ("sqs", key, "dedup_cache"), queue["dedup_cache"]
    for key, bucket in _entries(s3._buckets):  # noqa: SLF001 - as above
        yield ("s3", key), bucket["objects"]
    for name in _S3_OBJECT_STORES:
        yield ("s3", "objects", name), getattr(s3, name)._data  # noqa: SLF001 - as above
    for key, pool in _entries(cognito._user_pools):  # noqa: SLF001 - as above
        yield ("cognito", key), pool["_users"]
        for name, group in pool["_groups"].items():
            yield ("cognito", key, "group", name), group.setdefault("_members", [])
    for name in _COGNITO_SESSION_STORES:
        yield ("cognito", "sessions", name), getattr(cognito, name)
    yield ("cognito", "sessions", "challenges"), cognito._challenge_sessions._data  # noqa: SLF001 - as above
    for key, emails in _entries(ses._sent_emails):  # noqa: SLF001 - as above
        yield ("ses", key), emails
    for key, messages in _entries(sns._sms_messages):  # noqa: SLF001 - as above
        yield ("sns", key), messages


def _entries(scoped: Any) -> list[tuple[str, Any]]:
    """Return the entries of all accounts and regions."""
    return [(repr(key), value) for key, value in list(scoped._data.items())]  # noqa: SLF001 - as above


class DataBaseline:
    """The data at one time; at first, none."""

    def __init__(self) -> None:
        self._data: _Stores = {}

    def remember(self) -> None:
        """Remember the current data."""
        self._data = {key: copy.deepcopy(store) for key, store in _list_stores() if store}

    def restore(self) -> None:
        """Replace all data by the remembered data. Resources that were created since then become empty."""
        for key, store in _list_stores():
            remembered = copy.deepcopy(self._data.get(key, type(store)()))
            store.clear()
            (store.extend if isinstance(store, list) else store.update)(remembered)
        _drop_stream_records()


def _drop_stream_records() -> None:
    """Drop the records of all streams, so that no function gets one of them later."""
    from ministack.services import dynamodb  # noqa: PLC0415

    trimmed = dynamodb._stream_trimmed._data  # noqa: SLF001 - as above
    for key, records in list(dynamodb._stream_records._data.items()):  # noqa: SLF001 - as above
        trimmed[key] = trimmed.get(key, 0) + len(records)
        records.clear()


def serve_baseline(app: _App) -> _App:
    """Wrap the emulator: PUT remembers the data, POST restores it.

    Args:
        app: The emulator.
    """
    baseline = DataBaseline()

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"] != BASELINE_PATH:
            await app(scope, receive, send)
            return
        if scope["method"] == "PUT":
            baseline.remember()
        elif scope["method"] == "POST":
            baseline.restore()
        is_allowed = scope["method"] in {"PUT", "POST"}
        document = {} if is_allowed else {"message": f"{scope['method']} is not allowed. Allowed: PUT, POST"}
        body = json.dumps(document).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        status = 200 if is_allowed else 405
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return serve
