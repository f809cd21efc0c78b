"""Cases of DynamoDB."""

import json

from resource_cases.case import TABLE, Case

CASES: dict[str, Case] = {
    TABLE: Case(
        inputs=lambda _: {
            "attributes": [{"name": n, "type": "S"} for n in ("PK", "SK", "listPK", "listSK")],
            "hashKey": "PK",
            "rangeKey": "SK",
            "billingMode": "PAY_PER_REQUEST",
            "globalSecondaryIndexes": [
                {
                    "name": "list",
                    "keySchemas": [
                        {"attributeName": "listPK", "keyType": "HASH"},
                        {"attributeName": "listSK", "keyType": "RANGE"},
                    ],
                    "projectionType": "KEYS_ONLY",
                }
            ],
            "ttl": {"attributeName": "expiresAt", "enabled": True},
            "streamEnabled": True,
            "streamViewType": "NEW_AND_OLD_IMAGES",
            "pointInTimeRecovery": {"enabled": True},
            "serverSideEncryption": {"enabled": True},
            "deletionProtectionEnabled": True,
        },
        probe=lambda client, resource_id, _: client("dynamodb").describe_table(TableName=resource_id)[
            "Table"
        ]["DeletionProtectionEnabled"],
        outputs=("arn", "name", "streamArn", "streamLabel"),
    ),
    "aws:dynamodb/tableItem:TableItem": Case(
        dependencies=(TABLE,),
        inputs=lambda created: {
            "tableName": created[TABLE]["id"],
            "hashKey": "PK",
            "rangeKey": "SK",
            "item": json.dumps({"PK": {"S": "a"}, "SK": {"S": "b"}, "n": {"N": "1"}}),
        },
        probe=lambda client, resource_id, outputs: (
            client("dynamodb")
            .get_item(TableName=outputs["tableName"], Key={"PK": {"S": "a"}, "SK": {"S": "b"}})
            .get("Item")
        ),
        outputs=(),
    ),
}
