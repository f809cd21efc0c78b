"""Daily backups: retention, rights of AWS Backup, and keys."""

from typing import Any

import pytest
from component_checks import CHECKS, statements
from component_programs import KEY, TABLES, TOPIC, arn
from component_recording import Recording, record
from pulumi_userprofiles import InvalidArgumentError, TableBackups

FORMER = KEY.replace("4000-8000", "4000-9000")
TABLE_ARN = TABLES["users_table_arn"]


def record_backups(**args: Any) -> Recording:
    values = {"table_arns": [TABLE_ARN], "backup_retention_days": 90, **args}
    return record(lambda: TableBackups("backups", values))  # type: ignore[arg-type]


def actions_by_resource(recording: Recording) -> dict[str, set[str]]:
    actions: dict[str, set[str]] = {}
    for item, statement in statements(recording):
        for resource in statement.get("Resource", []) if item["name"] == "backups-policy" else []:
            actions.setdefault(resource, set()).update(statement["Action"])
    return actions


def test_without_retention_the_stack_has_no_backups(stack: Recording) -> None:
    assert stack.of_type("Vault") + stack.of_type("Plan") + stack.of_type("Selection") == []


def test_the_stack_backs_up_users_audit_rows_and_receipts(changed_stack: Recording) -> None:
    assert changed_stack.resource("app-backups-selection").inputs["resources"] == [
        arn("dynamodb", "table/app-data-table-1234567"),
        arn("dynamodb", "table/app-data-audit-table-1234567"),
        arn("dynamodb", "table/app-eraser-receipts-table-1234567"),
    ]
    rule = changed_stack.resource("app-backups-plan").inputs["rules"][0]
    assert (rule["lifecycle"], rule["targetVaultName"]) == ({"deleteAfter": 90}, "app-backups-vault-1234567")
    assert {check.__name__: check(changed_stack) for check in CHECKS} == {
        check.__name__: [] for check in CHECKS
    }


def test_the_role_has_the_rights_that_aws_backup_needs_for_these_tables() -> None:
    assert actions_by_resource(record_backups()) == {
        TABLE_ARN: {
            *("dynamodb:CreateBackup", "dynamodb:DescribeTable", "dynamodb:ListTagsOfResource"),
            "dynamodb:StartAwsBackupJob",
        },
        f"{TABLE_ARN}/backup/*": {"dynamodb:DeleteBackup", "dynamodb:DescribeBackup"},
        arn("backup", "backup-vault:backups-vault-1234567"): {"backup:DescribeBackupVault"},
        arn("backup", "recovery-point:*"): {"backup:TagResource"},
        "*": {"tag:GetResources"},
    }


def test_the_selection_waits_for_the_roles_rights() -> None:
    assert "backups-policy" in record_backups().resource("backups-selection").depends_on


def test_with_keys_the_vault_uses_the_current_one_and_the_role_can_use_all() -> None:
    recording = record_backups(kms_key_arn=KEY, former_kms_key_arns=[FORMER])

    assert recording.resource("backups-vault").inputs["kmsKeyArn"] == KEY
    actions = actions_by_resource(recording)
    assert actions[KEY] == {"kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"}
    assert actions[FORMER] == {"kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey"}


def test_another_key_does_not_replace_the_vault() -> None:
    """AWS deletes no vault with backups, so a replacement would stop the deployment."""
    assert record_backups().resource("backups-vault").ignored_changes == ("kmsKeyArn",)


def test_grants_on_the_key_are_only_for_aws() -> None:
    recording = record_backups(kms_key_arn=KEY)

    conditions = [
        statement.get("Condition")
        for _, statement in statements(recording)
        if "kms:CreateGrant" in statement["Action"]
    ]
    assert conditions == [{"Bool": {"kms:GrantIsForAWSResource": ["true"]}}]


@pytest.mark.parametrize(("protect", "force_destroy"), [(True, False), (False, True)])
def test_a_vault_with_backups_is_deleted_only_without_protection(protect: bool, force_destroy: bool) -> None:
    vault = record_backups(protect=protect).resource("backups-vault")

    assert (vault.protect, vault.inputs["forceDestroy"]) == (protect, force_destroy)


def test_a_failed_backup_notifies_the_topic() -> None:
    alarm = record_backups(alarm_topic_arn=TOPIC).resource("backups-alarm").inputs

    assert (alarm["namespace"], alarm["metricName"]) == ("AWS/Backup", "NumberOfBackupJobsFailed")
    assert (alarm["dimensions"], alarm["alarmActions"]) == (
        {"BackupVaultName": "backups-vault-1234567"},
        [TOPIC],
    )


@pytest.mark.parametrize(
    "table_arns", [[], TABLE_ARN, ["users"], [f"{TABLE_ARN}/stream/2026"], [None]], ids=str
)
def test_tables_must_be_a_list(table_arns: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="'table_arns' must be a list"):
        record_backups(table_arns=table_arns)


@pytest.mark.parametrize("days", [0, 3651, "90", 1.5])
def test_retention_out_of_range_is_refused(days: Any, record_stack: Any) -> None:
    for program in (record_backups, record_stack):
        with pytest.raises(InvalidArgumentError, match="'backup_retention_days' must be a whole number"):
            program(backup_retention_days=days)
