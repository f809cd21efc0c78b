"""Runs the ``transforms`` of resources, their parents and the stack, in the order of Pulumi's engine.

pulumi's mock monitor runs none. The SDK registers each transform with a callback server in the program's
process; here its callback is called directly, in the program's event loop.
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
# The names of one option in a registration and in a transform's options.
_SCALARS = {
    "version": "version",
    "provider": "provider",
    "pluginDownloadURL": "plugin_download_url",
    "deletedWith": "deleted_with",
    "importId": "import",
    "deleteBeforeReplace": "delete_before_replace",
}
_OPTIONAL = {"protect": "protect", "retainOnDelete": "retain_on_delete"}
_LISTS = {
    "dependencies": "depends_on",
    "ignoreChanges": "ignore_changes",
    "replaceOnChanges": "replace_on_changes",
    "aliases": "aliases",
    "additionalSecretOutputs": "additional_secret_outputs",
}


class Transforms:
    """Knows the transforms of each resource and of the stack; safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._own: dict[str, list[str]] = {}
        self._parents: dict[str, str] = {}
        self._stack: list[str] = []
        self._invokes: list[str] = []
        self.stopping = threading.Event()
        """Set when the program's event loop has ended, so that no transform can run any more."""

    def add_stack(self, callback: callback_pb2.Callback) -> None:
        """Register a transform for every resource that follows."""
        with self._lock:
            self._stack.append(callback.token)

    def add_invoke(self, callback: callback_pb2.Callback) -> None:
        """Register a transform for every invoke that follows."""
        with self._lock:
            self._invokes.append(callback.token)

    def declare(self, urn: str, parent: str, callbacks: Iterable[callback_pb2.Callback]) -> None:
        """Remember a resource's parent and its own transforms, which its children inherit."""
        with self._lock:
            self._own[urn] = [callback.token for callback in callbacks]
            self._parents[urn] = parent

    def apply(
        self, urn: str, request: resource_pb2.RegisterResourceRequest
    ) -> resource_pb2.RegisterResourceRequest:
        """Return the request as its own transforms, its parents' and the stack's leave it, in this order.

        Raises:
            DeploymentError: A transform threw.
        """
        tokens = self._tokens(urn)
        if not tokens:
            return request
        changed = resource_pb2.RegisterResourceRequest()
        changed.CopyFrom(request)
        for token in tokens:
            call = resource_pb2.TransformRequest(
                type=changed.type,
                name=changed.name,
                custom=changed.custom,
                parent=changed.parent,
                properties=changed.object,
                options=_options(changed),
            )
            where = f"{request.type} {request.name!r}"
            answer = resource_pb2.TransformResponse.FromString(
                self._run(token, call.SerializeToString(), where)
            )
            changed.object.CopyFrom(answer.properties)
            if answer.HasField("options"):
                _take_options(changed, answer.options)
        return changed

    def apply_invoke(self, request: resource_pb2.ResourceInvokeRequest) -> resource_pb2.ResourceInvokeRequest:
        """Return an invoke's request as the stack's invoke transforms leave it.

        Raises:
            DeploymentError: A transform threw.
        """
        with self._lock:
            tokens = list(self._invokes)
        changed = resource_pb2.ResourceInvokeRequest()
        changed.CopyFrom(request)
        for token in tokens:
            options = resource_pb2.TransformInvokeOptions(provider=changed.provider, version=changed.version)
            call = resource_pb2.TransformInvokeRequest(token=changed.tok, args=changed.args, options=options)
            answer = resource_pb2.TransformInvokeResponse.FromString(
                self._run(token, call.SerializeToString(), f"the invoke {request.tok}")
            )
            changed.args.CopyFrom(answer.args)
            if answer.HasField("options"):
                changed.provider = answer.options.provider
        return changed

    def _tokens(self, urn: str) -> list[str]:
        with self._lock:
            tokens = []
            current = urn
            while current:
                tokens += self._own.get(current, [])
                current = self._parents.get(current, "")
            return tokens + self._stack

    def _run(self, token: str, payload: bytes, where: str) -> bytes:
        found: list[tuple[Callable[[bytes], Awaitable[Any]], asyncio.AbstractEventLoop]] = [
            (servicer._callbacks[token], servicer._loop)  # noqa: SLF001 private: see docs/engine.md
            for servicer in _CallbackServicer._servicers  # noqa: SLF001
            if token in servicer._callbacks  # noqa: SLF001
        ]
        if not found:
            raise CancelledError(f"{where}: its transform can't run any more, the program has ended.")
        callback, loop = found[0]

        async def call() -> bytes:
            return bytes((await callback(payload)).SerializeToString())

        future: Future[bytes] = asyncio.run_coroutine_threadsafe(call(), loop)
        while True:
            try:
                return future.result(_POLL_SECONDS)
            except Exception as error:
                if future.done():
                    raise DeploymentError(
                        f"A transform of {where} threw {type(error).__name__}: {error}"
                    ) from error
                if self.stopping.is_set():  # a time-out of this poll
                    future.cancel()
                    raise CancelledError(
                        f"{where}: its transform can't run any more, the program has ended."
                    ) from None


def _options(request: resource_pb2.RegisterResourceRequest) -> resource_pb2.TransformResourceOptions:
    options = resource_pb2.TransformResourceOptions()
    for ours, theirs in _SCALARS.items():
        if getattr(request, ours):
            setattr(options, theirs, getattr(request, ours))
    for ours, theirs in _OPTIONAL.items():
        if request.HasField(ours):  # type: ignore[arg-type] # one of the two optional fields
            setattr(options, theirs, getattr(request, ours))
    for ours, theirs in _LISTS.items():
        getattr(options, theirs).extend(getattr(request, ours))
    options.providers.update(request.providers)
    if request.HasField("hooks"):
        options.hooks.CopyFrom(request.hooks)
    return options


def _take_options(
    request: resource_pb2.RegisterResourceRequest, options: resource_pb2.TransformResourceOptions
) -> None:
    for ours, theirs in (_SCALARS | _OPTIONAL).items():
        setattr(request, ours, getattr(options, theirs))
    for ours, theirs in _LISTS.items():
        request.ClearField(ours)  # type: ignore[arg-type] # a field's name
        getattr(request, ours).extend(getattr(options, theirs))
    request.providers.clear()
    request.providers.update(options.providers)
    request.ClearField("hooks")
    if options.HasField("hooks"):
        request.hooks.CopyFrom(options.hooks)
