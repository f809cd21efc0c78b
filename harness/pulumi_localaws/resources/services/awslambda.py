"""Lambda: functions, layers, aliases."""

import time
from pathlib import Path

from pulumi_localaws.resources.assets import zip_bytes
from pulumi_localaws.resources.input_schema import (
    ASSET,
    BOOL,
    INT,
    NUMBER,
    STR,
    STRS,
    MapOf,
    Obj,
    Shape,
    aws_name,
)
from pulumi_localaws.resources.resource_type import Args, Context, Made, Naming, resource_type

_READY_SECONDS = 60.0
_CODE = ("code", "s3Bucket", "s3Key", "s3ObjectVersion")


def _code(ctx: Context, args: Args) -> Args:
    if "code" in args:
        try:
            return {"ZipFile": zip_bytes(args["code"], Path.cwd())}
        except ValueError as error:
            raise ctx.error(f"code: {error}") from error
    return {aws_name(name): args[name] for name in _CODE if args.get(name)}


def _check_function(args: Args) -> None:
    if args.get("packageType", "Zip") != "Zip":
        raise ValueError(
            f"packageType {args['packageType']!r} is not supported; there are no container images: use Zip"
        )
    if not args.get("code") and not args.get("s3Bucket"):
        raise ValueError("give `code`, or `s3Bucket` and `s3Key`")
    missing = [name for name in ("handler", "runtime") if not args.get(name)]
    if missing:
        raise ValueError(f"{' and '.join(missing)} missing: a zip needs them")


def _invoke_arn(ctx: Context, arn: str) -> str:
    return f"arn:aws:apigateway:{ctx.region}:lambda:path/2015-03-31/functions/{arn}/invocations"


def _function_outputs(ctx: Context, made: Args) -> Args:
    arn = made["FunctionArn"]
    version = made.get("Version", "$LATEST")
    bare = arn.removesuffix(f":{version}")
    qualified = f"{bare}:{version}"
    return {
        "arn": bare,
        "name": made["FunctionName"],
        "version": version,
        "invokeArn": _invoke_arn(ctx, bare),
        "qualifiedArn": qualified,
        "qualifiedInvokeArn": _invoke_arn(ctx, qualified),
        "lastModified": made.get("LastModified", ""),
        "sourceCodeSize": made.get("CodeSize", 0),
        "codeSha256": made.get("CodeSha256", ""),
        "sourceCodeHash": made.get("CodeSha256", ""),
        "memorySize": made.get("MemorySize", 128),
        "timeout": made.get("Timeout", 3),
        "architectures": made.get("Architectures", ["x86_64"]),
    }


def _read_function(ctx: Context, name: str) -> Made:
    return Made(
        name, _function_outputs(ctx, ctx.call("lambda", "get_function_configuration", FunctionName=name))
    )


def _create_function(ctx: Context, args: Args) -> Made:
    name = args["name"]
    made = ctx.call(
        "lambda", "create_function", **ctx.aws(args), Code=_code(ctx, args), Tags=dict(ctx.tags) or None
    )
    if not args.get("skipDestroy"):
        ctx.undo("lambda", "delete_function", FunctionName=name)
    # -1 is Pulumi's word for "no reservation".
    if args.get("reservedConcurrentExecutions", -1) >= 0:
        ctx.call(
            "lambda",
            "put_function_concurrency",
            FunctionName=name,
            ReservedConcurrentExecutions=args["reservedConcurrentExecutions"],
        )
    if made.get("State") == "Pending":
        # Versions, aliases and permissions can be made at once; only calls have to wait.
        ctx.later(lambda: _wait_active(ctx, name))
    return Made(name, _function_outputs(ctx, made))


def _wait_active(ctx: Context, name: str) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while True:
        found = ctx.call("lambda", "get_function_configuration", FunctionName=name)
        state = found.get("State", "Active")
        if state == "Active":
            return
        if state == "Failed" or time.monotonic() > deadline:
            raise ctx.error(f"the function is {state}, not Active: {found.get('StateReason')}")
        time.sleep(0.02)


def _create_layer(ctx: Context, args: Args) -> Made:
    made = ctx.call("lambda", "publish_layer_version", **ctx.aws(args), Content=_code(ctx, args))
    if not args.get("skipDestroy"):
        ctx.undo("lambda", "delete_layer_version", LayerName=args["layerName"], VersionNumber=made["Version"])
    return Made(
        made["LayerVersionArn"],
        {
            "arn": made["LayerVersionArn"],
            "layerArn": made["LayerArn"],
            "version": str(made["Version"]),
            "createdDate": made.get("CreatedDate", ""),
            "sourceCodeSize": made.get("Content", {}).get("CodeSize", 0),
        },
    )


def _create_alias(ctx: Context, args: Args) -> Made:
    made = ctx.call("lambda", "create_alias", **ctx.aws(args))
    ctx.undo("lambda", "delete_alias", FunctionName=args["functionName"], Name=args["name"])
    return Made(made["AliasArn"], {"arn": made["AliasArn"], "invokeArn": _invoke_arn(ctx, made["AliasArn"])})


_FUNCTION_INPUTS: dict[str, Shape] = {
    "name": STR,
    "role": STR,
    "architectures": STRS,
    "code": ASSET,
    "codeSha256": STR,
    "deadLetterConfig": Obj({"targetArn": STR}),
    "description": STR,
    "environment": Obj({"variables": MapOf(STR)}),
    "ephemeralStorage": Obj({"size": INT}),
    "handler": STR,
    "kmsKeyArn": STR,
    "layers": STRS,
    "loggingConfig": Obj(
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
    "snapStart": Obj({"applyOn": STR}),
    "sourceCodeHash": STR,
    "timeout": INT,
    "tracingConfig": Obj({"mode": STR}),
    "vpcConfig": Obj({"securityGroupIds": STRS, "subnetIds": STRS, "ipv6AllowedForDualStack": BOOL}),
}
_FUNCTION_AWS_NAMES: dict[str, str | None] = {
    "name": "FunctionName",
    "kmsKeyArn": "KMSKeyArn",
    # Part of Code, made by calls of their own, or only compared with what was there before.
    **dict.fromkeys(
        (*_CODE, "codeSha256", "sourceCodeHash", "reservedConcurrentExecutions", "skipDestroy"),
    ),
}
_FUNCTION_OUTPUTS = (
    "arn", "invokeArn", "lastModified", "qualifiedArn", "qualifiedInvokeArn", "sourceCodeSize", "version",
)  # fmt: skip

RESOURCE_TYPES = (
    resource_type(
        "aws:lambda/function:Function",
        _FUNCTION_INPUTS,
        create=_create_function,
        aws=_FUNCTION_AWS_NAMES,
        outputs=_FUNCTION_OUTPUTS,
        naming=Naming("name", 64),
        tags=True,
        check=_check_function,
        read=_read_function,
    ),
    resource_type(
        "aws:lambda/layerVersion:LayerVersion",
        {
            "layerName": STR,
            "code": ASSET,
            "compatibleArchitectures": STRS,
            "compatibleRuntimes": STRS,
            "description": STR,
            "licenseInfo": STR,
            "s3Bucket": STR,
            "s3Key": STR,
            "s3ObjectVersion": STR,
            "skipDestroy": BOOL,
            "sourceCodeHash": STR,
        },
        create=_create_layer,
        aws=dict.fromkeys((*_CODE, "skipDestroy", "sourceCodeHash")),
        outputs=("arn", "layerArn", "version", "createdDate", "sourceCodeSize"),
    ),
    resource_type(
        "aws:lambda/alias:Alias",
        {
            "functionName": STR,
            "functionVersion": STR,
            "name": STR,
            "description": STR,
            "routingConfig": Obj({"additionalVersionWeights": MapOf(NUMBER)}),
        },
        create=_create_alias,
        outputs=("arn", "invokeArn"),
        naming=Naming("name", 128),
    ),
)
