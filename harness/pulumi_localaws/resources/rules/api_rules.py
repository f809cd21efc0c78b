"""Rules of HTTP APIs and of Step Functions."""

import json

from pulumi_localaws.resources.resource_type import Properties, ResourceContext
from pulumi_localaws.resources.rules.rule import Rule, build_choice_rule, build_pattern_rule
from pulumi_localaws.resources.rules.states_language import find_definition_problems

_AUTHORIZER = "aws:apigatewayv2/authorizer:Authorizer"
_ROUTE = "aws:apigatewayv2/route:Route"


def _check_jwt_authorizer(_: ResourceContext, inputs: Properties) -> str | None:
    if inputs["authorizerType"] != "JWT":
        return None
    if not inputs.get("jwtConfiguration", {}).get("issuer"):
        return "jwtConfiguration.issuer is missing. A JWT authorizer needs it"
    sources = inputs.get("identitySources", [])
    if len(sources) > 1:
        return f"identitySources has {len(sources)} items; allowed for a JWT authorizer: one"
    return None


def _check_route_authorizer(_: ResourceContext, inputs: Properties) -> str | None:
    if inputs["authorizationType"] in {"JWT", "CUSTOM"} and not inputs.get("authorizerId"):
        return (
            f"authorizerId is missing. It is required if authorizationType is {inputs['authorizationType']}"
        )
    return None


def _check_definition(_: ResourceContext, inputs: Properties) -> str | None:
    problems = find_definition_problems(json.loads(inputs["definition"]))
    return f"definition: {'; '.join(problems)}" if problems else None


RULES = (
    build_pattern_rule(
        _ROUTE,
        "routeKey",
        r"\$default|(ANY|DELETE|GET|HEAD|OPTIONS|PATCH|POST|PUT) /\S*",
        "the form $default or METHOD /path",
        "API Gateway: Create routes for HTTP APIs; methods: AWS CDK, enum HttpMethod (no other page found)",
    ),
    Rule(
        _ROUTE,
        ("authorizationType", "authorizerId"),
        "A route with the authorization JWT or CUSTOM has an authorizer",
        "AWS's error, in anomalyco/sst issue 4097",
        _check_route_authorizer,
    ),
    Rule(
        _AUTHORIZER,
        ("authorizerType", "jwtConfiguration", "identitySources"),
        "A JWT authorizer has an issuer, and at most one identity source",
        "API Gateway API: CreateAuthorizer, JWTConfiguration",
        _check_jwt_authorizer,
    ),
    build_choice_rule(
        "aws:apigatewayv2/integration:Integration",
        "payloadFormatVersion",
        ("1.0", "2.0"),
        "API Gateway API: CreateIntegration",
    ),
    Rule(
        "aws:sfn/stateMachine:StateMachine",
        ("definition",),
        "States have the fields of their type; the states that they name exist; each state can be reached; a"
        " path ends",
        "https://states-language.net/spec.html; Step Functions: Workflow states",
        _check_definition,
    ),
)
