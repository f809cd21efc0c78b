"""Cases of API Gateway v2."""

from resource_cases.case import API, Case

CASES: dict[str, Case] = {
    API: Case(
        inputs=lambda _: {
            "protocolType": "HTTP",
            "corsConfiguration": {"allowOrigins": ["https://example.com"], "maxAge": 60.0},
        },
        probe=lambda client, resource_id, _: client("apigatewayv2").get_api(ApiId=resource_id),
        outputs=("arn", "apiEndpoint", "executionArn", "name"),
    ),
    "aws:apigatewayv2/authorizer:Authorizer": Case(
        dependencies=(API,),
        inputs=lambda created: {
            "apiId": created[API]["id"],
            "authorizerType": "JWT",
            "identitySources": ["$request.header.Authorization"],
            "jwtConfiguration": {
                "issuer": "https://cognito-idp.us-east-1.amazonaws.com/x",
                "audiences": ["y"],
            },
        },
        probe=lambda client, resource_id, outputs: client("apigatewayv2").get_authorizer(
            ApiId=outputs["apiId"], AuthorizerId=resource_id
        ),
        outputs=("name",),
    ),
    "aws:apigatewayv2/integration:Integration": Case(
        dependencies=(API,),
        inputs=lambda created: {
            "apiId": created[API]["id"],
            "integrationType": "AWS_PROXY",
            "integrationUri": "arn:aws:lambda:us-east-1:000000000000:function:x",
            "integrationMethod": "POST",
            "payloadFormatVersion": "2.0",
            "timeoutMilliseconds": 10000.0,
        },
        probe=lambda client, resource_id, outputs: client("apigatewayv2").get_integration(
            ApiId=outputs["apiId"], IntegrationId=resource_id
        ),
        outputs=(),
    ),
    "aws:apigatewayv2/route:Route": Case(
        dependencies=(API,),
        inputs=lambda created: {
            "apiId": created[API]["id"],
            "routeKey": "GET /health",
            "authorizationType": "NONE",
        },
        probe=lambda client, resource_id, outputs: client("apigatewayv2").get_route(
            ApiId=outputs["apiId"], RouteId=resource_id
        ),
        outputs=(),
    ),
    "aws:apigatewayv2/stage:Stage": Case(
        dependencies=(API,),
        inputs=lambda created: {
            "apiId": created[API]["id"],
            "name": "$default",
            "autoDeploy": True,
            "defaultRouteSettings": {"throttlingBurstLimit": 50.0, "throttlingRateLimit": 20.5},
            "routeSettings": [{"routeKey": "GET /health", "throttlingBurstLimit": 5.0}],
        },
        probe=lambda client, resource_id, outputs: client("apigatewayv2").get_stage(
            ApiId=outputs["apiId"], StageName=resource_id
        ),
        outputs=("arn", "executionArn", "invokeUrl"),
    ),
}
