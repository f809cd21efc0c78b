"""API Gateway v2: HTTP APIs. URLs are path-style: a name under localhost would need a resolver's help."""

from pulumi_localaws.resources.input_schema import BOOL, INT, NUMBER, STR, STRS, ListOf, MapOf, Obj, to_aws
from pulumi_localaws.resources.resource_type import Args, Context, Made, Naming, resource_type

_API = "apigatewayv2"
_ROUTE_SETTINGS = {
    "dataTraceEnabled": BOOL,
    "detailedMetricsEnabled": BOOL,
    "loggingLevel": STR,
    "throttlingBurstLimit": INT,
    "throttlingRateLimit": NUMBER,
}
_ROUTE = Obj({"routeKey": STR, **_ROUTE_SETTINGS}, {"routeKey": None})


def _check_api(args: Args) -> None:
    if args.get("protocolType") != "HTTP":
        raise ValueError(f"protocolType is {args.get('protocolType')!r}; only HTTP is supported here")


def api_url(ctx: Context, api: str) -> str:
    """Return the URL of an API's `$default` stage on the local AWS."""
    return f"{ctx.clients.endpoint}/_aws/execute-api/{api}"


def _create_api(ctx: Context, args: Args) -> Made:
    made = ctx.call(_API, "create_api", **ctx.aws(args), Tags=dict(ctx.tags) or None)
    api = made["ApiId"]
    ctx.undo(_API, "delete_api", ApiId=api)
    return Made(
        api,
        {
            "apiEndpoint": api_url(ctx, api),
            "arn": f"arn:aws:apigateway:{ctx.region}::/apis/{api}",
            "executionArn": ctx.arn("execute-api", api),
        },
    )


def _create_part(ctx: Context, noun: str, parameters: Args) -> str:
    """Create a part of an API and return its id; AWS's calls and ids have the part's name in them."""
    id_name = f"{noun.capitalize()}Id"
    part_id = ctx.call(_API, f"create_{noun}", **parameters)[id_name]
    ctx.undo(_API, f"delete_{noun}", **{"ApiId": parameters["ApiId"], id_name: part_id})
    return str(part_id)


def _create_authorizer(ctx: Context, args: Args) -> Made:
    return Made(_create_part(ctx, "authorizer", ctx.aws(args)))


def _create_integration(ctx: Context, args: Args) -> Made:
    parameters = {"PayloadFormatVersion": "1.0", **ctx.aws(args)}
    outputs = {"integrationResponseSelectionExpression": ""}
    return Made(_create_part(ctx, "integration", parameters), outputs)


def _create_route(ctx: Context, args: Args) -> Made:
    return Made(_create_part(ctx, "route", ctx.aws(args)))


def _create_stage(ctx: Context, args: Args) -> Made:
    routes = {item["routeKey"]: to_aws(item, _ROUTE) for item in args.get("routeSettings", [])}
    api, name = args["apiId"], args["name"]
    ctx.call(_API, "create_stage", **ctx.aws(args), RouteSettings=routes or None, Tags=dict(ctx.tags) or None)
    ctx.undo(_API, "delete_stage", ApiId=api, StageName=name)
    url = api_url(ctx, api)
    return Made(
        name,
        {
            "arn": f"arn:aws:apigateway:{ctx.region}::/apis/{api}/stages/{name}",
            "executionArn": ctx.arn("execute-api", f"{api}/{name}"),
            "invokeUrl": f"{url}/" if name == "$default" else f"{url}/{name}",
        },
    )


RESOURCE_TYPES = (
    resource_type(
        "aws:apigatewayv2/api:Api",
        {
            "name": STR,
            "protocolType": STR,
            "apiKeySelectionExpression": STR,
            "corsConfiguration": Obj(
                {
                    "allowCredentials": BOOL,
                    "allowHeaders": STRS,
                    "allowMethods": STRS,
                    "allowOrigins": STRS,
                    "exposeHeaders": STRS,
                    "maxAge": INT,
                }
            ),
            "description": STR,
            "disableExecuteApiEndpoint": BOOL,
            "ipAddressType": STR,
            "routeSelectionExpression": STR,
            "version": STR,
        },
        create=_create_api,
        outputs=("apiEndpoint", "arn", "executionArn"),
        naming=Naming("name", 128),
        tags=True,
        check=_check_api,
    ),
    resource_type(
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
            "identitySources": STRS,
            "jwtConfiguration": Obj({"audiences": STRS, "issuer": STR}, {"audiences": "Audience"}),
        },
        create=_create_authorizer,
        aws={"identitySources": "IdentitySource"},
        naming=Naming("name", 128),
    ),
    resource_type(
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
        aws={"timeoutMilliseconds": "TimeoutInMillis"},
        outputs=("integrationResponseSelectionExpression",),
    ),
    resource_type(
        "aws:apigatewayv2/route:Route",
        {
            "apiId": STR,
            "routeKey": STR,
            "apiKeyRequired": BOOL,
            "authorizationScopes": STRS,
            "authorizationType": STR,
            "authorizerId": STR,
            "operationName": STR,
            "target": STR,
        },
        create=_create_route,
    ),
    resource_type(
        "aws:apigatewayv2/stage:Stage",
        {
            "apiId": STR,
            "name": STR,
            "accessLogSettings": Obj({"destinationArn": STR, "format": STR}),
            "autoDeploy": BOOL,
            "defaultRouteSettings": Obj(_ROUTE_SETTINGS),
            "description": STR,
            "routeSettings": ListOf(_ROUTE),
            "stageVariables": MapOf(STR),
        },
        create=_create_stage,
        aws={"name": "StageName", "routeSettings": None},
        outputs=("arn", "executionArn", "invokeUrl"),
        naming=Naming("name", 128),
        tags=True,
    ),
)
