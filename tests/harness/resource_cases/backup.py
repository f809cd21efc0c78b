"""Cases of AWS Backup."""

from resource_cases.case import PLAN, ROLE, TABLE, Case

_VAULT = "aws:backup/vault:Vault"

CASES: dict[str, Case] = {
    _VAULT: Case(
        inputs=lambda _: {"tags": {"team": "a"}},
        probe=lambda client, resource_id, _: client("backup").describe_backup_vault(
            BackupVaultName=resource_id
        )["BackupVaultArn"],
        outputs=("arn", "name"),
    ),
    PLAN: Case(
        dependencies=(_VAULT,),
        inputs=lambda created: {
            "rules": [
                {
                    "ruleName": "daily",
                    "targetVaultName": created[_VAULT]["name"],
                    "schedule": "cron(0 5 ? * * *)",
                    "startWindow": 60.0,
                    "completionWindow": 180.0,
                    "lifecycle": {"coldStorageAfter": 30.0, "deleteAfter": 120.0},
                }
            ]
        },
        probe=lambda client, resource_id, _: client("backup").get_backup_plan(BackupPlanId=resource_id)[
            "BackupPlan"
        ]["Rules"][0]["Lifecycle"]["DeleteAfterDays"],
        outputs=("arn", "version", "name"),
    ),
    "aws:backup/selection:Selection": Case(
        dependencies=(_VAULT, PLAN, ROLE, TABLE),
        inputs=lambda created: {
            "planId": created[PLAN]["id"],
            "iamRoleArn": created[ROLE]["arn"],
            "resources": [created[TABLE]["arn"]],
            "conditions": [{"stringEquals": [{"key": "aws:ResourceTag/team", "value": "a"}]}],
            "selectionTags": [{"type": "STRINGEQUALS", "key": "team", "value": "a"}],
        },
        probe=lambda client, resource_id, outputs: client("backup").get_backup_selection(
            BackupPlanId=outputs["planId"], SelectionId=resource_id
        )["BackupSelection"]["Conditions"]["StringEquals"],
        outputs=("name",),
    ),
}
