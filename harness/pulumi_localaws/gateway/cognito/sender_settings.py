"""Settings of custom senders that Cognito rejects when a pool is created or changed."""

import re
from typing import Any

from pulumi_localaws.gateway.cognito.call import CognitoCall
from pulumi_localaws.gateway.cognito.custom_senders import SENDERS
from pulumi_localaws.gateway.wire.errors import AwsError

_ARN_PATTERN = (
    r"arn:[\w+=/,.@-]+:[\w+=/,.@-]+:([\w+=/,.@-]*)?:[0-9]+:[\w+=/,.@-]+(:[\w+=/,.@-]+)?(:[\w+=/,.@-]+)?"
)


async def check_sender_settings(call: CognitoCall) -> None:
    """Check the custom senders and their KMS key in a call of CreateUserPool or UpdateUserPool.

    Raises:
        AwsError: InvalidParameterException for a sender without a version or a key, and for a key that is not
            an ARN or can't be used.
    """
    config = call.parameters.get("LambdaConfig")
    senders = [sender for sender in SENDERS if isinstance(config, dict) and config.get(sender)]
    if not senders or not isinstance(config, dict):
        return
    for sender in senders:
        value = config[sender]
        if not isinstance(value, dict) or not value.get("LambdaVersion"):
            # Seen in aws-cdk#15863.
            name = sender[0].lower() + sender[1:]
            raise AwsError(
                "InvalidParameterException",
                f"1 validation error detected: Value null at 'lambdaConfig.{name}.lambdaVersion' failed to"
                " satisfy constraint: Member must not be null",
            )
    await _check_key(call, senders, str(config.get("KMSKeyID") or ""))


async def _check_key(call: CognitoCall, senders: list[str], key_arn: str) -> None:
    if not key_arn:
        # Developer Guide, "Custom sender Lambda triggers"; the text is not documented.
        raise AwsError("InvalidParameterException", f"{' and '.join(senders)} requires KMSKeyID.")
    if not re.fullmatch(_ARN_PATTERN, key_arn):
        # The pattern is in the API reference of LambdaConfigType; an ID is rejected (seen in issue 44 of
        # awsdocs/amazon-cognito-developer-guide).
        raise AwsError(
            "InvalidParameterException",
            f"1 validation error detected: Value '{key_arn}' at 'lambdaConfig.kMSKeyID' failed to satisfy"
            f" constraint: Member must satisfy regular expression pattern: {_ARN_PATTERN}",
        )
    try:
        response = await call.dependencies.root_client.call_kms(
            "DescribeKey", {"KeyId": key_arn}, key_arn.split(":")[3]
        )
    except AwsError as error:
        raise _unusable_key_error(key_arn, error.code) from error
    key: dict[str, Any] = response.get("KeyMetadata") or {}
    if key.get("KeySpec", "SYMMETRIC_DEFAULT") != "SYMMETRIC_DEFAULT":
        raise _unusable_key_error(key_arn, "it is not a symmetric encryption key")
    if key.get("KeyState", "Enabled") != "Enabled":
        raise _unusable_key_error(key_arn, f"its state is {key.get('KeyState')}")


def _unusable_key_error(key_arn: str, reason: str) -> AwsError:
    """Return the error for a key for which no grant can be created; AWS documents no text."""
    return AwsError("InvalidParameterException", f"The KMS key {key_arn} can't be used: {reason}.")
