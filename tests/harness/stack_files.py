"""Writes and loads the files of a Pulumi project with one stack."""

from pathlib import Path
from typing import Any

import yaml
from pulumi_localaws.config.stack import StackSettings, load_stack_config


def write_project(folder: Path, project: Any, stack: Any = None) -> Path:
    """Write a project with an empty program. The stack is the content of its file: text or a document."""
    document = {"name": "shop", "runtime": "python", **project}
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump(document))
    if stack is not None:
        (folder / "Pulumi.dev.yaml").write_text(stack if isinstance(stack, str) else yaml.safe_dump(stack))
    (folder / "__main__.py").touch()
    return folder


def load(folder: Path, **options: Any) -> StackSettings:
    """Load the stack dev."""
    return load_stack_config(folder, "dev", **options)
