"""One case for each type: its inputs, what it stands on, and how AWS shows that it is there."""

import base64
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Args = dict[str, Any]
ClientFor = Callable[[str], Any]

TRUST = json.dumps({
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ],
})  # fmt: skip
LOGS = json.dumps({
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": "arn:aws:logs:*:*:x"}],
})  # fmt: skip


def resource_policy(action: str, resource: str) -> str:
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": "arn:aws:iam::000000000000:root"},
                    "Action": action,
                    "Resource": resource,
                }
            ],
        }
    )


def code() -> Args:
    return {
        "sig": "archive",
        "assets": {"app.py": {"sig": "asset", "text": "def handler(event, context):\n    return event\n"}},
    }


def zipped() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("app.py", "def handler(event, context):\n    return event\n")
    return packed.getvalue()


@dataclass(frozen=True)
class Case:
    """A resource to make.

    Attributes:
        inputs: Its inputs, given what was made before by their types.
        needs: The types that have to be there first, in order.
        there: Whether AWS shows it, given clients, id and outputs; raises or is false when it is gone.
        outputs: Outputs that have to have a value.
    """

    inputs: Callable[[Mapping[str, Args]], Args]
    there: Callable[[ClientFor, str, Args], object]
    needs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ("arn",)


TABLE = "aws:dynamodb/table:Table"
POOL = "aws:cognito/userPool:UserPool"
ROLE = "aws:iam/role:Role"
POLICY = "aws:iam/policy:Policy"
FUNCTION = "aws:lambda/function:Function"
QUEUE = "aws:sqs/queue:Queue"
API = "aws:apigatewayv2/api:Api"
BUCKET = "aws:s3/bucket:Bucket"
KEY = "aws:kms/key:Key"
TOPIC = "aws:sns/topic:Topic"
SECRET = "aws:secretsmanager/secret:Secret"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"


def _sns(client_for: ClientFor, arn: str) -> Args:
    return client_for("sns").get_topic_attributes(TopicArn=arn)["Attributes"]


def _queue(client_for: ClientFor, url: str, name: str) -> str:
    return (
        client_for("sqs")
        .get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        .get(name, "")
    )


def _bucket_setting(name: str) -> Callable[[ClientFor, str, Args], object]:
    return lambda c, i, _: getattr(c("s3"), name)(Bucket=i)


_BUCKET_CASES = {
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": (
        {
            "blockPublicAcls": True,
            "blockPublicPolicy": True,
            "ignorePublicAcls": True,
            "restrictPublicBuckets": True,
        },
        "get_public_access_block",
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        {
            "rules": [
                {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms"}, "bucketKeyEnabled": True}
            ]
        },
        "get_bucket_encryption",
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": (
        {
            "rules": [
                {
                    "id": "old",
                    "status": "Enabled",
                    "filter": {"prefix": "runs/"},
                    "expiration": {"days": 90.0},
                    "noncurrentVersionExpiration": {"noncurrentDays": 30.0},
                    "abortIncompleteMultipartUpload": {"daysAfterInitiation": 1.0},
                }
            ]
        },
        "get_bucket_lifecycle_configuration",
    ),
    "aws:s3/bucketPolicy:BucketPolicy": (
        {"policy": resource_policy("s3:GetObject", "arn:aws:s3:::x/*")},
        "get_bucket_policy",
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": (
        {"rule": {"objectOwnership": "BucketOwnerEnforced"}},
        "get_bucket_ownership_controls",
    ),
    "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration": (
        {
            "corsRules": [
                {"allowedMethods": ["GET"], "allowedOrigins": ["https://example.com"], "maxAgeSeconds": 60.0}
            ]
        },
        "get_bucket_cors",
    ),
}

CASES: dict[str, Case] = {
    TABLE: Case(
        inputs=lambda _: {
            "attributes": [{"name": n, "type": "S"} for n in ("PK", "SK", "listPK", "listSK")],
            "hashKey": "PK",
            "rangeKey": "SK",
            "billingMode": "PAY_PER_REQUEST",
            "globalSecondaryIndexes": [
                {
                    "name": "list",
                    "keySchemas": [
                        {"attributeName": "listPK", "keyType": "HASH"},
                        {"attributeName": "listSK", "keyType": "RANGE"},
                    ],
                    "projectionType": "KEYS_ONLY",
                }
            ],
            "ttl": {"attributeName": "expiresAt", "enabled": True},
            "streamEnabled": True,
            "streamViewType": "NEW_AND_OLD_IMAGES",
            "pointInTimeRecovery": {"enabled": True},
            "serverSideEncryption": {"enabled": True},
            "deletionProtectionEnabled": True,
        },
        there=lambda c, i, _: c("dynamodb").describe_table(TableName=i)["Table"]["DeletionProtectionEnabled"],
        outputs=("arn", "name", "streamArn", "streamLabel"),
    ),
    "aws:dynamodb/tableItem:TableItem": Case(
        needs=(TABLE,),
        inputs=lambda made: {
            "tableName": made[TABLE]["id"],
            "hashKey": "PK",
            "rangeKey": "SK",
            "item": json.dumps({"PK": {"S": "a"}, "SK": {"S": "b"}, "n": {"N": "1"}}),
        },
        there=lambda c, i, o: (
            c("dynamodb")
            .get_item(TableName=o["tableName"], Key={"PK": {"S": "a"}, "SK": {"S": "b"}})
            .get("Item")
        ),
        outputs=(),
    ),
    POOL: Case(
        inputs=lambda _: {
            "accountRecoverySetting": {"recoveryMechanisms": [{"name": "verified_email", "priority": 1.0}]},
            "adminCreateUserConfig": {"allowAdminCreateUserOnly": False},
            "autoVerifiedAttributes": ["email"],
            "deletionProtection": "ACTIVE",
            "mfaConfiguration": "OPTIONAL",
            "softwareTokenMfaConfiguration": {"enabled": True},
            "passwordPolicy": {
                "minimumLength": 14.0,
                "requireLowercase": True,
                "temporaryPasswordValidityDays": 1.0,
            },
            "schemas": [
                {
                    "name": "role",
                    "attributeDataType": "String",
                    "mutable": False,
                    "stringAttributeConstraints": {"minLength": "1", "maxLength": "32"},
                }
            ],
            "userAttributeUpdateSettings": {"attributesRequireVerificationBeforeUpdates": ["email"]},
            "usernameAttributes": ["email", "phone_number"],
            "usernameConfiguration": {"caseSensitive": False},
            "userPoolTier": "ESSENTIALS",
            "verificationMessageTemplate": {
                "defaultEmailOption": "CONFIRM_WITH_CODE",
                "smsMessage": "code {####}",
            },
        },
        there=lambda c, i, _: (
            c("cognito-idp").describe_user_pool(UserPoolId=i)["UserPool"]["MfaConfiguration"] == "OPTIONAL"
        ),
        outputs=("arn", "name", "endpoint", "creationDate"),
    ),
    "aws:cognito/userPoolClient:UserPoolClient": Case(
        needs=(POOL,),
        inputs=lambda made: {
            "userPoolId": made[POOL]["id"],
            "accessTokenValidity": 15.0,
            "tokenValidityUnits": {"accessToken": "minutes", "idToken": "minutes", "refreshToken": "days"},
            "explicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
            "generateSecret": True,
            "preventUserExistenceErrors": "ENABLED",
            "readAttributes": ["email"],
            "writeAttributes": ["email"],
        },
        there=lambda c, i, o: c("cognito-idp").describe_user_pool_client(
            UserPoolId=o["userPoolId"], ClientId=i
        ),
        outputs=("clientSecret", "name"),
    ),
    "aws:cognito/userGroup:UserGroup": Case(
        needs=(POOL,),
        inputs=lambda made: {"userPoolId": made[POOL]["id"], "name": "admins", "precedence": 1.0},
        there=lambda c, i, o: c("cognito-idp").get_group(UserPoolId=o["userPoolId"], GroupName="admins"),
        outputs=(),
    ),
    "aws:cognito/userPoolDomain:UserPoolDomain": Case(
        needs=(POOL,),
        inputs=lambda made: {
            "userPoolId": made[POOL]["id"],
            "domain": made[POOL]["id"].lower().replace("_", "-"),
        },
        there=lambda c, i, _: (
            c("cognito-idp").describe_user_pool_domain(Domain=i)["DomainDescription"].get("UserPoolId")
        ),
        outputs=("awsAccountId",),
    ),
    "aws:cognito/resourceServer:ResourceServer": Case(
        needs=(POOL,),
        inputs=lambda made: {
            "userPoolId": made[POOL]["id"],
            "identifier": "api",
            "scopes": [{"scopeName": "read", "scopeDescription": "reads"}],
        },
        there=lambda c, i, o: c("cognito-idp").describe_resource_server(
            UserPoolId=o["userPoolId"], Identifier="api"
        ),
        outputs=("scopeIdentifiers",),
    ),
    ROLE: Case(
        inputs=lambda _: {
            "assumeRolePolicy": TRUST,
            "forceDetachPolicies": True,
            "inlinePolicies": [{"name": "logs", "policy": LOGS}],
        },
        there=lambda c, i, _: c("iam").get_role(RoleName=i),
        outputs=("arn", "name", "uniqueId", "createDate"),
    ),
    "aws:iam/rolePolicy:RolePolicy": Case(
        needs=(ROLE,),
        inputs=lambda made: {"role": made[ROLE]["id"], "policy": LOGS},
        there=lambda c, i, o: c("iam").get_role_policy(RoleName=i.split(":")[0], PolicyName=o["name"]),
        outputs=("name",),
    ),
    POLICY: Case(
        inputs=lambda _: {"policy": LOGS, "description": "d"},
        there=lambda c, i, _: c("iam").get_policy(PolicyArn=i),
        outputs=("arn", "policyId", "name"),
    ),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": Case(
        needs=(ROLE, POLICY),
        inputs=lambda made: {"role": made[ROLE]["id"], "policyArn": made[POLICY]["arn"]},
        there=lambda c, i, o: c("iam").list_attached_role_policies(RoleName=o["role"])["AttachedPolicies"],
        outputs=(),
    ),
    FUNCTION: Case(
        needs=(ROLE,),
        inputs=lambda made: {
            "role": made[ROLE]["arn"],
            "code": code(),
            "handler": "app.handler",
            "runtime": "python3.13",
            "architectures": ["arm64"],
            "memorySize": 512.0,
            "timeout": 4.0,
            "publish": True,
            "environment": {"variables": {"A": "1"}},
            "loggingConfig": {"logFormat": "JSON", "logGroup": "/aws/lambda/x"},
            "tracingConfig": {"mode": "PassThrough"},
            "reservedConcurrentExecutions": 5.0,
        },
        there=lambda c, i, _: c("lambda").get_function(FunctionName=i)["Concurrency"],
        outputs=(
            "arn",
            "invokeArn",
            "qualifiedArn",
            "qualifiedInvokeArn",
            "version",
            "name",
            "sourceCodeHash",
        ),
    ),
    "aws:lambda/layerVersion:LayerVersion": Case(
        inputs=lambda _: {"layerName": "common", "code": code(), "compatibleRuntimes": ["python3.13"]},
        there=lambda c, i, o: c("lambda").get_layer_version(
            LayerName="common", VersionNumber=int(o["version"])
        ),
        outputs=("arn", "layerArn", "version"),
    ),
    "aws:lambda/alias:Alias": Case(
        needs=(ROLE, FUNCTION),
        inputs=lambda made: {"name": "live", "functionName": made[FUNCTION]["id"], "functionVersion": "1"},
        there=lambda c, i, o: c("lambda").get_alias(FunctionName=o["functionName"], Name="live"),
        outputs=("arn", "invokeArn"),
    ),
    "aws:lambda/permission:Permission": Case(
        needs=(ROLE, FUNCTION),
        inputs=lambda made: {
            "function": made[FUNCTION]["id"],
            "action": "lambda:InvokeFunction",
            "principal": "cognito-idp.amazonaws.com",
            "sourceArn": "arn:aws:cognito-idp:us-east-1:000000000000:userpool/x",
            "sourceAccount": "000000000000",
            "qualifier": "1",
        },
        there=lambda c, i, o: (
            i in c("lambda").get_policy(FunctionName=o["function"], Qualifier="1")["Policy"]
        ),
        outputs=("statementId",),
    ),
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": Case(
        needs=(ROLE, FUNCTION),
        inputs=lambda made: {"functionName": made[FUNCTION]["id"], "maximumRetryAttempts": 0.0},
        there=lambda c, i, o: c("lambda").get_function_event_invoke_config(FunctionName=o["functionName"]),
        outputs=(),
    ),
    "aws:lambda/eventSourceMapping:EventSourceMapping": Case(
        needs=(ROLE, FUNCTION, QUEUE),
        inputs=lambda made: {
            "functionName": made[FUNCTION]["arn"],
            "eventSourceArn": made[QUEUE]["arn"],
            "batchSize": 10.0,
            "functionResponseTypes": ["ReportBatchItemFailures"],
            "scalingConfig": {"maximumConcurrency": 2.0},
        },
        there=lambda c, i, _: c("lambda").get_event_source_mapping(UUID=i),
        outputs=("arn", "uuid", "functionArn", "state"),
    ),
    LOG_GROUP: Case(
        inputs=lambda _: {"retentionInDays": 30.0},
        there=lambda c, i, _: c("logs").describe_log_groups(logGroupNamePrefix=i)["logGroups"],
        outputs=("arn", "name"),
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": Case(
        inputs=lambda _: {
            "namespace": "AWS/SQS",
            "metricName": "ApproximateAgeOfOldestMessage",
            "dimensions": {"QueueName": "q"},
            "statistic": "Maximum",
            "period": 60.0,
            "evaluationPeriods": 1.0,
            "threshold": 0.5,
            "comparisonOperator": "GreaterThanThreshold",
            "treatMissingData": "notBreaching",
        },
        there=lambda c, i, _: c("cloudwatch").describe_alarms(AlarmNames=[i])["MetricAlarms"],
        outputs=("arn", "name"),
    ),
    "aws:cloudwatch/dashboard:Dashboard": Case(
        inputs=lambda _: {"dashboardName": "board", "dashboardBody": json.dumps({"widgets": []})},
        there=lambda c, i, _: c("cloudwatch").list_dashboards(DashboardNamePrefix=i)["DashboardEntries"],
        outputs=("dashboardArn",),
    ),
    QUEUE: Case(
        inputs=lambda _: {
            "messageRetentionSeconds": 1209600.0,
            "visibilityTimeoutSeconds": 30.0,
            "sqsManagedSseEnabled": True,
        },
        there=lambda c, i, o: c("sqs").get_queue_url(QueueName=o["name"]),
        outputs=("arn", "url", "name"),
    ),
    "aws:sqs/queuePolicy:QueuePolicy": Case(
        needs=(QUEUE,),
        inputs=lambda made: {
            "queueUrl": made[QUEUE]["id"],
            "policy": resource_policy("sqs:SendMessage", made[QUEUE]["arn"]),
        },
        there=lambda c, i, _: _queue(c, i, "Policy"),
        outputs=(),
    ),
    "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy": Case(
        needs=(QUEUE,),
        inputs=lambda made: {
            "queueUrl": made[QUEUE]["id"],
            "redriveAllowPolicy": json.dumps({"redrivePermission": "denyAll"}),
        },
        there=lambda c, i, _: _queue(c, i, "RedriveAllowPolicy"),
        outputs=(),
    ),
    "aws:sqs/redrivePolicy:RedrivePolicy": Case(
        needs=(QUEUE,),
        inputs=lambda made: {
            "queueUrl": made[QUEUE]["id"],
            "redrivePolicy": json.dumps({"deadLetterTargetArn": made[QUEUE]["arn"], "maxReceiveCount": 3}),
        },
        there=lambda c, i, _: _queue(c, i, "RedrivePolicy"),
        outputs=(),
    ),
    API: Case(
        inputs=lambda _: {
            "protocolType": "HTTP",
            "corsConfiguration": {"allowOrigins": ["https://example.com"], "maxAge": 60.0},
        },
        there=lambda c, i, _: c("apigatewayv2").get_api(ApiId=i),
        outputs=("arn", "apiEndpoint", "executionArn", "name"),
    ),
    "aws:apigatewayv2/authorizer:Authorizer": Case(
        needs=(API,),
        inputs=lambda made: {
            "apiId": made[API]["id"],
            "authorizerType": "JWT",
            "identitySources": ["$request.header.Authorization"],
            "jwtConfiguration": {
                "issuer": "https://cognito-idp.us-east-1.amazonaws.com/x",
                "audiences": ["y"],
            },
        },
        there=lambda c, i, o: c("apigatewayv2").get_authorizer(ApiId=o["apiId"], AuthorizerId=i),
        outputs=("name",),
    ),
    "aws:apigatewayv2/integration:Integration": Case(
        needs=(API,),
        inputs=lambda made: {
            "apiId": made[API]["id"],
            "integrationType": "AWS_PROXY",
            "integrationUri": "arn:aws:lambda:us-east-1:000000000000:function:x",
            "integrationMethod": "POST",
            "payloadFormatVersion": "2.0",
            "timeoutMilliseconds": 10000.0,
        },
        there=lambda c, i, o: c("apigatewayv2").get_integration(ApiId=o["apiId"], IntegrationId=i),
        outputs=(),
    ),
    "aws:apigatewayv2/route:Route": Case(
        needs=(API,),
        inputs=lambda made: {
            "apiId": made[API]["id"],
            "routeKey": "GET /health",
            "authorizationType": "NONE",
        },
        there=lambda c, i, o: c("apigatewayv2").get_route(ApiId=o["apiId"], RouteId=i),
        outputs=(),
    ),
    "aws:apigatewayv2/stage:Stage": Case(
        needs=(API,),
        inputs=lambda made: {
            "apiId": made[API]["id"],
            "name": "$default",
            "autoDeploy": True,
            "defaultRouteSettings": {"throttlingBurstLimit": 50.0, "throttlingRateLimit": 20.5},
            "routeSettings": [{"routeKey": "GET /health", "throttlingBurstLimit": 5.0}],
        },
        there=lambda c, i, o: c("apigatewayv2").get_stage(ApiId=o["apiId"], StageName=i),
        outputs=("arn", "executionArn", "invokeUrl"),
    ),
    "aws:sfn/stateMachine:StateMachine": Case(
        needs=(ROLE, LOG_GROUP),
        inputs=lambda made: {
            "roleArn": made[ROLE]["arn"],
            "type": "STANDARD",
            "definition": json.dumps({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}),
            "loggingConfiguration": {
                "level": "ERROR",
                "includeExecutionData": False,
                "logDestination": f"{made[LOG_GROUP]['arn']}:*",
            },
            "tracingConfiguration": {"enabled": True},
        },
        there=lambda c, i, _: c("stepfunctions").describe_state_machine(stateMachineArn=i),
        outputs=("arn", "creationDate", "status", "name"),
    ),
    BUCKET: Case(
        inputs=lambda _: {"forceDestroy": True},
        there=lambda c, i, _: c("s3").head_bucket(Bucket=i),
        outputs=("arn", "bucket", "bucketDomainName", "bucketRegionalDomainName"),
    ),
    "aws:s3/bucketVersioning:BucketVersioning": Case(
        needs=(BUCKET,),
        inputs=lambda made: {"bucket": made[BUCKET]["id"], "versioningConfiguration": {"status": "Enabled"}},
        there=lambda c, i, _: c("s3").get_bucket_versioning(Bucket=i)["Status"] == "Enabled",
        outputs=(),
    ),
    **{
        token: Case(
            needs=(BUCKET,),
            inputs=lambda made, inputs=inputs: {"bucket": made[BUCKET]["id"], **inputs},
            there=_bucket_setting(getter),
            outputs=(),
        )
        for token, (inputs, getter) in _BUCKET_CASES.items()
    },
    "aws:s3/bucketObjectv2:BucketObjectv2": Case(
        needs=(BUCKET,),
        inputs=lambda made: {
            "bucket": made[BUCKET]["id"],
            "key": "a/b.txt",
            "contentBase64": base64.b64encode(b"x").decode(),
            "contentType": "text/plain",
        },
        there=lambda c, i, o: c("s3").head_object(Bucket=o["bucket"], Key="a/b.txt"),
        outputs=("arn", "etag", "key"),
    ),
    KEY: Case(
        inputs=lambda _: {"enableKeyRotation": True, "deletionWindowInDays": 7.0, "description": "d"},
        there=lambda c, i, _: c("kms").describe_key(KeyId=i)["KeyMetadata"]["KeyState"] == "Enabled",
        outputs=("arn", "keyId"),
    ),
    "aws:kms/alias:Alias": Case(
        needs=(KEY,),
        inputs=lambda made: {"targetKeyId": made[KEY]["id"]},
        there=lambda c, i, _: [a for a in c("kms").list_aliases()["Aliases"] if a["AliasName"] == i],
        outputs=("arn", "targetKeyArn", "name"),
    ),
    TOPIC: Case(
        inputs=lambda _: {"displayName": "Alarms"},
        there=lambda c, i, _: _sns(c, i),
        outputs=("arn", "name", "owner"),
    ),
    "aws:sns/topicPolicy:TopicPolicy": Case(
        needs=(TOPIC,),
        inputs=lambda made: {
            "arn": made[TOPIC]["arn"],
            "policy": resource_policy("sns:Subscribe", made[TOPIC]["arn"]),
        },
        there=lambda c, i, _: (
            "sns:Subscribe" in _sns(c, i)["Policy"] and "sns:Receive" not in _sns(c, i)["Policy"]
        ),
        outputs=("owner",),
    ),
    "aws:sns/topicSubscription:TopicSubscription": Case(
        needs=(TOPIC, QUEUE),
        inputs=lambda made: {
            "topic": made[TOPIC]["arn"],
            "protocol": "sqs",
            "endpoint": made[QUEUE]["arn"],
            "rawMessageDelivery": True,
        },
        there=lambda c, i, o: c("sns").list_subscriptions_by_topic(TopicArn=o["topic"])["Subscriptions"],
    ),
    "aws:ssm/parameter:Parameter": Case(
        inputs=lambda _: {"type": "SecureString", "value": "s3cret", "name": "/app/password"},
        there=lambda c, i, _: c("ssm").get_parameter(Name=i),
        outputs=("arn", "version", "name"),
    ),
    SECRET: Case(
        inputs=lambda _: {"recoveryWindowInDays": 7.0},
        there=lambda c, i, _: c("secretsmanager").describe_secret(SecretId=i),
        outputs=("arn", "name"),
    ),
    "aws:secretsmanager/secretVersion:SecretVersion": Case(
        needs=(SECRET,),
        inputs=lambda made: {"secretId": made[SECRET]["id"], "secretString": "s3cret"},
        there=lambda c, i, o: (
            c("secretsmanager").get_secret_value(SecretId=o["secretId"])["SecretString"] == "s3cret"
        ),
        outputs=("arn", "versionId"),
    ),
}

SAME_AS = {
    "aws:s3/bucketV2:BucketV2": BUCKET,
    "aws:s3/bucketObject:BucketObject": "aws:s3/bucketObjectv2:BucketObjectv2",
    **{
        f"aws:s3/{lead}V2:{name}V2": f"aws:s3/{lead}:{name}"
        for lead, name in (
            ("bucketVersioning", "BucketVersioning"),
            ("bucketCorsConfiguration", "BucketCorsConfiguration"),
            ("bucketLifecycleConfiguration", "BucketLifecycleConfiguration"),
            ("bucketServerSideEncryptionConfiguration", "BucketServerSideEncryptionConfiguration"),
        )
    },
}
"""Older names of the same types."""
