"""Runs the ``transforms`` of resources, their parents and the stack, in the order of Pulumi's engine.

Pulumi's mock monitor does not run transforms. The SDK registers the callback of each transform with a
callback server in the program's process. Here the callback is called directly, in the program's event loop.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any

from pulumi.runtime._callbacks import _CallbackServicer  # private: see docs/engine.md
from pulumi.runtime.proto import callback_pb2, resource_pb2

from pulumi_localaws.errors import CancelledError, DeploymentError

if TYPE_CHECKING:
    from concurrent.futures import Future

_POLL_SECONDS = 0.1
# Fields of a registration request, and the same options in the message that a transform receives.
_SCALAR_OPTIONS = {
    "version": "version",
    "provider": "provider",
    "pluginDownloadURL": "plugin_download_url",
    "deletedWith": "deleted_with",
    "importId": "import",
    "deleteBeforeReplace": "delete_before_replace",
}
_OPTIONAL_BOOLEANS = {"protect": "protect", "retainOnDelete": "retain_on_delete"}
_LIST_OPTIONS = {
    "dependencies": "depends_on",
    "ignoreChanges": "ignore_changes",
    "replaceOnChanges": "replace_on_changes",
    "aliases": "aliases",
    "additionalSecretOutputs": "additional_secret_outputs",
}


class Transforms:
    """The transforms of each resource and of the stack; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._resource_tokens: dict[str, list[str]] = {}
        self._parents: dict[str, str] = {}
        self._stack_tokens: list[str] = []
        self._invoke_tokens: list[str] = []
        self.stopping = threading.Event()
        """Set when the program's event loop has ended. No transform can run afterwards."""

    def add_stack_transform(self, callback: callback_pb2.Callback) -> None:
        """Add a transform of all resources that are registered later."""
        with self._lock:
            self._stack_tokens.append(callback.token)

    def add_invoke_transform(self, callback: callback_pb2.Callback) -> None:
        """Add a transform of all later invokes."""
        with self._lock:
            self._invoke_tokens.append(callback.token)

    def add_resource(self, urn: str, parent: str, callbacks: Iterable[callback_pb2.Callback]) -> None:
        """Store the parent and the transforms of a resource. Its children inherit the transforms."""
        with self._lock:
            self._resource_tokens[urn] = [callback.token for callback in callbacks]
            self._parents[urn] = parent

    def apply(
        self, urn: str, request: resource_pb2.RegisterResourceRequest
    ) -> resource_pb2.RegisterResourceRequest:
        """Return the request after the transforms of the resource, then of its parents, then of the stack.

        Raises:
            DeploymentError: A transform raised an exception.
        """
        tokens = self._collect_tokens(urn)
        if not tokens:
            return request
        transformed_request = resource_pb2.RegisterResourceRequest()
        transformed_request.CopyFrom(request)
        for token in tokens:
            transform_request = resource_pb2.TransformRequest(
                type=transformed_request.type,
                name=transformed_request.name,
                custom=transformed_request.custom,
                parent=transformed_request.parent,
                properties=transformed_request.object,
                options=_build_options(transformed_request),
            )
            subject = f"{request.type} {request.name!r}"
            response = resource_pb2.TransformResponse.FromString(
                self._run(token, transform_request.SerializeToString(), subject)
            )
            transformed_request.object.CopyFrom(response.properties)
            if response.HasField("options"):
                _set_options(transformed_request, response.options)
        return transformed_request

    def apply_to_invoke(
        self, request: resource_pb2.ResourceInvokeRequest
    ) -> resource_pb2.ResourceInvokeRequest:
        """Return the request after the invoke transforms of the stack.

        Raises:
            DeploymentError: A transform raised an exception.
        """
        with self._lock:
            tokens = list(self._invoke_tokens)
        transformed_request = resource_pb2.ResourceInvokeRequest()
        transformed_request.CopyFrom(request)
        for token in tokens:
            options = resource_pb2.TransformInvokeOptions(
                provider=transformed_request.provider, version=transformed_request.version
            )
            transform_request = resource_pb2.TransformInvokeRequest(
                token=transformed_request.tok, args=transformed_request.args, options=options
            )
            response = resource_pb2.TransformInvokeResponse.FromString(
                self._run(token, transform_request.SerializeToString(), f"the invoke {request.tok}")
            )
            transformed_request.args.CopyFrom(response.args)
            if response.HasField("options"):
                transformed_request.provider = response.options.provider
        return transformed_request

    def _collect_tokens(self, urn: str) -> list[str]:
        with self._lock:
            tokens = []
            current = urn
            while current:
                tokens += self._resource_tokens.get(current, [])
                current = self._parents.get(current, "")
            return tokens + self._stack_tokens

    def _run(self, token: str, payload: bytes, subject: str) -> bytes:
        """Run a transform in the program's event loop and return its serialized response."""
        callback, loop = _find_callback(token, subject)

        async def call() -> bytes:
            return bytes((await callback(payload)).SerializeToString())

        future: Future[bytes] = asyncio.run_coroutine_threadsafe(call(), loop)
        while True:
            try:
                return future.result(_POLL_SECONDS)
            except Exception as error:
                if future.done():
                    raise DeploymentError(
                        f"A transform of {subject} raised {type(error).__name__}: {error}"
                    ) from error
                # The wait has timed out.
                if self.stopping.is_set():
                    future.cancel()
                    raise _build_cancelled_error(subject) from None


def _find_callback(
    token: str, subject: str
) -> tuple[Callable[[bytes], Awaitable[Any]], asyncio.AbstractEventLoop]:
    for servicer in _CallbackServicer._servicers:  # noqa: SLF001 private: see docs/engine.md
        if token in servicer._callbacks:  # noqa: SLF001
            return servicer._callbacks[token], servicer._loop  # noqa: SLF001
    raise _build_cancelled_error(subject)


def _build_cancelled_error(subject: str) -> CancelledError:
    return CancelledError(f"{subject}: its transform cannot run, because the program has ended.")


def _build_options(request: resource_pb2.RegisterResourceRequest) -> resource_pb2.TransformResourceOptions:
    options = resource_pb2.TransformResourceOptions()
    for request_field, option in _SCALAR_OPTIONS.items():
        if getattr(request, request_field):
            setattr(options, option, getattr(request, request_field))
    for request_field, option in _OPTIONAL_BOOLEANS.items():
        if request.HasField(request_field):  # type: ignore[arg-type] # the name of a field
            setattr(options, option, getattr(request, request_field))
    for request_field, option in _LIST_OPTIONS.items():
        getattr(options, option).extend(getattr(request, request_field))
    options.providers.update(request.providers)
    if request.HasField("hooks"):
        options.hooks.CopyFrom(request.hooks)
    return options


def _set_options(
    request: resource_pb2.RegisterResourceRequest, options: resource_pb2.TransformResourceOptions
) -> None:
    for request_field, option in (_SCALAR_OPTIONS | _OPTIONAL_BOOLEANS).items():
        setattr(request, request_field, getattr(options, option))
    for request_field, option in _LIST_OPTIONS.items():
        request.ClearField(request_field)  # type: ignore[arg-type] # the name of a field
        getattr(request, request_field).extend(getattr(options, option))
    request.providers.clear()
    request.providers.update(options.providers)
    request.ClearField("hooks")
    if options.HasField("hooks"):
        request.hooks.CopyFrom(options.hooks)
