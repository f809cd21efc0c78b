"""Daily backups of tables with AWS Backup."""

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict, Unpack

import pulumi
import pulumi_aws as aws

from pulumi_userprofiles import policies
from pulumi_userprofiles.component import NO_ARGUMENTS, Component, Transforms
from pulumi_userprofiles.identifiers import TABLE_ARN, matches_form
from pulumi_userprofiles.outputs import output_after
from pulumi_userprofiles.policies import PolicyStatement
from pulumi_userprofiles.validation import InvalidArgumentError, boolean, check_required, integer

MAX_RETENTION_DAYS = 3650

_SCHEDULE = "cron(0 5 * * ? *)"
"""Daily at 05:00 UTC; AWS Backup starts the job within the following eight hours (AWS Backup Developer Guide,
"BackupRuleInput", StartWindowMinutes)."""


class TableBackupsArgs(TypedDict):
    """Arguments of `TableBackups`."""

    table_arns: list[pulumi.Input[str]]
    """ARNs of the tables to back up."""

    backup_retention_days: int
    """Days that a backup is kept, 1 to 3,650. The backups contain the data of users who were erased in the
    meantime."""

    protect: NotRequired[bool]
    """Whether Pulumi protects the vault against deletion. Without protection it is deleted with all its
    backups. Default: true."""

    kms_key_arn: NotRequired[pulumi.Input[str]]
    """ARN of the KMS key that encrypts the tables and the backups. A vault keeps the key that it was created
    with. Default: keys that AWS provides."""

    former_kms_key_arns: NotRequired[list[pulumi.Input[str]]]
    """ARNs of KMS keys that `kms_key_arn` named before: the vault, or a table, can still use them. Default:
    none."""

    alarm_topic_arn: NotRequired[pulumi.Input[str]]
    """ARN of the SNS topic that the alarm notifies. Default: the alarm only changes its state."""


class TableBackups(Component):
    """A daily AWS Backup plan for tables, with a vault and a role of its own.

    The tables' point-in-time recovery reaches 35 days back. These backups are kept as long as you choose, in
    a vault that remains if a table is deleted.
    """

    _CHILDREN = ("vault", "role", "policy", "plan", "selection", "alarm")
    _NAME_LIMIT = 32

    vault_name: pulumi.Output[str]
    """Name of the vault with the backups."""

    vault_arn: pulumi.Output[str]
    """ARN of the vault."""

    def __init__(
        self,
        name: str,
        args: TableBackupsArgs = NO_ARGUMENTS,
        opts: pulumi.ResourceOptions | None = None,
        *,
        transforms: Transforms | None = None,
        **keywords: Unpack[TableBackupsArgs],
    ) -> None:
        """Create vault, role, plan and selection.

        Args:
            name: Prefix of the resources' names.
            args: Arguments as a dict.
            opts: Pulumi's resource options.
            transforms: Changes to children.
            keywords: Arguments as keywords, such as `backup_retention_days=90`.

        Raises:
            InvalidArgumentError: An argument is not valid.
        """
        args = self._merged_arguments(name, args, keywords)
        label = self.label(name)
        check_required(label, args, "table_arns", "backup_retention_days")
        _check_table_arns(label, args["table_arns"])
        days = backup_retention_days(label, args)
        protect = boolean(label, args, "protect", True)
        super().__init__(name, args, opts, transforms)

        self.vault = self._make_vault(args, protect)
        self.role = self._make(
            aws.iam.Role, "role", assume_role_policy=policies.trust("backup.amazonaws.com")
        )
        policy = self._make(
            aws.iam.RolePolicy,
            "policy",
            role=self.role.name,
            policy=policies.document(_backup_statements(args, self.vault.arn)),
        )
        self.plan = self._make_plan(args, days, output_after(self.role.arn, policy.id))
        self._alarm(
            "alarm",
            args,
            description="A backup of a table failed: see the jobs of the vault in AWS Backup",
            metric="AWS/Backup NumberOfBackupJobsFailed",
            dimensions={"BackupVaultName": self.vault.name},
        )

        self.vault_name = self.vault.name
        self.vault_arn = self.vault.arn
        self._register_outputs()

    def _make_plan(
        self, args: TableBackupsArgs, days: int | None, role_arn: pulumi.Output[str]
    ) -> aws.backup.Plan:
        """Create the plan and its selection of tables.

        Args:
            args: The component's arguments.
            days: Days that AWS Backup keeps a backup.
            role_arn: The role. AWS Backup checks its rights when the selection is created.
        """
        plan = self._make(
            aws.backup.Plan,
            "plan",
            rules=[
                {
                    "rule_name": "daily",
                    "target_vault_name": self.vault.name,
                    "schedule": _SCHEDULE,
                    "lifecycle": {"delete_after": days},
                }
            ],
        )
        self._make(
            aws.backup.Selection,
            "selection",
            plan_id=plan.id,
            iam_role_arn=role_arn,
            resources=args["table_arns"],
        )
        return plan

    def _make_vault(self, args: TableBackupsArgs, protect: bool) -> aws.backup.Vault:
        return self._make(
            aws.backup.Vault,
            "vault",
            # Another key would replace the vault, and AWS deletes no vault with backups.
            opts=pulumi.ResourceOptions(protect=protect, ignore_changes=["kms_key_arn"]),
            kms_key_arn=args.get("kms_key_arn"),
            force_destroy=not protect,
        )


def backup_retention_days(where: str, args: Mapping[str, Any]) -> int | None:
    """Read the retention of backups; None means no backups except point-in-time recovery.

    Raises:
        InvalidArgumentError: The value is not a whole number, or is out of range.
    """
    return integer(where, args, "backup_retention_days", None, at_least=1, at_most=MAX_RETENTION_DAYS)


def _check_table_arns(where: str, arns: Any) -> None:
    is_list = isinstance(arns, (list, tuple)) and bool(arns)
    if not is_list or not all(matches_form(arn, TABLE_ARN) for arn in arns):
        raise InvalidArgumentError(
            where,
            "'table_arns' must be a list with at least one ARN, each that of a DynamoDB table",
            got=arns,
            allowed=f"a list of ARNs of DynamoDB tables, such as {TABLE_ARN.example}",
            fix="Write it as a list, such as [tables.table_arn].",
            argument="table_arns",
        )


def _backup_statements(args: Mapping[str, Any], vault_arn: pulumi.Output[str]) -> list[PolicyStatement]:
    """Return the rights that AWS Backup needs for DynamoDB.

    They are those statements of the AWS managed policy AWSBackupServiceRolePolicyForBackup that concern
    DynamoDB, vaults, keys and tags, limited to these tables (AWS Backup Developer Guide, "Managed policies
    for AWS Backup", "Customer managed policies").
    """
    table_arns = list(args["table_arns"])
    return [
        {
            "sid": "BackUpTables",
            "actions": [
                "dynamodb:CreateBackup",
                "dynamodb:DescribeTable",
                "dynamodb:ListTagsOfResource",
                "dynamodb:StartAwsBackupJob",
            ],
            "resources": table_arns,
        },
        {
            "sid": "ManageBackups",
            "actions": ["dynamodb:DeleteBackup", "dynamodb:DescribeBackup"],
            "resources": [pulumi.Output.concat(arn, "/backup/*") for arn in table_arns],
        },
        {"sid": "DescribeVault", "actions": ["backup:DescribeBackupVault"], "resources": [vault_arn]},
        {
            "sid": "TagBackups",
            "actions": ["backup:TagResource"],
            "resources": [vault_arn.apply(_recovery_points_of_region)],
        },
        {"sid": "FindTables", "actions": ["tag:GetResources"], "resources": ["*"]},
        *policies.kms_statements(args, "dynamodb", "kms:Decrypt", "kms:GenerateDataKey"),
        *_vault_key_statements(args),
    ]


def _recovery_points_of_region(vault_arn: str) -> str:
    """Return the ARNs of all backups in the vault's account and region: their IDs are not known before."""
    return f"{vault_arn.partition(':backup-vault:')[0]}:recovery-point:*"


def _vault_key_statements(args: Mapping[str, Any]) -> list[PolicyStatement]:
    """Return the rights to let AWS Backup use the vault's key, which can be a former key."""
    current = [] if args.get("kms_key_arn") is None else [args["kms_key_arn"]]
    keys = [*current, *(args.get("former_kms_key_arns") or [])]
    if not keys:
        return []
    return [
        {"sid": "DescribeVaultKey", "actions": ["kms:DescribeKey"], "resources": keys},
        {
            "sid": "GrantVaultKey",
            "actions": ["kms:CreateGrant"],
            "resources": keys,
            "conditions": {"Bool": {"kms:GrantIsForAWSResource": ["true"]}},
        },
    ]
