"""What a client needs of a stack's outputs, as a `.env` file or as Amplify's `amplify_outputs.json`.

Amplify's format is its schema 1.4 (aws-amplify/amplify-backend, `client-config-schema/schema_v1.4.json`). Its
section `custom.API` has the form of Amplify's guide for REST APIs.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_POOL_ID = re.compile(r"(?P<region>[a-z]{2,4}(-[a-z]+){1,2}-[1-9][0-9]?)_[0-9A-Za-z]+")
_SECRET = "[secret]"  # noqa: S105  what `pulumi stack output` prints instead of a secret
_REQUIRED = ("userPoolId", "userPoolClientId", "profileApiUrl")
_API_NAME = "profile"
_ENV_PLAIN = re.compile(r"[A-Za-z0-9_./:@%+,=-]+")
_ENV_QUOTED = re.compile(r"[^'\x00-\x1f\x7f]+")
_POLICY_FIELDS = {
    "minLength": "min_length",
    "requireLowercase": "require_lowercase",
    "requireNumbers": "require_numbers",
    "requireSymbols": "require_symbols",
    "requireUppercase": "require_uppercase",
}


class ClientOutputsError(ValueError):
    """The outputs can't be used. The message says what is wrong and how to fix it."""


@dataclass(frozen=True)
class ClientOutputs:
    """What a client needs.

    Attributes:
        region: Region of the user pool.
        user_pool_id: ID of the user pool.
        client_id: ID of the app client.
        api_url: Base URL of the profile API.
        endpoint: Endpoint of a local AWS; None in AWS.
        username_attributes: Attributes that users sign in with; empty if the outputs don't have them.
        password_policy: The password policy; empty if the outputs don't have it.
    """

    region: str
    user_pool_id: str
    client_id: str
    api_url: str
    endpoint: str | None
    username_attributes: tuple[str, ...]
    password_policy: Mapping[str, Any]


def parse(text: str, client: str | None = None) -> ClientOutputs:
    """Read the outputs of a stack.

    Args:
        text: JSON of `pulumi stack output --json`, or of the file that `pulumi-localaws up --outputs` writes.
        client: Name of a further app client. Default: the pool's first app client.

    Raises:
        ClientOutputsError: It is not such JSON, or an output is missing or has an invalid value.
    """
    document = _read_object(text)
    local = document.get("outputs")
    outputs = local if isinstance(local, Mapping) else document
    missing = [name for name in _REQUIRED if not isinstance(outputs.get(name), str) or not outputs[name]]
    if missing:
        raise ClientOutputsError(
            f"The outputs lack {', '.join(missing)}. Existing outputs: "
            f"{', '.join(sorted(map(str, outputs))) or 'none'}. "
            "Use the outputs of a stack with SignupToProfile: pulumi stack output --json"
        )
    secrets = [name for name in _REQUIRED if outputs[name] == _SECRET]
    if secrets:
        raise ClientOutputsError(
            f"{', '.join(secrets)} is a secret. Use: pulumi stack output --json --show-secrets"
        )
    pool_id = _POOL_ID.fullmatch(outputs["userPoolId"])
    if pool_id is None:
        raise ClientOutputsError(
            f"userPoolId must be the ID of a user pool, such as eu-central-1_aB3dE5fG7, not "
            f"{outputs['userPoolId']!r}."
        )
    endpoint = document.get("endpoint") if outputs is local else None
    return ClientOutputs(
        region=pool_id["region"],
        user_pool_id=outputs["userPoolId"],
        client_id=_client_id(outputs, client),
        api_url=outputs["profileApiUrl"],
        endpoint=endpoint if isinstance(endpoint, str) else None,
        username_attributes=_names(outputs.get("usernameAttributes")),
        password_policy=_password_policy(outputs.get("passwordPolicy")),
    )


def _read_object(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ClientOutputsError(
            f"The outputs are not JSON ({error}). Use: pulumi stack output --json"
        ) from None
    if not isinstance(document, dict):
        raise ClientOutputsError(
            f"The outputs must be a JSON object, not {type(document).__name__}. "
            "Use: pulumi stack output --json"
        )
    return document


def _client_id(outputs: Mapping[str, Any], client: str | None) -> str:
    if client is None:
        return str(outputs["userPoolClientId"])
    further = outputs.get("furtherUserPoolClientIds")
    clients = further if isinstance(further, Mapping) else {}
    if not isinstance(clients.get(client), str):
        raise ClientOutputsError(
            f"There is no further app client {client!r}. Available: {', '.join(sorted(clients)) or 'none'}. "
            "Add it to the setting furtherClients, or leave --client out."
        )
    return str(clients[client])


def _names(value: Any) -> tuple[str, ...]:
    is_list = isinstance(value, list) and all(isinstance(name, str) for name in value)
    return tuple(value) if is_list else ()


def _password_policy(value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping) or not set(_POLICY_FIELDS) <= set(value):
        return {}
    # Pulumi passes whole numbers as floats.
    policy = {field: value[name] for name, field in _POLICY_FIELDS.items()}
    return {**policy, "min_length": int(policy["min_length"])}


def env_file(outputs: ClientOutputs, prefix: str = "") -> str:
    """Return the outputs as lines of a `.env` file, which a shell can read as well.

    Args:
        outputs: The outputs.
        prefix: Start of each name, such as `VITE_`.

    Raises:
        ClientOutputsError: A value can't be quoted for all readers of such files.
    """
    variables = {
        "AWS_REGION": outputs.region,
        "USER_POOL_ID": outputs.user_pool_id,
        "USER_POOL_CLIENT_ID": outputs.client_id,
        "PROFILE_API_URL": outputs.api_url,
        **({"AWS_ENDPOINT_URL": outputs.endpoint} if outputs.endpoint else {}),
    }
    return "".join(f"{prefix}{name}={_quoted(name, value)}\n" for name, value in variables.items())


def _quoted(name: str, value: str) -> str:
    """Quote with single quotes, inside which neither a shell nor a library replaces anything."""
    if _ENV_PLAIN.fullmatch(value):
        return value
    if _ENV_QUOTED.fullmatch(value):
        return f"'{value}'"
    raise ClientOutputsError(
        f"{name} contains a single quote or a control character, which a .env file can't contain: {value!r}."
    )


def amplify_file(outputs: ClientOutputs) -> str:
    """Return the outputs in the format of `amplify_outputs.json`."""
    auth: dict[str, Any] = {
        "aws_region": outputs.region,
        "user_pool_id": outputs.user_pool_id,
        "user_pool_client_id": outputs.client_id,
    }
    if outputs.username_attributes:
        auth["username_attributes"] = list(outputs.username_attributes)
        auth["user_verification_types"] = list(outputs.username_attributes)
    if outputs.password_policy:
        auth["password_policy"] = dict(outputs.password_policy)
    api = {"endpoint": outputs.api_url, "region": outputs.region, "apiName": _API_NAME}
    document = {"version": "1.4", "auth": auth, "custom": {"API": {_API_NAME: api}}}
    return json.dumps(document, indent=2) + "\n"
