"""Cases of Step Functions."""

import json

from resource_cases.case import LOG_GROUP, ROLE, Case

CASES: dict[str, Case] = {
    "aws:sfn/stateMachine:StateMachine": Case(
        dependencies=(ROLE, LOG_GROUP),
        inputs=lambda created: {
            "roleArn": created[ROLE]["arn"],
            "type": "STANDARD",
            "definition": json.dumps({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}),
            "loggingConfiguration": {
                "level": "ERROR",
                "includeExecutionData": False,
                "logDestination": f"{created[LOG_GROUP]['arn']}:*",
            },
            "tracingConfiguration": {"enabled": True},
        },
        probe=lambda client, resource_id, _: client("stepfunctions").describe_state_machine(
            stateMachineArn=resource_id
        ),
        outputs=("arn", "creationDate", "status", "name"),
    ),
}
