"""Change lines in the middle of one of the emulator's functions.

The emulator's interpreter loads this module beside its start script, so it uses only the standard library.
"""

import inspect
from collections.abc import Iterable
from typing import Any


def replace_in_function(module: Any, name: str, replacements: Iterable[tuple[str, str]]) -> None:
    """Replace places in the source of a module's function, and define the function again.

    Args:
        module: The module.
        name: The function's name.
        replacements: Pairs of a place, which must occur exactly once, and its replacement.

    Raises:
        RuntimeError: A place does not occur exactly once, so the emulator has another version.
    """
    source = inspect.getsource(getattr(module, name))
    for place, replacement in replacements:
        if source.count(place) != 1:
            raise RuntimeError(f"the emulator's function {name} has changed near {place!r}")
        source = source.replace(place, replacement)
    exec(compile(source, module.__file__, "exec"), vars(module))  # noqa: S102 - the emulator's own source
