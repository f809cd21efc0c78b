"""Commands of the Pulumi CLI that set a value in a stack's configuration, for error messages."""

from typing import Any, NotRequired, get_args, get_origin

from pulumi_userprofiles.names import camel_case


class ConfigCommands:
    """The command for each setting, which depends on the form of its value.

    Attributes:
        lists: Settings that are lists of strings.
        objects: Settings that are objects.
        record_lists: Settings that are lists of objects, with the first field of an object.
        forms: Settings that are objects with the fields of a TypedDict, and this TypedDict.
    """

    def __init__(self, project: str) -> None:
        self._project = project
        self.lists: set[str] = set()
        self.objects: set[str] = set()
        self.record_lists: dict[str, str] = {}
        self.forms: dict[str, type] = {}

    def command(self, setting: str) -> str:
        """Return the command that sets a setting, or a field of one, such as ``phoneSignIn.codeDigits``."""
        key, parent = f"{self._project}:{setting}", setting.partition(".")[0]
        if setting in self.lists:
            return _path_command(f"'{key}[0]'")
        if setting in self.record_lists:
            return _path_command(f"'{key}[0].{self.record_lists[setting]}'")
        if setting in self.objects:
            return _path_command(f"'{key}.<name>'")
        if parent == setting:
            return f"pulumi config set {key} <value>"
        return _field_command(key, self.forms[parent]) if parent in self.forms else _path_command(key)


def _path_command(path: str) -> str:
    return f"pulumi config set --path {path} <value>"


def _field_command(path: str, form: type) -> str:
    """Return the command that sets a field of an object.

    With `--path` alone, the CLI stores digits as a number, also those of +14155550100 (pulumi/pulumi#5442).
    It refuses a value that looks like a secret, such as the ARN in a field whose name contains "secret",
    unless the command has `--secret` or `--plaintext` (seen with 3.272.0). An ARN is not secret.
    """
    field = path.rpartition(".")[2]
    kinds = {camel_case(name): _without_wrapper(hint) for name, hint in form.__annotations__.items()}
    if get_origin(kinds.get(field)) is list:
        return _path_command(f"'{path}[0]'")
    if kinds.get(field) is str:
        return _path_command(f"--type string {path}")
    return _path_command(f"--plaintext {path}" if "Secret" in field else path)


def _without_wrapper(hint: Any) -> Any:
    return get_args(hint)[0] if get_origin(hint) is NotRequired else hint
