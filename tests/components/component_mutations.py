"""All mutations of the program, each with the check that must notice it."""

from component_changes import NOT_CREATED, append, drop, option, put, rename, statement, without_statement
from component_checks import (
    foreign_callers,
    hard_coded_partitions,
    open_routes,
    orphans,
    other_leading_keys,
    physical_names,
    shared_roles,
    unlimited_listings,
    untrusted_principals,
    wildcard_actions,
    wildcard_arns,
    wildcard_resources,
)
from component_data_mutations import DATA_MUTATIONS
from component_expectations import (
    ALARMS,
    audit_trail_rights,
    dead_letter_sources,
    other_alarms,
    other_rights,
    silent_alarms,
    wrong_order,
)
from component_golden import golden_differences
from component_mutation import (
    API_PERMISSION,
    AUTHORIZER,
    BUCKET,
    CONFIRMATION,
    FUNCTIONS,
    LOG_GROUPS,
    MACHINE,
    PERMISSIONS,
    POOL,
    ROUTES,
    STAGE,
    TRIGGER_PERMISSIONS,
    TRIGGERS,
    each,
    mutation,
    names_of_functions,
    rule,
)
from component_phone_mutations import PHONE_MUTATIONS
from component_programs import TOPIC
from component_recording import ACCOUNT
from component_social_mutations import SOCIAL_MUTATIONS

API = [
    *each(ROUTES, put("authorizationType", "NONE"), rule("a profile requires a token")),
    *each(ROUTES, put("authorizationType", "NONE"), open_routes),
    *each(ROUTES, drop("authorizerId"), open_routes),
    mutation("app-api-route-get-health", put("routeKey", "GET /internal"), open_routes),
    mutation(AUTHORIZER, put("authorizerType", "REQUEST"), rule("the API verifies tokens")),
    mutation(
        AUTHORIZER, put("identitySources", ["$request.querystring.token"]), rule("tokens are in the header")
    ),
    mutation(AUTHORIZER, append("jwtConfiguration.audiences", "another"), rule("tokens are for our client")),
    mutation(AUTHORIZER, drop("jwtConfiguration.audiences"), rule("tokens are for our client")),
    mutation(
        AUTHORIZER, put("jwtConfiguration.issuer", "https://issuer.example"), rule("tokens are from our pool")
    ),
    mutation(AUTHORIZER, drop("jwtConfiguration.issuer"), rule("tokens are from our pool")),
    mutation(STAGE, drop("defaultRouteSettings.throttlingRateLimit"), rule("the API limits requests")),
    mutation(STAGE, drop("defaultRouteSettings.throttlingBurstLimit"), rule("the API limits bursts")),
]

COMPUTE = [
    *each(PERMISSIONS, drop("qualifier"), rule("callers use a function's alias")),
    *each(TRIGGER_PERMISSIONS, drop("sourceAccount"), rule("Cognito calls for this account")),
    mutation(API_PERMISSION, put("sourceAccount", ACCOUNT), rule("an HTTP API is limited by its ARN alone")),
    mutation(API_PERMISSION, drop("sourceArn"), rule("an HTTP API is limited by its ARN alone")),
    *each(PERMISSIONS, drop("sourceArn"), foreign_callers),
    *each(PERMISSIONS, put("principal", "*"), foreign_callers),
    *each(LOG_GROUPS, drop("retentionInDays"), rule("log lines expire")),
    mutation(
        "app-migration-log-group",
        drop("namePrefix"),
        rule("the state machine's log needs no entry in the account's resource policy"),
    ),
    mutation(
        "app-api-log-group",
        put("namePrefix", "api-"),
        rule("the API's log needs no entry in the account's resource policy"),
    ),
    *each(names_of_functions("function"), put("publish", False), rule("a function publishes versions")),
    *each(names_of_functions("function"), drop("tracingConfig"), rule("a function is traced")),
    *each(
        names_of_functions("function", TRIGGERS),
        put("timeout", 10),
        rule("a trigger ends before Cognito stops waiting"),
    ),
    *each(
        names_of_functions("function"), put("role", "arn:aws-cn:iam::111122223333:role/shared"), shared_roles
    ),
    *each(names_of_functions("function"), put("loggingConfig.logGroup", "shared"), shared_roles),
    # The ARN is correct, but available before the policy is attached.
    *(
        mutation(
            f"{name}-function",
            put("role", f"arn:aws-cn:iam::{ACCOUNT}:role/{name}-role-1234567"),
            wrong_order,
        )
        for name in FUNCTIONS
    ),
    mutation("app-outbox-mapping", drop("functionResponseTypes"), rule("only failed messages are retried")),
    mutation(
        MACHINE,
        put("loggingConfiguration.includeExecutionData", True),
        rule("an execution's log has no user data"),
    ),
    mutation(MACHINE, put("loggingConfiguration.level", "ERROR"), rule("an execution's log is complete")),
    mutation(
        MACHINE, put("roleArn", "arn:aws-cn:iam::111122223333:role/app-migration-role-1234567"), wrong_order
    ),
    mutation("app-migration-role", drop("assumeRolePolicy.Statement.0.Condition"), untrusted_principals),
    mutation("app-migration-reports-policy", option(depends_on=[]), wrong_order),
    mutation("app-migration-reports-lifecycle", option(depends_on=[]), wrong_order),
    mutation("app-eraser-schedule-target", option(depends_on=[]), wrong_order),
    mutation(
        "app-eraser-schedule",
        put("scheduleExpression", "rate(1 day)"),
        rule("due users are erased within an hour"),
    ),
    mutation("app-reconciler-schedule-target", option(depends_on=[]), wrong_order),
    mutation(
        "app-reconciler-schedule",
        put("scheduleExpression", "rate(1 day)"),
        rule("a stopped reconciliation continues soon"),
    ),
    mutation("app-eraser-mapping", put("batchSize", 10), rule("a message erases one user")),
    mutation("app-erasure-dead-letter-queue-source", NOT_CREATED, dead_letter_sources),
    mutation("app-triggers-dead-letters-source", NOT_CREATED, dead_letter_sources),
    mutation(
        "app-triggers-dead-letters-source",
        put("redriveAllowPolicy.redrivePermission", "allowAll"),
        dead_letter_sources,
    ),
]

USERS = "dynamodb:UpdateItem"  # allowed only by the statement for the users table
POLICIES = [
    mutation(CONFIRMATION, statement("logs:PutLogEvents", Action="logs:*"), wildcard_actions),
    mutation(CONFIRMATION, statement(USERS, Action=["dynamodb:*"]), wildcard_actions),
    mutation(CONFIRMATION, statement(USERS, Resource=["*"]), wildcard_resources),
    mutation("app-migration-worker-policy", statement("dynamodb:Scan", Resource="*"), wildcard_resources),
    mutation(CONFIRMATION, statement(USERS, Resource=["arn:aws-cn:dynamodb:x:1:table/*"]), wildcard_arns),
    mutation(
        "app-migration-worker-policy",
        statement("s3:PutObject", Resource=["arn:aws-cn:s3:::reports/*"]),
        wildcard_arns,
    ),
    *each(
        (
            *(CONFIRMATION, "app-triggers-pre-token-policy"),
            *("app-outbox-worker-policy", "app-api-handler-policy", "app-api-admin-policy"),
        ),
        statement(USERS, Condition=None),
        other_leading_keys,
    ),
    mutation(
        "app-api-handler-policy", statement("dynamodb:BatchGetItem", Condition=None), other_leading_keys
    ),
    mutation("app-api-handler-policy", statement("dynamodb:Query", Condition=None), other_leading_keys),
    mutation("app-api-handler-policy", statement("s3:ListBucket", Condition=None), unlimited_listings),
    mutation("app-api-handler-policy", without_statement("s3:DeleteObjectVersion"), other_rights),
    mutation("app-api-admin-policy", statement("dynamodb:Query", Condition=None), other_leading_keys),
    mutation(
        "app-api-admin-policy",
        statement(
            "dynamodb:Query", Condition={"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["USER#*"]}}
        ),
        other_leading_keys,
    ),
    *(
        mutation(
            "app-eraser-worker-policy",
            statement(action, Condition={"ForAllValues:StringLike": {"dynamodb:LeadingKeys": [other_keys]}}),
            other_leading_keys,
        )
        for action, other_keys in (("dynamodb:BatchGetItem", "*"), ("dynamodb:GetItem", "LEGACY#*"))
    ),
    mutation("app-eraser-worker-policy", without_statement("cognito-idp:AdminDeleteUser"), other_rights),
    mutation("app-reconciler-worker-policy", without_statement("cognito-idp:ListUsers"), other_rights),
    mutation(
        "app-reconciler-worker-policy", statement("dynamodb:DeleteItem", Condition=None), other_leading_keys
    ),
    mutation("app-reconciler-state-table", drop("ttl"), rule("hashes of a reconciliation expire")),
    mutation("app-api-admin-policy", without_statement("cognito-idp:AdminCreateUser"), other_rights),
    mutation("app-api-handler-policy", without_statement("cognito-idp:AdminUserGlobalSignOut"), other_rights),
    mutation(
        "app-migration-worker-policy", statement("dynamodb:PartiQLInsert", Condition=None), other_leading_keys
    ),
    mutation("app-migration-worker-policy", without_statement("dynamodb:Query"), other_rights),
    mutation(
        CONFIRMATION,
        statement(USERS, Condition={"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["*"]}}),
        other_leading_keys,
    ),
    *each(names_of_functions("policy"), NOT_CREATED, other_rights),
    mutation(CONFIRMATION, without_statement("sqs:SendMessage"), other_rights),
    mutation(
        "app-triggers-pre-sign-up-policy",
        statement("logs:PutLogEvents", Action=["logs:PutLogEvents", "dynamodb:Scan"]),
        other_rights,
    ),
    mutation("app-api-handler-policy", without_statement("cognito-idp:AdminGetUser"), other_rights),
    mutation(
        "app-identity-sms-policy",
        statement("sns:Publish", Action=["sns:Publish", "sns:Subscribe"]),
        other_rights,
    ),
    mutation("app-migration-policy", without_statement("lambda:InvokeFunction"), other_rights),
    mutation("app-migration-map-policy", NOT_CREATED, other_rights),
    mutation(
        CONFIRMATION,
        statement(
            USERS, Resource=["arn:aws-cn:dynamodb:cn-north-1:111122223333:table/app-data-audit-table-1234567"]
        ),
        audit_trail_rights,
    ),
    mutation(
        "app-outbox-mapping", put("eventSourceArn", "arn:aws:sqs:us-east-1:1:outbox"), hard_coded_partitions
    ),
]

ALARM_MUTATIONS = [
    *each(tuple(ALARMS), NOT_CREATED, other_alarms),
    mutation("app-outbox-alarm", put("threshold", 10_000), other_alarms),
    mutation("app-api-alarm", put("metricName", "4xx"), other_alarms),
    *(
        mutation(name, put(f"dimensions.{key}", "another"), other_alarms)
        for name, key in (
            ("app-api-alarm", "ApiId"),
            ("app-eraser-alarm", "FunctionName"),
            ("app-eraser-waiting-alarm", "service"),
            ("app-erasure-dead-letter-alarm", "QueueName"),
            ("app-reconciler-alarm", "FunctionName"),
            ("app-reconciler-orphan-alarm", "service"),
            ("app-migration-alarm", "StateMachineArn"),
            ("app-outbox-alarm", "FunctionName"),
            ("app-outbox-retry-alarm", "service"),
            ("app-triggers-post-confirmation-lost-alarm", "service"),
            ("app-triggers-dead-letters-alarm", "QueueName"),
            ("app-triggers-outbox-age-alarm", "QueueName"),
            ("app-triggers-pre-sign-up-alarm", "FunctionName"),
        )
    ),
    *each(tuple(ALARMS), drop("alarmActions"), silent_alarms, alarm_topic_arn=TOPIC),
]

STRUCTURE = [
    mutation("app-triggers-outbox", put("visibilityTimeoutSeconds", 30), golden_differences),
    mutation("app-triggers-outbox", put("redrivePolicy.maxReceiveCount", 1), golden_differences),
    mutation("app-api-api", put("corsConfiguration", {"allowOrigins": ["*"]}), golden_differences),
    mutation(POOL, drop("lambdaConfig.postConfirmation"), golden_differences),
    mutation(POOL, put("lambdaConfig.preTokenGenerationConfig.lambdaVersion", "V1_0"), golden_differences),
    mutation("app-outbox-mapping", NOT_CREATED, golden_differences),
    mutation("app-api-route-get-health", put("target", "integrations/another"), golden_differences),
    mutation(STAGE, drop("accessLogSettings"), golden_differences),
    mutation("app-data-audit-table", put("name", "audit"), physical_names),
    mutation(BUCKET, put("bucket", "reports"), physical_names),
    mutation("app-outbox-mapping", option(parent=None), orphans),
    mutation(
        "app-outbox-mapping",
        rename("app-outbox-source"),
        golden_differences,
        "app-outbox-mapping",
        "app-outbox-source",
    ),
]

MUTATIONS = [
    *DATA_MUTATIONS,
    *PHONE_MUTATIONS,
    *SOCIAL_MUTATIONS,
    *API,
    *COMPUTE,
    *POLICIES,
    *ALARM_MUTATIONS,
    *STRUCTURE,
]
