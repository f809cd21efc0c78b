"""Checks of what AWS names things by (ARNs, regions, senders), as far as their text tells."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from pulumi_userprofiles.validation import InvalidArgumentError

REGION = re.compile(r"[a-z]{2,4}(-[a-z]+){1,2}-[1-9][0-9]?")
"""The form of a region's name, in every partition: `eu-central-1`, `us-gov-west-1`, `eusc-de-east-1`."""

_ADDRESS = r"[^\s<>@,;\"]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+"
_SENDER = re.compile(rf"{_ADDRESS}|[^<>@\r\n]*<{_ADDRESS}>")


@dataclass(frozen=True)
class ArnForm:
    """What ARNs of one kind of resource look like.

    Attributes:
        what: The kind of resource, for people, with its article.
        service: The ARN's third part.
        resource: The ARN's last part, a pattern.
        example: An ARN of the kind.
    """

    what: str
    service: str
    resource: str
    example: str

    def fits(self, arn: str) -> bool:
        """Say whether an ARN is of this kind."""
        region = REGION.pattern
        pattern = rf"arn:aws[a-z-]*:{self.service}:{region}:[0-9]{{12}}:{self.resource}"
        return re.fullmatch(pattern, arn) is not None


_HERE = "eu-central-1:111122223333"
ARNS = {
    "kms_key_arn": ArnForm("a KMS key", "kms", r"key/[A-Za-z0-9-]+", f"arn:aws:kms:{_HERE}:key/<key id>"),
    "alarm_topic_arn": ArnForm(
        "an SNS topic", "sns", r"[A-Za-z0-9_-]{1,256}(\.fifo)?", f"arn:aws:sns:{_HERE}:alarms"
    ),
    "web_acl_arn": ArnForm(
        "a regional web ACL of AWS WAF",
        "wafv2",
        r"regional/webacl/[A-Za-z0-9_-]{1,128}/[A-Za-z0-9-]+",
        f"arn:aws:wafv2:{_HERE}:regional/webacl/<name>/<id>",
    ),
    "email_from.identity_arn": ArnForm(
        "an SES identity", "ses", r"identity/\S+", f"arn:aws:ses:{_HERE}:identity/example.com"
    ),
}
"""Arguments that are ARNs of somebody else's resources (AWS Service Authorization Reference)."""


def check_arns(where: str, args: Mapping[str, Any]) -> None:
    """Check whatever of `ARNS` the arguments have as plain text; an output's text isn't known yet.

    Raises:
        InvalidArgumentError: One is no ARN, or one of another kind of resource.
    """
    for key in ARNS:
        if args.get(key) is not None:
            _check_arn(where, key, args[key])


def _check_arn(where: str, key: str, value: Any) -> None:
    form = ARNS[key]
    if isinstance(value, pulumi.Output) or (isinstance(value, str) and form.fits(value)):
        return
    raise InvalidArgumentError(
        where,
        f"'{key}' is no ARN of {form.what}",
        got=value,
        allowed=f"an ARN such as {form.example}",
        fix="Copy the ARN as AWS shows it, of the resource itself and not of an alias.",
        argument=key,
    )


def check_sender(where: str, email_from: Mapping[str, Any]) -> None:
    """Check identity and address that mails come from, as far as they are plain text.

    Raises:
        InvalidArgumentError: The identity is no ARN of one in SES, or the address is no address.
    """
    check_arns(where, {"email_from.identity_arn": email_from["identity_arn"]})
    address = email_from["address"]
    if isinstance(address, pulumi.Output) or (isinstance(address, str) and _SENDER.fullmatch(address)):
        return
    raise InvalidArgumentError(
        where,
        "'email_from.address' is no address to send from",
        got=address,
        allowed="an address, such as no-reply@example.com or Example <no-reply@example.com>",
        fix="Give one of the identity's domain.",
        argument="email_from.address",
    )
