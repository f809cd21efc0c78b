"""API Gateway v2: HTTP APIs. URLs are path-style: a name under localhost would need a resolver's help."""

from pulumi_localaws.resources.registry import Args, Context, Made, Naming, resource
from pulumi_localaws.resources.shapes import BOOL, INT, NUMBER, STR, STRS, ListOf, MapOf, Obj

_API = "apigatewayv2"
_ROUTE_SETTINGS = {
    "dataTraceEnabled": BOOL,
    "detailedMetricsEnabled": BOOL,
    "loggingLevel": STR,
    "throttlingBurstLimit": INT,
    "throttlingRateLimit": NUMBER,
}


def _check_api(args: Args) -> None:
    if args.get("protocolType") != "HTTP":
        raise ValueError(f"protocolType is {args.get('protocolType')!r}; only HTTP is supported here")


def api_url(ctx: Context, api: str) -> str:
    """Return the URL of an API's `$default` stage on the local AWS."""
    return f"{ctx.clients.endpoint}/_aws/execute-api/{api}"


@resource(
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
    outputs=("apiEndpoint", "arn", "executionArn"),
    naming=Naming("name", 128),
    tags=True,
    check=_check_api,
)
def _api(ctx: Context, args: Args) -> Made:
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


@resource(
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
    aws={"identitySources": "IdentitySource"},
    naming=Naming("name", 128),
)
def _authorizer(ctx: Context, args: Args) -> Made:
    made = ctx.call(_API, "create_authorizer", **ctx.aws(args))
    ctx.undo(_API, "delete_authorizer", ApiId=args["apiId"], AuthorizerId=made["AuthorizerId"])
    return Made(made["AuthorizerId"])


@resource(
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
    aws={"timeoutMilliseconds": "TimeoutInMillis"},
    outputs=("integrationResponseSelectionExpression",),
)
def _integration(ctx: Context, args: Args) -> Made:
    given = {"PayloadFormatVersion": "1.0", **ctx.aws(args)}
    made = ctx.call(_API, "create_integration", **given)
    ctx.undo(_API, "delete_integration", ApiId=args["apiId"], IntegrationId=made["IntegrationId"])
    return Made(made["IntegrationId"], {"integrationResponseSelectionExpression": ""})


@resource(
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
)
def _route(ctx: Context, args: Args) -> Made:
    made = ctx.call(_API, "create_route", **ctx.aws(args))
    ctx.undo(_API, "delete_route", ApiId=args["apiId"], RouteId=made["RouteId"])
    return Made(made["RouteId"])


@resource(
    "aws:apigatewayv2/stage:Stage",
    {
        "apiId": STR,
        "name": STR,
        "accessLogSettings": Obj({"destinationArn": STR, "format": STR}),
        "autoDeploy": BOOL,
        "defaultRouteSettings": Obj(_ROUTE_SETTINGS),
        "description": STR,
        "routeSettings": ListOf(Obj({"routeKey": STR, **_ROUTE_SETTINGS}, {"routeKey": None})),
        "stageVariables": MapOf(STR),
    },
    aws={"name": "StageName", "routeSettings": None},
    outputs=("arn", "executionArn", "invokeUrl"),
    naming=Naming("name", 128),
    tags=True,
)
def _stage(ctx: Context, args: Args) -> Made:
    given = ctx.aws(args)
    if args.get("routeSettings"):
        shape = Obj(_ROUTE_SETTINGS)
        given["RouteSettings"] = {
            item["routeKey"]: {
                name[0].upper() + name[1:]: item[name] for name in shape.fields if name in item
            }
            for item in args["routeSettings"]
        }
    api, name = args["apiId"], args["name"]
    ctx.call(_API, "create_stage", **given, Tags=dict(ctx.tags) or None)
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
