"""Checks of AWS identifiers (ARNs, regions, email senders), as far as their text allows."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from pulumi_userprofiles.validation import InvalidArgumentError

REGION = re.compile(r"[a-z]{2,4}(-[a-z]+){1,2}-[1-9][0-9]?")
"""Names of regions in every partition: `eu-central-1`, `us-gov-west-1`, `eusc-de-east-1`."""

_ADDRESS = r"[^\s<>@,;\"]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+"
_SENDER = re.compile(rf"{_ADDRESS}|[^<>@\r\n]*<{_ADDRESS}>")


@dataclass(frozen=True)
class ArnForm:
    """The form of the ARNs of one resource type.

    Attributes:
        resource_type: The resource type, with its article, as messages name it.
        service: The ARN's third part.
        resource: Pattern of the ARN's last part.
        example: An ARN of the resource type.
    """

    resource_type: str
    service: str
    resource: str
    example: str

    def matches(self, arn: str) -> bool:
        """Return whether an ARN has this form."""
        region = REGION.pattern
        pattern = rf"arn:aws[a-z-]*:{self.service}:{region}:[0-9]{{12}}:{self.resource}"
        return re.fullmatch(pattern, arn) is not None


_EXAMPLE = "eu-central-1:111122223333"
FUNCTION_ARN = ArnForm(
    "a Lambda function",
    "lambda",
    r"function:[A-Za-z0-9_-]{1,64}(:[A-Za-z0-9_-]{1,128})?",
    f"arn:aws:lambda:{_EXAMPLE}:function:check-sign-in:live",
)
"""ARNs of functions, their versions and aliases (AWS Lambda API reference, "AddPermission")."""

QUEUE_ARN = ArnForm("an SQS queue", "sqs", r"[A-Za-z0-9_-]{1,80}", f"arn:aws:sqs:{_EXAMPLE}:orders")
"""ARNs of standard queues (Amazon SQS API reference, "CreateQueue"). The functions send to no FIFO queue."""

TABLE_ARN = ArnForm(
    "a DynamoDB table", "dynamodb", r"table/[A-Za-z0-9_.-]{3,255}", f"arn:aws:dynamodb:{_EXAMPLE}:table/users"
)
"""ARNs of tables (Amazon DynamoDB API reference, "CreateTable")."""

SECRET_ARN = ArnForm(
    "a secret",
    "secretsmanager",
    r"secret:[A-Za-z0-9/_+=.@-]+",
    f"arn:aws:secretsmanager:{_EXAMPLE}:secret:twilio-a1b2c3",
)
"""ARNs of secrets (AWS Secrets Manager API reference, "CreateSecret")."""

SECURE_STRING_ARN = ArnForm(
    "a parameter",
    "ssm",
    r"parameter/[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*",
    f"arn:aws:ssm:{_EXAMPLE}:parameter/twilio",
)
"""ARNs of parameters in Parameter Store (AWS Systems Manager API reference, "PutParameter")."""

ARNS = {
    "kms_key_arn": ArnForm("a KMS key", "kms", r"key/[A-Za-z0-9-]+", f"arn:aws:kms:{_EXAMPLE}:key/<key id>"),
    "sender_key_arn": ArnForm(
        "a KMS key", "kms", r"key/[A-Za-z0-9-]+", f"arn:aws:kms:{_EXAMPLE}:key/<key id>"
    ),
    "alarm_topic_arn": ArnForm(
        "an SNS topic", "sns", r"[A-Za-z0-9_-]{1,256}(\.fifo)?", f"arn:aws:sns:{_EXAMPLE}:alarms"
    ),
    "web_acl_arn": ArnForm(
        "a regional AWS WAF web ACL",
        "wafv2",
        r"regional/webacl/[A-Za-z0-9_-]{1,128}/[A-Za-z0-9-]+",
        f"arn:aws:wafv2:{_EXAMPLE}:regional/webacl/<name>/<id>",
    ),
    "users_table_stream_arn": ArnForm(
        "the stream of a DynamoDB table",
        "dynamodb",
        r"table/[A-Za-z0-9_.-]{3,255}/stream/[0-9T:.-]+",
        f"arn:aws:dynamodb:{_EXAMPLE}:table/users/stream/2026-02-04T00:00:00.000",
    ),
    "erasure_queue_arn": QUEUE_ARN,
    "email_from.identity_arn": ArnForm(
        "an SES identity", "ses", r"identity/\S+", f"arn:aws:ses:{_EXAMPLE}:identity/example.com"
    ),
}
"""Arguments that are ARNs of existing resources (AWS Service Authorization Reference)."""


def check_arns(where: str, args: Mapping[str, Any]) -> None:
    """Check the arguments in `ARNS` that are plain text; the text of an output is not known yet.

    Raises:
        InvalidArgumentError: A value is not an ARN, or is the ARN of another resource type.
    """
    for key, form in ARNS.items():
        if args.get(key) is not None:
            _check_arn(where, key, args[key], form)
    if args.get("former_kms_key_arns") is not None:
        _check_former_keys(where, args)


def _check_former_keys(where: str, args: Mapping[str, Any]) -> None:
    keys = args["former_kms_key_arns"]
    if not isinstance(keys, (list, tuple)):
        raise InvalidArgumentError(
            where,
            "'former_kms_key_arns' must be a list",
            got=keys,
            allowed="a list of ARNs of KMS keys",
            fix="Write it as a list.",
            argument="former_kms_key_arns",
        )
    for key in keys:
        _check_arn(where, "former_kms_key_arns", key, ARNS["kms_key_arn"])
        if isinstance(key, str) and key == args.get("kms_key_arn"):
            raise InvalidArgumentError(
                where,
                "'former_kms_key_arns' contains the current key",
                got=key,
                allowed="keys other than 'kms_key_arn'",
                fix="Remove it from the list.",
                argument="former_kms_key_arns",
            )


def matches_form(value: Any, form: ArnForm) -> bool:
    """Return whether a value is an ARN of a form; the text of an output is not known yet."""
    return isinstance(value, pulumi.Output) or (isinstance(value, str) and form.matches(value))


def _check_arn(where: str, key: str, value: Any, form: ArnForm) -> None:
    if matches_form(value, form):
        return
    raise InvalidArgumentError(
        where,
        f"'{key}' must be the ARN of {form.resource_type}",
        got=value,
        allowed=f"an ARN such as {form.example}",
        fix="Copy the ARN of the resource itself, not of an alias.",
        argument=key,
    )


def check_sender(where: str, email_from: Mapping[str, Any]) -> None:
    """Check the SES identity and the sender's address, as far as they are plain text.

    Raises:
        InvalidArgumentError: The identity is not the ARN of an SES identity, or the address is not valid.
    """
    check_arns(where, {"email_from.identity_arn": email_from["identity_arn"]})
    address = email_from["address"]
    if isinstance(address, pulumi.Output) or (isinstance(address, str) and _SENDER.fullmatch(address)):
        return
    raise InvalidArgumentError(
        where,
        "'email_from.address' must be an e-mail address",
        got=address,
        allowed="an address, such as no-reply@example.com or Example <no-reply@example.com>",
        fix="Use an address in the domain of the identity.",
        argument="email_from.address",
    )
