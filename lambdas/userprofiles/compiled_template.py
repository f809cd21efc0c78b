"""Templates that were checked and compiled when the zip was built.

The zip has a package for each valid template, `compiled_templates/<name>`: `__init__.py` contains the
expanded document, and one module contains each validator. `template_compiler` writes them. Without them (in a
checkout, in the command-line tools), `template` checks and compiles the JSON file.
"""

import hashlib
import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from userprofiles.schema_violation import Validator

PACKAGE = "compiled_templates"
TEMPLATE_FOLDER = "templates"


@dataclass(frozen=True)
class CompiledTemplate:
    """A valid template.

    Attributes:
        document: The expanded document.
        validators: The validator of each kind of item and role.
    """

    document: dict[str, Any]
    validators: Mapping[tuple[str, str], Validator]


def calculate_digest(package_folder: Path) -> str:
    """Return the digest of all files in `templates/`: a template can use parts of another one."""
    digest = hashlib.sha256()
    for path in sorted((package_folder / TEMPLATE_FOLDER).glob("*.json")):
        content = path.read_bytes()
        digest.update(f"{path.name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def load(name: str) -> CompiledTemplate | None:
    """Return a compiled template; None if there is none, or a file in `templates/` has changed since.

    Args:
        name: The name of a file in `templates/`, without `.json`.
    """
    if "." in name:
        return None
    package = f"{__package__}.{PACKAGE}.{name}"
    try:
        template = importlib.import_module(package)
    except ModuleNotFoundError:
        return None
    if calculate_digest(Path(__file__).parent) != template.DIGEST:
        return None
    validators = {
        key: importlib.import_module(f"{package}.{module}").VALIDATOR
        for key, module in template.MODULES.items()
    }
    return CompiledTemplate(template.DOCUMENT, validators)
