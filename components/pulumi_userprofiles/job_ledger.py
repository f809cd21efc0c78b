"""The table that records the runs of long jobs, and their progress."""

from typing import NotRequired, TypedDict, Unpack

import pulumi
import pulumi_aws as aws

from pulumi_userprofiles.component import NO_ARGUMENTS, Component, Transforms
from pulumi_userprofiles.validation import boolean


class JobLedgerArgs(TypedDict):
    """Arguments of `JobLedger`; all are optional."""

    protect: NotRequired[bool]
    """Whether the table is protected against deletion, by AWS (deletion protection) and by Pulumi
    (`protect`). To delete the table, set false, deploy, then destroy. Default: true."""

    kms_key_arn: NotRequired[pulumi.Input[str]]
    """ARN of the KMS key that encrypts the table. Default: the AWS managed key for DynamoDB in the
    account."""


class JobLedger(Component):
    """The ledger: a table (`PK`, `SK`) with a record of each run, its leases and the progress of its units.

    It is a table of its own, because every row of an old users table is a user.
    """

    _CHILDREN = ("table",)
    _NAME_LIMIT = 200

    table_name: pulumi.Output[str]
    """Name of the table."""

    table_arn: pulumi.Output[str]
    """ARN of the table."""

    def __init__(
        self,
        name: str,
        args: JobLedgerArgs = NO_ARGUMENTS,
        opts: pulumi.ResourceOptions | None = None,
        *,
        transforms: Transforms | None = None,
        **keywords: Unpack[JobLedgerArgs],
    ) -> None:
        """Create the table.

        Args:
            name: Prefix of the resources' names.
            args: Arguments as a dict.
            opts: Pulumi's resource options.
            transforms: Changes to `table`.
            keywords: Arguments as keywords, such as `protect=False`.

        Raises:
            InvalidArgumentError: An argument is not valid.
        """
        args = self._merged_arguments(name, args, keywords)
        protect = boolean(self.label(name), args, "protect", True)
        super().__init__(name, args, opts, transforms)

        self.table = self._make(
            aws.dynamodb.Table,
            "table",
            opts=pulumi.ResourceOptions(protect=protect),
            attributes=[{"name": key, "type": "S"} for key in ("PK", "SK")],
            hash_key="PK",
            range_key="SK",
            billing_mode="PAY_PER_REQUEST",
            point_in_time_recovery={"enabled": True},
            server_side_encryption={"enabled": True, "kms_key_arn": args.get("kms_key_arn")},
            deletion_protection_enabled=protect,
        )

        self.table_name = self.table.name
        self.table_arn = self.table.arn
        self._register_outputs()
