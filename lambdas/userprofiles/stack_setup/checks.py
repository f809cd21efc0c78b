"""All checks of `userprofiles setup check`, in the order in which a sign-up needs their subjects."""

import functools
import json
from collections.abc import Callable, Iterator
from typing import Any

from userprofiles import settings
from userprofiles import template as templates
from userprofiles.stack_setup import table_checks, trigger_function
from userprofiles.stack_setup.check_result import (
    CheckFailedError,
    CheckResult,
    Status,
    call,
    run_checks,
)
from userprofiles.stack_setup.stack import Stack
from userprofiles.stack_setup.trigger_function import HANDLERS, TriggerFunction
from userprofiles.template import Template

_DEPLOY = "Deploy the stack again (`pulumi up`)."
_USERS_ACTIONS = ("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:ConditionCheckItem")


def check_stack(stack: Stack) -> Iterator[CheckResult]:
    """Check a stack and yield one result for each check.

    Raises:
        userprofiles.backfill.errors.BackfillError: Credentials, network or region have a problem that all
        checks would have.
    """
    yield from run_checks(_SetupChecks(stack).list_checks())


class _SetupChecks:
    """The checks. What several of them need is read once."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack

    def list_checks(self) -> Iterator[tuple[str, Callable[[], str]]]:
        """Yield names and functions of the checks."""
        stack = self._stack
        yield "users table", lambda: table_checks.check_table(stack, stack.users_table)
        yield "indexes of the users table", lambda: table_checks.check_indexes(stack)
        yield "audit table", lambda: table_checks.check_table(stack, stack.audit_table)
        yield "user pool", lambda: str(self._pool.get("Name", stack.user_pool_id))
        for trigger in HANDLERS:
            yield f"{trigger} trigger", functools.partial(self._check_trigger, trigger)
            yield f"{trigger} invoke permission", functools.partial(self._check_invoke_permission, trigger)
        for trigger, arn in self._other_triggers().items():
            yield (
                f"{trigger} invoke permission",
                functools.partial(trigger_function.check_invoke_permission, stack, self._pool, arn),
            )
        yield "tables of the trigger", lambda: trigger_function.check_environment(stack, self._writer)
        yield "template", self._check_template
        yield "role attribute of the pool", self._check_role_attribute
        yield (
            "rights on the users table",
            lambda: self._check_rights(
                _USERS_ACTIONS, table_checks.describe(stack, stack.users_table)["TableArn"]
            ),
        )
        yield (
            "rights on the audit table",
            lambda: self._check_rights(
                ("dynamodb:PutItem",), table_checks.describe(stack, stack.audit_table)["TableArn"]
            ),
        )
        yield (
            "rights on the outbox",
            lambda: self._check_rights(("sqs:SendMessage",), self._queue["QueueArn"]),
        )
        yield "outbox worker", self._check_outbox_worker
        yield "dead-letter queue", self._check_dead_letters

    @functools.cached_property
    def _pool(self) -> dict[str, Any]:
        return trigger_function.describe_pool(self._stack)

    def _function(self, trigger: str) -> TriggerFunction:
        return trigger_function.read_function(self._stack, self._pool, trigger)

    @functools.cached_property
    def _writer(self) -> TriggerFunction:
        return self._function("PostConfirmation")

    def _check_trigger(self, trigger: str) -> str:
        return self._function(trigger).name

    def _check_invoke_permission(self, trigger: str) -> str:
        arn = self._function(trigger).arn
        return trigger_function.check_invoke_permission(self._stack, self._pool, arn)

    def _other_triggers(self) -> dict[str, str]:
        try:
            return trigger_function.other_triggers(self._pool)
        except CheckFailedError:
            return {}

    @functools.cached_property
    def _template(self) -> Template:
        """The template of the stack: the operator's, else the preset that the trigger uses."""
        deployed_name = settings.template_name(self._writer.environment)
        template = self._stack.template
        if template is None:
            if deployed_name in templates.names():
                return templates.load(deployed_name)
            raise CheckFailedError(
                f"the trigger uses a template of your own, {deployed_name!r}",
                "Pass its file: --template FILE.json.",
                Status.NOT_CHECKED,
            )
        option = deployed_name if deployed_name in templates.names() else "FILE.json, the stack's own file"
        is_preset = template.name in templates.names() or deployed_name in templates.names()
        if is_preset and template.name != deployed_name:
            raise CheckFailedError(
                f"the trigger uses the template {deployed_name!r}, not {template.name!r}",
                f"Pass --template {option}, or change the configuration of the stack.",
            )
        return template

    def _check_template(self) -> str:
        template = self._template
        for variable in ("SIGN_UP_ROLES", "DEFAULT_ROLE"):
            for role in settings.names(self._writer.environment, variable):
                if role not in template.roles:
                    raise CheckFailedError(
                        f"{variable} of the trigger has the role {role!r}, which the template doesn't have",
                        f"Pass the template of the stack as --template. If it is: {_DEPLOY}",
                    )
        return f"{template.name} {template.version}"

    def _check_role_attribute(self) -> str:
        attribute = self._template.role_attribute
        sign_up_roles = settings.names(self._writer.environment, "SIGN_UP_ROLES")
        has_several_roles = len(sign_up_roles or self._template.roles) > 1
        if attribute is None or not has_several_roles:
            return "all users have the same role"
        attributes = {entry["Name"]: entry for entry in self._pool.get("SchemaAttributes", ())}
        if attribute not in attributes:
            raise CheckFailedError(f"the pool doesn't have the attribute {attribute}", _DEPLOY)
        if attributes[attribute].get("Mutable", False):
            raise CheckFailedError(
                f"the attribute {attribute} is mutable, so users could change the role that they request",
                "Use a pool of the stack. Cognito can't change this of an existing pool.",
            )
        return attribute

    def _check_rights(self, actions: tuple[str, ...], resource: str) -> str:
        """Check the rights of the trigger's role with IAM's policy simulator.

        https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
        """
        role = self._writer.role_arn
        response = call(
            self._stack,
            "iam",
            "simulate_principal_policy",
            missing=CheckFailedError(f"the role {role} doesn't exist", _DEPLOY),
            PolicySourceArn=role,
            ActionNames=list(actions),
            ResourceArns=[resource],
        )
        denied_actions = [
            result["EvalActionName"]
            for result in response.get("EvaluationResults", ())
            if result.get("EvalDecision") != "allowed"
        ]
        if denied_actions:
            raise CheckFailedError(
                f"the role {role.rpartition('/')[2]} may not {', '.join(denied_actions)} on {resource}",
                _DEPLOY,
            )
        return ", ".join(actions)

    @functools.cached_property
    def _queue(self) -> dict[str, Any]:
        """The attributes of the outbox queue."""
        url = self._writer.environment.get("OUTBOX_QUEUE_URL", "")
        if not url:
            raise CheckFailedError(f"OUTBOX_QUEUE_URL of {self._writer.name} is not set", _DEPLOY)
        return self._queue_attributes(url)

    def _queue_attributes(self, url: str) -> dict[str, Any]:
        attributes: dict[str, Any] = call(
            self._stack,
            "sqs",
            "get_queue_attributes",
            missing=CheckFailedError(f"the queue {url} doesn't exist", _DEPLOY),
            QueueUrl=url,
            AttributeNames=["All"],
        )["Attributes"]
        return attributes

    def _check_outbox_worker(self) -> str:
        arn = self._queue["QueueArn"]
        missing = CheckFailedError("no function receives messages of the outbox", _DEPLOY)
        mappings = call(
            self._stack, "lambda", "list_event_source_mappings", missing=missing, EventSourceArn=arn
        )["EventSourceMappings"]
        if not mappings:
            raise missing
        for mapping in mappings:
            if mapping.get("State") == "Enabled":
                return str(mapping["FunctionArn"]).partition(":function:")[2]
        raise CheckFailedError(
            f"the event source mapping of the outbox has the state {mappings[0].get('State')}",
            f"Enable it: aws lambda update-event-source-mapping --uuid {mappings[0].get('UUID')} --enabled",
        )

    def _check_dead_letters(self) -> str:
        policy = self._queue.get("RedrivePolicy")
        if not policy:
            raise CheckFailedError("the outbox has no dead-letter queue", _DEPLOY)
        name = str(json.loads(policy)["deadLetterTargetArn"]).rpartition(":")[2]
        missing = CheckFailedError(f"the dead-letter queue {name} doesn't exist", _DEPLOY)
        url = call(self._stack, "sqs", "get_queue_url", missing=missing, QueueName=name)["QueueUrl"]
        count = int(self._queue_attributes(url).get("ApproximateNumberOfMessages", 0))
        if count:
            raise CheckFailedError(
                f"{count} users could not be registered; their messages are in {name}",
                "Fix the cause that the outbox worker's log names, then start a redrive: aws sqs "
                f"start-message-move-task --source-arn <ARN of {name}>",
            )
        return name
