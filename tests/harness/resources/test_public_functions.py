"""Functions that are called over HTTP: the quick create of an HTTP API, and function URLs."""

import json
import urllib.request
from typing import Any

import pytest
from engine_helpers import Engine
from resource_cases.case import API, FUNCTION, ROLE, TRUST_POLICY

pytestmark = pytest.mark.backends("embedded")

CODE = "def handler(event, context):\n    return {'version': event['version'], 'path': event['rawPath']}\n"


def create_function(engine: Engine) -> dict[str, Any]:
    role = engine.register(ROLE, "role", {"assumeRolePolicy": TRUST_POLICY})[1]["arn"]
    code = {"sig": "archive", "assets": {"app.py": {"sig": "asset", "text": CODE}}}
    inputs = {"role": role, "handler": "app.handler", "runtime": "python3.13", "code": code}
    return engine.register(FUNCTION, "hello", inputs)[1]


def fetch(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=20) as response:
        return json.loads(response.read())


def test_quick_create_adds_an_integration_a_route_and_a_stage(engine: Engine) -> None:
    target = "arn:aws:lambda:us-east-1:000000000000:function:hello"
    inputs = {"protocolType": "HTTP", "target": target, "routeKey": "GET /hello"}

    api_id, _ = engine.register(API, "api", inputs)

    client = engine.clients.get("apigatewayv2", "us-east-1")
    integration = client.get_integrations(ApiId=api_id)["Items"][0]
    expected = {"IntegrationType": "AWS_PROXY", "IntegrationUri": target, "PayloadFormatVersion": "2.0"}
    assert {name: integration[name] for name in expected} == expected
    route = client.get_routes(ApiId=api_id)["Items"][0]
    assert (route["RouteKey"], route["Target"]) == (
        "GET /hello",
        f"integrations/{integration['IntegrationId']}",
    )
    assert client.get_stage(ApiId=api_id, StageName="$default")["AutoDeploy"]


def test_route_key_without_target_is_rejected(engine: Engine) -> None:
    message = engine.register_rejected(API, {"protocolType": "HTTP", "routeKey": "$default"})

    assert "routeKey is set, but target is missing" in message


@pytest.mark.long
def test_quick_create_and_function_url_invoke_the_function(engine: Engine) -> None:
    function = create_function(engine)
    permission = {
        "action": "lambda:InvokeFunction",
        "function": function["name"],
        "principal": "apigateway.amazonaws.com",
    }
    engine.register("aws:lambda/permission:Permission", "api", permission)
    api = engine.register(API, "api", {"protocolType": "HTTP", "target": function["arn"]})[1]
    inputs = {"functionName": function["name"], "authorizationType": "NONE"}
    url = engine.register("aws:lambda/functionUrl:FunctionUrl", "url", inputs)[1]
    engine.monitor.finish()

    assert fetch(f"{api['apiEndpoint']}/orders") == {"version": "2.0", "path": "/orders"}
    assert fetch(f"{url['functionUrl']}orders") == {"version": "2.0", "path": "/orders"}
