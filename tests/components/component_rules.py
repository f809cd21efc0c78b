"""Rules: values that each resource of a type must have."""

from dataclasses import dataclass
from typing import Any

from component_paths import MISSING, value_at
from component_recording import ACCOUNT, PARTITION, REGION, Recording


@dataclass(frozen=True)
class Rule:
    """Values that resources of a type must have.

    Attributes:
        name: The property that the values provide.
        type_name: End of the resource's type.
        values: Path to expected value; `protect` is an additional input.
        name_suffixes: The rule applies to resources whose name has one of these suffixes.
    """

    name: str
    type_name: str
    values: dict[str, Any]
    name_suffixes: tuple[str, ...] = ("",)

    def breaches(self, recording: Recording) -> list[str]:
        """Return each value that differs; each begins with the name of its resource."""
        resources = [
            item
            for item in recording.as_golden()
            if item["type"].endswith(f":{self.type_name}") and item["name"].endswith(self.name_suffixes)
        ]
        if not resources:
            return [f"{self.type_name}: {self.name}: no such resource"]
        return [
            f"{item['name']}: {self.name}: {path} is {actual!r}"
            for item in resources
            for path, expected in self.values.items()
            if (actual := value_at({**item["inputs"], "protect": item["protect"]}, path)) != expected
        ]


_POOL = ("-pool",)
_TABLE = ("data-table",)
# Answers are stored for a day only.
_LASTING_TABLES = ("data-table", "data-audit-table", "eraser-receipts-table", "ledger-table")
_BUCKET = ("reports-bucket", "avatars-bucket", "media-bucket")
_TRIGGER_PERMISSIONS = (
    "pre-sign-up-permission",
    "post-confirmation-permission",
    "pre-token-generation-permission",
)

RULES = [
    Rule("AWS refuses to delete a table", "Table", {"deletionProtectionEnabled": True}, _LASTING_TABLES),
    Rule("Pulumi refuses to delete a table", "Table", {"protect": True}, _LASTING_TABLES),
    Rule("a table can be restored to any second", "Table", {"pointInTimeRecovery.enabled": True}),
    Rule("a table is encrypted with a KMS key", "Table", {"serverSideEncryption.enabled": True}),
    Rule("the users table has a stream", "Table", {"streamViewType": "NEW_AND_OLD_IMAGES"}, _TABLE),
    Rule("items expire", "Table", {"ttl": {"attributeName": "expiresAt", "enabled": True}}, _TABLE),
    Rule(
        "stored answers expire",
        "Table",
        {"ttl": {"attributeName": "expiration", "enabled": True}},
        ("idempotency-table",),
    ),
    Rule("AWS refuses to delete a pool", "UserPool", {"deletionProtection": "ACTIVE"}, _POOL),
    Rule("Pulumi refuses to delete a pool", "UserPool", {"protect": True}, _POOL),
    Rule("passwords are long", "UserPool", {"passwordPolicy.minimumLength": 14}, _POOL),
    Rule(
        "passwords have characters of all classes",
        "UserPool",
        {
            f"passwordPolicy.require{characters}": True
            for characters in ("Lowercase", "Numbers", "Symbols", "Uppercase")
        },
        _POOL,
    ),
    Rule(
        "a temporary password expires after a day",
        "UserPool",
        {"passwordPolicy.temporaryPasswordValidityDays": 1},
        _POOL,
    ),
    Rule("a second factor is available", "UserPool", {"mfaConfiguration": "OPTIONAL"}, _POOL),
    Rule(
        "an authenticator app is a second factor",
        "UserPool",
        {"softwareTokenMfaConfiguration.enabled": True},
        _POOL,
    ),
    Rule(
        "no password is recovered by a second factor",
        "UserPool",
        {"accountRecoverySetting.recoveryMechanisms": [{"name": "verified_email", "priority": 1}]},
        _POOL,
    ),
    Rule("user names ignore case", "UserPool", {"usernameConfiguration.caseSensitive": False}, _POOL),
    Rule(
        "a changed address must be verified",
        "UserPool",
        {"userAttributeUpdateSettings.attributesRequireVerificationBeforeUpdates": ["email", "phone_number"]},
        _POOL,
    ),
    Rule("the role attribute is immutable", "UserPool", {"schemas.0.mutable": False}, _POOL),
    Rule(
        "the role attribute has a maximum length",
        "UserPool",
        {"schemas.0.stringAttributeConstraints.maxLength": "32"},
        _POOL,
    ),
    Rule("errors hide whether a user exists", "UserPoolClient", {"preventUserExistenceErrors": "ENABLED"}),
    Rule("tokens can be revoked", "UserPoolClient", {"enableTokenRevocation": True}),
    Rule("access tokens are short-lived", "UserPoolClient", {"accessTokenValidity": 15}),
    Rule("ID tokens are short-lived", "UserPoolClient", {"idTokenValidity": 15}),
    Rule("refresh tokens expire", "UserPoolClient", {"refreshTokenValidity": 30}),
    Rule(
        "token validity is in minutes and days",
        "UserPoolClient",
        {"tokenValidityUnits": {"accessToken": "minutes", "idToken": "minutes", "refreshToken": "days"}},
    ),
    Rule(
        "no sign-in sends a password",
        "UserPoolClient",
        {"explicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]},
    ),
    Rule("a public client has no secret", "UserPoolClient", {"generateSecret": False}),
    Rule("callers use a function's alias", "Permission", {"qualifier": "live"}),
    Rule("Cognito calls for this account", "Permission", {"sourceAccount": ACCOUNT}, _TRIGGER_PERMISSIONS),
    Rule(
        "an HTTP API is limited by its ARN alone",
        "Permission",
        {
            "sourceAccount": MISSING,
            "sourceArn": f"arn:{PARTITION}:execute-api:{REGION}:{ACCOUNT}:app-api-api-id/*/*",
        },
        ("api-permission",),
    ),
    Rule("log lines expire", "LogGroup", {"retentionInDays": 30}),
    Rule(
        "the state machine's log needs no entry in the account's resource policy",
        "LogGroup",
        {"namePrefix": "/aws/vendedlogs/states/app-migration-log-group-"},
        ("app-migration-log-group",),
    ),
    Rule(
        "the API's log needs no entry in the account's resource policy",
        "LogGroup",
        {"namePrefix": "/aws/vendedlogs/apigateway/app-api-log-group-"},
        ("app-api-log-group",),
    ),
    Rule("a function publishes versions", "Function", {"publish": True}),
    Rule("a function is traced", "Function", {"tracingConfig.mode": "Active"}),
    Rule(
        "a trigger ends before Cognito stops waiting",
        "Function",
        {"timeout": 4},
        ("pre-sign-up-function", "post-confirmation-function", "pre-token-function"),
    ),
    Rule("a queue is encrypted", "Queue", {"sqsManagedSseEnabled": True}),
    Rule(
        "only failed messages are retried",
        "EventSourceMapping",
        {"functionResponseTypes": ["ReportBatchItemFailures"]},
    ),
    Rule(
        "due users are erased within an hour",
        "EventRule",
        {"scheduleExpression": "rate(1 hour)"},
        ("eraser-schedule",),
    ),
    Rule(
        "a stopped reconciliation continues soon",
        "EventRule",
        {"scheduleExpression": "rate(15 minutes)"},
        ("reconciler-schedule",),
    ),
    Rule(
        "hashes of a reconciliation expire",
        "Table",
        {"ttl": {"attributeName": "expiresAt", "enabled": True}},
        ("reconciler-state-table",),
    ),
    Rule("a message erases one user", "EventSourceMapping", {"batchSize": 1}, ("eraser-mapping",)),
    Rule("the API limits requests", "Stage", {"defaultRouteSettings.throttlingRateLimit": 50}),
    Rule("the API limits bursts", "Stage", {"defaultRouteSettings.throttlingBurstLimit": 100}),
    Rule("tokens are in the header", "Authorizer", {"identitySources": ["$request.header.Authorization"]}),
    Rule("the API verifies tokens", "Authorizer", {"authorizerType": "JWT"}),
    Rule(
        "tokens are for our client", "Authorizer", {"jwtConfiguration.audiences": ["app-identity-client-id"]}
    ),
    Rule(
        "tokens are from our pool",
        "Authorizer",
        {"jwtConfiguration.issuer": "https://cognito-idp.cn-north-1.amazonaws.com.cn/app-identity-pool-id"},
    ),
    Rule(
        "a profile requires a token",
        "Route",
        {"authorizationType": "JWT"},
        (
            "me-profile",
            "completion",
            "avatar",
            "export",
            "get-users",
            "users-id-profile",
            "bulk",
            "invite",
            "role",
            "status",
        ),
    ),
    Rule(
        "an execution's log has no user data",
        "StateMachine",
        {"loggingConfiguration.includeExecutionData": False},
    ),
    Rule("an execution's log is complete", "StateMachine", {"loggingConfiguration.level": "ALL"}),
    Rule("Pulumi refuses to delete the bucket", "Bucket", {"protect": True}, _BUCKET),
    Rule("a bucket with objects is not deleted", "Bucket", {"forceDestroy": False}, _BUCKET),
    Rule(
        "the bucket has no public access",
        "BucketPublicAccessBlock",
        dict.fromkeys(
            ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"), True
        ),
    ),
    Rule("old versions are kept", "BucketVersioning", {"versioningConfiguration.status": "Enabled"}),
    Rule(
        "the bucket's owner owns the objects",
        "BucketOwnershipControls",
        {"rule.objectOwnership": "BucketOwnerEnforced"},
    ),
    Rule(
        "objects are encrypted",
        "BucketServerSideEncryptionConfiguration",
        {"rules.0.applyServerSideEncryptionByDefault.sseAlgorithm": "AES256"},
    ),
    Rule(
        "reports expire",
        "BucketLifecycleConfiguration",
        {"rules.0.expiration.days": 90, "rules.0.status": "Enabled"},
        ("reports-lifecycle",),
    ),
    Rule(
        "unclaimed uploads expire",
        "BucketLifecycleConfiguration",
        {
            "rules.0.expiration.days": 1,
            "rules.0.filter.prefix": "avatars/",
            "rules.0.status": "Enabled",
            "rules.1.expiration": MISSING,
        },
        ("avatars-lifecycle",),
    ),
    Rule(
        "exports expire",
        "BucketLifecycleConfiguration",
        {
            "rules.2.expiration.days": 7,
            "rules.2.filter.prefix": "exports/",
            "rules.2.noncurrentVersionExpiration.noncurrentDays": 1,
            "rules.2.status": "Enabled",
        },
        ("avatars-lifecycle",),
    ),
]
