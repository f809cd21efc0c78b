"""The single table that holds accounts and profiles, and the audit table beside it."""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from pulumi_userprofiles.component import Component, Transforms
from pulumi_userprofiles.validation import switch

LIST_INDEX = "list"
"""Name of the sparse index that lists users by role: only items with `listPK` are in it."""


class UsersTableArgs(TypedDict):
    """Arguments of `UsersTable`; all can be left out."""

    protect: NotRequired[bool]
    """Whether data is guarded against deletion: deletion protection in AWS, and Pulumi's own `protect`. To
    delete the tables, set false, deploy, then destroy. Default: true."""

    kms_key_arn: NotRequired[pulumi.Input[str]]
    """ARN of the KMS key that encrypts both tables. Default: DynamoDB's own key in the account."""


class UsersTable(Component):
    """A single table (`PK`, `SK`) for accounts and profiles, with its audit table.

    Both are billed on demand, encrypted, recoverable to any second of the last 35 days, and guarded
    against deletion.
    """

    _CHILDREN = ("table", "audit-table")
    _NAME_LIMIT = 200

    table_name: pulumi.Output[str]
    """Name of the users table."""

    table_arn: pulumi.Output[str]
    """ARN of the users table."""

    table_stream_arn: pulumi.Output[str]
    """ARN of the users table's stream, which carries old and new images."""

    audit_table_name: pulumi.Output[str]
    """Name of the audit table."""

    audit_table_arn: pulumi.Output[str]
    """ARN of the audit table."""

    def __init__(
        self,
        name: str,
        args: UsersTableArgs,
        opts: pulumi.ResourceOptions | None = None,
        *,
        transforms: Transforms | None = None,
    ) -> None:
        """Make both tables.

        Args:
            name: Name that the resources' names begin with.
            args: Arguments.
            opts: Pulumi's options.
            transforms: Changes to `table` and `audit-table`.

        Raises:
            InvalidArgumentError: An argument can't be used.
        """
        protect = switch(self.place(name), args, "protect", True)
        super().__init__(name, args, opts, transforms)

        common = {
            "billing_mode": "PAY_PER_REQUEST",
            "hash_key": "PK",
            "range_key": "SK",
            "point_in_time_recovery": {"enabled": True},
            "server_side_encryption": {"enabled": True, "kms_key_arn": args.get("kms_key_arn")},
            "deletion_protection_enabled": protect,
            "opts": pulumi.ResourceOptions(protect=protect),
        }
        self.table = self._make(
            aws.dynamodb.Table,
            "table",
            attributes=[{"name": key, "type": "S"} for key in ("PK", "SK", "listPK", "listSK")],
            global_secondary_indexes=[
                {
                    "name": LIST_INDEX,
                    "key_schemas": [
                        {"attribute_name": "listPK", "key_type": "HASH"},
                        {"attribute_name": "listSK", "key_type": "RANGE"},
                    ],
                    "projection_type": "KEYS_ONLY",
                }
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
