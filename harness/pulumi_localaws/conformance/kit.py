"""The kit of a fact: pools, the triggers' function, and comparisons with AWS."""

import json
import uuid
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError, ParamValidationError

from pulumi_localaws.conformance.backend import Backend
from pulumi_localaws.conformance.fact import FactError
from pulumi_localaws.conformance.pool import Pool
from pulumi_localaws.conformance.resources import RunResources
from pulumi_localaws.conformance.triggers import TriggerFunction


class Kit:
    """One run of the facts.

    Attributes:
        backend: The endpoint.
        resources: What the run has created.
        triggers: The function behind all triggers.
    """

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.resources = RunResources(backend)
        self.triggers = TriggerFunction(self.resources)
        self.cognito = self.resources.client("cognito-idp")

    def create_pool(self, *triggers: str, **settings: Any) -> Pool:
        """Create a pool whose users have an e-mail address as user name.

        Args:
            triggers: The triggers that invoke the function of this run.
            settings: Settings that replace the defaults; None leaves a default out.
        """
        arn = self.triggers.arn if triggers else ""
        config = {"LambdaConfig": dict.fromkeys(triggers, arn)} if triggers else {}
        settings = {
            "UsernameAttributes": ["email"],
            "UsernameConfiguration": {"CaseSensitive": False},
            "Schema": [
                {"Name": "role", "AttributeDataType": "String", "Mutable": False},
                {"Name": "team", "AttributeDataType": "String", "Mutable": True},
            ],
            **config,
            **settings,
        }
        settings = {name: value for name, value in settings.items() if value is not None}
        document = self.resources.create_pool(**settings)
        if triggers:
            self.triggers.allow(document["Arn"])
        return Pool(document, self.cognito, self.backend.unsigned_client("cognito-idp"))

    def take_events(self, pool: Pool, count: int = 0) -> list[dict[str, Any]]:
        """Return and remove the events of a pool's triggers.

        Args:
            pool: The pool.
            count: How many events are expected. More are returned if there are more.
        """
        return self.triggers.take_events(pool.id, count)

    def take_sources(self, pool: Pool, count: int = 0) -> list[str]:
        """Return and remove the trigger sources of a pool's events."""
        return [event["triggerSource"] for event in self.take_events(pool, count)]


def create_address() -> str:
    """Create a unique address with capital letters, which accepts e-mails of a pool on AWS.

    The mailbox simulator of Amazon SES accepts addresses with a label (SES Developer Guide, "Testing Email
    Sending in Amazon SES").
    """
    return f"success+Ann.{uuid.uuid4().hex[:10]}@simulator.amazonses.com"


def name_value_pairs(**values: str) -> list[dict[str, str]]:
    """Return attributes in the form of Cognito's API."""
    return [{"Name": name, "Value": value} for name, value in values.items()]


def expect(subject: str, actual: Any, expected: Any) -> str:
    """Return what was seen.

    Raises:
        FactError: It is not what AWS does.
    """
    if actual != expected:
        raise FactError(f"{subject}: {_shorten(actual)}, expected {_shorten(expected)}")
    return f"{subject}: {_shorten(actual)}"


def expect_error(code: str, call: Callable[..., Any], text: str = "", **parameters: Any) -> str:
    """Return the error of a call.

    Args:
        code: The error that AWS returns.
        call: The call.
        text: The text of the error, if it is a part of the fact.
        parameters: The parameters of the call.

    Raises:
        FactError: The call succeeds, or returns another error.
    """
    name = getattr(call, "__name__", "the call").strip("_")
    try:
        call(**parameters)
    except ClientError as error:
        actual = error.response["Error"]
        if actual["Code"] != code or (text and actual.get("Message") != text):
            expected = f"{code}: {text}" if text else code
            observation = f"{actual['Code']}: {actual.get('Message', '')}"
            raise FactError(f"{name}: {_shorten(observation)}, expected {expected}") from error
        return f"{name}: {code}"
    except ParamValidationError as error:
        raise FactError(f"{name}: boto3 refuses the parameters: {error}") from error
    raise FactError(f"{name} succeeded, expected {code}")


def _shorten(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= 200 else f"{text[:200]}…"  # noqa: PLR2004 characters in a table
