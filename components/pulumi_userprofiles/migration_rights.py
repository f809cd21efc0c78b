"""Rights of the migration job that depend on the forms of ARNs."""

import pulumi

from pulumi_userprofiles.migration_definition import LABEL
from pulumi_userprofiles.policies import PolicyStatement


def sibling_arn(table: str, table_arn: str) -> str:
    """Return the ARN of another table in the same account and region."""
    return f"{table_arn.partition(':table/')[0]}:table/{table}"


def map_statements(state_machine_arn: pulumi.Output[str]) -> list[PolicyStatement]:
    """Return the rights of a Distributed Map: to start, describe and stop its child executions."""
    execution = state_machine_arn.apply(lambda arn: arn.replace(":stateMachine:", ":execution:"))
    children = [pulumi.Output.concat(execution, ":*"), pulumi.Output.concat(execution, f"/{LABEL}:*")]
    return [
        {
            "sid": "StartChildExecutions",
            "actions": ["states:StartExecution"],
            "resources": [state_machine_arn],
        },
        {
            "sid": "ManageChildExecutions",
            "actions": ["states:DescribeExecution", "states:StopExecution"],
            "resources": [*children],
        },
    ]
