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
    jwt = inputs.get("jwtConfiguration", {})
    if not jwt.get("issuer") or not jwt.get("audiences"):
        return "jwtConfiguration is incomplete. A JWT authorizer needs issuer and audiences"
    if not inputs.get("identitySources"):
        return "identitySources is missing. Set it, such as to $request.header.Authorization"
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
        "API Gateway: Create routes for HTTP APIs",
    ),
    Rule(
        _ROUTE,
        ("authorizationType", "authorizerId"),
        "A route with the authorization JWT or CUSTOM has an authorizer",
        "API Gateway API: CreateRoute",
        _check_route_authorizer,
    ),
    Rule(
        _AUTHORIZER,
        ("authorizerType", "jwtConfiguration", "identitySources"),
        "A JWT authorizer has an issuer, audiences and an identity source",
        "API Gateway: Control access to HTTP APIs with JWT authorizers",
        _check_jwt_authorizer,
    ),
    build_choice_rule(
        "aws:apigatewayv2/integration:Integration",
        "payloadFormatVersion",
        ("1.0", "2.0"),
        "API Gateway: Create AWS Lambda proxy integrations for HTTP APIs",
    ),
    Rule(
        "aws:sfn/stateMachine:StateMachine",
        ("definition",),
        "Every state that StartAt, Next, Default or Catch names exists, each state can be reached, and a path"
        " ends",
        "Step Functions: Using Amazon States Language to define workflows",
        _check_definition,
    ),
)
