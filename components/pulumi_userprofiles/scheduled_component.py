"""Base of the components with a function that EventBridge invokes regularly."""

from typing import Any

import pulumi
import pulumi_aws as aws

from pulumi_userprofiles.component import Component
from pulumi_userprofiles.python_function import PythonFunction


class ScheduledComponent(Component):
    """A component with the children `schedule` and `schedule-target`."""

    def _make_schedule(
        self, function: PythonFunction, *, description: str, expression: str, **target_inputs: Any
    ) -> None:
        """Invoke a function regularly. The target waits for the permission.

        Args:
            function: The function.
            description: What the function does at each invocation.
            expression: When, such as `rate(1 hour)`.
            target_inputs: Further inputs of the target.
        """
        self.schedule = self._make(
            aws.cloudwatch.EventRule,
            "schedule",
            description=description,
            schedule_expression=expression,
        )
        permission = function.allow_invoke(
            "schedule", principal="events.amazonaws.com", source_arn=self.schedule.arn
        )
        self._make(
            aws.cloudwatch.EventTarget,
            "schedule-target",
            opts=pulumi.ResourceOptions(depends_on=[permission]),
            rule=self.schedule.name,
            arn=function.alias_arn,
            **target_inputs,
        )
