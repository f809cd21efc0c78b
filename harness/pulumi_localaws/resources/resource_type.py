"""What describes a resource type: its inputs, how a resource is created, and what comes out."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from pulumi_localaws.errors import DeploymentError
from pulumi_localaws.local.clients import Clients
from pulumi_localaws.resources.input_schema import STR, TAGS, Obj, Shape, to_aws
from pulumi_localaws.resources.ledger import Ledger, Step

Args = dict[str, Any]


@dataclass(frozen=True)
class Made:
    """What came out: the resource's id, and its outputs beside those that are inputs given back."""

    id: str
    outputs: Args = field(default_factory=dict)


@dataclass(frozen=True)
class Naming:
    """How a physical name is made up where the program gives none: ``<name>-<7 hex digits>``, as Pulumi does.

    Attributes:
        prop: The property that holds the name.
        prefix: The property that asks for a prefix, where the type has one.
        limit: The longest name that AWS takes.
        lower: AWS wants lower case.
        suffix: Gives what has to stand at the end (``.fifo``), from the inputs.
        lead: What has to stand at the beginning (``alias/``).
    """

    prop: str
    limit: int
    prefix: str | None = None
    lower: bool = False
    suffix: Callable[[Args], str] = lambda _: ""
    lead: str = ""


@dataclass(frozen=True)
class Context:
    """One resource that is being made: its region, its tags, its calls, and how to undo them.

    Attributes:
        urn: The resource's URN.
        type: Its Pulumi type.
        name: Its logical name.
        region: Where it is made.
        account: The account's id.
        tags: Its own tags over the provider's default tags.
        inputs: The shape of its inputs.
        clients: Makes the clients.
        ledger: Takes the steps that undo it.
        later: Takes what has to be waited for before the deployment is done.
        secrets: Secret inputs, which no message may show.
    """

    urn: str
    type: str
    name: str
    region: str
    account: str
    tags: Mapping[str, str]
    inputs: Obj
    clients: Clients
    ledger: Ledger
    later: Callable[[Callable[[], None]], None]
    secrets: tuple[str, ...] = ()

    def call(self, service: str, operation: str, **params: Any) -> Any:
        """Make one call to AWS; parameters that are None are left out.

        Raises:
            DeploymentError: AWS refused; the message names the resource and the operation.
        """
        client = self.clients.get(service, self.region)
        given = {name: value for name, value in params.items() if value is not None}
        try:
            return getattr(client, operation)(**given)
        except (ClientError, BotoCoreError) as error:
            raise self.error(f"{service} {operation}: {error}") from error

    def undo(self, service: str, operation: str, **params: Any) -> None:
        """Record the call that undoes the one just made."""
        self.ledger.add(self.urn, Step(self.region, service, operation, params))

    def aws(self, args: Args) -> Args:
        """Return the inputs under AWS's names."""
        return dict(to_aws(args, self.inputs))

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of something in this account and region."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"

    def tag_list(self, key: str = "Key", value: str = "Value") -> list[dict[str, str]] | None:
        """Return the tags as a list of pairs, None if there are none."""
        return [{key: name, value: text} for name, text in self.tags.items()] or None

    def local_url(self, url: str) -> str:
        """Return a URL of the emulator's with the public endpoint's host, which any client can reach."""
        path = url.split("://", 1)[-1].partition("/")[2]
        return f"{self.clients.endpoint}/{path}"

    def error(self, message: str) -> DeploymentError:
        """Return an error that names this resource."""
        for secret in filter(None, self.secrets):
            message = message.replace(secret, "[secret]")
        return DeploymentError(f"{self.type} {self.name!r}: {message}")


Create = Callable[[Context, Args], Made]
Read = Callable[[Context, str], Made]
Check = Callable[[Args], None]


@dataclass(frozen=True)
class ResourceType:
    """A resource type that the engine can create.

    Attributes:
        token: The Pulumi type.
        inputs: The inputs that are translated.
        create: Makes it.
        outputs: What programs can read beside the inputs.
        naming: How its name is made up.
        tags: It takes tags.
        regional: It takes ``region``.
        check: Refuses inputs that AWS would refuse and the emulator takes; raises ValueError.
        read: Looks up an existing one (``.get()``).
    """

    token: str
    inputs: Obj
    create: Create
    outputs: tuple[str, ...] = ()
    naming: Naming | None = None
    tags: bool = False
    regional: bool = True
    check: Check | None = None
    read: Read | None = None


def resource_type(
    token: str,
    inputs: Mapping[str, Shape],
    *,
    create: Create,
    aws: Mapping[str, str | None] | None = None,
    outputs: Iterable[str] = (),
    naming: Naming | None = None,
    tags: bool = False,
    regional: bool = True,
    check: Check | None = None,
    read: Read | None = None,
) -> ResourceType:
    """Return a resource type; tags, region and name prefix are added to its inputs.

    Args:
        token: The Pulumi type.
        inputs: The inputs of this type alone, by Pulumi's names.
        create: Creates a resource.
        aws: AWS's name of an input where it isn't Pulumi's with a capital letter; None for an input that is
            not sent as it stands.
        outputs: What programs can read beside the inputs.
        naming: How its name is made up.
        tags: Whether it takes tags.
        regional: Whether it takes ``region``.
        check: Refuses inputs that AWS would refuse and the emulator takes; raises ValueError.
        read: Looks up an existing resource (``.get()``).
    """
    fields: dict[str, Shape] = dict(inputs)
    names: dict[str, str | None] = dict(aws or {})
    if tags:
        fields["tags"] = TAGS
        names["tags"] = None
    if regional:
        fields["region"] = STR
        names["region"] = None
    if naming is not None and naming.prefix is not None:
        fields[naming.prefix] = STR
        names[naming.prefix] = None
    return ResourceType(
        token=token,
        inputs=Obj(fields, names),
        create=create,
        outputs=(*outputs, *(["tagsAll"] if tags else [])),
        naming=naming,
        tags=tags,
        regional=regional,
        check=check,
        read=read,
    )
