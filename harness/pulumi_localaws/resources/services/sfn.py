"""Step Functions: state machines."""

from pulumi_localaws.resources.input_schema import BOOL, INT, STR, Obj
from pulumi_localaws.resources.policy_documents import check_json, policy_check
from pulumi_localaws.resources.resource_type import Args, Context, Made, Naming, resource_type


def _logging(args: Args) -> Args | None:
    if "loggingConfiguration" not in args:
        return None
    given = args["loggingConfiguration"]
    made = {name: given[name] for name in ("level", "includeExecutionData") if name in given}
    if given.get("logDestination"):
        made["destinations"] = [{"cloudWatchLogsLogGroup": {"logGroupArn": given["logDestination"]}}]
    return made


def _check_machine(args: Args) -> None:
    policy_check("definition", check_json)(args)
    destination = args.get("loggingConfiguration", {}).get("logDestination")
    if destination and not destination.endswith(":*"):
        raise ValueError(
            "loggingConfiguration.logDestination: a log group's ARN followed by :* is expected, not"
            f" {destination!r}"
        )


def _create_state_machine(ctx: Context, args: Args) -> Made:
    made = ctx.call(
        "stepfunctions",
        "create_state_machine",
        name=args["name"],
        definition=args["definition"],
        roleArn=args["roleArn"],
        type=args.get("type", "STANDARD"),
        encryptionConfiguration=args.get("encryptionConfiguration"),
        loggingConfiguration=_logging(args),
        tracingConfiguration=args.get("tracingConfiguration"),
        publish=args.get("publish"),
        tags=ctx.tag_list("key", "value"),
    )
    arn = made["stateMachineArn"]
    ctx.undo("stepfunctions", "delete_state_machine", stateMachineArn=arn)
    return Made(
        arn,
        {
            "arn": arn,
            "creationDate": made["creationDate"].isoformat(),
            "status": "ACTIVE",
            "revisionId": "",
            "stateMachineVersionArn": made.get("stateMachineVersionArn", ""),
            "type": args.get("type", "STANDARD"),
        },
    )


RESOURCE_TYPES = (
    resource_type(
        "aws:sfn/stateMachine:StateMachine",
        {
            "name": STR,
            "definition": STR,
            "roleArn": STR,
            "encryptionConfiguration": Obj(
                {"kmsDataKeyReusePeriodSeconds": INT, "kmsKeyId": STR, "type": STR}
            ),
            "loggingConfiguration": Obj({"includeExecutionData": BOOL, "level": STR, "logDestination": STR}),
            "publish": BOOL,
            "tracingConfiguration": Obj({"enabled": BOOL}),
            "type": STR,
        },
        create=_create_state_machine,
        outputs=("arn", "creationDate", "status", "revisionId", "stateMachineVersionArn"),
        naming=Naming("name", 80, prefix="namePrefix"),
        tags=True,
        check=_check_machine,
    ),
)
