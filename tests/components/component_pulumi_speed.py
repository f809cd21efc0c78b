"""Replace the parts of Pulumi that take most of a recording's time. A recording uses one thread only."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

import pulumi
from pulumi.output import _OutputData
from pulumi.runtime import resource, rpc
from pulumi.runtime.proto import source_pb2
from pulumi.runtime.settings import SETTINGS


def speed_up_pulumi() -> None:
    """Replace them, with the same results."""
    # The recording does not use the position of each resource in the program.
    resource._get_stack_trace = source_pb2.StackTrace
    rpc.transfer_properties = _create_outputs
    pulumi.Output._track = _track


def _create_outputs(
    owner: pulumi.Resource, names: Iterable[str], custom: bool
) -> dict[str, Callable[..., None]]:
    """Create an output for each property, with one future instead of Pulumi's four and a task.

    Returns:
        The functions that resolve the outputs.
    """
    resolvers = {}
    for name in names:
        if name == "urn" or (name == "id" and custom):
            continue
        data: asyncio.Future[Any] = asyncio.Future()
        resolvers[name] = _create_resolver(owner, data)
        vars(owner)[name] = pulumi.Output._from_data(data)
    return resolvers


def _create_resolver(owner: pulumi.Resource, data: asyncio.Future[Any]) -> Callable[..., None]:
    def resolve(value: Any, is_known: bool, is_secret: bool, deps: Any, failure: Exception | None) -> None:
        if failure is not None:
            data.set_exception(failure)
        else:
            data.set_result(_OutputData({*(deps or ()), owner}, value, is_known, is_secret))

    return resolve


def _track(output: Any) -> None:
    """Let the end of the program wait for an output, without Pulumi's lock for other threads."""
    SETTINGS.outputs.add(output._data)
    output._data.add_done_callback(_stop_tracking)


def _stop_tracking(data: asyncio.Future[Any]) -> None:
    if not data.cancelled() and data.exception() is None:
        SETTINGS.outputs.discard(data)
