"""The stores that a team registers: functions that erase, and queues whose consumers answer later."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from userprofiles.lifecycle.erasure.stores.store import StoreFailedError, StoreWork
from userprofiles.settings import SettingsError

FUNCTION_READ_S = 30
"""Seconds to wait for the answer of a registered function. A function that needs longer answers
`{"done": false}`, and is asked again by the next sweep."""

ASK_AGAIN_AFTER = timedelta(minutes=59)
"""A queue is asked again by each hourly sweep. The clock of the sweep is not exact to the second."""

_MAX_COUNT = 10**15
"""Far below the 38 digits of DynamoDB's numbers (Amazon DynamoDB Developer Guide, "Data types")."""

_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
_RESERVED = ("record", "items", "files", "answers", "user")
_MAX_STORES = 50


@dataclass(frozen=True)
class Registration:
    """A registered store: its name, and either a function or a queue."""

    name: str
    function_arn: str = ""
    queue_url: str = ""


class FunctionStore:
    """A store behind a function that is invoked with `{"erasureId", "sub", "store"}`.

    Args:
        name: Name of the store.
        client: A botocore client of Lambda.
        function_arn: The function.
    """

    def __init__(self, name: str, client: Any, function_arn: str) -> None:
        self.name = name
        self._client = client
        self._function_arn = function_arn

    def erase(self, work: StoreWork) -> bool:
        """Invoke the function, and return what it answers. See `ErasureStore.erase`."""
        work.check_stop()
        response = self._client.invoke(
            FunctionName=self._function_arn,
            InvocationType="RequestResponse",
            Payload=json.dumps(_request(work)).encode(),
        )
        if response.get("FunctionError"):
            raise StoreFailedError("FunctionError")
        answer = _parse(response["Payload"].read())
        is_done, count = answer.get("done"), answer.get("count", 0)
        if not isinstance(is_done, bool) or not is_count(count):
            raise StoreFailedError("InvalidAnswer")
        if is_done:
            work.record_count(count)
        return is_done


class QueueStore:
    """A store behind a queue whose consumer sends `{"sub", "store", "count"}` to the erasure queue.

    Args:
        name: Name of the store.
        client: A botocore client of SQS.
        queue_url: The queue of the store.
        answer_to: URL of the erasure queue.
    """

    def __init__(self, name: str, client: Any, queue_url: str, answer_to: str) -> None:
        self.name = name
        self._client = client
        self._queue_url = queue_url
        self._answer_to = answer_to

    def erase(self, work: StoreWork) -> bool:
        """Send the request, at most once an hour. Return False: the answer comes later."""
        sent_at = work.entry.get("sentAt")
        if sent_at is None or datetime.fromisoformat(sent_at) <= work.clock() - ASK_AGAIN_AFTER:
            work.check_stop()
            request = {**_request(work), "answerTo": self._answer_to}
            self._client.send_message(QueueUrl=self._queue_url, MessageBody=json.dumps(request))
            work.record_sent()
        return False


def is_count(value: object) -> bool:
    """Return whether a value is a number of items."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MAX_COUNT


def parse_registrations(text: str) -> list[Registration]:
    """Parse ERASURE_STORES.

    Raises:
        SettingsError: It is not a list of stores with different names.
    """
    try:
        entries = json.loads(text or "[]")
    except ValueError:
        entries = None
    if not isinstance(entries, list) or len(entries) > _MAX_STORES:
        raise SettingsError(f"ERASURE_STORES must be a JSON list of at most {_MAX_STORES} stores.")
    registrations = [_parse_registration(entry) for entry in entries]
    names = [registration.name for registration in registrations]
    for name in names:
        if names.count(name) > 1:
            raise SettingsError(f"ERASURE_STORES has the name {name!r} twice. Use different names.")
    return registrations


def _parse_registration(entry: Any) -> Registration:
    document = entry if isinstance(entry, Mapping) else {}
    name = document.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name in _RESERVED:
        raise SettingsError(
            f"ERASURE_STORES has a store with the name {name!r}. Allowed: up to 40 lower-case letters, "
            f"digits and hyphens, beginning with a letter, except {', '.join(_RESERVED)}."
        )
    function_arn, queue_url = document.get("functionArn", ""), document.get("queueUrl", "")
    is_valid = isinstance(function_arn, str) and isinstance(queue_url, str)
    if not is_valid or bool(function_arn) == bool(queue_url):
        raise SettingsError(
            f"ERASURE_STORES: the store {name!r} must have either functionArn or queueUrl, as a text."
        )
    return Registration(name, function_arn, queue_url)


def _request(work: StoreWork) -> dict[str, str]:
    return {"erasureId": work.receipt.erasure_id, "sub": work.sub, "store": work.name}


def _parse(payload: bytes) -> Mapping[str, Any]:
    try:
        answer = json.loads(payload)
    except (ValueError, RecursionError):
        answer = None
    return answer if isinstance(answer, Mapping) else {}
