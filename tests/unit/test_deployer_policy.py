"""The policies in docs/deployer-policy-*.json allow what a deployment calls, and stay below IAM's limits."""

import ast
import fnmatch
import json
from pathlib import Path

import botocore.session
import pytest
from botocore import xform_name

pytestmark = pytest.mark.sample(1)  # every service
ROOT = Path(__file__).resolve().parents[2]
SERVICES = ROOT / "harness" / "pulumi_localaws" / "resources" / "services"
POLICIES = sorted((ROOT / "docs").glob("deployer-policy-*.json"))

# Module with the resource types of a service -> botocore's service, IAM's prefix.
CALLED = [
    ("awslambda", "lambda", "lambda"),
    ("awslambda_triggers", "lambda", "lambda"),
    ("iam", "iam", "iam"),
    ("dynamodb", "dynamodb", "dynamodb"),
    ("sqs", "sqs", "sqs"),
    ("cognito", "cognito-idp", "cognito-idp"),
    ("cognito_clients", "cognito-idp", "cognito-idp"),
    ("cloudwatch", "logs", "logs"),
    ("cloudwatch", "cloudwatch", "cloudwatch"),
    ("s3", "s3", "s3"),
    ("s3_settings", "s3", "s3"),
    ("sfn", "stepfunctions", "states"),
    ("eventbridge", "events", "events"),
    ("backup", "backup", "backup"),
    ("kms", "kms", "kms"),
]

# Operations of resource types that the stack does not create.
OTHER_TYPES = {
    "lambda": "CreateFunctionUrlConfig DeleteFunctionUrlConfig DeleteLayerVersion PublishLayerVersion",
    "events": "CreateEventBus DeleteEventBus",
    "iam": "AttachRolePolicy CreatePolicy DeletePolicy DetachRolePolicy",
    "dynamodb": "DeleteItem PutItem",
    "cognito-idp": "CreateResourceServer CreateUserPoolDomain DeleteResourceServer DeleteUserPoolDomain",
    "cloudwatch": "DeleteDashboards PutDashboard",
    "s3": "DeleteObject PutObject",
    "kms": "CreateAlias DeleteAlias DisableKey",
}

# Operations that IAM knows by another name (Service Authorization Reference, "Actions defined by Amazon S3").
IAM_NAMES = {
    "s3:HeadBucket": "s3:ListBucket",
    "s3:PutBucketEncryption": "s3:PutEncryptionConfiguration",
    "s3:DeleteBucketEncryption": "s3:PutEncryptionConfiguration",
    "s3:PutBucketLifecycleConfiguration": "s3:PutLifecycleConfiguration",
    "s3:DeleteBucketLifecycle": "s3:PutLifecycleConfiguration",
    "s3:PutPublicAccessBlock": "s3:PutBucketPublicAccessBlock",
    "s3:DeletePublicAccessBlock": "s3:PutBucketPublicAccessBlock",
    "s3:DeleteBucketOwnershipControls": "s3:PutBucketOwnershipControls",
    "s3:PutBucketCors": "s3:PutBucketCORS",
    "s3:DeleteBucketCors": "s3:PutBucketCORS",
}

# Called by the provider or by AWS on the deployer's behalf, but not by the local engine.
ALSO_REQUIRED = [
    "iam:PassRole",
    "iam:CreateServiceLinkedRole",  # Amazon Cognito Developer Guide, "Email settings for user pools"
    "states:ValidateStateMachineDefinition",  # by the provider at preview
    # API Gateway Developer Guide, "Configuring logging for an HTTP API"
    *(
        f"logs:{name}"
        for name in ("CreateLogDelivery", "GetLogDelivery", "UpdateLogDelivery", "DeleteLogDelivery")
    ),
    *(f"logs:{name}" for name in ("ListLogDeliveries", "PutResourcePolicy", "DescribeResourcePolicies")),
    "kms:CreateGrant",
    # AWS Backup Developer Guide, "Backup vault creation and deletion", "Required permissions"
    *("backup-storage:MountCapsule", "kms:RetireGrant"),
    # Reads of the provider after it has created a resource
    *(
        f"backup:{name}"
        for name in ("DescribeBackupVault", "GetBackupPlan", "GetBackupSelection", "ListTags")
    ),
    *(f"events:{name}" for name in ("DescribeRule", "ListTargetsByRule", "ListTagsForResource")),
    "kms:Encrypt",
    # Reads and updates of the provider (terraform-provider-aws, resources aws_kms_key and
    # aws_lambda_function_event_invoke_config)
    *(f"kms:{name}" for name in ("GetKeyPolicy", "PutKeyPolicy", "GetKeyRotationStatus")),
    *(f"kms:{name}" for name in ("ListResourceTags", "TagResource", "UpdateKeyDescription")),
    *(f"lambda:{name}FunctionEventInvokeConfig" for name in ("Get", "Update")),
    "wafv2:AssociateWebACL",
    "cognito-idp:AssociateWebACL",
    "apigateway:POST",
    "apigateway:PATCH",
    "apigateway:DELETE",
]


def statements():
    return [statement for path in POLICIES for statement in json.loads(path.read_text())["Statement"]]


def as_list(value):
    return [value] if isinstance(value, str) else value


def allowed_actions():
    return {action for statement in statements() for action in as_list(statement["Action"])}


def called_actions(module, service, prefix):
    """Return the IAM actions of the operations that a module names."""
    model = botocore.session.get_session().get_service_model(service)
    operations = {xform_name(name): name for name in model.operation_names}
    tree = ast.parse((SERVICES / f"{module}.py").read_text())
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    called = {operations[text] for text in texts if text in operations}
    actions = {f"{prefix}:{name}" for name in called - set(OTHER_TYPES.get(service, "").split())}
    return {IAM_NAMES.get(action, action) for action in actions}


@pytest.mark.parametrize(("module", "service", "prefix"), CALLED, ids=lambda value: value)
def test_every_call_of_the_engine_is_allowed(module, service, prefix):
    called = called_actions(module, service, prefix)

    assert len(called) > 1
    assert called - allowed_actions() == set()


def test_calls_that_only_the_provider_makes_are_allowed():
    assert set(ALSO_REQUIRED) - allowed_actions() == set()


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.name)
def test_a_policy_fits_into_a_managed_policy(path):
    """IAM User Guide, "IAM and AWS STS quotas": 6,144 characters without white space."""
    document = json.loads(path.read_text())

    assert len(json.dumps(document, separators=(",", ":"))) <= 6144
    assert len(POLICIES) == 2


def test_no_action_has_a_wildcard():
    assert [action for action in allowed_actions() if "*" in action] == []


def test_a_role_is_passed_only_to_the_services_that_use_one():
    [passing] = [statement for statement in statements() if "iam:PassRole" in as_list(statement["Action"])]

    assert passing["Condition"]["StringEquals"]["iam:PassedToService"] == [
        "backup.amazonaws.com",
        "cognito-idp.amazonaws.com",
        "lambda.amazonaws.com",
        "states.amazonaws.com",
    ]


def test_log_groups_of_the_stack_are_covered():
    golden = json.loads((ROOT / "tests" / "components" / "golden" / "SignupToProfile.json").read_text())
    prefixes = {
        value["inputs"]["namePrefix"].replace("app-", "userprofiles-")
        for value in (golden if isinstance(golden, list) else golden.values())
        if "logGroup" in str(value.get("type")) and "namePrefix" in value["inputs"]
    }
    [group] = [statement for statement in statements() if statement["Sid"] == "LogGroups"]
    patterns = [resource.partition(":log-group:")[2] for resource in group["Resource"]]

    assert len(prefixes) == 2
    assert [
        p for p in prefixes if not any(fnmatch.fnmatchcase(p + "x", pattern) for pattern in patterns)
    ] == []
