"""Policy documents, and the rules for them: which actions are allowed on all resources, and why."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NotRequired, TypedDict

import pulumi

from pulumi_userprofiles.validation import InvalidArgumentError

TRACING = ("xray:PutTelemetryRecords", "xray:PutTraceSegments")
"""Actions that X-Ray tracing of a function needs."""

SAMPLING = ("xray:GetSamplingRules", "xray:GetSamplingTargets")
"""Further actions that X-Ray tracing of a state machine needs."""

LOG_DELIVERY = (
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
)
"""Actions that logging of a state machine needs (AWS Step Functions Developer Guide, "Logging")."""

ANY_RESOURCE = {
    "sns:Publish": "a text message goes to a phone number, which has no ARN",
    **dict.fromkeys((*TRACING, *SAMPLING), "X-Ray does not support resource-level permissions"),
    **dict.fromkeys(LOG_DELIVERY, "CloudWatch Logs cannot limit log delivery to a resource"),
    "tag:GetResources": "AWS Backup requires it of the role of a selection; it has no resource",
}
"""The only actions that are allowed on `*`, each with the reason (AWS Service Authorization Reference)."""


_DNS_SUFFIXES = {"aws-cn": "amazonaws.com.cn", "aws-eusc": "amazonaws.eu"}
"""DNS suffixes of partitions that do not use `amazonaws.com` (botocore, `partitions.json`)."""


class PolicyStatement(TypedDict):
    """Rights of a role: some actions on some resources."""

    sid: str
    """Purpose of the statement: letters and digits."""

    actions: list[str]
    """Full names of actions, without `*`."""

    resources: list[pulumi.Input[str]]
    """ARNs. `*` is allowed only with actions that AWS cannot limit to a resource."""

    conditions: NotRequired[dict[str, dict[str, list[pulumi.Input[str]]]]]
    """Condition operator to condition key to values. Default: none."""

    denied_resources: NotRequired[list[pulumi.Input[str]]]
    """ARNs on which the actions are denied, although `resources` contains them. Default: none."""


def kms_statements(args: Mapping[str, Any], service: str, *actions: str) -> list[PolicyStatement]:
    """Return rights to KMS keys that apply only to requests which an AWS service makes for the role.

    Args:
        args: A component's arguments, of which `kms_key_arn` and `former_kms_key_arns` are used.
        service: First part of the service's host name, such as `sqs`.
        actions: Actions on the key. Former keys only decrypt.
    """
    key_arn = args.get("kms_key_arn")
    current = [] if key_arn is None else [key_arn]
    former = list(args.get("former_kms_key_arns") or [])
    return [
        {
            "sid": f"{purpose}Via{service.capitalize()}",
            "actions": allowed,
            "resources": keys,
            "conditions": {"StringEquals": {"kms:ViaService": _service_hosts(service, keys)}},
        }
        for purpose, keys, allowed in (
            ("UseKey", current, list(actions)),
            ("ReadFormerKeys", former, ["kms:Decrypt"]),
        )
        if keys
    ]


def _service_hosts(service: str, keys: Sequence[pulumi.Input[str]]) -> list[pulumi.Input[str]]:
    return [pulumi.Output.from_input(key).apply(partial(_service_host, service)) for key in keys]


def _service_host(service: str, arn: str) -> str:
    """Return a service's host in an ARN's region (AWS KMS Developer Guide, "kms:ViaService")."""
    _, partition, _, region, *_ = [*arn.split(":"), "", "", "", ""]
    return f"{service}.{region}.{_DNS_SUFFIXES.get(partition, 'amazonaws.com')}"


def check_statements(where: str, statements: Sequence[PolicyStatement]) -> None:
    """Reject rights that are wider than necessary.

    Raises:
        InvalidArgumentError: An action has a `*`, or a resource is `*` without need.
    """
    for statement in statements:
        for action in statement["actions"]:
            if "*" in action or ":" not in action:
                raise InvalidArgumentError(
                    where,
                    "a statement must name its actions in full",
                    got=action,
                    allowed="an action such as dynamodb:PutItem",
                    fix="List the actions that the function calls.",
                )
        limitable = [action for action in statement["actions"] if action not in ANY_RESOURCE]
        if "*" in statement["resources"] and limitable:
            raise InvalidArgumentError(
                where,
                f"a statement with {limitable[0]} must name its resources",
                got="*",
                allowed="the resource's ARN",
                fix="Use the ARN from the resource's outputs.",
            )


def document(statements: Sequence[PolicyStatement]) -> pulumi.Output[str]:
    """Return a policy document as JSON."""
    return pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [part for item in statements for part in (_allow_statement(item), *_denials(item))],
        }
    )


def _allow_statement(statement: PolicyStatement) -> dict[str, Any]:
    allow: dict[str, Any] = {
        "Sid": statement["sid"],
        "Effect": "Allow",
        "Action": list(statement["actions"]),
        "Resource": list(statement["resources"]),
    }
    if statement.get("conditions"):
        allow["Condition"] = statement["conditions"]
    return allow


def _denials(statement: PolicyStatement) -> list[dict[str, Any]]:
    """Return the statement that denies the actions on `denied_resources`, if there are any."""
    denied_resources = statement.get("denied_resources")
    if not denied_resources:
        return []
    return [
        {
            "Sid": f"{statement['sid']}Denied",
            "Effect": "Deny",
            "Action": list(statement["actions"]),
            "Resource": list(denied_resources),
        }
    ]


def text_message_statement(arn: pulumi.Input[str]) -> PolicyStatement:
    """Return the right to send text messages with Amazon SNS, and to publish to nothing else.

    The resource of a text message is its phone number, which is not an ARN: "not authorized to perform:
    SNS:Publish on resource: +1xxxxxxxxx" (github.com/Miserlou/Zappa, issue 1941). Topics and mobile devices
    have ARNs. An allowed `*` and denied ARNs send text messages only (github.com/aws-amplify/amplify-cli,
    issue 9871).

    Args:
        arn: ARN of any resource in the same partition.
    """
    topics = pulumi.Output.from_input(arn).apply(lambda text: f"arn:{text.split(':')[1]}:sns:*:*:*")
    return {
        "sid": "SendTextMessages",
        "actions": ["sns:Publish"],
        "resources": ["*"],
        "denied_resources": [topics],
    }


def trust(service: str, condition: dict[str, Any] | None = None) -> pulumi.Output[str]:
    """Return the trust policy of a role that one AWS service assumes."""
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
    }
    if condition:
        statement["Condition"] = condition
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": [statement]})


def key_of_account(root: pulumi.Input[str]) -> pulumi.Output[str]:
    """Return the policy of a KMS key that the account's IAM policies control.

    It is the policy that KMS gives a key by default (AWS KMS Developer Guide, "Default key policy").

    Args:
        root: ARN of the account's root user.
    """
    return pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "EnableIamPolicies",
                    "Effect": "Allow",
                    "Principal": {"AWS": root},
                    "Action": "kms:*",
                    "Resource": "*",
                }
            ],
        }
    )


def tls_only(service: str, *resources: pulumi.Input[str]) -> pulumi.Output[str]:
    """Return a resource policy that denies every request without TLS.

    The denial covers all actions of the service: an action that it omits would be allowed unencrypted.
    """
    return pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "DenyWithoutTls",
                    "Effect": "Deny",
                    "Principal": "*",
                    "Action": f"{service}:*",
                    "Resource": list(resources),
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                }
            ],
        }
    )
