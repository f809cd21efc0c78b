"""The permission that a caller needs to give a user pool a KMS key for its custom senders.

The caller creates a grant for the key on behalf of Cognito (Amazon Cognito Developer Guide, "Custom sender
Lambda triggers"), which the emulator does not check.

The emulator's interpreter loads this module beside its start script, so it uses only ministack and the
standard library.
"""

import contextvars
from collections.abc import Callable
from typing import Any

_PoolWriter = Callable[[dict[str, Any]], Any]

_CONTEXT_KEY = "kms:EncryptionContext:userpool-id"
_WRITERS = ("_create_user_pool", "_update_user_pool")


def check_grants() -> None:
    """Let the running emulator check `kms:CreateGrant` when a pool gets custom senders."""
    from ministack.core import iam_evaluator  # noqa: PLC0415
    from ministack.services import cognito  # noqa: PLC0415

    enforce = iam_evaluator.enforce
    caller_key_id: contextvars.ContextVar[str] = contextvars.ContextVar("caller_key_id", default="")

    def remember_caller(access_key_id: str, *arguments: Any, **options: Any) -> Any:
        caller_key_id.set(access_key_id)
        return enforce(access_key_id, *arguments, **options)

    def require_grant(write_pool: _PoolWriter) -> _PoolWriter:
        def write_pool_with_grant(parameters: dict[str, Any]) -> Any:
            key_arn = _sender_key(parameters)
            denial = None
            if key_arn:
                region = key_arn.split(":")[3]
                # A new pool has no ID yet, so a condition with an ID is not met.
                pool_id = str(parameters.get("UserPoolId") or f"{region}_new")
                denial = enforce(
                    caller_key_id.get(),
                    "kms:CreateGrant",
                    "kms",
                    region,
                    resource_arn=key_arn,
                    service_context={_CONTEXT_KEY: pool_id},
                )
            if denial is None:
                return write_pool(parameters)
            text = (
                f"User: {denial.principal_arn} is not authorized to perform: kms:CreateGrant"
                f" on resource: {key_arn}"
            )
            return cognito.error_response_json("AccessDeniedException", text, 400)

        return write_pool_with_grant

    iam_evaluator.enforce = remember_caller
    for name in _WRITERS:
        setattr(cognito, name, require_grant(getattr(cognito, name)))


def _sender_key(parameters: dict[str, Any]) -> str:
    """Return the key of the custom senders in a call, or an empty string if it has none."""
    config = parameters.get("LambdaConfig")
    if not isinstance(config, dict) or not (config.get("CustomSMSSender") or config.get("CustomEmailSender")):
        return ""
    key_arn = str(config.get("KMSKeyID") or "")
    return key_arn if key_arn.startswith("arn:") else ""
