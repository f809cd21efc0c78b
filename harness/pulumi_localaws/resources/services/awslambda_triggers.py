"""Lambda: permissions, function URLs, event source mappings and settings of asynchronous invocations."""

from pulumi_localaws.resources.input_schema import BOOL, INT, STR, STR_LIST, ListOf, ObjectOf
from pulumi_localaws.resources.resource_type import (
    AutoNaming,
    Properties,
    ResourceContext,
    ResourceResult,
    define_resource_type,
)


def _build_qualifier(inputs: Properties) -> Properties:
    return {"Qualifier": inputs["qualifier"]} if inputs.get("qualifier") else {}


def _create_permission(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    ctx.call("lambda", "add_permission", **ctx.to_aws(inputs))
    identifiers = {
        "FunctionName": inputs["function"],
        "StatementId": inputs["statementId"],
        **_build_qualifier(inputs),
    }
    ctx.record_undo("lambda", "remove_permission", **identifiers)
    return ResourceResult(inputs["statementId"])


def _create_function_url(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    identifiers = {"FunctionName": inputs["functionName"], **_build_qualifier(inputs)}
    url = ctx.call("lambda", "create_function_url_config", **ctx.to_aws(inputs))
    ctx.record_undo("lambda", "delete_function_url_config", **identifiers)
    if inputs["authorizationType"] == "NONE":
        _allow_public_access(ctx, identifiers)
    url_id = url["FunctionUrl"].removeprefix("https://").partition(".")[0]
    outputs = {
        "functionArn": url["FunctionArn"],
        "functionUrl": f"{ctx.clients.endpoint}/_aws/lambda-url/{url_id}/",
        "invokeMode": inputs.get("invokeMode", "BUFFERED"),
        "urlId": url_id,
    }
    return ResourceResult("/".join(identifiers.values()), outputs)


def _allow_public_access(ctx: ResourceContext, identifiers: Properties) -> None:
    """Add the permission that the AWS provider adds to a function with a public URL.

    Source: AWS provider of Terraform: internal/service/lambda/function_url.go.
    """
    statement = {"StatementId": "FunctionURLAllowPublicAccess", **identifiers}
    ctx.call(
        "lambda",
        "add_permission",
        Action="lambda:InvokeFunctionUrl",
        FunctionUrlAuthType="NONE",
        Principal="*",
        **statement,
    )
    ctx.record_undo("lambda", "remove_permission", **statement)


def _create_event_source_mapping(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    mapping = ctx.call(
        "lambda", "create_event_source_mapping", **ctx.to_aws(inputs), Tags=dict(ctx.tags) or None
    )
    ctx.record_undo("lambda", "delete_event_source_mapping", UUID=mapping["UUID"])
    return ResourceResult(
        mapping["UUID"],
        {
            "uuid": mapping["UUID"],
            "arn": mapping.get("EventSourceMappingArn")
            or ctx.build_arn("lambda", f"event-source-mapping:{mapping['UUID']}"),
            "functionArn": mapping.get("FunctionArn", ""),
            "state": mapping.get("State", ""),
            "stateTransitionReason": mapping.get("StateTransitionReason", ""),
            "lastModified": str(mapping.get("LastModified", "")),
            "lastProcessingResult": mapping.get("LastProcessingResult", ""),
        },
    )


def _create_event_invoke_config(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    ctx.call("lambda", "put_function_event_invoke_config", **ctx.to_aws(inputs))
    identifiers = {"FunctionName": inputs["functionName"], **_build_qualifier(inputs)}
    ctx.record_undo("lambda", "delete_function_event_invoke_config", **identifiers)
    return ResourceResult(":".join(identifiers.values()))


RESOURCE_TYPES = (
    define_resource_type(
        "aws:lambda/functionUrl:FunctionUrl",
        {
            "authorizationType": STR,
            "cors": ObjectOf(
                {
                    "allowCredentials": BOOL,
                    "allowHeaders": STR_LIST,
                    "allowMethods": STR_LIST,
                    "allowOrigins": STR_LIST,
                    "exposeHeaders": STR_LIST,
                    "maxAge": INT,
                }
            ),
            "functionName": STR,
            "invokeMode": STR,
            "qualifier": STR,
        },
        create=_create_function_url,
        aws_names={"authorizationType": "AuthType"},
        outputs=("functionArn", "functionUrl", "urlId"),
    ),
    define_resource_type(
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
        aws_names={"function": "FunctionName", "principalOrgId": "PrincipalOrgID"},
        naming=AutoNaming("statementId", 100, prefix_property="statementIdPrefix"),
    ),
    define_resource_type(
        "aws:lambda/eventSourceMapping:EventSourceMapping",
        {
            "functionName": STR,
            "batchSize": INT,
            "bisectBatchOnFunctionError": BOOL,
            "destinationConfig": ObjectOf(
                {"onFailure": ObjectOf({"destinationArn": STR}, {"destinationArn": "Destination"})},
            ),
            "enabled": BOOL,
            "eventSourceArn": STR,
            "filterCriteria": ObjectOf({"filters": ListOf(ObjectOf({"pattern": STR}))}),
            "functionResponseTypes": STR_LIST,
            "kmsKeyArn": STR,
            "maximumBatchingWindowInSeconds": INT,
            "maximumRecordAgeInSeconds": INT,
            "maximumRetryAttempts": INT,
            "metricsConfig": ObjectOf({"metrics": STR_LIST}),
            "parallelizationFactor": INT,
            "scalingConfig": ObjectOf({"maximumConcurrency": INT}),
            "startingPosition": STR,
            "tumblingWindowInSeconds": INT,
        },
        create=_create_event_source_mapping,
        aws_names={"kmsKeyArn": "KMSKeyArn"},
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
    define_resource_type(
        "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
        {
            "functionName": STR,
            "qualifier": STR,
            "maximumEventAgeInSeconds": INT,
            "maximumRetryAttempts": INT,
            "destinationConfig": ObjectOf(
                {"onFailure": ObjectOf({"destination": STR}), "onSuccess": ObjectOf({"destination": STR})}
            ),
        },
        create=_create_event_invoke_config,
    ),
)
