"""A GraphQL API answers a query from a table."""

import json
import urllib.request
from typing import Any

import pytest
from engine_helpers import TABLE_INPUTS, Engine
from pulumi_localaws.local_aws import LocalAws
from resource_cases.appsync import API, DATA_SOURCE
from resource_cases.case import ROLE, TABLE

pytestmark = pytest.mark.backends("embedded")

SCHEMA = "type Query { order(id: ID!): Order } type Order { PK: ID! title: String } schema { query: Query }"
REQUEST = """{
    "version": "2017-02-28",
    "operation": "GetItem",
    "key": {"PK": $util.dynamodb.toDynamoDBJson($ctx.args.id)}
}"""


def build_trust_policy(service: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def post(url: str, key: str, query: str) -> Any:
    headers = {"Content-Type": "application/json", "x-api-key": key}
    request = urllib.request.Request(url, json.dumps({"query": query}).encode(), headers)
    with urllib.request.urlopen(request, timeout=20) as response:
        return json.loads(response.read())


@pytest.mark.long
def test_query_reads_an_item(localaws: LocalAws, engine: Engine) -> None:
    table = engine.register(TABLE, "orders", TABLE_INPUTS)[1]
    role = engine.register(ROLE, "role", {"assumeRolePolicy": build_trust_policy("appsync.amazonaws.com")})[1]
    statement = {"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": table["arn"]}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    engine.register("aws:iam/rolePolicy:RolePolicy", "read", {"role": role["name"], "policy": policy})
    api_id, api = engine.register(API, "shop", {"authenticationType": "API_KEY", "schema": SCHEMA})
    key = engine.register("aws:appsync/apiKey:ApiKey", "key", {"apiId": api_id})[1]
    source = {
        "apiId": api_id,
        "name": "orders",
        "type": "AMAZON_DYNAMODB",
        "dynamodbConfig": {"tableName": table["name"]},
        "serviceRoleArn": role["arn"],
    }
    engine.register(DATA_SOURCE, "orders", source)
    resolver = {
        "apiId": api_id,
        "dataSource": "orders",
        "type": "Query",
        "field": "order",
        "requestTemplate": REQUEST,
        "responseTemplate": "$util.toJson($ctx.result)",
    }
    engine.register("aws:appsync/resolver:Resolver", "order", resolver)
    item = {"PK": {"S": "1"}, "title": {"S": "Tea"}}
    localaws.client("dynamodb").put_item(TableName=table["name"], Item=item)

    answer = post(api["uris"]["GRAPHQL"], key["key"], '{ order(id: "1") { title } }')

    assert answer == {"data": {"order": {"title": "Tea"}}}
