# ruff: noqa: N802 the methods have the names of the service that Pulumi's SDK calls
"""The monitor that a Pulumi program talks to: each resource that it registers is really made, at once."""

import queue
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from google.protobuf import empty_pb2  # type: ignore[import-untyped] # stubs are a package of their own
from pulumi.runtime.mocks import MockMonitor, Mocks
from pulumi.runtime.proto import resource_pb2

from pulumi_localaws.config.provider import Provider, Providers
from pulumi_localaws.engine.monitor_names import physical_name, unknown_type
from pulumi_localaws.engine.monitor_options import refuse_options
from pulumi_localaws.engine.transforms import Transforms
from pulumi_localaws.engine.values import decode, encode
from pulumi_localaws.errors import CancelledError, DeploymentError
from pulumi_localaws.local.clients import Clients
from pulumi_localaws.resources.catalog import BY_TOKEN
from pulumi_localaws.resources.input_schema import ShapeError, check
from pulumi_localaws.resources.invokes import Place, invoke
from pulumi_localaws.resources.ledger import Ledger, Record
from pulumi_localaws.resources.resource_type import Args, Context, ResourceType

STACK_TYPE = "pulumi:pulumi:Stack"
PROVIDER_PREFIX = "pulumi:providers:"
Event = dict[str, Any]


@dataclass
class Surroundings:
    """What the monitor works with.

    Attributes:
        project: The project's name.
        stack: The stack's name.
        account: The local account's id.
        default_provider: For resources that name none.
        clients: Makes the clients.
        ledger: Takes what was made.
        emit: Is told of each resource.
        later: What has to be waited for before the deployment is done.
    """

    project: str
    stack: str
    account: str
    default_provider: Provider
    clients: Clients
    ledger: Ledger
    emit: Callable[[Event], None]
    later: "queue.SimpleQueue[Callable[[], None]]" = field(default_factory=queue.SimpleQueue)


class Monitor(MockMonitor):
    """Makes resources; the method names are Pulumi's own."""

    def __init__(self, around: Surroundings) -> None:
        super().__init__(_NoMocks())
        self._around = around
        self._providers = Providers(around.default_provider, around.account)
        self._lock = threading.Lock()
        self._urns: set[str] = set()
        self.transforms = Transforms()
        self.failure: BaseException | None = None
        """The first error; nothing is begun after it."""
        self.outputs: dict[str, Any] = {}
        """The stack's exports."""
        self.secret_outputs: frozenset[str] = frozenset()
        """Names of exports that are secret."""

    def RegisterResource(
        self, request: resource_pb2.RegisterResourceRequest
    ) -> resource_pb2.RegisterResourceResponse:
        """Make a resource, or note a component."""
        began = time.perf_counter()
        if request.type == STACK_TYPE:
            return resource_pb2.RegisterResourceResponse(urn=self._urn("", request.type, request.name))
        try:
            return self._register(request, began)
        except BaseException as error:
            self._fail(error, request.type, request.name, began)
            raise

    def ReadResource(self, request: resource_pb2.ReadResourceRequest) -> resource_pb2.ReadResourceResponse:
        """Look up a resource that is there already (``.get()``)."""
        began = time.perf_counter()
        try:
            return self._read(request)
        except BaseException as error:
            self._fail(error, request.type, request.name, began)
            raise

    def Invoke(self, request: resource_pb2.ResourceInvokeRequest) -> resource_pb2.ResourceInvokeResponse:
        """Answer an invoke; the program may catch its error, so it is none of the deployment's yet."""
        if request.tok == "pulumi:pulumi:getResource":
            return super().Invoke(request)  # type: ignore[no-any-return, no-untyped-call]
        request = self.transforms.apply_invoke(request)
        args, _ = decode(request.args)
        region = args.pop("region", None) if "getRegion" not in request.tok else None
        region = self._providers.get(request.provider).region_for(f"The invoke {request.tok}", region)
        answer = invoke(request.tok, args, Place(self._around.account, region))
        return resource_pb2.ResourceInvokeResponse(**{"return": encode(answer)})

    def RegisterResourceOutputs(
        self, request: resource_pb2.RegisterResourceOutputsRequest
    ) -> empty_pb2.Empty:
        """Keep the stack's exports."""
        if request.urn.split("::")[2] == STACK_TYPE:
            self.outputs, self.secret_outputs = decode(request.outputs)
        return empty_pb2.Empty()

    def RegisterStackTransform(self, request: Any) -> empty_pb2.Empty:
        """Keep a transform of the stack."""
        self.transforms.add_stack(request)
        return empty_pb2.Empty()

    def RegisterStackInvokeTransform(self, request: Any) -> empty_pb2.Empty:
        """Keep an invoke transform of the stack."""
        self.transforms.add_invoke(request)
        return empty_pb2.Empty()

    def RegisterResourceHook(self, request: Any) -> empty_pb2.Empty:
        """Refuse a hook, which would never run."""
        raise DeploymentError(f"Resource hooks ({request.name}) are not supported by the local deployment.")

    RegisterErrorHook = RegisterResourceHook

    def finish(self) -> None:
        """Wait for what takes its time after it was made.

        Raises:
            DeploymentError: It failed.
        """
        while not self._around.later.empty():
            self._around.later.get()()

    def _fail(self, error: BaseException, kind: str, name: str, began: float) -> None:
        with self._lock:
            first = self.failure is None
            if first:
                self.failure = error
        if not isinstance(error, CancelledError):
            self._report(kind, name, "failed", began)

    def _report(self, kind: str, name: str, status: str, began: float, identifier: str = "") -> None:
        milliseconds = round((time.perf_counter() - began) * 1000)
        event = {"event": "resource", "type": kind, "name": name, "id": identifier, "status": status}
        self._around.emit({**event, "ms": milliseconds})

    def _urn(self, parent: str, kind: str, name: str) -> str:
        qualified = parent.split("::")[2] + "$" if parent else ""
        if qualified == f"{STACK_TYPE}$":
            qualified = ""
        return f"urn:pulumi:{self._around.stack}::{self._around.project}::{qualified}{kind}::{name}"

    def _claim(self, urn: str, kind: str, name: str) -> None:
        with self._lock:
            if urn in self._urns:
                raise DeploymentError(
                    f"{kind} {name!r}: there are two resources of this type and name; give each its own name."
                )
            self._urns.add(urn)

    def _register(
        self, request: resource_pb2.RegisterResourceRequest, began: float
    ) -> resource_pb2.RegisterResourceResponse:
        if self.failure is not None:
            raise CancelledError(
                f"{request.type} {request.name!r} was not begun, since the deployment failed."
            )
        urn = self._urn(request.parent, request.type, request.name)
        self._claim(urn, request.type, request.name)
        self.transforms.declare(urn, request.parent, request.transforms)
        request = self.transforms.apply(urn, request)
        refuse_options(request)
        if not request.custom:
            return resource_pb2.RegisterResourceResponse(urn=urn, object=request.object)
        if request.type.startswith(PROVIDER_PREFIX):
            return self._register_provider(urn, request)
        return self._create(urn, request, began)

    def _create(
        self, urn: str, request: resource_pb2.RegisterResourceRequest, began: float
    ) -> resource_pb2.RegisterResourceResponse:
        kind = BY_TOKEN.get(request.type)
        if kind is None:
            raise DeploymentError(unknown_type(request.type, request.name))
        given, secrets = decode(request.object)
        inputs = _checked(kind, request.name, given, secrets)
        context = self._context(urn, request, kind, inputs, secrets)
        if kind.naming is not None:
            inputs[kind.naming.prop] = physical_name(kind.naming, inputs, context)
        if kind.check is not None:
            try:
                kind.check(inputs)
            except ValueError as error:
                raise context.error(f"{error}.") from error
        made = kind.create(context, inputs)
        # What the other resource's deletion takes away needs no call of its own, as Pulumi has it.
        retain = request.retainOnDelete or bool(request.deletedWith)
        self._around.ledger.finish(Record(urn, request.type, request.name, made.id, (), retain=retain))
        outputs = {name: value for name, value in inputs.items() if not _has_asset(value)} | made.outputs
        if kind.regional:
            outputs["region"] = context.region
        if kind.tags:
            outputs["tagsAll"] = dict(context.tags)
        hidden = secrets | set(request.additionalSecretOutputs)
        self._report(request.type, request.name, "created", began, made.id)
        with self._lock:
            self.resources[urn] = MockMonitor.ResourceRegistration(urn, made.id, outputs)
        return resource_pb2.RegisterResourceResponse(
            urn=urn, id=made.id, object=encode(outputs, hidden, request.object)
        )

    def _read(self, request: resource_pb2.ReadResourceRequest) -> resource_pb2.ReadResourceResponse:
        if request.type == "pulumi:pulumi:StackReference":
            raise DeploymentError(
                f"The stack reference {request.name!r} is not supported: the local deployment knows no other"
                " stack. Give its outputs as config values."
            )
        kind = BY_TOKEN.get(request.type)
        if kind is None or kind.read is None:
            readable = ", ".join(sorted(token for token, entry in BY_TOKEN.items() if entry.read))
            raise DeploymentError(
                f"{request.type} {request.name!r}: .get() is not supported by the local deployment for this"
                f" type; supported for: {readable}."
            )
        urn = self._urn(request.parent, request.type, request.name)
        self._claim(urn, request.type, request.name)
        given, secrets = decode(request.properties)
        made = kind.read(self._context(urn, request, kind, given, secrets), request.id)
        hidden = secrets | set(request.additionalSecretOutputs)
        return resource_pb2.ReadResourceResponse(
            urn=urn, properties=encode(made.outputs, hidden, request.properties)
        )

    def _register_provider(
        self, urn: str, request: resource_pb2.RegisterResourceRequest
    ) -> resource_pb2.RegisterResourceResponse:
        settings, _ = decode(request.object)
        package = request.type.removeprefix(PROVIDER_PREFIX)
        identifier = self._providers.register(urn, request.name, package, settings)
        return resource_pb2.RegisterResourceResponse(urn=urn, id=identifier, object=request.object)

    def _context(
        self, urn: str, request: Any, kind: ResourceType, inputs: Args, secrets: frozenset[str]
    ) -> Context:
        provider = self._providers.get(request.provider)
        region = provider.region_for(f"{request.type} {request.name!r}", inputs.get("region"))
        return Context(
            urn=urn,
            type=request.type,
            name=request.name,
            region=region,
            account=self._around.account,
            tags={**provider.default_tags, **inputs.get("tags", {})} if kind.tags else {},
            inputs=kind.inputs,
            clients=self._around.clients,
            ledger=self._around.ledger,
            later=self._around.later.put,
            secrets=tuple(str(inputs[name]) for name in secrets if isinstance(inputs.get(name), str)),
        )


class _NoMocks(Mocks):
    """The monitor answers everything itself; were anything to come here, it must not pass."""

    def new_resource(self, args: Any) -> Any:
        raise DeploymentError(f"{args.typ} {args.name!r} was not made.")

    def call(self, args: Any) -> Any:
        raise DeploymentError(f"The invoke {args.token} was not answered.")


def _checked(kind: ResourceType, name: str, given: Args, secrets: frozenset[str]) -> Args:
    try:
        return dict(check(given, kind.inputs))
    except ShapeError as error:
        prop = re.split(r"[.:\[ ]", str(error))[0]
        message = f"{prop}: the secret value is of the wrong kind" if prop in secrets else str(error)
        raise DeploymentError(f"{kind.token} {name!r}: {message}.") from error


def _has_asset(value: Any) -> bool:
    return isinstance(value, dict) and value.get("sig") in {"asset", "archive"}
