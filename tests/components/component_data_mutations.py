"""Mutations of resources with data: tables, bucket, queues, user pool and client, and their key."""

from component_changes import (
    NOT_CREATED,
    NOT_PROTECTED,
    append,
    drop,
    option,
    put,
    statement,
    without_statement,
)
from component_checks import client_attributes, unencrypted_buckets, unencrypted_queues, untrusted_principals
from component_expectations import wrong_order
from component_key_expectations import other_keys, other_uses_of_the_key
from component_mutation import (
    BUCKET,
    CLIENT,
    LOG_GROUPS,
    MACHINE,
    POOL,
    PUBLIC_ACCESS,
    QUEUES,
    TABLE,
    TABLES,
    each,
    mutation,
    names_of_functions,
    rule,
)
from component_programs import KEY

DATA = [
    *each(TABLES, put("deletionProtectionEnabled", False), rule("AWS refuses to delete a table")),
    *each(TABLES, NOT_PROTECTED, rule("Pulumi refuses to delete a table")),
    *each(TABLES, drop("pointInTimeRecovery"), rule("a table can be restored to any second")),
    *each(TABLES, drop("serverSideEncryption.enabled"), rule("a table is encrypted with a KMS key")),
    mutation(TABLE, put("streamViewType", "NEW_IMAGE"), rule("the users table has a stream")),
    mutation(TABLE, drop("ttl"), rule("items expire")),
    mutation("app-api-idempotency-table", drop("ttl"), rule("stored answers expire")),
    mutation(BUCKET, NOT_PROTECTED, rule("Pulumi refuses to delete the bucket")),
    mutation(BUCKET, put("forceDestroy", True), rule("a bucket with objects is not deleted")),
    *(
        mutation(PUBLIC_ACCESS, drop(key), rule("the bucket has no public access"))
        for key in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    ),
    mutation(PUBLIC_ACCESS, NOT_CREATED, rule("the bucket has no public access"), "BucketPublicAccessBlock"),
    mutation(
        "app-migration-reports-versioning",
        put("versioningConfiguration.status", "Suspended"),
        rule("old versions are kept"),
    ),
    mutation(
        "app-migration-reports-ownership",
        put("rule.objectOwnership", "ObjectWriter"),
        rule("the bucket's owner owns the objects"),
    ),
    mutation(
        "app-migration-reports-encryption",
        drop("rules.0.applyServerSideEncryptionByDefault"),
        rule("objects are encrypted"),
    ),
    mutation("app-migration-reports-lifecycle", drop("rules.0.expiration"), rule("reports expire")),
    mutation("app-api-avatars-lifecycle", drop("rules.0.expiration"), rule("unclaimed uploads expire")),
    mutation("app-api-avatars-lifecycle", put("rules.0.filter.prefix", ""), rule("unclaimed uploads expire")),
    mutation("app-api-avatars-lifecycle", drop("rules.2.expiration"), rule("exports expire")),
    mutation("app-api-avatars-lifecycle", put("rules.2.filter.prefix", ""), rule("exports expire")),
    mutation("app-migration-reports-lifecycle", put("rules.0.status", "Disabled"), rule("reports expire")),
    mutation("app-migration-reports-policy", NOT_CREATED, unencrypted_buckets, BUCKET),
    mutation("app-migration-reports-policy", statement("s3:*", Effect="Allow"), unencrypted_buckets, BUCKET),
    mutation(
        "app-migration-reports-policy", drop("policy.Statement.0.Resource.1"), unencrypted_buckets, BUCKET
    ),
    *each(QUEUES, drop("sqsManagedSseEnabled"), rule("a queue is encrypted")),
    *(mutation(f"{queue}-policy", NOT_CREATED, unencrypted_queues, queue) for queue in QUEUES),
    *(
        mutation(f"{queue}-policy", statement("sqs:*", **changes), unencrypted_queues, queue)
        for queue in QUEUES
        for changes in ({"Action": "sqs:SendMessage"}, {"Condition": None})
    ),
]

IDENTITY = [
    mutation(POOL, put("deletionProtection", "INACTIVE"), rule("AWS refuses to delete a pool")),
    mutation(POOL, NOT_PROTECTED, rule("Pulumi refuses to delete a pool")),
    mutation(POOL, put("passwordPolicy.minimumLength", 8), rule("passwords are long")),
    *(
        mutation(
            POOL,
            put(f"passwordPolicy.require{characters}", False),
            rule("passwords have characters of all classes"),
        )
        for characters in ("Lowercase", "Numbers", "Symbols", "Uppercase")
    ),
    mutation(
        POOL,
        drop("passwordPolicy.temporaryPasswordValidityDays"),
        rule("a temporary password expires after a day"),
    ),
    mutation(POOL, put("mfaConfiguration", "OFF"), rule("a second factor is available")),
    mutation(POOL, drop("softwareTokenMfaConfiguration"), rule("an authenticator app is a second factor")),
    mutation(
        POOL,
        append("accountRecoverySetting.recoveryMechanisms", {"name": "verified_phone_number", "priority": 2}),
        rule("no password is recovered by a second factor"),
    ),
    mutation(POOL, drop("usernameConfiguration"), rule("user names ignore case")),
    mutation(POOL, drop("userAttributeUpdateSettings"), rule("a changed address must be verified")),
    mutation(POOL, put("schemas.0.mutable", True), rule("the role attribute is immutable")),
    mutation(
        POOL,
        drop("schemas.0.stringAttributeConstraints.maxLength"),
        rule("the role attribute has a maximum length"),
    ),
    mutation(CLIENT, put("preventUserExistenceErrors", "LEGACY"), rule("errors hide whether a user exists")),
    mutation(CLIENT, drop("preventUserExistenceErrors"), rule("errors hide whether a user exists")),
    mutation(CLIENT, put("enableTokenRevocation", False), rule("tokens can be revoked")),
    mutation(CLIENT, drop("accessTokenValidity"), rule("access tokens are short-lived")),
    mutation(CLIENT, put("idTokenValidity", 60), rule("ID tokens are short-lived")),
    mutation(CLIENT, put("refreshTokenValidity", 3650), rule("refresh tokens expire")),
    *(
        mutation(
            CLIENT, put(f"tokenValidityUnits.{token}", "hours"), rule("token validity is in minutes and days")
        )
        for token in ("accessToken", "idToken", "refreshToken")
    ),
    mutation(CLIENT, drop("tokenValidityUnits"), rule("token validity is in minutes and days")),
    mutation(
        CLIENT, append("explicitAuthFlows", "ALLOW_USER_PASSWORD_AUTH"), rule("no sign-in sends a password")
    ),
    mutation(CLIENT, put("generateSecret", True), rule("a public client has no secret")),
    mutation(CLIENT, append("writeAttributes", "email_verified"), client_attributes),
    mutation(CLIENT, append("writeAttributes", "custom:plan"), client_attributes),
    mutation(CLIENT, append("readAttributes", "custom:role"), client_attributes),
    mutation(CLIENT, drop("writeAttributes"), client_attributes),
    mutation(CLIENT, drop("readAttributes"), client_attributes),
    mutation(CLIENT, option(depends_on=[]), wrong_order),
    mutation("app-identity-sms-role", drop("assumeRolePolicy.Statement.0.Condition"), untrusted_principals),
    *(
        mutation(
            "app-identity-sms-role",
            drop(f"assumeRolePolicy.Statement.0.Condition.StringEquals.{key}"),
            untrusted_principals,
        )
        for key in ("sts:ExternalId", "aws:SourceAccount")
    ),
]

WITH_A_KEY = [
    *each(TABLES, drop("serverSideEncryption.kmsKeyArn"), other_keys, kms_key_arn=KEY),
    *each(QUEUES, drop("kmsMasterKeyId"), other_keys, kms_key_arn=KEY),
    *each(LOG_GROUPS, drop("kmsKeyId"), other_keys, kms_key_arn=KEY),
    *each(names_of_functions("function"), drop("kmsKeyArn"), other_keys, kms_key_arn=KEY),
    *each((MACHINE,), drop("encryptionConfiguration"), other_keys, kms_key_arn=KEY),
    *each(
        ("app-migration-reports-encryption",),
        drop("rules.0.applyServerSideEncryptionByDefault.kmsMasterKeyId"),
        other_keys,
        kms_key_arn=KEY,
    ),
    *each(
        names_of_functions("policy"),
        statement("kms:Decrypt", Condition=None),
        other_uses_of_the_key,
        kms_key_arn=KEY,
    ),
    *each(
        ("app-outbox-worker-policy",),
        without_statement("kms:Decrypt"),
        other_uses_of_the_key,
        kms_key_arn=KEY,
    ),
]

DATA_MUTATIONS = [*DATA, *IDENTITY, *WITH_A_KEY]
