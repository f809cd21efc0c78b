"""Cases of AppSync."""

from resource_cases.case import ROLE, TABLE, Case

API = "aws:appsync/graphQLApi:GraphQLApi"
DATA_SOURCE = "aws:appsync/dataSource:DataSource"
SCHEMA = "type Query { order(id: ID!): Order } type Order { id: ID! } schema { query: Query }"

CASES: dict[str, Case] = {
    API: Case(
        inputs=lambda _: {"authenticationType": "API_KEY", "schema": SCHEMA, "xrayEnabled": False},
        probe=lambda client, resource_id, _: client("appsync").get_graphql_api(apiId=resource_id),
        outputs=("arn", "name", "uris"),
    ),
    "aws:appsync/apiKey:ApiKey": Case(
        dependencies=(API,),
        inputs=lambda created: {"apiId": created[API]["id"]},
        probe=lambda client, _, outputs: client("appsync").list_api_keys(apiId=outputs["apiId"])["apiKeys"],
        outputs=("apiKeyId", "key"),
    ),
    DATA_SOURCE: Case(
        dependencies=(API, TABLE, ROLE),
        inputs=lambda created: {
            "apiId": created[API]["id"],
            "name": "orders",
            "type": "AMAZON_DYNAMODB",
            "dynamodbConfig": {"tableName": created[TABLE]["name"]},
            "serviceRoleArn": created[ROLE]["arn"],
        },
        probe=lambda client, _, outputs: client("appsync").get_data_source(
            apiId=outputs["apiId"], name="orders"
        ),
        outputs=("arn",),
    ),
    "aws:appsync/resolver:Resolver": Case(
        dependencies=(API, TABLE, ROLE, DATA_SOURCE),
        inputs=lambda created: {
            "apiId": created[API]["id"],
            "dataSource": "orders",
            "type": "Query",
            "field": "order",
            "requestTemplate": '{\n  "version": "2017-02-28", "operation": "GetItem", "key": {}\n}',
            "responseTemplate": "$util.toJson($ctx.result)",
        },
        probe=lambda client, _, outputs: client("appsync").get_resolver(
            apiId=outputs["apiId"], typeName="Query", fieldName="order"
        ),
        outputs=("arn",),
    ),
}
