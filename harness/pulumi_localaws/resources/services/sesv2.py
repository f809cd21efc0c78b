"""SES: identities that send email."""

from pulumi_localaws.resources.input_schema import STR
from pulumi_localaws.resources.resource_type import (
    Properties,
    ResourceContext,
    ResourceResult,
    define_resource_type,
)


def _create_email_identity(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    identity = ctx.call("sesv2", "create_email_identity", **ctx.to_aws(inputs), Tags=ctx.build_tag_list())
    name = inputs["emailIdentity"]
    ctx.record_undo("sesv2", "delete_email_identity", EmailIdentity=name)
    return ResourceResult(
        name,
        {
            "arn": ctx.build_arn("ses", f"identity/{name}"),
            "identityType": identity["IdentityType"],
            "verifiedForSendingStatus": identity["VerifiedForSendingStatus"],
        },
    )


RESOURCE_TYPES = (
    define_resource_type(
        "aws:sesv2/emailIdentity:EmailIdentity",
        {"emailIdentity": STR, "configurationSetName": STR},
        create=_create_email_identity,
        outputs=("arn", "identityType", "verifiedForSendingStatus"),
        tags=True,
    ),
)
