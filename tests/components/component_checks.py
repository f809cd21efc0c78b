"""What must hold for the security of a stack, each by its name: looks at golden resources, not at code."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from pulumi_userprofiles.policies import ANY_RESOURCE

Golden = dict[str, Any]
MISSING = object()


@dataclass(frozen=True)
class Property:
    """Something that each resource of a type must have.

    Attributes:
        name: What it guards against, or what it gives.
        kind: End of the resource's type.
        path: Where the value stands; `protect` stands outside of the inputs.
        expected: The value.
        named: Only resources whose name ends so.
    """

    name: str
    kind: str
    path: tuple[Any, ...]
    expected: Any
    named: str = ""

    def applies(self, resource: Golden) -> bool:
        return resource["type"].endswith(f":{self.kind}") and resource["name"].endswith(self.named)

    def value(self, resource: Golden) -> Any:
        place: Any = {**resource["inputs"], "protect": resource["protect"]}
        for step in self.path:
            try:
                place = place[step]
            except (KeyError, IndexError, TypeError):
                return MISSING
        return place

    def broken(self, resources: Iterable[Golden]) -> list[str]:
        return [
            f"{self.name}: {item['name']}"
            for item in resources
            if self.applies(item) and self.value(item) != self.expected
        ]


PROPERTIES = [
    Property("a table can't be deleted in AWS", "Table", ("deletionProtectionEnabled",), True),
    Property("Pulumi doesn't delete a table", "Table", ("protect",), True),
    Property("a table can be restored to any second", "Table", ("pointInTimeRecovery", "enabled"), True),
    Property("a table is encrypted with a KMS key", "Table", ("serverSideEncryption", "enabled"), True),
    Property(
        "the users table has a stream", "Table", ("streamViewType",), "NEW_AND_OLD_IMAGES", "data-table"
    ),
    Property(
        "items expire", "Table", ("ttl",), {"attributeName": "expiresAt", "enabled": True}, "data-table"
    ),
    Property("a pool can't be deleted in AWS", "UserPool", ("deletionProtection",), "ACTIVE", "-pool"),
    Property("Pulumi doesn't delete a pool", "UserPool", ("protect",), True, "-pool"),
    Property("passwords are long", "UserPool", ("passwordPolicy", "minimumLength"), 14, "-pool"),
    *(
        Property(
            "passwords have all classes", "UserPool", ("passwordPolicy", f"require{kind}"), True, "-pool"
        )
        for kind in ("Lowercase", "Numbers", "Symbols", "Uppercase")
    ),
    Property(
        "a temporary password is good for a day",
        "UserPool",
        ("passwordPolicy", "temporaryPasswordValidityDays"),
        1,
        "-pool",
    ),
    Property("a second factor can be had", "UserPool", ("mfaConfiguration",), "OPTIONAL", "-pool"),
    Property("by an app", "UserPool", ("softwareTokenMfaConfiguration", "enabled"), True, "-pool"),
    Property(
        "names are one in either case", "UserPool", ("usernameConfiguration", "caseSensitive"), False, "-pool"
    ),
    Property(
        "a changed address counts when verified",
        "UserPool",
        ("userAttributeUpdateSettings", "attributesRequireVerificationBeforeUpdates"),
        ["email", "phone_number"],
        "-pool",
    ),
    Property("the role can't be changed", "UserPool", ("schemas", 0, "mutable"), False, "-pool"),
    Property(
        "the role has lengths",
        "UserPool",
        ("schemas", 0, "stringAttributeConstraints", "maxLength"),
        "32",
        "-pool",
    ),
    Property("existence is hidden", "UserPoolClient", ("preventUserExistenceErrors",), "ENABLED"),
    Property("tokens can be revoked", "UserPoolClient", ("enableTokenRevocation",), True),
    Property("access tokens are short", "UserPoolClient", ("accessTokenValidity",), 15),
    Property("ID tokens are short", "UserPoolClient", ("idTokenValidity",), 15),
    Property("refresh tokens end", "UserPoolClient", ("refreshTokenValidity",), 30),
    Property(
        "validity is counted in minutes and days",
        "UserPoolClient",
        ("tokenValidityUnits",),
        {"accessToken": "minutes", "idToken": "minutes", "refreshToken": "days"},
    ),
    Property(
        "no password is sent",
        "UserPoolClient",
        ("explicitAuthFlows",),
        ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
    ),
    Property("a public client has no secret", "UserPoolClient", ("generateSecret",), False),
    Property("functions are called by alias", "Permission", ("qualifier",), "live"),
    Property("only this account's callers", "Permission", ("sourceAccount",), "111122223333"),
    Property("a log ends", "LogGroup", ("retentionInDays",), 30),
    Property("a function publishes versions", "Function", ("publish",), True),
    Property("a function is traced", "Function", ("tracingConfig", "mode"), "Active"),
    Property("a trigger ends before Cognito gives up", "Function", ("timeout",), 4, "pre-sign-up-function"),
    Property(
        "a trigger ends before Cognito gives up", "Function", ("timeout",), 4, "post-confirmation-function"
    ),
    Property("a queue is encrypted", "Queue", ("sqsManagedSseEnabled",), True),
    Property(
        "partial failures come back",
        "EventSourceMapping",
        ("functionResponseTypes",),
        ["ReportBatchItemFailures"],
    ),
    Property("the API throttles", "Stage", ("defaultRouteSettings", "throttlingRateLimit"), 50),
    Property("the API throttles bursts", "Stage", ("defaultRouteSettings", "throttlingBurstLimit"), 100),
    Property(
        "tokens come in the header", "Authorizer", ("identitySources",), ["$request.header.Authorization"]
    ),
    Property("tokens are checked by the API", "Authorizer", ("authorizerType",), "JWT"),
    Property(
        "tokens are for our client",
        "Authorizer",
        ("jwtConfiguration", "audiences"),
        ["app-identity-client-id"],
    ),
    Property(
        "tokens are from our pool",
        "Authorizer",
        ("jwtConfiguration", "issuer"),
        "https://cognito-idp.cn-north-1.amazonaws.com.cn/app-identity-pool-id",
    ),
    Property("reading a profile takes a token", "Route", ("authorizationType",), "JWT", "get-me-profile"),
    Property("changing a profile takes a token", "Route", ("authorizationType",), "JWT", "patch-me-profile"),
    Property(
        "a run's log tells nothing of users",
        "StateMachine",
        ("loggingConfiguration", "includeExecutionData"),
        False,
    ),
    Property("a run's log is whole", "StateMachine", ("loggingConfiguration", "level"), "ALL"),
    Property("Pulumi doesn't delete the bucket", "Bucket", ("protect",), True, "reports-bucket"),
    Property("a bucket with objects stays", "Bucket", ("forceDestroy",), False, "reports-bucket"),
    *(
        Property("no public access", "BucketPublicAccessBlock", (key,), True)
        for key in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    ),
    Property("an old version is kept", "BucketVersioning", ("versioningConfiguration", "status"), "Enabled"),
    Property(
        "objects are ours alone",
        "BucketOwnershipControls",
        ("rule", "objectOwnership"),
        "BucketOwnerEnforced",
    ),
    Property(
        "objects are encrypted",
        "BucketServerSideEncryptionConfiguration",
        ("rules", 0, "applyServerSideEncryptionByDefault", "sseAlgorithm"),
        "AES256",
    ),
    Property("reports are forgotten", "BucketLifecycleConfiguration", ("rules", 0, "expiration", "days"), 90),
    Property("reports are forgotten", "BucketLifecycleConfiguration", ("rules", 0, "status"), "Enabled"),
]


def _statements(resources: Iterable[Golden]) -> Iterable[tuple[Golden, dict[str, Any]]]:
    for item in resources:
        for key in ("policy", "assumeRolePolicy"):
            document = item["inputs"].get(key)
            for statement in document["Statement"] if isinstance(document, dict) else []:
                yield item, statement


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def wildcard_actions(resources: Iterable[Golden]) -> list[str]:
    """No right has a `*` in its action. A denial may be as wide as it can: it takes rights away."""
    return [
        f"{item['name']}: {action}"
        for item, statement in _statements(resources)
        if statement["Effect"] == "Allow"
        for action in _list(statement.get("Action", "*"))
        if "*" in action
    ]


def wildcard_resources(resources: Iterable[Golden]) -> list[str]:
    """`*` as resource stands only with the actions that AWS can't limit, each in a list with its reason."""
    return [
        f"{item['name']}: {action}"
        for item, statement in _statements(resources)
        if statement["Effect"] == "Allow" and "*" in _list(statement.get("Resource", []))
        for action in _list(statement["Action"])
        if action not in ANY_RESOURCE
    ]


def open_ends(resources: Iterable[Golden]) -> list[str]:
    """An ARN ends in `*` only for log streams, executions, and a prefix of the bucket."""
    return [
        f"{item['name']}: {arn}"
        for item, statement in _statements(resources)
        if statement["Effect"] == "Allow"
        for arn in _list(statement.get("Resource", []))
        if "*" in arn
        and arn != "*"
        and not ((":logs:" in arn or ":states:" in arn) and arn.endswith(":*"))
        and not (":s3:::" in arn and arn.endswith("/runs/*"))
    ]


def keys_of_others(resources: Iterable[Golden]) -> list[str]:
    """Whoever reads or writes the tables by key is kept to the keys of users; a scan has no key."""
    return [
        f"{item['name']}: {statement['Sid']}"
        for item, statement in _statements(resources)
        if any(action.startswith("dynamodb:") for action in _list(statement["Action"]))
        and _list(statement["Action"]) != ["dynamodb:Scan"]
        and statement.get("Condition") != {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["USER#*"]}}
    ]


def _tls_only(resources: list[Golden], kind: str, policy: str) -> list[str]:
    guarded = [
        str(statement["Resource"])
        for item, statement in _statements(resources)
        if item["type"].endswith(f":{policy}")
        and statement["Effect"] == "Deny"
        and statement["Principal"] == "*"
        and statement["Action"] in ("sqs:*", "s3:*")
        and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    ]
    return [
        item["name"]
        for item in resources
        if item["type"].endswith(f":{kind}")
        and not any(f"{item['name']}-1234567'" in arns for arns in guarded)
    ]


def unencrypted_queues(resources: list[Golden]) -> list[str]:
    """Each queue refuses what comes without TLS."""
    return _tls_only(resources, "Queue", "QueuePolicy")


def unencrypted_buckets(resources: list[Golden]) -> list[str]:
    """Each bucket refuses what comes without TLS, for itself and for its objects."""
    return _tls_only(resources, "Bucket", "BucketPolicy")


def foreign_callers(resources: Iterable[Golden]) -> list[str]:
    """A function is called by one pool or one API, not by a service on anybody's behalf."""
    allowed = {
        "cognito-idp.amazonaws.com": "userpool/app-identity-pool-id",
        "apigateway.amazonaws.com": "app-api-api-id/*/*",
    }
    return [
        item["name"]
        for item in resources
        if item["type"].endswith(":Permission")
        and not str(item["inputs"].get("sourceArn")).endswith(allowed[item["inputs"]["principal"]])
    ]


def untrusted_principals(resources: Iterable[Golden]) -> list[str]:
    """A role is taken on by one AWS service, for this account only; Cognito's by the external id as well.

    Lambda takes a role on as nothing but the function that has it, and sends no account along.
    """
    found = []
    for item, statement in _statements(resources):
        if "Service" not in _dict(statement.get("Principal")):
            continue
        service = statement["Principal"]["Service"]
        condition = _dict(statement.get("Condition")).get("StringEquals", {})
        needed = {
            "lambda.amazonaws.com": set(),
            "states.amazonaws.com": {"aws:SourceAccount"},
        }.get(service, {"sts:ExternalId", "aws:SourceAccount"})
        if not needed <= set(condition):
            found.append(f"{item['name']}: {service}")
    return found


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def open_routes(resources: Iterable[Golden]) -> list[str]:
    """Every route takes a token, save the one in the list."""
    return [
        item["name"]
        for item in resources
        if item["type"].endswith(":Route")
        and item["inputs"]["routeKey"] != "GET /health"
        and not (item["inputs"]["authorizationType"] == "JWT" and item["inputs"].get("authorizerId"))
    ]


def client_attributes(resources: Iterable[Golden]) -> list[str]:
    """Clients write no verified flag and no custom attribute but the role, which they can't read."""
    found = []
    for item in resources:
        if item["type"].endswith(":UserPoolClient"):
            write, read = (set(item["inputs"].get(f"{way}Attributes") or ["?"]) for way in ("write", "read"))
            wrong = {
                name
                for name in write
                if name.endswith("_verified") or name.startswith("custom:") or name == "?"
            }
            wrong = (wrong - {"custom:role"}) | (read & {"custom:role", "?"})
            found += [f"{item['name']}: {name}" for name in wrong]
    return found


def shared_roles(resources: Iterable[Golden]) -> list[str]:
    """Each function has a role and a log of its own."""
    functions = [item["inputs"] for item in resources if item["type"].endswith(":Function")]
    roles = [item["role"] for item in functions]
    logs = [item["loggingConfig"]["logGroup"] for item in functions]
    return [name for names in (roles, logs) for name in names if names.count(name) > 1]


def typed_partitions(resources: Iterable[Golden]) -> list[str]:
    """No ARN is written by hand for the partition that its author lives in."""
    return [item["name"] for item in resources if "arn:aws:" in str(item["inputs"])]


CHECKS: list[Callable[[list[Golden]], list[str]]] = [
    wildcard_actions,
    wildcard_resources,
    open_ends,
    keys_of_others,
    unencrypted_queues,
    unencrypted_buckets,
    foreign_callers,
    untrusted_principals,
    open_routes,
    client_attributes,
    shared_roles,
    typed_partitions,
]
