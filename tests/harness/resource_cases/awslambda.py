"""Cases of Lambda."""

from resource_cases.case import FUNCTION, FUNCTION_CODE, MAPPING, QUEUE, ROLE, Case

CASES: dict[str, Case] = {
    FUNCTION: Case(
        dependencies=(ROLE,),
        inputs=lambda created: {
            "role": created[ROLE]["arn"],
            "code": FUNCTION_CODE,
            "handler": "app.handler",
            "runtime": "python3.13",
            "architectures": ["arm64"],
            "memorySize": 512.0,
            "timeout": 4.0,
            "publish": True,
            "environment": {"variables": {"NAME": "1"}},
            "loggingConfig": {"logFormat": "JSON", "logGroup": "/aws/lambda/x"},
            "tracingConfig": {"mode": "PassThrough"},
            "reservedConcurrentExecutions": 5.0,
        },
        probe=lambda client, resource_id, _: client("lambda").get_function(FunctionName=resource_id)[
            "Concurrency"
        ],
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
    "aws:lambda/functionUrl:FunctionUrl": Case(
        dependencies=(ROLE, FUNCTION),
        inputs=lambda created: {
            "functionName": created[FUNCTION]["name"],
            "authorizationType": "NONE",
            "cors": {"allowOrigins": ["*"], "maxAge": 60.0},
        },
        probe=lambda client, resource_id, _: client("lambda").get_function_url_config(
            FunctionName=resource_id
        ),
        outputs=("functionArn", "functionUrl", "urlId"),
    ),
    "aws:lambda/layerVersion:LayerVersion": Case(
        inputs=lambda _: {"layerName": "common", "code": FUNCTION_CODE, "compatibleRuntimes": ["python3.13"]},
        probe=lambda client, resource_id, outputs: client("lambda").get_layer_version(
            LayerName="common", VersionNumber=int(outputs["version"])
        ),
        outputs=("arn", "layerArn", "version"),
    ),
    "aws:lambda/alias:Alias": Case(
        dependencies=(ROLE, FUNCTION),
        inputs=lambda created: {
            "name": "live",
            "functionName": created[FUNCTION]["id"],
            "functionVersion": "1",
        },
        probe=lambda client, resource_id, outputs: client("lambda").get_alias(
            FunctionName=outputs["functionName"], Name="live"
        ),
        outputs=("arn", "invokeArn"),
    ),
    "aws:lambda/permission:Permission": Case(
        dependencies=(ROLE, FUNCTION),
        inputs=lambda created: {
            "function": created[FUNCTION]["id"],
            "action": "lambda:InvokeFunction",
            "principal": "cognito-idp.amazonaws.com",
            "sourceArn": "arn:aws:cognito-idp:us-east-1:000000000000:userpool/x",
            "sourceAccount": "000000000000",
            "qualifier": "1",
        },
        probe=lambda client, resource_id, outputs: (
            resource_id
            in client("lambda").get_policy(FunctionName=outputs["function"], Qualifier="1")["Policy"]
        ),
        outputs=("statementId",),
    ),
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": Case(
        dependencies=(ROLE, FUNCTION),
        inputs=lambda created: {"functionName": created[FUNCTION]["id"], "maximumRetryAttempts": 0.0},
        probe=lambda client, resource_id, outputs: client("lambda").get_function_event_invoke_config(
            FunctionName=outputs["functionName"]
        ),
        outputs=(),
    ),
    MAPPING: Case(
        dependencies=(ROLE, FUNCTION, QUEUE),
        inputs=lambda created: {
            "functionName": created[FUNCTION]["arn"],
            "eventSourceArn": created[QUEUE]["arn"],
            "batchSize": 10.0,
            "functionResponseTypes": ["ReportBatchItemFailures"],
            "scalingConfig": {"maximumConcurrency": 2.0},
        },
        probe=lambda client, resource_id, _: client("lambda").get_event_source_mapping(UUID=resource_id),
        outputs=("arn", "uuid", "functionArn", "state"),
    ),
}
