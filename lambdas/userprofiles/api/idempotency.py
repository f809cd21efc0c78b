"""Idempotency-Key: a request that is sent again has no second effect and gets the first answer again.

It uses the idempotency of Powertools, with a table of its own. A key belongs to one user and one route. The
stored answer contains only IDs and statuses.
"""

import functools
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from userprofiles.api.errors import ApiError
from userprofiles.table.store_errors import StoreError

Answer = dict[str, Any]

KEPT_SECONDS = 24 * 60 * 60
"""Time for which an answer is stored. After it, DynamoDB deletes the item."""

_KEY = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass(frozen=True)
class KeyScope:
    """What a key belongs to.

    Attributes:
        sub: The user who sends the request.
        route: The route, such as `POST /users/invite`.
        key: The Idempotency-Key header, None without one.
    """

    sub: str
    route: str
    key: str | None


class IdempotentRequests:
    """Runs requests at most once for each key.

    Args:
        client: A botocore client of DynamoDB.
        table: Name of the table with keys and answers.
    """

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    @functools.cached_property
    def _persistence(self) -> Any:
        from aws_lambda_powertools.utilities.idempotency import (  # noqa: PLC0415 - slow: it imports boto3
            DynamoDBPersistenceLayer,
        )

        return DynamoDBPersistenceLayer(self._table, boto3_client=self._client)

    def run(self, scope: KeyScope, payload: Any, execute: Callable[[], Answer], context: Any) -> Answer:
        """Execute a request, or return the stored answer of its first execution.

        A request that raises an error stores nothing, so it can be sent again with the same key.

        Args:
            scope: User, route and key.
            payload: The parsed body. The same key with another body is an error.
            execute: Executes the request; the answer contains only IDs and statuses.
            context: The Lambda context. It limits how long a request that never ended blocks its key.

        Raises:
            ApiError: 400 (the key has an invalid form), 409 (the first request is still running), 422 (the
                key was used with another body), or an error of `execute`.
            userprofiles.table.store_errors.StoreError: DynamoDB returned an error.
        """
        if scope.key is None:
            return execute()
        if not _KEY.fullmatch(scope.key):
            raise ApiError(
                400,
                "invalid_idempotency_key",
                "The header Idempotency-Key must have 1 to 255 visible ASCII characters, such as a UUID.",
            )
        return self._run_once(scope, payload, execute, context)

    def _run_once(self, scope: KeyScope, payload: Any, execute: Callable[[], Answer], context: Any) -> Answer:
        from aws_lambda_powertools.utilities.idempotency import (  # noqa: PLC0415 - slow: it imports boto3
            IdempotencyConfig,
            exceptions,
            idempotent_function,
        )

        config = IdempotencyConfig(
            event_key_jmespath="[sub, route, key]",
            payload_validation_jmespath="payload",
            expires_after_seconds=KEPT_SECONDS,
            hash_function="sha256",
            lambda_context=context,
        )

        def answer(*, request: Mapping[str, Any]) -> Answer:  # noqa: ARG001  (Powertools reads the key from it)
            # Powertools sorts the names of the stored answer, so the first answer has them sorted too.
            document: Answer = json.loads(json.dumps(execute(), sort_keys=True))
            return document

        run = idempotent_function(
            answer,
            data_keyword_argument="request",
            persistence_store=self._persistence,
            config=config,
            key_prefix="api",
        )
        request = {"sub": scope.sub, "route": scope.route, "key": scope.key, "payload": payload}
        try:
            stored_answer: Answer = run(request=request)
        except exceptions.IdempotencyValidationError:
            raise ApiError(
                422, "key_reused", "This Idempotency-Key was used with another body. Use a new key."
            ) from None
        except exceptions.IdempotencyAlreadyInProgressError:
            raise ApiError(
                409, "in_progress", "The first request with this Idempotency-Key is still running. Try again."
            ) from None
        except (exceptions.IdempotencyPersistenceLayerError, exceptions.IdempotencyInconsistentStateError):
            raise StoreError("IdempotencyTable") from None
        return stored_answer
