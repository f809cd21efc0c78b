"""The single table that holds accounts and profiles, and the audit table."""

from typing import Any, NotRequired, TypedDict, Unpack

import pulumi
import pulumi_aws as aws
from userprofiles.table.record import ROLE_INDEX, STATUS_INDEX

from pulumi_userprofiles.component import NO_ARGUMENTS, Component, Transforms
from pulumi_userprofiles.validation import boolean

LIST_INDEX = ROLE_INDEX
"""Name of the sparse index that lists users by role. It contains only items with `listPK`."""

STATUS_LIST_INDEX = STATUS_INDEX
"""Name of the sparse index that lists users by role and status: only items with `statusListPK`."""


def _index_inputs(name: str, partition_key: str) -> dict[str, Any]:
    return {
        "name": name,
        "key_schemas": [
            {"attribute_name": partition_key, "key_type": "HASH"},
            {"attribute_name": "listSK", "key_type": "RANGE"},
        ],
        "projection_type": "KEYS_ONLY",
    }


class UsersTableArgs(TypedDict):
    """Arguments of `UsersTable`; all are optional."""

    protect: NotRequired[bool]
    """Whether the tables are protected against deletion, by AWS (deletion protection) and by Pulumi
    (`protect`). To delete the tables, set false, deploy, then destroy. Default: true."""

    kms_key_arn: NotRequired[pulumi.Input[str]]
    """ARN of the KMS key that encrypts both tables. Default: the AWS managed key for DynamoDB in the
    account."""


class UsersTable(Component):
    """A single table (`PK`, `SK`) for accounts and profiles, and its audit table.

    Both tables are billed on demand, encrypted and protected against deletion. They can be restored to any
    second of the last 35 days.
    """

    _CHILDREN = ("table", "audit-table")
    _NAME_LIMIT = 200

    table_name: pulumi.Output[str]
    """Name of the users table."""

    table_arn: pulumi.Output[str]
    """ARN of the users table."""

    table_stream_arn: pulumi.Output[str]
    """ARN of the users table's stream, which contains old and new images."""

    audit_table_name: pulumi.Output[str]
    """Name of the audit table."""

    audit_table_arn: pulumi.Output[str]
    """ARN of the audit table."""

    def __init__(
        self,
        name: str,
        args: UsersTableArgs = NO_ARGUMENTS,
        opts: pulumi.ResourceOptions | None = None,
        *,
        transforms: Transforms | None = None,
        **keywords: Unpack[UsersTableArgs],
    ) -> None:
        """Create both tables.

        Args:
            name: Prefix of the resources' names.
            args: Arguments as a dict.
            opts: Pulumi's resource options.
            transforms: Changes to `table` and `audit-table`.
            keywords: Arguments as keywords, such as `protect=False`.

        Raises:
            InvalidArgumentError: An argument is not valid.
        """
        args = self._merged_arguments(name, args, keywords)
        protect = boolean(self.label(name), args, "protect", True)
        super().__init__(name, args, opts, transforms)

        common = _common_inputs(args, protect)
        self.table = self._make(
            aws.dynamodb.Table,
            "table",
            attributes=[
                {"name": key, "type": "S"} for key in ("PK", "SK", "listPK", "listSK", "statusListPK")
            ],
            global_secondary_indexes=[
                _index_inputs(LIST_INDEX, "listPK"),
                _index_inputs(STATUS_LIST_INDEX, "statusListPK"),
            ],
            ttl={"attribute_name": "expiresAt", "enabled": True},
            stream_enabled=True,
            stream_view_type="NEW_AND_OLD_IMAGES",
            **common,
        )
        self.audit_table = self._make(
            aws.dynamodb.Table,
            "audit-table",
            attributes=[{"name": key, "type": "S"} for key in ("PK", "SK")],
            **common,
        )

        self.table_name = self.table.name
        self.table_arn = self.table.arn
        self.table_stream_arn = self.table.stream_arn
        self.audit_table_name = self.audit_table.name
        self.audit_table_arn = self.audit_table.arn
        self._register_outputs()


def _common_inputs(args: UsersTableArgs, protect: bool) -> dict[str, Any]:
    return {
        "billing_mode": "PAY_PER_REQUEST",
        "hash_key": "PK",
        "range_key": "SK",
        "point_in_time_recovery": {"enabled": True},
        "server_side_encryption": {"enabled": True, "kms_key_arn": args.get("kms_key_arn")},
        "deletion_protection_enabled": protect,
        "opts": pulumi.ResourceOptions(protect=protect),
    }
