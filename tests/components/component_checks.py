"""Security checks of a stack. A check returns its breaches; each begins with the name of a resource."""

from collections.abc import Callable, Iterator
from typing import Any

from component_phone_expectations import CODES_KEYS
from component_recording import ACCOUNT, PARTITION, Recording
from pulumi_userprofiles.policies import ANY_RESOURCE

Check = Callable[[Recording], list[str]]
GoldenResource = dict[str, Any]
KEY_TYPE = "aws:kms/key:Key"


def statements(recording: Recording) -> Iterator[tuple[GoldenResource, dict[str, Any]]]:
    """Yield each statement of each policy, with its resource."""
    for item in recording.as_golden():
        for key in ("policy", "assumeRolePolicy"):
            document = item["inputs"].get(key)
            for statement in document["Statement"] if isinstance(document, dict) else []:
                yield item, statement


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def wildcard_actions(recording: Recording) -> list[str]:
    """Report allowed actions with a `*`. A denial may be wide: it only removes rights."""
    return [
        f"{item['name']}: {action}"
        for item, statement in statements(recording)
        if statement["Effect"] == "Allow" and item["type"] != KEY_TYPE
        for action in as_list(statement.get("Action", "*"))
        if "*" in action
    ]


def wildcard_resources(recording: Recording) -> list[str]:
    """Report `*` as resource, except for the listed actions that AWS can't limit to a resource."""
    return [
        f"{item['name']}: {action}"
        for item, statement in statements(recording)
        if statement["Effect"] == "Allow"
        and "*" in as_list(statement.get("Resource", []))
        and item["type"] != KEY_TYPE
        for action in as_list(statement["Action"])
        if action not in ANY_RESOURCE
    ]


_PREFIXES = tuple(f"/{prefix}" for prefix in ("runs", "sources", "avatars", "claimed", "exports", "media"))
"""Prefixes of the objects that functions use, in the ARNs of buckets."""


def wildcard_arns(recording: Recording) -> list[str]:
    """Report ARNs with a `*`, except those of log streams, executions, backups and a prefix of a bucket."""
    return [
        f"{item['name']}: {arn}"
        for item, statement in statements(recording)
        if statement["Effect"] == "Allow"
        for arn in as_list(statement.get("Resource", []))
        if "*" in arn
        and arn != "*"
        and not ((":logs:" in arn or ":states:" in arn) and arn.endswith(":*"))
        and not (":s3:::" in arn and arn.rpartition("/")[0].endswith(_PREFIXES) and arn.endswith("/*"))
        and not (":dynamodb:" in arn and arn.endswith("/backup/*"))
        and not (":backup:" in arn and arn.endswith(":recovery-point:*"))
    ]


_ERASER_KEYS = {
    "app-data-table-1234567": ["USER#*", "LEGACY#*", "REDIRECT#*", "REMOVAL#OPEN"],
    "app-data-table-1234567/index/list": ["LIST#DELETION#*"],
    "app-eraser-receipts-table-1234567/index/open": ["OPEN"],
}
"""Keys that only the erasure worker uses, by table or index."""


_WITHOUT_USER_KEYS = (
    *("idempotency-table", "app-reconciler-state-table", "app-migration-ledger-table"),
    "/stream/",
)


def other_leading_keys(recording: Recording) -> list[str]:
    """Report access to the tables without the condition for keys of users, or of lists. A scan has no key.

    The keys of stored answers are digests. AWS Backup reads whole tables. A stream has no keys. Only the
    reconciler uses its state table. The ledger has runs, not users.
    """
    return [
        f"{item['name']}: {statement['Action']}"
        for item, statement in statements(recording)
        if any(action.startswith("dynamodb:") for action in as_list(statement["Action"]))
        and item["name"] != "app-backups-policy"
        and as_list(statement["Action"]) != ["dynamodb:Scan"]
        and not any(text in as_list(statement["Resource"])[0] for text in _WITHOUT_USER_KEYS)
        and statement.get("Condition")
        != {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": _leading_keys(item["name"], statement)}}
    ]


_MIGRATION_BUCKET = f"arn:{PARTITION}:s3:::app-migration-reports-bucket-1234567"


def unlimited_listings(recording: Recording) -> list[str]:
    """Report rights to list the objects of a bucket without a condition for the prefix.

    The migration's worker can list its bucket: without this right, a missing object looks like a denied one.
    """
    return [
        f"{item['name']}: {statement['Action']}"
        for item, statement in statements(recording)
        if statement["Effect"] == "Allow"
        and any(action.startswith("s3:List") for action in as_list(statement["Action"]))
        and "s3:prefix" not in statement.get("Condition", {}).get("StringLike", {})
        and statement["Resource"] != [_MIGRATION_BUCKET]
    ]


def _leading_keys(policy: str, statement: dict[str, Any]) -> list[str]:
    tables = [arn.rpartition(":table/")[2] for arn in as_list(statement["Resource"])]
    if policy == "app-eraser-worker-policy" and tables[0] in _ERASER_KEYS:
        return _ERASER_KEYS[tables[0]]
    if tables[0].startswith("app-phone-codes-table"):
        return CODES_KEYS[policy]
    if statement.get("Sid") == "KeepRemovals":
        return ["REMOVAL#OPEN"]
    if statement.get("Sid") == "ReadRedirects":
        return ["REDIRECT#*"]
    return ["LIST#*"] if all("/index/" in table for table in tables) else ["USER#*"]


def _without_tls_policy(recording: Recording, type_name: str, action: str, suffixes: set[str]) -> list[str]:
    """Report resources of a type that accept requests without TLS, also for their contents."""
    protected = {
        str(arn)
        for item, statement in statements(recording)
        if item["type"].endswith(f":{type_name}Policy")
        and statement["Effect"] == "Deny"
        and statement.get("Principal") == "*"
        and statement["Action"] == action
        and statement.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}
        for arn in as_list(statement["Resource"])
    }
    return [
        f"{item.name}: accepts requests without TLS"
        for item in recording.of_type(type_name)
        if not suffixes <= {arn.rpartition(":")[2].removeprefix(f"{item.name}-1234567") for arn in protected}
    ]


def unencrypted_queues(recording: Recording) -> list[str]:
    """Report queues that accept requests without TLS."""
    return _without_tls_policy(recording, "Queue", "sqs:*", {""})


def unencrypted_buckets(recording: Recording) -> list[str]:
    """Report buckets that accept requests without TLS, also for their objects."""
    return _without_tls_policy(recording, "Bucket", "s3:*", {"", "/*"})


_CALLERS = {
    "cognito-idp.amazonaws.com": "userpool/app-identity-pool-id",
    "apigateway.amazonaws.com": "app-api-api-id/*/*",
    "events.amazonaws.com": ("rule/app-eraser-schedule-1234567", "rule/app-reconciler-schedule-1234567"),
}


def foreign_callers(recording: Recording) -> list[str]:
    """Report permissions of a service whose source is not the stack's pool, API or schedule."""
    return [
        f"{item.name}: {item.inputs['principal']}"
        for item in recording.of_type("Permission")
        if not str(item.inputs.get("sourceArn")).endswith(_CALLERS.get(item.inputs["principal"], "no caller"))
    ]


def untrusted_principals(recording: Recording) -> list[str]:
    """Report roles that a service can assume for another account; Cognito must also send the external id.

    Lambda assumes a role only for the function with this role, and sends no account. AWS Backup documents no
    account in a role's trust policy; a selection's role must be in the account of the plan.
    """
    required = {
        "lambda.amazonaws.com": set(),
        "backup.amazonaws.com": set(),
        "states.amazonaws.com": {"aws:SourceAccount"},
    }
    breaches = []
    for item, statement in statements(recording):
        if "assumeRolePolicy" not in item["inputs"]:
            continue
        service = as_dict(statement.get("Principal")).get("Service")
        condition = as_dict(statement.get("Condition")).get("StringEquals", {})
        keys = required.get(service, {"sts:ExternalId", "aws:SourceAccount"})
        if not keys <= set(condition) or condition.get("aws:SourceAccount", ACCOUNT) != ACCOUNT:
            breaches.append(f"{item['name']}: {service}")
    return breaches


def as_dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


_OPEN_ROUTES = {
    *("GET /health", "GET /openapi.json"),
    *("POST /auth/phone/register", "POST /auth/phone/verify"),
    "GET /media/{location+}",
}


def open_routes(recording: Recording) -> list[str]:
    """Report routes without a token, except health, OpenAPI document, sign-in by code and redirects."""
    return [
        f"{item.name}: {item.inputs['routeKey']}"
        for item in recording.of_type("Route")
        if item.inputs["routeKey"] not in _OPEN_ROUTES
        and (item.inputs.get("authorizationType"), item.inputs.get("authorizerId"))
        != ("JWT", "app-api-authorizer-id")
    ]


def client_attributes(recording: Recording) -> list[str]:
    """Report attributes that clients must not write or read.

    Clients write no verified flag, and no custom attribute except the role, which they can't read.
    """
    breaches = []
    for item in recording.of_type("UserPoolClient"):
        # A client without a list can write, or read, every attribute.
        write, read = (
            set(item.inputs.get(f"{way}Attributes") or ["every attribute"]) for way in ("write", "read")
        )
        wrong = {name for name in write if name.endswith("_verified") or name.startswith("custom:")}
        wrong = (wrong - {"custom:role"}) | (read & {"custom:role"}) | ((write | read) & {"every attribute"})
        breaches += [f"{item.name}: {name}" for name in sorted(wrong)]
    return breaches


def shared_roles(recording: Recording) -> list[str]:
    """Report functions that do not have their own role and log group."""
    breaches = []
    for item in recording.of_type("Function"):
        own = item.name.removesuffix("-function")
        if item.inputs["role"].rpartition("/")[2] != f"{own}-role-1234567":
            breaches.append(f"{item.name}: role {item.inputs['role']}")
        if item.inputs["loggingConfig"]["logGroup"] != f"{own}-log-group-1234567":
            breaches.append(f"{item.name}: log {item.inputs['loggingConfig']['logGroup']}")
    return breaches


def hard_coded_partitions(recording: Recording) -> list[str]:
    """Report ARNs with the hard-coded partition `aws`."""
    return [
        f"{item['name']}: arn:aws:" for item in recording.as_golden() if "arn:aws:" in str(item["inputs"])
    ]


def physical_names(recording: Recording) -> list[str]:
    """Report fixed physical names, which collide with a second stack and with a replacement."""
    scoped = {"aws:lambda/alias:Alias", "aws:cognito/userGroup:UserGroup", "aws:apigatewayv2/stage:Stage"}
    return [
        f"{item.name}: {key}"
        for item in recording.resources
        if item.custom and item.type not in scoped
        for key in ("name", "bucket")
        if key in item.inputs and (key == "name" or item.type == "aws:s3/bucket:Bucket")
    ]


def orphans(recording: Recording) -> list[str]:
    """Report resources without a parent."""
    names = {item.name for item in recording.resources}
    return [
        f"{item.name}: parent {item.parent!r}"
        for item in recording.resources
        if item.custom and item.parent not in names
    ]


CHECKS: list[Check] = [
    wildcard_actions,
    wildcard_resources,
    wildcard_arns,
    other_leading_keys,
    unlimited_listings,
    unencrypted_queues,
    unencrypted_buckets,
    foreign_callers,
    untrusted_principals,
    open_routes,
    client_attributes,
    shared_roles,
    hard_coded_partitions,
]
