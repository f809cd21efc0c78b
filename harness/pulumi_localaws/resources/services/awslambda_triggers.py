"""Lambda: what invokes functions: permissions, event source mappings, asynchronous invocations."""

from pulumi_localaws.resources.input_schema import BOOL, INT, STR, STRS, ListOf, Obj
from pulumi_localaws.resources.resource_type import Args, Context, Made, Naming, resource_type


def _qualifier(args: Args) -> Args:
    return {"Qualifier": args["qualifier"]} if args.get("qualifier") else {}


def _create_permission(ctx: Context, args: Args) -> Made:
    ctx.call("lambda", "add_permission", **ctx.aws(args))
    key = {"FunctionName": args["function"], "StatementId": args["statementId"], **_qualifier(args)}
    ctx.undo("lambda", "remove_permission", **key)
    return Made(args["statementId"])


def _create_mapping(ctx: Context, args: Args) -> Made:
    made = ctx.call("lambda", "create_event_source_mapping", **ctx.aws(args), Tags=dict(ctx.tags) or None)
    ctx.undo("lambda", "delete_event_source_mapping", UUID=made["UUID"])
    return Made(
        made["UUID"],
        {
            "uuid": made["UUID"],
            "arn": made.get("EventSourceMappingArn")
            or ctx.arn("lambda", f"event-source-mapping:{made['UUID']}"),
            "functionArn": made.get("FunctionArn", ""),
            "state": made.get("State", ""),
            "stateTransitionReason": made.get("StateTransitionReason", ""),
            "lastModified": str(made.get("LastModified", "")),
            "lastProcessingResult": made.get("LastProcessingResult", ""),
        },
    )


def _create_event_invoke_config(ctx: Context, args: Args) -> Made:
    ctx.call("lambda", "put_function_event_invoke_config", **ctx.aws(args))
    key = {"FunctionName": args["functionName"], **_qualifier(args)}
    ctx.undo("lambda", "delete_function_event_invoke_config", **key)
    return Made(":".join(key.values()))


RESOURCE_TYPES = (
    resource_type(
        "aws:lambda/permission:Permission",
        {
            "action": STR,
            "function": STR,
            "principal": STR,
            "eventSourceToken": STR,
            "functionUrlAuthType": STR,
            "principalOrgId": STR,
            "qualifier": STR,
            "sourceAccount": STR,
            "sourceArn": STR,
            "statementId": STR,
        },
        create=_create_permission,
        aws={"function": "FunctionName", "principalOrgId": "PrincipalOrgID"},
        naming=Naming("statementId", 100, prefix="statementIdPrefix"),
    ),
    resource_type(
        "aws:lambda/eventSourceMapping:EventSourceMapping",
        {
            "functionName": STR,
            "batchSize": INT,
            "bisectBatchOnFunctionError": BOOL,
            "destinationConfig": Obj(
                {"onFailure": Obj({"destinationArn": STR}, {"destinationArn": "Destination"})},
            ),
            "enabled": BOOL,
            "eventSourceArn": STR,
            "filterCriteria": Obj({"filters": ListOf(Obj({"pattern": STR}))}),
            "functionResponseTypes": STRS,
            "kmsKeyArn": STR,
            "maximumBatchingWindowInSeconds": INT,
            "maximumRecordAgeInSeconds": INT,
            "maximumRetryAttempts": INT,
            "metricsConfig": Obj({"metrics": STRS}),
            "parallelizationFactor": INT,
            "scalingConfig": Obj({"maximumConcurrency": INT}),
            "startingPosition": STR,
            "tumblingWindowInSeconds": INT,
        },
        create=_create_mapping,
        aws={"kmsKeyArn": "KMSKeyArn"},
        outputs=(
            "arn",
            "uuid",
            "functionArn",
            "state",
            "stateTransitionReason",
            "lastModified",
            "lastProcessingResult",
        ),
        tags=True,
    ),
    resource_type(
        "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
        {
            "functionName": STR,
            "qualifier": STR,
            "maximumEventAgeInSeconds": INT,
            "maximumRetryAttempts": INT,
            "destinationConfig": Obj(
                {"onFailure": Obj({"destination": STR}), "onSuccess": Obj({"destination": STR})}
            ),
        },
        create=_create_event_invoke_config,
    ),
)
