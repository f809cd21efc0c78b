# ruff: noqa: N802 the methods have the names of the service that Pulumi's SDK calls
"""The resource monitor of a Pulumi program: creates each resource on the local AWS when it is registered."""

import threading
import time
from typing import Any

from google.protobuf import empty_pb2  # type: ignore[import-untyped] # the stubs are a separate package
from pulumi.runtime.mocks import MockMonitor, Mocks
from pulumi.runtime.proto import provider_pb2, resource_pb2

from pulumi_localaws.config.provider import Providers
from pulumi_localaws.engine.deployment_context import DeploymentContext
from pulumi_localaws.engine.invocations import MissingResourceError, run_invoke
from pulumi_localaws.engine.physical_names import choose_physical_name
from pulumi_localaws.engine.properties import build_unknown_response, decode_properties, encode_properties
from pulumi_localaws.engine.resource_options import reject_unsupported_options
from pulumi_localaws.engine.transforms import Transforms
from pulumi_localaws.errors import CancelledError, DeploymentError
from pulumi_localaws.resources.assets import is_asset
from pulumi_localaws.resources.catalog import find_readable_type, find_resource_type
from pulumi_localaws.resources.problems import (
    find_input_problems,
    find_request_problems,
    validate_inputs,
)
from pulumi_localaws.resources.resource_type import Properties, ResourceContext, ResourceType
from pulumi_localaws.resources.undo_log import CreatedResource
from pulumi_localaws.resources.unknown_values import UNKNOWN, contains_unknown

STACK_TYPE = "pulumi:pulumi:Stack"
PROVIDER_PREFIX = "pulumi:providers:"


class Monitor(MockMonitor):
    """Creates the resources of one deployment; implements Pulumi's ResourceMonitor service."""

    def __init__(self, deployment: DeploymentContext) -> None:
        super().__init__(_NoMocks())
        self._deployment = deployment
        self._providers = Providers(deployment.default_provider, deployment.account)
        self._lock = threading.Lock()
        self._urns: set[str] = set()
        self.transforms = Transforms()
        self.problems: list[DeploymentError] = []
        """Unsupported or wrong parts of the program. After the first one, the program is only checked."""
        self.failure: BaseException | None = None
        """The first error that ended the program; no further resource is registered after it."""
        self.outputs: dict[str, Any] = {}
        """The stack's exports."""
        self.secret_outputs: frozenset[str] = frozenset()
        """The names of secret exports."""

    def RegisterResource(
        self, request: resource_pb2.RegisterResourceRequest
    ) -> resource_pb2.RegisterResourceResponse:
        """Create a resource, or register a component or provider."""
        start = time.perf_counter()
        if request.type == STACK_TYPE:
            return resource_pb2.RegisterResourceResponse(urn=self._build_urn("", request.type, request.name))
        try:
            return self._register(request, start)
        except DeploymentError as error:
            self._record_problem(error, request.type, request.name, start)
            urn = self._build_urn(request.parent, request.type, request.name)
            return build_unknown_response(urn)
        except BaseException as error:
            self._record_failure(error, request.type, request.name, start)
            raise

    def ReadResource(self, request: resource_pb2.ReadResourceRequest) -> resource_pb2.ReadResourceResponse:
        """Read an existing resource (``.get()``)."""
        start = time.perf_counter()
        try:
            return self._read(request)
        except DeploymentError as error:
            self._record_problem(error, request.type, request.name, start)
            urn = self._build_urn(request.parent, request.type, request.name)
            return resource_pb2.ReadResourceResponse(urn=urn, result=resource_pb2.FAIL, unknown=True)
        except BaseException as error:
            self._record_failure(error, request.type, request.name, start)
            raise

    def Invoke(self, request: resource_pb2.ResourceInvokeRequest) -> resource_pb2.ResourceInvokeResponse:
        """Return the result of an invoke, or an unknown result if the invoke has a problem."""
        if request.tok == "pulumi:pulumi:getResource":
            return super().Invoke(request)  # type: ignore[no-any-return, no-untyped-call]
        try:
            request = self.transforms.apply_to_invoke(request)
            return run_invoke(request, self._deployment, self._providers)
        except CancelledError:
            raise
        except MissingResourceError as error:
            # After a problem, the resource is not created. This look-up is not a problem of its own.
            if not self.problems:
                # The SDK raises an exception, which the program may catch, as with the Pulumi CLI.
                failure = provider_pb2.CheckFailure(
                    property=", ".join(request.args.fields), reason=str(error)
                )
                return resource_pb2.ResourceInvokeResponse(failures=[failure])
        except DeploymentError as error:
            self._add_problem(error)
        return resource_pb2.ResourceInvokeResponse(unknown=True)

    def RegisterResourceOutputs(
        self, request: resource_pb2.RegisterResourceOutputsRequest
    ) -> empty_pb2.Empty:
        """Store the stack's exports."""
        if request.urn.split("::")[2] == STACK_TYPE:
            self.outputs, self.secret_outputs = decode_properties(request.outputs)
        return empty_pb2.Empty()

    def RegisterStackTransform(self, request: Any) -> empty_pb2.Empty:
        """Store a transform of the stack."""
        self.transforms.add_stack_transform(request)
        return empty_pb2.Empty()

    def RegisterStackInvokeTransform(self, request: Any) -> empty_pb2.Empty:
        """Store an invoke transform of the stack."""
        self.transforms.add_invoke_transform(request)
        return empty_pb2.Empty()

    def RegisterResourceHook(self, request: Any) -> empty_pb2.Empty:
        """Reject a hook, because the engine runs none."""
        raise DeploymentError(
            f"The resource hook {request.name!r} is not supported by the local deployment. Omit hooks for"
            " this stack."
        )

    RegisterErrorHook = RegisterResourceHook

    def finish(self) -> None:
        """Wait until all created resources are ready.

        Raises:
            DeploymentError: A resource did not become ready.
        """
        while not self._deployment.pending_waits.empty():
            self._deployment.pending_waits.get()()

    def _record_problem(self, error: DeploymentError, token: str, name: str, start: float) -> None:
        """Record a problem; the program goes on, and its resources are only checked.

        Raises:
            CancelledError: The program has ended before.
        """
        if isinstance(error, CancelledError):
            raise error
        self._add_problem(error)
        self._emit_resource_event(token, name, "failed", start)

    def _add_problem(self, error: DeploymentError) -> None:
        with self._lock:
            self.problems.append(error)

    def _record_failure(self, error: BaseException, token: str, name: str, start: float) -> None:
        with self._lock:
            if self.failure is None:
                self.failure = error
        if not isinstance(error, CancelledError):
            self._emit_resource_event(token, name, "failed", start)

    def _emit_resource_event(
        self, token: str, name: str, status: str, start: float, resource_id: str = ""
    ) -> None:
        milliseconds = round((time.perf_counter() - start) * 1000)
        event = {"event": "resource", "type": token, "name": name, "id": resource_id, "status": status}
        self._deployment.emit({**event, "ms": milliseconds})

    def _build_urn(self, parent: str, token: str, name: str) -> str:
        parent_type = parent.split("::")[2] if parent else STACK_TYPE
        qualified_type = token if parent_type == STACK_TYPE else f"{parent_type}${token}"
        return f"urn:pulumi:{self._deployment.stack}::{self._deployment.project}::{qualified_type}::{name}"

    def _claim_urn(self, urn: str, token: str, name: str) -> None:
        with self._lock:
            if urn in self._urns:
                raise DeploymentError(
                    f"{token} {name!r}: another resource has the same type and name. Give each resource of a"
                    " type its own name."
                )
            self._urns.add(urn)

    def _register(
        self, request: resource_pb2.RegisterResourceRequest, start: float
    ) -> resource_pb2.RegisterResourceResponse:
        if self.failure is not None:
            raise CancelledError(
                f"{request.type} {request.name!r} was not created, because the deployment failed before."
            )
        urn = self._build_urn(request.parent, request.type, request.name)
        self._claim_urn(urn, request.type, request.name)
        self.transforms.add_resource(urn, request.parent, request.transforms)
        request = self.transforms.apply(urn, request)
        reject_unsupported_options(request)
        if not request.custom:
            return resource_pb2.RegisterResourceResponse(urn=urn, object=request.object)
        if request.type.startswith(PROVIDER_PREFIX):
            return self._register_provider(urn, request)
        return self._create(urn, request, start)

    def _create(
        self, urn: str, request: resource_pb2.RegisterResourceRequest, start: float
    ) -> resource_pb2.RegisterResourceResponse:
        resource_type = find_resource_type(request.type, request.name)
        arguments, secrets = decode_properties(request.object)
        inputs = validate_inputs(resource_type, request.name, arguments, secrets)
        context = self._build_context(urn, request, resource_type, inputs, secrets)
        if resource_type.naming is not None:
            name_property = resource_type.naming.name_property
            inputs[name_property] = choose_physical_name(resource_type.naming, inputs, context)
        problems = find_input_problems(resource_type, context, inputs)
        if problems or self.problems:
            problems += find_request_problems(resource_type, context, inputs)
            if problems:
                raise context.build_error(" ".join(problems))
            return build_unknown_response(urn)
        result = resource_type.create(context, inputs)
        # As in Pulumi, a resource with deletedWith has no deletion of its own.
        retain = request.retainOnDelete or bool(request.deletedWith)
        self._deployment.undo_log.add_resource(
            CreatedResource(urn, request.type, request.name, result.id, retain=retain)
        )
        outputs = {name: value for name, value in inputs.items() if not is_asset(value)} | result.outputs
        if resource_type.regional:
            outputs["region"] = context.region
        if resource_type.tags:
            outputs["tagsAll"] = dict(context.tags)
        secret_outputs = secrets | set(request.additionalSecretOutputs)
        self._emit_resource_event(request.type, request.name, "created", start, result.id)
        with self._lock:
            self.resources[urn] = MockMonitor.ResourceRegistration(urn, result.id, outputs)
        return resource_pb2.RegisterResourceResponse(
            urn=urn, id=result.id, object=encode_properties(outputs, secret_outputs, request.object)
        )

    def _read(self, request: resource_pb2.ReadResourceRequest) -> resource_pb2.ReadResourceResponse:
        if request.type == "pulumi:pulumi:StackReference":
            raise DeploymentError(
                f"The stack reference {request.name!r} is not supported: the local deployment has no other"
                " stack. Set the values of its outputs in the config of this stack."
            )
        resource_type, read = find_readable_type(request.type, request.name)
        urn = self._build_urn(request.parent, request.type, request.name)
        self._claim_urn(urn, request.type, request.name)
        arguments, secrets = decode_properties(request.properties)
        if contains_unknown(request.id):
            return resource_pb2.ReadResourceResponse(urn=urn, result=resource_pb2.FAIL, unknown=True)
        result = read(self._build_context(urn, request, resource_type, arguments, secrets), request.id)
        secret_outputs = secrets | set(request.additionalSecretOutputs)
        return resource_pb2.ReadResourceResponse(
            urn=urn, properties=encode_properties(result.outputs, secret_outputs, request.properties)
        )

    def _register_provider(
        self, urn: str, request: resource_pb2.RegisterResourceRequest
    ) -> resource_pb2.RegisterResourceResponse:
        arguments, _ = decode_properties(request.object)
        settings = {name: value for name, value in arguments.items() if not contains_unknown(value)}
        package = request.type.removeprefix(PROVIDER_PREFIX)
        provider_id = self._providers.register(urn, request.name, package, settings)
        return resource_pb2.RegisterResourceResponse(urn=urn, id=provider_id, object=request.object)

    def _build_context(
        self,
        urn: str,
        request: Any,
        resource_type: ResourceType,
        inputs: Properties,
        secrets: frozenset[str],
    ) -> ResourceContext:
        # A provider with a problem has no id.
        provider = self._providers.get("" if UNKNOWN in request.provider else request.provider)
        where = f"{request.type} {request.name!r}"
        region, own_tags = inputs.get("region"), inputs.get("tags", {})
        return ResourceContext(
            urn=urn,
            type=request.type,
            name=request.name,
            region=provider.resolve_region(None if region == UNKNOWN else region, where=where),
            account=self._deployment.account,
            tags={**provider.default_tags, **({} if own_tags == UNKNOWN else own_tags)}
            if resource_type.tags
            else {},
            input_schema=resource_type.inputs,
            clients=self._deployment.clients,
            undo_log=self._deployment.undo_log,
            add_wait=self._deployment.pending_waits.put,
            inputs=inputs,
            secrets=secrets,
            staged_code=self._deployment.staged_code,
        )


class _NoMocks(Mocks):
    """Mocks that raise an error, because the monitor handles every request itself."""

    def new_resource(self, args: Any) -> Any:
        raise DeploymentError(f"{args.typ} {args.name!r} was not created: the monitor has no handler for it.")

    def call(self, args: Any) -> Any:
        raise DeploymentError(f"The invoke {args.token} has no result: the monitor has no handler for it.")
