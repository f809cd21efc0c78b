"""API Gateway v2: HTTP APIs. Their URLs are path-style: not every system resolves subdomains of localhost."""

from pulumi_localaws.resources.input_schema import (
    BOOL,
    INT,
    NUMBER,
    STR,
    STR_LIST,
    ListOf,
    MapOf,
    ObjectOf,
    to_aws,
)
from pulumi_localaws.resources.resource_type import (
    AutoNaming,
    Properties,
    ResourceContext,
    ResourceResult,
    define_resource_type,
)

_API = "apigatewayv2"
_ROUTE_SETTINGS_INPUTS = {
    "dataTraceEnabled": BOOL,
    "detailedMetricsEnabled": BOOL,
    "loggingLevel": STR,
    "throttlingBurstLimit": INT,
    "throttlingRateLimit": NUMBER,
}
_ROUTE_SETTINGS = ObjectOf({"routeKey": STR, **_ROUTE_SETTINGS_INPUTS}, {"routeKey": None})


def _check_api(inputs: Properties) -> None:
    if inputs.get("protocolType") != "HTTP":
        raise ValueError(
            f"protocolType is {inputs.get('protocolType')!r}; allowed: HTTP. WebSocket APIs are not supported"
        )
    for name in ("routeKey", "credentialsArn"):
        if name in inputs and "target" not in inputs:
            raise ValueError(f"{name} is set, but target is missing. {name} belongs to the quick create")


def _build_api_url(ctx: ResourceContext, api_id: str) -> str:
    """Return the URL of an API's `$default` stage on the local AWS."""
    return f"{ctx.clients.endpoint}/_aws/execute-api/{api_id}"


def _create_api(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    api_id = ctx.call(_API, "create_api", **ctx.to_aws(inputs), Tags=dict(ctx.tags) or None)["ApiId"]
    ctx.record_undo(_API, "delete_api", ApiId=api_id)
    if "target" in inputs:
        _create_catch_all(ctx, api_id, inputs)
    return ResourceResult(
        api_id,
        {
            "apiEndpoint": _build_api_url(ctx, api_id),
            "arn": f"arn:aws:apigateway:{ctx.region}::/apis/{api_id}",
            "executionArn": ctx.build_arn("execute-api", api_id),
        },
    )


def _create_catch_all(ctx: ResourceContext, api_id: str, inputs: Properties) -> None:
    """Create the integration, the route and the stage of a quick create. The emulator ignores its parameters.

    Source: API Gateway API: CreateApi, target; payload format of a function: adamchainz/apig-wsgi pull 149.
    """
    target = inputs["target"]
    is_url = target.startswith(("http://", "https://"))
    parameters = {
        "ApiId": api_id,
        "IntegrationType": "HTTP_PROXY" if is_url else "AWS_PROXY",
        "IntegrationUri": target,
        "PayloadFormatVersion": "1.0" if is_url else "2.0",
    }
    if is_url:
        parameters["IntegrationMethod"] = "ANY"
    if inputs.get("credentialsArn"):
        parameters["CredentialsArn"] = inputs["credentialsArn"]
    integration_id = ctx.call(_API, "create_integration", **parameters)["IntegrationId"]
    route_key = inputs.get("routeKey", "$default")
    ctx.call(_API, "create_route", ApiId=api_id, RouteKey=route_key, Target=f"integrations/{integration_id}")
    ctx.call(_API, "create_stage", ApiId=api_id, StageName="$default", AutoDeploy=True)


def _create_part(ctx: ResourceContext, noun: str, parameters: Properties) -> str:
    """Create a part of an API and return its id.

    Args:
        ctx: The part's context.
        noun: The part's name in AWS's operations and ids: ``route`` in ``create_route`` and ``RouteId``.
        parameters: The parameters of the create call.
    """
    id_name = f"{noun.capitalize()}Id"
    part_id = ctx.call(_API, f"create_{noun}", **parameters)[id_name]
    ctx.record_undo(_API, f"delete_{noun}", **{"ApiId": parameters["ApiId"], id_name: part_id})
    return str(part_id)


def _create_authorizer(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    return ResourceResult(_create_part(ctx, "authorizer", ctx.to_aws(inputs)))


def _create_integration(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    parameters = {"PayloadFormatVersion": "1.0", **ctx.to_aws(inputs)}
    outputs = {"integrationResponseSelectionExpression": ""}
    return ResourceResult(_create_part(ctx, "integration", parameters), outputs)


def _create_route(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    return ResourceResult(_create_part(ctx, "route", ctx.to_aws(inputs)))


def _create_stage(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    routes = {item["routeKey"]: to_aws(item, _ROUTE_SETTINGS) for item in inputs.get("routeSettings", [])}
    api_id, name = inputs["apiId"], inputs["name"]
    ctx.call(
        _API, "create_stage", **ctx.to_aws(inputs), RouteSettings=routes or None, Tags=dict(ctx.tags) or None
    )
    ctx.record_undo(_API, "delete_stage", ApiId=api_id, StageName=name)
    url = _build_api_url(ctx, api_id)
    return ResourceResult(
        name,
        {
            "arn": f"arn:aws:apigateway:{ctx.region}::/apis/{api_id}/stages/{name}",
            "executionArn": ctx.build_arn("execute-api", f"{api_id}/{name}"),
            "invokeUrl": f"{url}/" if name == "$default" else f"{url}/{name}",
        },
    )


RESOURCE_TYPES = (
    define_resource_type(
        "aws:apigatewayv2/api:Api",
        {
            "name": STR,
            "protocolType": STR,
            "apiKeySelectionExpression": STR,
            "credentialsArn": STR,
            "corsConfiguration": ObjectOf(
                {
                    "allowCredentials": BOOL,
                    "allowHeaders": STR_LIST,
                    "allowMethods": STR_LIST,
                    "allowOrigins": STR_LIST,
                    "exposeHeaders": STR_LIST,
                    "maxAge": INT,
                }
            ),
            "description": STR,
            "disableExecuteApiEndpoint": BOOL,
            "ipAddressType": STR,
            "routeKey": STR,
            "routeSelectionExpression": STR,
            "target": STR,
            "version": STR,
        },
        create=_create_api,
        aws_names={"credentialsArn": None, "routeKey": None, "target": None},
        outputs=("apiEndpoint", "arn", "executionArn"),
        naming=AutoNaming("name", 128),
        tags=True,
        check=_check_api,
    ),
    define_resource_type(
        "aws:apigatewayv2/authorizer:Authorizer",
        {
            "apiId": STR,
            "name": STR,
            "authorizerType": STR,
            "authorizerCredentialsArn": STR,
            "authorizerPayloadFormatVersion": STR,
            "authorizerResultTtlInSeconds": INT,
            "authorizerUri": STR,
            "enableSimpleResponses": BOOL,
            "identitySources": STR_LIST,
            "jwtConfiguration": ObjectOf({"audiences": STR_LIST, "issuer": STR}, {"audiences": "Audience"}),
        },
        create=_create_authorizer,
        aws_names={"identitySources": "IdentitySource"},
        naming=AutoNaming("name", 128),
    ),
    define_resource_type(
        "aws:apigatewayv2/integration:Integration",
        {
            "apiId": STR,
            "connectionType": STR,
            "credentialsArn": STR,
            "description": STR,
            "integrationMethod": STR,
            "integrationSubtype": STR,
            "integrationType": STR,
            "integrationUri": STR,
            "passthroughBehavior": STR,
            "payloadFormatVersion": STR,
            "requestParameters": MapOf(STR),
            "timeoutMilliseconds": INT,
        },
        create=_create_integration,
        aws_names={"timeoutMilliseconds": "TimeoutInMillis"},
        outputs=("integrationResponseSelectionExpression",),
    ),
    define_resource_type(
        "aws:apigatewayv2/route:Route",
        {
            "apiId": STR,
            "routeKey": STR,
            "apiKeyRequired": BOOL,
            "authorizationScopes": STR_LIST,
            "authorizationType": STR,
            "authorizerId": STR,
            "operationName": STR,
            "target": STR,
        },
        create=_create_route,
    ),
    define_resource_type(
        "aws:apigatewayv2/stage:Stage",
        {
            "apiId": STR,
            "name": STR,
            "accessLogSettings": ObjectOf({"destinationArn": STR, "format": STR}),
            "autoDeploy": BOOL,
            "defaultRouteSettings": ObjectOf(_ROUTE_SETTINGS_INPUTS),
            "description": STR,
            "routeSettings": ListOf(_ROUTE_SETTINGS),
            "stageVariables": MapOf(STR),
        },
        create=_create_stage,
        aws_names={"name": "StageName", "routeSettings": None},
        outputs=("arn", "executionArn", "invokeUrl"),
        naming=AutoNaming("name", 128),
        tags=True,
    ),
)
