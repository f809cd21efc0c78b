"""The schema that Pulumi reads from the components' annotations."""

import importlib.util
from pathlib import Path
from typing import Any

from pulumi.provider.experimental.analyzer import Analyzer

ROOT = Path(__file__).parents[2]


def hosted_components() -> list[type[Any]]:
    """Return the components that the plugin's host serves."""
    spec = importlib.util.spec_from_file_location("component_host", ROOT / "components" / "__main__.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    components: list[type[Any]] = module.COMPONENTS
    return components


ANALYZED = Analyzer("userprofiles").analyze(hosted_components())
