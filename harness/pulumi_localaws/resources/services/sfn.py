"""Step Functions: state machines."""

from pulumi_localaws.resources.document_checks import build_property_check, check_json_object
from pulumi_localaws.resources.input_schema import BOOL, INT, STR, ObjectOf
from pulumi_localaws.resources.resource_type import (
    AutoNaming,
    Properties,
    ResourceContext,
    ResourceResult,
    define_resource_type,
)


def _build_logging_configuration(inputs: Properties) -> Properties | None:
    if "loggingConfiguration" not in inputs:
        return None
    logging = inputs["loggingConfiguration"]
    configuration = {name: logging[name] for name in ("level", "includeExecutionData") if name in logging}
    if logging.get("logDestination"):
        log_group = {"logGroupArn": logging["logDestination"]}
        configuration["destinations"] = [{"cloudWatchLogsLogGroup": log_group}]
    return configuration


def _check_state_machine(inputs: Properties) -> None:
    build_property_check("definition", check_json_object)(inputs)
    destination = inputs.get("loggingConfiguration", {}).get("logDestination")
    if destination and not destination.endswith(":*"):
        raise ValueError(
            f"loggingConfiguration.logDestination is {destination!r}; it must be the ARN of a log group,"
            " followed by :*"
        )


def _create_state_machine(ctx: ResourceContext, inputs: Properties) -> ResourceResult:
    state_machine = ctx.call(
        "stepfunctions",
        "create_state_machine",
        name=inputs["name"],
        definition=inputs["definition"],
        roleArn=inputs["roleArn"],
        type=inputs.get("type", "STANDARD"),
        encryptionConfiguration=inputs.get("encryptionConfiguration"),
        loggingConfiguration=_build_logging_configuration(inputs),
        tracingConfiguration=inputs.get("tracingConfiguration"),
        publish=inputs.get("publish"),
        tags=ctx.build_tag_list("key", "value"),
    )
    arn = state_machine["stateMachineArn"]
    ctx.record_undo("stepfunctions", "delete_state_machine", stateMachineArn=arn)
    return ResourceResult(
        arn,
        {
            "arn": arn,
            "creationDate": state_machine["creationDate"].isoformat(),
            "status": "ACTIVE",
            "revisionId": "",
            "stateMachineVersionArn": state_machine.get("stateMachineVersionArn", ""),
            "type": inputs.get("type", "STANDARD"),
        },
    )


RESOURCE_TYPES = (
    define_resource_type(
        "aws:sfn/stateMachine:StateMachine",
        {
            "name": STR,
            "definition": STR,
            "roleArn": STR,
            "encryptionConfiguration": ObjectOf(
                {"kmsDataKeyReusePeriodSeconds": INT, "kmsKeyId": STR, "type": STR}
            ),
            "loggingConfiguration": ObjectOf(
                {"includeExecutionData": BOOL, "level": STR, "logDestination": STR}
            ),
            "publish": BOOL,
            "tracingConfiguration": ObjectOf({"enabled": BOOL}),
            "type": STR,
        },
        create=_create_state_machine,
        outputs=("arn", "creationDate", "status", "revisionId", "stateMachineVersionArn"),
        naming=AutoNaming("name", 80, prefix_property="namePrefix"),
        tags=True,
        check=_check_state_machine,
    ),
)
