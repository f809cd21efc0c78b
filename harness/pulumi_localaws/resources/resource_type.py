"""Defines a resource type: its inputs, how a resource is created and read, and its outputs."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from pulumi_localaws.errors import DeploymentError
from pulumi_localaws.local.clients import Clients
from pulumi_localaws.resources.input_schema import (
    STR,
    TAGS,
    InputSchema,
    ObjectOf,
    find_input_path,
    list_values,
    to_aws,
)
from pulumi_localaws.resources.service_model import Violation, build_sample, find_violations, format_path
from pulumi_localaws.resources.staged_code import StagedCode
from pulumi_localaws.resources.undo_log import UndoLog, UndoStep
from pulumi_localaws.resources.unknown_values import UNKNOWN, contains_unknown

Properties = dict[str, Any]
"""Values by name: a resource's inputs or outputs, or the parameters of a call to AWS."""

_MAX_VALUE_LENGTH = 100
_MIN_SECRET_LENGTH = 3
"""Shorter texts in a secret input are not replaced in messages: they are parts of ordinary words."""

_READ_PREFIXES = ("describe_", "get_", "head_", "list_")


class RequestError(DeploymentError):
    """The service's model does not allow a value in a request; the message names the input."""


@dataclass(frozen=True)
class ResourceResult:
    """A resource that was created or read: its id, and the outputs that are not copies of its inputs."""

    id: str
    outputs: Properties = field(default_factory=dict)


@dataclass(frozen=True)
class AutoNaming:
    """How the physical name is generated if the program sets none: ``<name>-<7 hex digits>``, as Pulumi does.

    Attributes:
        name_property: The input that holds the name.
        max_length: The length limit of AWS.
        prefix_property: The input that sets a prefix, if the type has one.
        lowercase: Whether the name must be in lower case.
        suffix: Returns the end that the name must have (``.fifo``), given the inputs.
        fixed_prefix: The start that the name must have (``alias/``).
    """

    name_property: str
    max_length: int
    prefix_property: str | None = None
    lowercase: bool = False
    suffix: Callable[[Properties], str] = lambda _: ""
    fixed_prefix: str = ""


@dataclass(frozen=True)
class ResourceContext:
    """The creation or the reading of one resource: its region, tags, calls to AWS and undo steps.

    Attributes:
        urn: The resource's URN.
        type: Its Pulumi type.
        name: Its logical name.
        region: Its AWS region.
        account: The account's id.
        tags: Its own tags, and the provider's default tags that they do not replace.
        input_schema: The schema of its inputs.
        clients: The AWS clients.
        undo_log: Collects the steps that undo the creation.
        add_wait: Adds a function that waits for the resource; it is called at the end of the deployment.
        inputs: Its inputs.
        secrets: The names of the secret inputs, whose values are hidden in messages.
        check_only: Check the requests, but create nothing.
        staged_code: The zip files of the deployment's functions; None sends each with its function.
    """

    urn: str
    type: str
    name: str
    region: str
    account: str
    tags: Mapping[str, str]
    input_schema: ObjectOf
    clients: Clients
    undo_log: UndoLog
    add_wait: Callable[[Callable[[], None]], None]
    inputs: Properties = field(default_factory=dict)
    secrets: frozenset[str] = frozenset()
    check_only: bool = False
    staged_code: StagedCode | None = None

    def call(self, service: str, operation: str, **params: Any) -> Any:
        """Call AWS; parameters that are None are omitted.

        With ``check_only``, only calls that read are sent. Other calls get a sample response.

        Raises:
            RequestError: The service's model does not allow a value; the call is not sent.
            DeploymentError: The call failed; the message names the resource and the operation.
        """
        client = self.clients.get(service, self.region)
        parameters = {name: value for name, value in params.items() if value is not None}
        self._check_request(client, operation, parameters)
        is_read = operation.startswith(_READ_PREFIXES) and not contains_unknown(parameters)
        if self.check_only and not is_read:
            return build_sample(_get_operation_model(client, operation).output_shape, UNKNOWN)
        try:
            return getattr(client, operation)(**parameters)
        except (ClientError, BotoCoreError, ResponseParserError) as error:
            raise self.build_error(f"{service} {operation}: {error}") from error

    def record_undo(self, service: str, operation: str, **params: Any) -> None:
        """Record the call that undoes the previous call."""
        if self.check_only:
            return
        self.undo_log.add_step(self.urn, UndoStep(self.region, service, operation, params))

    def to_aws(self, inputs: Properties) -> Properties:
        """Return the inputs with their AWS names."""
        return dict(to_aws(inputs, self.input_schema))

    def build_arn(self, service: str, resource: str) -> str:
        """Return the ARN of a resource in this account and region."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"

    def build_tag_list(self, key: str = "Key", value: str = "Value") -> list[dict[str, str]] | None:
        """Return the tags as a list of pairs, or None if there are no tags."""
        return [{key: name, value: text} for name, text in self.tags.items()] or None

    def to_local_url(self, url: str) -> str:
        """Return a URL of the emulator with the host of the public endpoint, which any client can reach."""
        path = url.split("://", 1)[-1].partition("/")[2]
        return f"{self.clients.endpoint}/{path}"

    @property
    def label(self) -> str:
        """The beginning of each message about this resource."""
        return f"{self.type} {self.name!r}: "

    def build_error(self, message: str) -> DeploymentError:
        """Return an error that names this resource and hides its secrets."""
        return DeploymentError(self._build_message(message))

    def _build_message(self, message: str) -> str:
        secret_values = list_values([self.inputs[name] for name in self.secrets if name in self.inputs])
        texts = {
            value for value in secret_values if isinstance(value, str) and len(value) >= _MIN_SECRET_LENGTH
        }
        for secret in sorted(texts, key=len, reverse=True):
            message = message.replace(secret, "[secret]")
        return self.label + message

    def _check_request(self, client: Any, operation: str, parameters: Properties) -> None:
        operation_model = _get_operation_model(client, operation)
        if operation_model.input_shape is None:
            return
        violations = [
            violation
            for violation in find_violations(operation_model.input_shape, parameters)
            if not contains_unknown(violation.value)
        ]
        if violations:
            problems = [self._describe_violation(operation_model.name, violation) for violation in violations]
            raise RequestError(self._build_message(" ".join(problems)))

    def _describe_violation(self, operation: str, violation: Violation) -> str:
        path = find_input_path(violation.path, violation.value, self.input_schema, self.inputs)
        label = path or f"the parameter {format_path(violation.path)} of {operation}"
        input_name = re.split(r"[.\[]", path)[0] if path else None
        # A parameter that is not found in the inputs can be derived from a secret one.
        is_secret = input_name in self.secrets if input_name else bool(self.secrets)
        value = "[secret]" if is_secret else _shorten(violation.value)
        if is_secret:
            label = input_name or f"a parameter of {operation}"  # a key in the path can be secret
        if violation.problem:
            return f"{label} {violation.problem} ({value}); allowed: {violation.allowed}."
        return f"{label} is {value}; allowed: {violation.allowed}."


def _get_operation_model(client: Any, operation: str) -> Any:
    return client.meta.service_model.operation_model(client.meta.method_to_api_mapping[operation])


def _shorten(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _MAX_VALUE_LENGTH else f"{text[:_MAX_VALUE_LENGTH]}..."


Create = Callable[[ResourceContext, Properties], ResourceResult]
Read = Callable[[ResourceContext, str], ResourceResult]
Check = Callable[[Properties], None]


@dataclass(frozen=True)
class ResourceType:
    """A resource type that the engine can create.

    Attributes:
        token: The Pulumi type.
        inputs: The schema of the inputs.
        create: Creates a resource.
        outputs: The outputs that are not inputs.
        naming: How the physical name is generated.
        tags: Whether the type has tags.
        regional: Whether the type has the input ``region``.
        check: Rejects inputs that AWS rejects and the emulator accepts; raises ValueError.
        read: Reads an existing resource (``.get()``).
    """

    token: str
    inputs: ObjectOf
    create: Create
    outputs: tuple[str, ...] = ()
    naming: AutoNaming | None = None
    tags: bool = False
    regional: bool = True
    check: Check | None = None
    read: Read | None = None


def define_resource_type(
    token: str,
    inputs: Mapping[str, InputSchema],
    *,
    create: Create,
    aws_names: Mapping[str, str | None] | None = None,
    outputs: Iterable[str] = (),
    naming: AutoNaming | None = None,
    tags: bool = False,
    regional: bool = True,
    check: Check | None = None,
    read: Read | None = None,
) -> ResourceType:
    """Return a resource type; adds tags, region and name prefix to its inputs.

    Args:
        token: The Pulumi type.
        inputs: The schemas of the inputs that only this type has, by their Pulumi names.
        create: Creates a resource.
        aws_names: As for `ObjectOf`.
        outputs: The outputs that are not inputs.
        naming: How the physical name is generated.
        tags: Whether the type has tags.
        regional: Whether the type has the input ``region``.
        check: Rejects inputs that AWS rejects and the emulator accepts; raises ValueError.
        read: Reads an existing resource (``.get()``).
    """
    fields: dict[str, InputSchema] = dict(inputs)
    names: dict[str, str | None] = dict(aws_names or {})
    if tags:
        fields["tags"] = TAGS
        names["tags"] = None
    if regional:
        fields["region"] = STR
        names["region"] = None
    if naming is not None and naming.prefix_property is not None:
        fields[naming.prefix_property] = STR
        names[naming.prefix_property] = None
    return ResourceType(
        token=token,
        inputs=ObjectOf(fields, names),
        create=create,
        outputs=(*outputs, *(["tagsAll"] if tags else [])),
        naming=naming,
        tags=tags,
        regional=regional,
        check=check,
        read=read,
    )
