"""AWS Backup: vaults, plans and selections. The emulator stores them; it runs no plan."""

from pulumi_localaws.resources.input_schema import BOOL, INT, STR, STR_LIST, ListOf, MapOf, ObjectOf
from pulumi_localaws.resources.resource_type import (
    AutoNaming,
    Properties,
    ResourceContext,
    ResourceResult,
    define_resource_type,
)

_LIFECYCLE = ObjectOf(
    {"coldStorageAfter": INT, "deleteAfter": INT, "optInToArchiveForSupportedResources": BOOL},
    {"coldStorageAfter": "MoveToColdStorageAfterDays", "deleteAfter": "DeleteAfterDays"},
)
_COPY_ACTION = ObjectOf(
    {"destinationVaultArn": STR, "lifecycle": _LIFECYCLE},
    {"destinationVaultArn": "DestinationBackupVaultArn"},
)
_PLAN_RULE = ObjectOf(
    {
        "ruleName": STR,
        "targetVaultName": STR,
        "completionWindow": INT,
        "copyActions": ListOf(_COPY_ACTION),
        "enableContinuousBackup": BOOL,
        "lifecycle": _LIFECYCLE,
        "recoveryPointTags": MapOf(STR),
        "schedule": STR,
        "scheduleExpressionTimezone": STR,
        "startWindow": INT,
    },
    {
        "targetVaultName": "TargetBackupVaultName",
        "completionWindow": "CompletionWindowMinutes",
        "schedule": "ScheduleExpression",
        "startWindow": "StartWindowMinutes",
    },
)
_TAG_CONDITION = ObjectOf({"key": STR, "value": STR}, {"key": "ConditionKey", "value": "ConditionValue"})
_SELECTION_TAG = ObjectOf(
    {"key": STR, "type": STR, "value": STR},
    {"key": "ConditionKey", "type": "ConditionType", "value": "ConditionValue"},
)
_CONDITIONS = ObjectOf(
    {
        "stringEquals": ListOf(_TAG_CONDITION),
        "stringLikes": ListOf(_TAG_CONDITION),
        "stringNotEquals": ListOf(_TAG_CONDITION),
        "stringNotLikes": ListOf(_TAG_CONDITION),
    },
    {"stringLikes": "StringLike", "stringNotLikes": "StringNotLike"},
)


def _create_vault(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    name = inputs["name"]
    arn = ctx.call(
        "backup", "create_backup_vault", **ctx.to_aws(inputs), BackupVaultTags=dict(ctx.tags) or None
    )["BackupVaultArn"]
    ctx.record_undo("backup", "delete_backup_vault", BackupVaultName=name)
    return ResourceResult(name, {"arn": arn, "recoveryPoints": 0})


def _create_plan(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    plan = ctx.call(
        "backup",
        "create_backup_plan",
        BackupPlan=ctx.to_aws(inputs),
        BackupPlanTags=dict(ctx.tags) or None,
    )
    ctx.record_undo("backup", "delete_backup_plan", BackupPlanId=plan["BackupPlanId"])
    outputs = {"arn": plan["BackupPlanArn"], "version": plan["VersionId"]}
    return ResourceResult(plan["BackupPlanId"], outputs)


def _create_selection(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    selection = ctx.to_aws(inputs)
    if conditions := selection.get("Conditions"):
        # Pulumi has a list of conditions, AWS one object with a list for each operator.
        operators = {operator for condition in conditions for operator in condition}
        selection["Conditions"] = {
            operator: [item for condition in conditions for item in condition.get(operator, [])]
            for operator in sorted(operators)
        }
    selection_id = ctx.call(
        "backup", "create_backup_selection", BackupPlanId=inputs["planId"], BackupSelection=selection
    )["SelectionId"]
    ctx.record_undo(
        "backup", "delete_backup_selection", BackupPlanId=inputs["planId"], SelectionId=selection_id
    )
    return ResourceResult(selection_id)


RESOURCE_TYPES = (
    define_resource_type(
        "aws:backup/vault:Vault",
        {"name": STR, "forceDestroy": BOOL, "kmsKeyArn": STR},
        create=_create_vault,
        aws_names={"name": "BackupVaultName", "forceDestroy": None, "kmsKeyArn": "EncryptionKeyArn"},
        outputs=("arn", "recoveryPoints"),
        naming=AutoNaming("name", 50),
        tags=True,
    ),
    define_resource_type(
        "aws:backup/plan:Plan",
        {
            "name": STR,
            "rules": ListOf(_PLAN_RULE),
            "advancedBackupSettings": ListOf(ObjectOf({"backupOptions": MapOf(STR), "resourceType": STR})),
        },
        create=_create_plan,
        aws_names={"name": "BackupPlanName"},
        outputs=("arn", "version"),
        naming=AutoNaming("name", 50),
        tags=True,
    ),
    define_resource_type(
        "aws:backup/selection:Selection",
        {
            "name": STR,
            "iamRoleArn": STR,
            "planId": STR,
            "conditions": ListOf(_CONDITIONS),
            "notResources": STR_LIST,
            "resources": STR_LIST,
            "selectionTags": ListOf(_SELECTION_TAG),
        },
        create=_create_selection,
        aws_names={"name": "SelectionName", "planId": None, "selectionTags": "ListOfTags"},
        naming=AutoNaming("name", 50),
    ),
)
