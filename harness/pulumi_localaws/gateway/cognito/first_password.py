"""Required attributes that a user with a temporary password sets together with the first password."""

import json
from http import HTTPStatus

from pulumi_localaws.gateway.cognito import attribute_rules, attribute_values
from pulumi_localaws.gateway.cognito.call import CognitoCall
from pulumi_localaws.gateway.cognito.pool_models import PoolUser, UserPool
from pulumi_localaws.gateway.wire.errors import AwsError, replace_body
from pulumi_localaws.gateway.wire.gateway_rules import GatewayRule
from pulumi_localaws.gateway.wire.http_messages import Response

_CHALLENGE = "NEW_PASSWORD_REQUIRED"
_PREFIX = "userAttributes."


def add_required_attributes(
    call: CognitoCall, pool: UserPool, user: PoolUser | None, response: Response
) -> Response:
    """Name the missing required attributes in the challenge (API reference of InitiateAuth)."""
    if user is None or response.status != HTTPStatus.OK or not call.enforces(GatewayRule.POOL_SCHEMA):
        return response
    document = response.json()
    if document.get("ChallengeName") != _CHALLENGE:
        return response
    names = [_PREFIX + name for name in _missing_attributes(pool, user)]
    parameters = {**document["ChallengeParameters"], "requiredAttributes": json.dumps(names)}
    return replace_body(response, {**document, "ChallengeParameters": parameters})


def read_first_attributes(call: CognitoCall, pool: UserPool, user: PoolUser | None) -> dict[str, str]:
    """Return the attributes in the answer to the challenge.

    Raises:
        AwsError: InvalidParameterException for a value that does not conform to the schema, and for a missing
            required attribute (seen in aws-cognito-angular-quickstart#116).
    """
    is_answer = call.parameters.get("ChallengeName") == _CHALLENGE
    if user is None or not is_answer or not call.enforces(GatewayRule.POOL_SCHEMA):
        return {}
    responses = call.parameters.get("ChallengeResponses") or {}
    attributes = {
        key.removeprefix(_PREFIX): value for key, value in responses.items() if key.startswith(_PREFIX)
    }
    attribute_values.check_changed_values(pool, attributes)
    attribute_values.check_email_format(attributes)
    attribute_rules.check_phone_format(attributes)
    missing_names = [name for name in _missing_attributes(pool, user) if not attributes.get(name)]
    if missing_names:
        text = f"Invalid attributes given, {' and '.join(missing_names)} is missing"
        raise AwsError("InvalidParameterException", text)
    return attributes


def _missing_attributes(pool: UserPool, user: PoolUser) -> list[str]:
    return [
        str(attribute["Name"])
        for attribute in pool.schema
        if attribute.get("Required") and not user.attributes.get(attribute["Name"])
    ]
