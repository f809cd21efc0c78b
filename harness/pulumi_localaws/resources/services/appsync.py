"""AppSync: GraphQL APIs with their keys, data sources and resolvers."""

from datetime import datetime

from pulumi_localaws.resources.input_schema import BOOL, INT, STR, STR_LIST, InputSchema, ListOf, ObjectOf
from pulumi_localaws.resources.resource_type import (
    AutoNaming,
    Properties,
    ResourceContext,
    ResourceResult,
    define_resource_type,
)


def _define_object(fields: dict[str, InputSchema], **aws_names: str) -> ObjectOf:
    """Return the schema of an object whose AWS names are the Pulumi names, except for some."""
    return ObjectOf(fields, {name: aws_names.get(name, name) for name in fields})


_AUTHENTICATION: dict[str, InputSchema] = {
    "authenticationType": STR,
    "lambdaAuthorizerConfig": _define_object(
        {"authorizerResultTtlInSeconds": INT, "authorizerUri": STR, "identityValidationExpression": STR}
    ),
    "openidConnectConfig": _define_object(
        {"authTtl": INT, "clientId": STR, "iatTtl": INT, "issuer": STR}, authTtl="authTTL", iatTtl="iatTTL"
    ),
    "userPoolConfig": _define_object(
        {"appIdClientRegex": STR, "awsRegion": STR, "defaultAction": STR, "userPoolId": STR}
    ),
}
_PROVIDER = _define_object(_AUTHENTICATION, openidConnectConfig="openIDConnectConfig")
_API_INPUTS: dict[str, InputSchema] = {
    **_AUTHENTICATION,
    "additionalAuthenticationProviders": ListOf(_PROVIDER),
    "introspectionConfig": STR,
    "name": STR,
    "queryDepthLimit": INT,
    "resolverCountLimit": INT,
    "schema": STR,
    "visibility": STR,
    "xrayEnabled": BOOL,
}
_DATA_SOURCE_INPUTS: dict[str, InputSchema] = {
    "apiId": STR,
    "description": STR,
    "dynamodbConfig": _define_object(
        {"region": STR, "tableName": STR, "useCallerCredentials": BOOL}, region="awsRegion"
    ),
    "httpConfig": _define_object({"endpoint": STR}),
    "lambdaConfig": _define_object({"functionArn": STR}, functionArn="lambdaFunctionArn"),
    "name": STR,
    "serviceRoleArn": STR,
    "type": STR,
}
_RESOLVER_INPUTS: dict[str, InputSchema] = {
    "apiId": STR,
    "code": STR,
    "dataSource": STR,
    "field": STR,
    "kind": STR,
    "maxBatchSize": INT,
    "pipelineConfig": _define_object({"functions": STR_LIST}),
    "requestTemplate": STR,
    "responseTemplate": STR,
    "runtime": _define_object({"name": STR, "runtimeVersion": STR}),
    "type": STR,
}


def _keep_names(inputs: dict[str, InputSchema], **aws_names: str | None) -> dict[str, str | None]:
    return {name: aws_names.get(name, name) for name in inputs}


def _create_api(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    parameters = ctx.to_aws(inputs)
    source_region = {"awsRegion": ctx.region}
    if "userPoolConfig" in parameters:
        parameters["userPoolConfig"] = source_region | parameters["userPoolConfig"]
    api = ctx.call("appsync", "create_graphql_api", **parameters, tags=dict(ctx.tags) or None)["graphqlApi"]
    api_id = api["apiId"]
    ctx.record_undo("appsync", "delete_graphql_api", apiId=api_id)
    if inputs.get("schema"):
        ctx.call("appsync", "start_schema_creation", apiId=api_id, definition=inputs["schema"].encode())
        status = ctx.call("appsync", "get_schema_creation_status", apiId=api_id)
        if status["status"] == "FAILED":
            raise ctx.build_error(f"schema: {status.get('details')}")
    url = f"{ctx.clients.endpoint}/v1/apis/{api_id}/graphql"
    return ResourceResult(api_id, {"arn": api["arn"], "uris": {"GRAPHQL": url}})


def _create_api_key(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    api_id = inputs["apiId"]
    expires = inputs.get("expires")
    key = ctx.call(
        "appsync",
        "create_api_key",
        apiId=api_id,
        description=inputs.get("description"),
        expires=int(datetime.fromisoformat(expires).timestamp()) if expires else None,
    )["apiKey"]
    ctx.record_undo("appsync", "delete_api_key", apiId=api_id, id=key["id"])
    return ResourceResult(f"{api_id}:{key['id']}", {"apiKeyId": key["id"], "key": key["id"]})


def _create_data_source(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    parameters = ctx.to_aws(inputs)
    if "dynamodbConfig" in parameters:
        parameters["dynamodbConfig"] = {"awsRegion": ctx.region, **parameters["dynamodbConfig"]}
    source = ctx.call("appsync", "create_data_source", **parameters)["dataSource"]
    ctx.record_undo("appsync", "delete_data_source", apiId=inputs["apiId"], name=inputs["name"])
    return ResourceResult(f"{inputs['apiId']}-{inputs['name']}", {"arn": source["dataSourceArn"]})


def _create_resolver(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    resolver = ctx.call("appsync", "create_resolver", **ctx.to_aws(inputs))["resolver"]
    names = {"apiId": inputs["apiId"], "typeName": inputs["type"], "fieldName": inputs["field"]}
    ctx.record_undo("appsync", "delete_resolver", **names)
    return ResourceResult("-".join(names.values()), {"arn": resolver["resolverArn"]})


RESOURCE_TYPES = (
    define_resource_type(
        "aws:appsync/graphQLApi:GraphQLApi",
        _API_INPUTS,
        create=_create_api,
        aws_names=_keep_names(_API_INPUTS, openidConnectConfig="openIDConnectConfig", schema=None),
        outputs=("arn", "uris"),
        naming=AutoNaming("name", 65536),
        tags=True,
    ),
    define_resource_type(
        "aws:appsync/apiKey:ApiKey",
        {"apiId": STR, "description": STR, "expires": STR},
        create=_create_api_key,
        outputs=("apiKeyId", "key"),
    ),
    define_resource_type(
        "aws:appsync/dataSource:DataSource",
        _DATA_SOURCE_INPUTS,
        create=_create_data_source,
        aws_names=_keep_names(_DATA_SOURCE_INPUTS),
        outputs=("arn",),
        naming=AutoNaming("name", 65536),
    ),
    define_resource_type(
        "aws:appsync/resolver:Resolver",
        _RESOLVER_INPUTS,
        create=_create_resolver,
        aws_names=_keep_names(
            _RESOLVER_INPUTS,
            dataSource="dataSourceName",
            field="fieldName",
            requestTemplate="requestMappingTemplate",
            responseTemplate="responseMappingTemplate",
            type="typeName",
        ),
        outputs=("arn",),
    ),
)
