"""Systems Manager: parameters."""

from pulumi_localaws.resources.input_schema import BOOL, STR
from pulumi_localaws.resources.resource_type import (
    AutoNaming,
    Properties,
    ResourceContext,
    ResourceResult,
    define_resource_type,
)


def _read_parameter(ctx: ResourceContext, name: str) -> ResourceResult:
    parameter = ctx.call("ssm", "get_parameter", Name=name, WithDecryption=True)["Parameter"]
    outputs = {
        "name": name,
        "arn": parameter["ARN"],
        "type": parameter["Type"],
        "value": parameter["Value"],
        "version": parameter["Version"],
    }
    return ResourceResult(name, outputs)


def _check_parameter(inputs: Properties) -> None:
    if ("value" in inputs) == ("insecureValue" in inputs):
        problem = "are both set" if "value" in inputs else "are missing"
        raise ValueError(f"value and insecureValue {problem}. Set exactly one of them")
    if inputs.get("type") == "SecureString" and "insecureValue" in inputs:
        raise ValueError(
            "insecureValue is allowed for the types String and StringList only. Use value for a SecureString"
        )


def _create_parameter(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    version = ctx.call("ssm", "put_parameter", **ctx.to_aws(inputs), Tags=ctx.build_tag_list()).get(
        "Version", 1
    )
    ctx.record_undo("ssm", "delete_parameter", Name=inputs["name"])
    arn = ctx.build_arn("ssm", f"parameter/{inputs['name'].removeprefix('/')}")
    return ResourceResult(
        inputs["name"], {"arn": arn, "version": version, "tier": inputs.get("tier", "Standard")}
    )


RESOURCE_TYPES = (
    define_resource_type(
        "aws:ssm/parameter:Parameter",
        {
            "name": STR,
            "type": STR,
            "value": STR,
            "insecureValue": STR,
            "allowedPattern": STR,
            "dataType": STR,
            "description": STR,
            "keyId": STR,
            "overwrite": BOOL,
            "tier": STR,
        },
        create=_create_parameter,
        aws_names={"insecureValue": "Value"},
        outputs=("arn", "version"),
        naming=AutoNaming("name", 2048),
        tags=True,
        check=_check_parameter,
        read=_read_parameter,
    ),
)
