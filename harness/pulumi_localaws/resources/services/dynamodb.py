"""DynamoDB: tables and items."""

import json
from typing import Any

from pulumi_localaws.resources.document_checks import build_property_check, check_json_object
from pulumi_localaws.resources.input_schema import (
    BOOL,
    INT,
    STR,
    STR_LIST,
    InputSchema,
    ListOf,
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

_ON_DEMAND_THROUGHPUT = ObjectOf({"maxReadRequestUnits": INT, "maxWriteRequestUnits": INT})
_KEY = ObjectOf({"attributeName": STR, "keyType": STR})
_GSI = ObjectOf(
    {
        "name": STR,
        "hashKey": STR,
        "rangeKey": STR,
        "keySchemas": ListOf(_KEY),
        "projectionType": STR,
        "nonKeyAttributes": STR_LIST,
        "readCapacity": INT,
        "writeCapacity": INT,
        "onDemandThroughput": _ON_DEMAND_THROUGHPUT,
    }
)
_LSI = ObjectOf({"name": STR, "rangeKey": STR, "projectionType": STR, "nonKeyAttributes": STR_LIST})
_TABLE_INPUTS: dict[str, InputSchema] = {
    "name": STR,
    "attributes": ListOf(
        ObjectOf({"name": STR, "type": STR}, {"name": "AttributeName", "type": "AttributeType"})
    ),
    "billingMode": STR,
    "deletionProtectionEnabled": BOOL,
    "globalSecondaryIndexes": ListOf(_GSI),
    "hashKey": STR,
    "localSecondaryIndexes": ListOf(_LSI),
    "onDemandThroughput": _ON_DEMAND_THROUGHPUT,
    "pointInTimeRecovery": ObjectOf({"enabled": BOOL, "recoveryPeriodInDays": INT}),
    "rangeKey": STR,
    "readCapacity": INT,
    "serverSideEncryption": ObjectOf({"enabled": BOOL, "kmsKeyArn": STR}),
    "streamEnabled": BOOL,
    "streamViewType": STR,
    "tableClass": STR,
    "ttl": ObjectOf({"attributeName": STR, "enabled": BOOL}),
    "writeCapacity": INT,
}


def _check_table(inputs: Properties) -> None:
    defined = {item["name"] for item in inputs.get("attributes", [])}
    key_attributes = {inputs[key] for key in ("hashKey", "rangeKey") if inputs.get(key)}
    for index in (*inputs.get("globalSecondaryIndexes", []), *inputs.get("localSecondaryIndexes", [])):
        key_attributes |= {index[key] for key in ("hashKey", "rangeKey") if index.get(key)}
        key_attributes |= {key["attributeName"] for key in index.get("keySchemas", [])}
    if missing := key_attributes - defined:
        raise ValueError(
            f"attributes: {', '.join(sorted(missing))} is a key, but not defined here. Add a definition"
            " for each key"
        )
    if unused := defined - key_attributes:
        raise ValueError(
            f"attributes: {', '.join(sorted(unused))} is not a key of the table or an index. DynamoDB allows"
            " only keys here: remove the definition"
        )
    if "hashKey" not in inputs:
        raise ValueError("hashKey is missing. Set it to the name of the partition key")
    if inputs.get("streamEnabled") and not inputs.get("streamViewType"):
        raise ValueError("streamViewType is missing. It is required when streamEnabled is true")


def _build_key_schema(inputs: Properties) -> list[dict[str, str]]:
    if inputs.get("keySchemas"):
        return [
            {"AttributeName": key["attributeName"], "KeyType": key["keyType"]} for key in inputs["keySchemas"]
        ]
    keys = [{"AttributeName": inputs["hashKey"], "KeyType": "HASH"}] if inputs.get("hashKey") else []
    return keys + (
        [{"AttributeName": inputs["rangeKey"], "KeyType": "RANGE"}] if inputs.get("rangeKey") else []
    )


def _build_throughput(inputs: Properties) -> dict[str, int]:
    return {
        "ReadCapacityUnits": inputs.get("readCapacity", 1),
        "WriteCapacityUnits": inputs.get("writeCapacity", 1),
    }


def _build_index(inputs: Properties, *, provisioned: bool, table_hash_key: str | None = None) -> Properties:
    projection: Properties = {"ProjectionType": inputs.get("projectionType", "ALL")}
    if inputs.get("nonKeyAttributes"):
        projection["NonKeyAttributes"] = inputs["nonKeyAttributes"]
    key_schema = _build_key_schema({**inputs, "hashKey": table_hash_key} if table_hash_key else inputs)
    index: Properties = {"IndexName": inputs["name"], "KeySchema": key_schema, "Projection": projection}
    if provisioned and table_hash_key is None:
        index["ProvisionedThroughput"] = _build_throughput(inputs)
    if inputs.get("onDemandThroughput"):
        index["OnDemandThroughput"] = to_aws(inputs["onDemandThroughput"], _ON_DEMAND_THROUGHPUT)
    return index


def _read_table(ctx: ResourceContext, name: str) -> ResourceResult:
    table = ctx.call("dynamodb", "describe_table", TableName=name)["Table"]
    keys = {key["KeyType"]: key["AttributeName"] for key in table["KeySchema"]}
    stream = table.get("StreamSpecification", {})
    outputs: dict[str, Any] = {
        "name": name,
        "arn": table["TableArn"],
        "hashKey": keys.get("HASH"),
        "rangeKey": keys.get("RANGE"),
        "billingMode": table.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED"),
        "streamArn": table.get("LatestStreamArn", ""),
        "streamEnabled": stream.get("StreamEnabled", False),
        "streamLabel": table.get("LatestStreamLabel", ""),
        "streamViewType": stream.get("StreamViewType", ""),
        "deletionProtectionEnabled": table.get("DeletionProtectionEnabled", False),
        "attributes": [
            {"name": a["AttributeName"], "type": a["AttributeType"]} for a in table["AttributeDefinitions"]
        ],
    }
    return ResourceResult(name, outputs)


def _create_table(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    name = inputs["name"]
    table = ctx.call(
        "dynamodb",
        "create_table",
        TableName=name,
        **_build_definition(inputs),
        TableClass=inputs.get("tableClass"),
        DeletionProtectionEnabled=inputs.get("deletionProtectionEnabled"),
        Tags=ctx.build_tag_list(),
    )["TableDescription"]
    ctx.record_undo("dynamodb", "delete_table", TableName=name)
    if inputs.get("deletionProtectionEnabled"):
        ctx.record_undo("dynamodb", "update_table", TableName=name, DeletionProtectionEnabled=False)
    _set_recovery_and_ttl(ctx, inputs)
    return ResourceResult(
        name,
        {
            "arn": table["TableArn"],
            "billingMode": inputs.get("billingMode", "PROVISIONED"),
            "streamArn": table.get("LatestStreamArn", ""),
            "streamLabel": table.get("LatestStreamLabel", ""),
        },
    )


def _build_definition(inputs: Properties) -> Properties:
    """Build CreateTable's parameters for keys, indexes, capacity, encryption and stream."""
    billing_mode = inputs.get("billingMode", "PROVISIONED")
    provisioned = billing_mode == "PROVISIONED"
    on_demand = inputs.get("onDemandThroughput")
    encryption = inputs.get("serverSideEncryption", {})
    sse_specification = {"Enabled": True, "SSEType": "KMS"}
    if encryption.get("kmsKeyArn"):
        sse_specification["KMSMasterKeyId"] = encryption["kmsKeyArn"]
    global_indexes = [
        _build_index(index, provisioned=provisioned) for index in inputs.get("globalSecondaryIndexes", [])
    ]
    local_indexes = [
        _build_index(index, provisioned=provisioned, table_hash_key=inputs["hashKey"])
        for index in inputs.get("localSecondaryIndexes", [])
    ]
    return {
        "AttributeDefinitions": to_aws(inputs["attributes"], _TABLE_INPUTS["attributes"]),
        "KeySchema": _build_key_schema(inputs),
        "BillingMode": billing_mode,
        "ProvisionedThroughput": _build_throughput(inputs) if provisioned else None,
        "OnDemandThroughput": to_aws(on_demand, _ON_DEMAND_THROUGHPUT) if on_demand else None,
        "GlobalSecondaryIndexes": global_indexes or None,
        "LocalSecondaryIndexes": local_indexes or None,
        "SSESpecification": sse_specification if encryption.get("enabled") else None,
        "StreamSpecification": {"StreamEnabled": True, "StreamViewType": inputs["streamViewType"]}
        if inputs.get("streamEnabled")
        else None,
    }


def _set_recovery_and_ttl(ctx: ResourceContext, inputs: Properties) -> None:
    recovery = inputs.get("pointInTimeRecovery", {})
    if recovery.get("enabled"):
        specification: Properties = {"PointInTimeRecoveryEnabled": True}
        if recovery.get("recoveryPeriodInDays"):
            specification["RecoveryPeriodInDays"] = recovery["recoveryPeriodInDays"]
        ctx.call(
            "dynamodb",
            "update_continuous_backups",
            TableName=inputs["name"],
            PointInTimeRecoverySpecification=specification,
        )
    if inputs.get("ttl", {}).get("enabled"):
        ctx.call(
            "dynamodb",
            "update_time_to_live",
            TableName=inputs["name"],
            TimeToLiveSpecification={"Enabled": True, "AttributeName": inputs["ttl"]["attributeName"]},
        )


def _create_table_item(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    item = json.loads(inputs["item"])
    key_names = [inputs["hashKey"], *([inputs["rangeKey"]] if inputs.get("rangeKey") else [])]
    if missing := [name for name in key_names if name not in item]:
        raise ctx.build_error(f"item: the key attribute {', '.join(missing)} is missing. Add it to the item.")
    ctx.call(
        "dynamodb",
        "put_item",
        TableName=inputs["tableName"],
        Item=item,
        ConditionExpression="attribute_not_exists(#key)",
        ExpressionAttributeNames={"#key": inputs["hashKey"]},
    )
    key = {name: item[name] for name in key_names}
    ctx.record_undo("dynamodb", "delete_item", TableName=inputs["tableName"], Key=key)
    return ResourceResult(
        "|".join([inputs["tableName"], *(str(next(iter(value.values()))) for value in key.values())])
    )


RESOURCE_TYPES = (
    define_resource_type(
        "aws:dynamodb/table:Table",
        _TABLE_INPUTS,
        create=_create_table,
        outputs=("arn", "streamArn", "streamLabel"),
        naming=AutoNaming("name", 255),
        tags=True,
        check=_check_table,
        read=_read_table,
    ),
    define_resource_type(
        "aws:dynamodb/tableItem:TableItem",
        {"tableName": STR, "hashKey": STR, "rangeKey": STR, "item": STR},
        create=_create_table_item,
        check=build_property_check("item", check_json_object),
    ),
)
