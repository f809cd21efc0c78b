"""Policy documents: which rights may name no resource and why, and what every queue and bucket refuses."""

from collections.abc import Sequence
from typing import Any, NotRequired, TypedDict

import pulumi

from pulumi_userprofiles.validation import InvalidArgumentError

TRACING = ("xray:PutTelemetryRecords", "xray:PutTraceSegments")
"""What a function needs to be traced."""

SAMPLING = ("xray:GetSamplingRules", "xray:GetSamplingTargets")
"""What a state machine needs beside, to be traced."""

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
"""What a state machine needs to write its log (AWS Step Functions Developer Guide, "Logging")."""

ANY_RESOURCE = {
    "sns:Publish": "a text message goes to a phone number, which has no ARN",
    **dict.fromkeys((*TRACING, *SAMPLING), "X-Ray can't limit these rights to a resource"),
    **dict.fromkeys(LOG_DELIVERY, "CloudWatch Logs can't limit log delivery to a resource"),
}
"""The only actions that may be allowed on `*`, each with the reason (AWS Service Authorization Reference)."""


class PolicyStatement(TypedDict):
    """Rights that a role gets: some actions on some resources."""

    sid: str
    """What the statement is for: letters and digits."""

    actions: list[str]
    """Names of actions, written out: no `*`."""

    resources: list[pulumi.Input[str]]
    """ARNs. `*` only for actions that AWS can't limit to a resource."""

    conditions: NotRequired[dict[str, dict[str, list[pulumi.Input[str]]]]]
    """Operator to condition key to values. Default: none."""


def key_rights(key_arn: pulumi.Input[str] | None, service: str, *actions: str) -> list["PolicyStatement"]:
    """Return rights on a KMS key that count only for what one AWS service does for the role.

    Args:
        key_arn: ARN of the key; without one there are no rights.
        service: First part of the service's host name, such as `sqs`.
        actions: The rights' actions.
    """
    if key_arn is None:
        return []
    via = pulumi.Output.from_input(key_arn).apply(lambda arn: _host(service, arn))
    return [
        {
            "sid": f"UseTheKeyBy{service.capitalize()}",
            "actions": list(actions),
            "resources": [key_arn],
            "conditions": {"StringEquals": {"kms:ViaService": [via]}},
        }
    ]


def _host(service: str, arn: str) -> str:
    """Name a service's host where an ARN's resource is (AWS KMS Developer Guide, "kms:ViaService")."""
    _, partition, _, region, *_ = [*arn.split(":"), "", "", "", ""]
    return f"{service}.{region}.amazonaws.com" + (".cn" if partition == "aws-cn" else "")


def check_statements(where: str, statements: Sequence[PolicyStatement]) -> None:
    """Refuse rights that are wider than they have to be.

    Raises:
        InvalidArgumentError: An action has a `*`, or a resource is `*` without need.
    """
    for statement in statements:
        for action in statement["actions"]:
            if "*" in action or ":" not in action:
                raise InvalidArgumentError(
                    where,
                    "a right has to name its action",
                    got=action,
                    allowed="an action such as dynamodb:PutItem",
                    fix="Write out the actions that the function calls.",
                )
        needless = [action for action in statement["actions"] if action not in ANY_RESOURCE]
        if "*" in statement["resources"] and needless:
            raise InvalidArgumentError(
                where,
                f"a right to {needless[0]} has to name its resource",
                got="*",
                allowed="the resource's ARN",
                fix="Give the ARN that the resource has as an output.",
            )


def document(statements: Sequence[PolicyStatement]) -> pulumi.Output[str]:
    """Write statements as a policy document, as JSON."""
    return pulumi.Output.json_dumps(
        {"Version": "2012-10-17", "Statement": [_allow(item) for item in statements]}
    )


def _allow(statement: PolicyStatement) -> dict[str, Any]:
    allowed: dict[str, Any] = {
        "Sid": statement["sid"],
        "Effect": "Allow",
        "Action": list(statement["actions"]),
        "Resource": list(statement["resources"]),
    }
    if statement.get("conditions"):
        allowed["Condition"] = statement["conditions"]
    return allowed


def trust(service: str, condition: dict[str, Any] | None = None) -> pulumi.Output[str]:
    """Write the trust policy of a role that one AWS service takes on."""
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
    }
    if condition:
        statement["Condition"] = condition
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": [statement]})


def tls_only(service: str, *resources: pulumi.Input[str]) -> pulumi.Output[str]:
    """Write a resource's policy that refuses whatever comes without TLS.

    A denial is as wide as the service: an action left out would be let through unencrypted.
    """
    return pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "RefuseWithoutTls",
                    "Effect": "Deny",
                    "Principal": "*",
                    "Action": f"{service}:*",
                    "Resource": list(resources),
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                }
            ],
        }
    )


def once(value: pulumi.Input[str], *ready: pulumi.Input[Any]) -> pulumi.Output[str]:
    """Return a value that is known only when others are: who uses it comes after them."""
    return pulumi.Output.all(value, *ready).apply(lambda known: str(known[0]))


def account_of(arn: pulumi.Input[str]) -> pulumi.Output[str]:
    """Return the account that an ARN names."""
    return pulumi.Output.from_input(arn).apply(lambda text: text.split(":")[4])
