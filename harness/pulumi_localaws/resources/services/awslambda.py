"""Lambda: functions, layers, aliases."""

import time
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from pulumi_localaws.resources.assets import zip_archive
from pulumi_localaws.resources.input_schema import (
    ASSET,
    BOOL,
    INT,
    NUMBER,
    STR,
    STR_LIST,
    InputSchema,
    MapOf,
    ObjectOf,
    to_aws_name,
)
from pulumi_localaws.resources.resource_type import (
    AutoNaming,
    Properties,
    ResourceContext,
    ResourceResult,
    define_resource_type,
)

_READY_SECONDS = 60.0
_CODE_INPUTS = ("code", "s3Bucket", "s3Key", "s3ObjectVersion")


def _build_code(ctx: ResourceContext, inputs: Properties) -> Properties:
    if "code" in inputs:
        try:
            content = zip_archive(inputs["code"], Path.cwd())
        except ValueError as error:
            raise ctx.build_error(f"code: {error}.") from error
        if ctx.staged_code is None or ctx.check_only:
            return {"ZipFile": content}
        try:
            return ctx.staged_code.build_code(ctx.urn, ctx.region, content)
        except (ClientError, BotoCoreError) as error:
            raise ctx.build_error(f"code: {error}") from error
    return {to_aws_name(name): inputs[name] for name in _CODE_INPUTS if inputs.get(name)}


def _check_function(inputs: Properties) -> None:
    if inputs.get("packageType", "Zip") != "Zip":
        raise ValueError(
            f"packageType is {inputs['packageType']!r}; container images are not supported. Use Zip"
        )
    if not inputs.get("code") and not inputs.get("s3Bucket"):
        raise ValueError("code and s3Bucket are missing. Set `code`, or `s3Bucket` and `s3Key`")
    missing = [name for name in ("handler", "runtime") if not inputs.get(name)]
    if missing:
        raise ValueError(
            f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing. A function with"
            " packageType Zip requires `handler` and `runtime`"
        )


def _build_invoke_arn(ctx: ResourceContext, arn: str) -> str:
    return f"arn:aws:apigateway:{ctx.region}:lambda:path/2015-03-31/functions/{arn}/invocations"


def _build_function_outputs(ctx: ResourceContext, function: Properties) -> Properties:
    arn = function["FunctionArn"]
    version = function.get("Version", "$LATEST")
    unqualified = arn.removesuffix(f":{version}")
    qualified = f"{unqualified}:{version}"
    return {
        "arn": unqualified,
        "name": function["FunctionName"],
        "version": version,
        "invokeArn": _build_invoke_arn(ctx, unqualified),
        "qualifiedArn": qualified,
        "qualifiedInvokeArn": _build_invoke_arn(ctx, qualified),
        "lastModified": function.get("LastModified", ""),
        "sourceCodeSize": function.get("CodeSize", 0),
        "codeSha256": function.get("CodeSha256", ""),
        "sourceCodeHash": function.get("CodeSha256", ""),
        "memorySize": function.get("MemorySize", 128),
        "timeout": function.get("Timeout", 3),
        "architectures": function.get("Architectures", ["x86_64"]),
    }


def _read_function(ctx: ResourceContext, name: str) -> ResourceResult:
    return ResourceResult(
        name,
        _build_function_outputs(ctx, ctx.call("lambda", "get_function_configuration", FunctionName=name)),
    )


def _create_function(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    name = inputs["name"]
    function = ctx.call(
        "lambda",
        "create_function",
        **ctx.to_aws(inputs),
        Code=_build_code(ctx, inputs),
        Tags=dict(ctx.tags) or None,
    )
    if not inputs.get("skipDestroy"):
        ctx.record_undo("lambda", "delete_function", FunctionName=name)
    # In Pulumi, -1 means no reserved concurrency.
    if inputs.get("reservedConcurrentExecutions", -1) >= 0:
        ctx.call(
            "lambda",
            "put_function_concurrency",
            FunctionName=name,
            ReservedConcurrentExecutions=inputs["reservedConcurrentExecutions"],
        )
    if function.get("State") == "Pending":
        # Versions, aliases and permissions can be created at once. Only invocations must wait.
        ctx.add_wait(lambda: _wait_until_active(ctx, name))
    return ResourceResult(name, _build_function_outputs(ctx, function))


def _wait_until_active(ctx: ResourceContext, name: str) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while True:
        function = ctx.call("lambda", "get_function_configuration", FunctionName=name)
        state = function.get("State", "Active")
        if state == "Active":
            return
        if state == "Failed" or time.monotonic() > deadline:
            raise ctx.build_error(
                f"the function did not become Active: its state is {state} ({function.get('StateReason')})."
            )
        time.sleep(0.02)


def _create_layer(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    layer_version = ctx.call(
        "lambda", "publish_layer_version", **ctx.to_aws(inputs), Content=_build_code(ctx, inputs)
    )
    if not inputs.get("skipDestroy"):
        ctx.record_undo(
            "lambda",
            "delete_layer_version",
            LayerName=inputs["layerName"],
            VersionNumber=layer_version["Version"],
        )
    return ResourceResult(
        layer_version["LayerVersionArn"],
        {
            "arn": layer_version["LayerVersionArn"],
            "layerArn": layer_version["LayerArn"],
            "version": str(layer_version["Version"]),
            "createdDate": layer_version.get("CreatedDate", ""),
            "sourceCodeSize": layer_version.get("Content", {}).get("CodeSize", 0),
        },
    )


def _create_alias(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    alias_arn = ctx.call("lambda", "create_alias", **ctx.to_aws(inputs))["AliasArn"]
    ctx.record_undo("lambda", "delete_alias", FunctionName=inputs["functionName"], Name=inputs["name"])
    return ResourceResult(alias_arn, {"arn": alias_arn, "invokeArn": _build_invoke_arn(ctx, alias_arn)})


_FUNCTION_INPUTS: dict[str, InputSchema] = {
    "name": STR,
    "role": STR,
    "architectures": STR_LIST,
    "code": ASSET,
    "codeSha256": STR,
    "deadLetterConfig": ObjectOf({"targetArn": STR}),
    "description": STR,
    "environment": ObjectOf({"variables": MapOf(STR)}),
    "ephemeralStorage": ObjectOf({"size": INT}),
    "handler": STR,
    "kmsKeyArn": STR,
    "layers": STR_LIST,
    "loggingConfig": ObjectOf(
        dict.fromkeys(("logFormat", "applicationLogLevel", "logGroup", "systemLogLevel"), STR)
    ),
    "memorySize": INT,
    "packageType": STR,
    "publish": BOOL,
    "reservedConcurrentExecutions": INT,
    "runtime": STR,
    "s3Bucket": STR,
    "s3Key": STR,
    "s3ObjectVersion": STR,
    "skipDestroy": BOOL,
    "snapStart": ObjectOf({"applyOn": STR}),
    "sourceCodeHash": STR,
    "timeout": INT,
    "tracingConfig": ObjectOf({"mode": STR}),
    "vpcConfig": ObjectOf(
        {"securityGroupIds": STR_LIST, "subnetIds": STR_LIST, "ipv6AllowedForDualStack": BOOL}
    ),
}
_FUNCTION_AWS_NAMES: dict[str, str | None] = {
    "name": "FunctionName",
    "kmsKeyArn": "KMSKeyArn",
    # Part of Code, set by separate calls, or only used by Pulumi to detect changes.
    **dict.fromkeys(
        (*_CODE_INPUTS, "codeSha256", "sourceCodeHash", "reservedConcurrentExecutions", "skipDestroy"),
    ),
}
_FUNCTION_OUTPUTS = (
    "arn", "invokeArn", "lastModified", "qualifiedArn", "qualifiedInvokeArn", "sourceCodeSize", "version",
)  # fmt: skip

RESOURCE_TYPES = (
    define_resource_type(
        "aws:lambda/function:Function",
        _FUNCTION_INPUTS,
        create=_create_function,
        aws_names=_FUNCTION_AWS_NAMES,
        outputs=_FUNCTION_OUTPUTS,
        naming=AutoNaming("name", 64),
        tags=True,
        check=_check_function,
        read=_read_function,
    ),
    define_resource_type(
        "aws:lambda/layerVersion:LayerVersion",
        {
            "layerName": STR,
            "code": ASSET,
            "compatibleArchitectures": STR_LIST,
            "compatibleRuntimes": STR_LIST,
            "description": STR,
            "licenseInfo": STR,
            "s3Bucket": STR,
            "s3Key": STR,
            "s3ObjectVersion": STR,
            "skipDestroy": BOOL,
            "sourceCodeHash": STR,
        },
        create=_create_layer,
        aws_names=dict.fromkeys((*_CODE_INPUTS, "skipDestroy", "sourceCodeHash")),
        outputs=("arn", "layerArn", "version", "createdDate", "sourceCodeSize"),
    ),
    define_resource_type(
        "aws:lambda/alias:Alias",
        {
            "functionName": STR,
            "functionVersion": STR,
            "name": STR,
            "description": STR,
            "routingConfig": ObjectOf({"additionalVersionWeights": MapOf(NUMBER)}),
        },
        create=_create_alias,
        outputs=("arn", "invokeArn"),
        naming=AutoNaming("name", 128),
    ),
)
