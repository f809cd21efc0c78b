"""Loads a source that an operator wrote in Python, as docs/sources.md describes it."""

import importlib
from collections.abc import Callable

from userprofiles.backfill.errors import RefusedError
from userprofiles.backfill.job import Job
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.sources.source import Source

SourceFactory = Callable[[Job, Limits], Source]


def load_source_factory(name: str) -> SourceFactory:
    """Return the function that creates a source.

    Args:
        name: `MODULE:FUNCTION`. The module must be on Python's path.

    Raises:
        RefusedError: The module or the function does not exist.
    """
    module_name, _, function_name = name.partition(":")
    if not module_name or not function_name:
        raise RefusedError(
            f"--source python:{name}: must be python:MODULE:FUNCTION, such as "
            "python:legacy_source:create_source."
        )
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise RefusedError(
            f"--source python:{name}: the module {error.name!r} was not found. Put its directory on Python's "
            "path, for example with PYTHONPATH=."
        ) from error
    factory = getattr(module, function_name, None)
    if not callable(factory):
        raise RefusedError(
            f"--source python:{name}: the module {module_name!r} has no function {function_name!r}."
        )
    source_factory: SourceFactory = factory
    return source_factory
