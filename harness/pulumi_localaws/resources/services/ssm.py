"""Systems Manager: parameters."""

from pulumi_localaws.resources.input_schema import BOOL, STR
from pulumi_localaws.resources.resource_type import Args, Context, Made, Naming, resource_type


def _read(ctx: Context, name: str) -> Made:
    found = ctx.call("ssm", "get_parameter", Name=name, WithDecryption=True)["Parameter"]
    outputs = {
        "name": name,
        "arn": found["ARN"],
        "type": found["Type"],
        "value": found["Value"],
        "version": found["Version"],
    }
    return Made(name, outputs)


def _check(args: Args) -> None:
    if ("value" in args) == ("insecureValue" in args):
        raise ValueError("give either value or insecureValue")
    if args.get("type") == "SecureString" and "insecureValue" in args:
        raise ValueError("insecureValue is for String and StringList; a SecureString takes value")


def _create_parameter(ctx: Context, args: Args) -> Made:
    made = ctx.call("ssm", "put_parameter", **ctx.aws(args), Tags=ctx.tag_list())
    ctx.undo("ssm", "delete_parameter", Name=args["name"])
    arn = ctx.arn("ssm", f"parameter/{args['name'].removeprefix('/')}")
    return Made(
        args["name"], {"arn": arn, "version": made.get("Version", 1), "tier": args.get("tier", "Standard")}
    )


RESOURCE_TYPES = (
    resource_type(
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
        aws={"insecureValue": "Value"},
        outputs=("arn", "version"),
        naming=Naming("name", 2048),
        tags=True,
        check=_check,
        read=_read,
    ),
)
