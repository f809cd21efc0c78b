"""Reads a Pulumi project: the file ``Pulumi.yaml`` and the program that it names."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pulumi_localaws.config.declarations import Declarations, read_declarations
from pulumi_localaws.config.yaml_files import find_yaml_file, read_yaml_file
from pulumi_localaws.errors import ConfigError


@dataclass(frozen=True)
class Project:
    """A Pulumi project.

    Attributes:
        name: The project's name.
        path: The project's file.
        document: The content of the file.
        declarations: The config that the project declares.
    """

    name: str
    path: Path
    document: dict[str, Any]
    declarations: Declarations


def read_project(directory: Path) -> Project:
    """Read the ``Pulumi.yaml`` of a folder.

    Raises:
        ConfigError: The file is missing or malformed, or the program is not in Python.
    """
    if not directory.is_dir():
        raise ConfigError(
            f"The folder {directory} does not exist. Use the folder of a Pulumi project, with a Pulumi.yaml."
        )
    path = find_yaml_file(directory, "Pulumi")
    if path is None:
        raise ConfigError(
            f"{directory} is not a Pulumi project: Pulumi.yaml is missing. Use the folder of a project."
        )
    document = read_yaml_file(path)
    name = document.get("name")
    if not isinstance(name, str) or not name:
        raise ConfigError(f"{path}: `name` is missing. Set it to the project's name.")
    _check_runtime(path, document.get("runtime"))
    return Project(name, path, document, read_declarations(name, path, document.get("config")))


def find_program(project: Project, directory: Path) -> Path:
    """Return the file that runs the program.

    Raises:
        ConfigError: The file does not exist.
    """
    main = project.document.get("main")
    path = directory / str(main or ".")
    if not path.exists():
        raise ConfigError(
            f"{project.path}: the file or folder `main: {main}` does not exist. Set `main` to the program's"
            " file or folder."
        )
    program = path / "__main__.py" if path.is_dir() else path
    if not program.exists():
        raise ConfigError(
            f"{path} has no program: __main__.py is missing. Add it, or set `main` in {project.path.name}."
        )
    return program.resolve()


def _check_runtime(path: Path, runtime: Any) -> None:
    name = runtime.get("name") if isinstance(runtime, dict) else runtime
    if name != "python":
        raise ConfigError(
            f"{path}: `runtime` is {name!r}; allowed: python. The engine runs only programs in Python."
        )
