"""DynamoDB: tables and items."""

import json
from typing import Any

from pulumi_localaws.resources.input_schema import BOOL, INT, STR, STRS, ListOf, Obj, Shape, to_aws
from pulumi_localaws.resources.policy_documents import check_json, policy_check
from pulumi_localaws.resources.resource_type import Args, Context, Made, Naming, resource_type

_ON_DEMAND = Obj({"maxReadRequestUnits": INT, "maxWriteRequestUnits": INT})
_KEY = Obj({"attributeName": STR, "keyType": STR})
_GSI = Obj(
    {
        "name": STR,
        "hashKey": STR,
        "rangeKey": STR,
        "keySchemas": ListOf(_KEY),
        "projectionType": STR,
        "nonKeyAttributes": STRS,
        "readCapacity": INT,
        "writeCapacity": INT,
        "onDemandThroughput": _ON_DEMAND,
    }
)
_LSI = Obj({"name": STR, "rangeKey": STR, "projectionType": STR, "nonKeyAttributes": STRS})
_TABLE: dict[str, Shape] = {
    "name": STR,
    "attributes": ListOf(Obj({"name": STR, "type": STR}, {"name": "AttributeName", "type": "AttributeType"})),
    "billingMode": STR,
    "deletionProtectionEnabled": BOOL,
    "globalSecondaryIndexes": ListOf(_GSI),
    "hashKey": STR,
    "localSecondaryIndexes": ListOf(_LSI),
    "onDemandThroughput": _ON_DEMAND,
    "pointInTimeRecovery": Obj({"enabled": BOOL, "recoveryPeriodInDays": INT}),
    "rangeKey": STR,
    "readCapacity": INT,
    "serverSideEncryption": Obj({"enabled": BOOL, "kmsKeyArn": STR}),
    "streamEnabled": BOOL,
    "streamViewType": STR,
    "tableClass": STR,
    "ttl": Obj({"attributeName": STR, "enabled": BOOL}),
    "writeCapacity": INT,
}


def _check_table(args: Args) -> None:
    declared = {item["name"] for item in args.get("attributes", [])}
    used = {args[key] for key in ("hashKey", "rangeKey") if args.get(key)}
    for index in (*args.get("globalSecondaryIndexes", []), *args.get("localSecondaryIndexes", [])):
        used |= {index[key] for key in ("hashKey", "rangeKey") if index.get(key)}
        used |= {key["attributeName"] for key in index.get("keySchemas", [])}
    if missing := used - declared:
        raise ValueError(f"attributes: {', '.join(sorted(missing))} is a key and has no definition")
    if spare := declared - used:
        raise ValueError(
            f"attributes: {', '.join(sorted(spare))} is no key of the table or an index; DynamoDB refuses it"
        )
    if "hashKey" not in args:
        raise ValueError("hashKey is missing")
    if args.get("streamEnabled") and not args.get("streamViewType"):
        raise ValueError("streamViewType is missing, with streamEnabled")


def _keys(args: Args) -> list[dict[str, str]]:
    if args.get("keySchemas"):
        return [
            {"AttributeName": key["attributeName"], "KeyType": key["keyType"]} for key in args["keySchemas"]
        ]
    keys = [{"AttributeName": args["hashKey"], "KeyType": "HASH"}] if args.get("hashKey") else []
    return keys + ([{"AttributeName": args["rangeKey"], "KeyType": "RANGE"}] if args.get("rangeKey") else [])


def _throughput(args: Args) -> dict[str, int]:
    return {
        "ReadCapacityUnits": args.get("readCapacity", 1),
        "WriteCapacityUnits": args.get("writeCapacity", 1),
    }


def _index(args: Args, *, provisioned: bool, table_hash: str | None = None) -> Args:
    projection: Args = {"ProjectionType": args.get("projectionType", "ALL")}
    if args.get("nonKeyAttributes"):
        projection["NonKeyAttributes"] = args["nonKeyAttributes"]
    keys = _keys({**args, "hashKey": table_hash} if table_hash else args)
    made: Args = {"IndexName": args["name"], "KeySchema": keys, "Projection": projection}
    if provisioned and table_hash is None:
        made["ProvisionedThroughput"] = _throughput(args)
    if args.get("onDemandThroughput"):
        made["OnDemandThroughput"] = to_aws(args["onDemandThroughput"], _ON_DEMAND)
    return made


def _read_table(ctx: Context, table: str) -> Made:
    found = ctx.call("dynamodb", "describe_table", TableName=table)["Table"]
    keys = {key["KeyType"]: key["AttributeName"] for key in found["KeySchema"]}
    outputs: dict[str, Any] = {
        "name": table,
        "arn": found["TableArn"],
        "hashKey": keys.get("HASH"),
        "rangeKey": keys.get("RANGE"),
        "billingMode": found.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED"),
        "streamArn": found.get("LatestStreamArn", ""),
        "streamLabel": found.get("LatestStreamLabel", ""),
        "deletionProtectionEnabled": found.get("DeletionProtectionEnabled", False),
        "attributes": [
            {"name": a["AttributeName"], "type": a["AttributeType"]} for a in found["AttributeDefinitions"]
        ],
    }
    return Made(table, outputs)


def _create_table(ctx: Context, args: Args) -> Made:
    name = args["name"]
    table = ctx.call(
        "dynamodb",
        "create_table",
        TableName=name,
        **_definition(args),
        TableClass=args.get("tableClass"),
        DeletionProtectionEnabled=args.get("deletionProtectionEnabled"),
        Tags=ctx.tag_list(),
    )["TableDescription"]
    ctx.undo("dynamodb", "delete_table", TableName=name)
    if args.get("deletionProtectionEnabled"):
        ctx.undo("dynamodb", "update_table", TableName=name, DeletionProtectionEnabled=False)
    _set_recovery_and_ttl(ctx, args)
    return Made(
        name,
        {
            "arn": table["TableArn"],
            "billingMode": args.get("billingMode", "PROVISIONED"),
            "streamArn": table.get("LatestStreamArn", ""),
            "streamLabel": table.get("LatestStreamLabel", ""),
        },
    )


def _definition(args: Args) -> Args:
    """Return the parameters of CreateTable that describe keys, indexes, capacity, encryption and stream."""
    billing_mode = args.get("billingMode", "PROVISIONED")
    provisioned = billing_mode == "PROVISIONED"
    on_demand, stream = args.get("onDemandThroughput"), args.get("streamEnabled")
    encryption = args.get("serverSideEncryption", {})
    kms = {"Enabled": True, "SSEType": "KMS"}
    if encryption.get("kmsKeyArn"):
        kms["KMSMasterKeyId"] = encryption["kmsKeyArn"]
    global_indexes = [
        _index(index, provisioned=provisioned) for index in args.get("globalSecondaryIndexes", [])
    ]
    local_indexes = [
        _index(index, provisioned=provisioned, table_hash=args["hashKey"])
        for index in args.get("localSecondaryIndexes", [])
    ]
    return {
        "AttributeDefinitions": to_aws(args["attributes"], _TABLE["attributes"]),
        "KeySchema": _keys(args),
        "BillingMode": billing_mode,
        "ProvisionedThroughput": _throughput(args) if provisioned else None,
        "OnDemandThroughput": to_aws(on_demand, _ON_DEMAND) if on_demand else None,
        "GlobalSecondaryIndexes": global_indexes or None,
        "LocalSecondaryIndexes": local_indexes or None,
        "SSESpecification": kms if encryption.get("enabled") else None,
        "StreamSpecification": {"StreamEnabled": True, "StreamViewType": args["streamViewType"]}
        if stream
        else None,
    }


def _set_recovery_and_ttl(ctx: Context, args: Args) -> None:
    recovery = args.get("pointInTimeRecovery", {})
    if recovery.get("enabled"):
        specification: Args = {"PointInTimeRecoveryEnabled": True}
        if recovery.get("recoveryPeriodInDays"):
            specification["RecoveryPeriodInDays"] = recovery["recoveryPeriodInDays"]
        ctx.call(
            "dynamodb",
            "update_continuous_backups",
            TableName=args["name"],
            PointInTimeRecoverySpecification=specification,
        )
    if args.get("ttl", {}).get("enabled"):
        ctx.call(
            "dynamodb",
            "update_time_to_live",
            TableName=args["name"],
            TimeToLiveSpecification={"Enabled": True, "AttributeName": args["ttl"]["attributeName"]},
        )


def _create_table_item(ctx: Context, args: Args) -> Made:
    item = json.loads(args["item"])
    names = [args["hashKey"], *([args["rangeKey"]] if args.get("rangeKey") else [])]
    if missing := [name for name in names if name not in item]:
        raise ctx.error(f"item: the key {', '.join(missing)} is missing")
    ctx.call(
        "dynamodb",
        "put_item",
        TableName=args["tableName"],
        Item=item,
        ConditionExpression="attribute_not_exists(#key)",
        ExpressionAttributeNames={"#key": args["hashKey"]},
    )
    key = {name: item[name] for name in names}
    ctx.undo("dynamodb", "delete_item", TableName=args["tableName"], Key=key)
    return Made("|".join([args["tableName"], *(str(next(iter(value.values()))) for value in key.values())]))


RESOURCE_TYPES = (
    resource_type(
        "aws:dynamodb/table:Table",
        _TABLE,
        create=_create_table,
        outputs=("arn", "streamArn", "streamLabel"),
        naming=Naming("name", 255),
        tags=True,
        check=_check_table,
        read=_read_table,
    ),
    resource_type(
        "aws:dynamodb/tableItem:TableItem",
        {"tableName": STR, "hashKey": STR, "rangeKey": STR, "item": STR},
        create=_create_table_item,
        check=policy_check("item", check_json),
    ),
)
