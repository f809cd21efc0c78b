"""Typed access to a stack's configuration. Each error is reported before any resource is created."""

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import config as runtime_config

from pulumi_userprofiles.config_commands import ConfigCommands
from pulumi_userprofiles.identifiers import REGION
from pulumi_userprofiles.message_texts import MessageTexts
from pulumi_userprofiles.names import camel_case, snake_case
from pulumi_userprofiles.validation import InvalidArgumentError


class StackConfig:
    """The project's settings. A setting that is not set is None, so that the component's default applies."""

    def __init__(self) -> None:
        """Open the configuration.

        Raises:
            InvalidArgumentError: The stack does not have an AWS region, or its region is not valid.
        """
        self._config = pulumi.Config()
        self._read: set[str] = set()
        self._commands = ConfigCommands(self._config.name)
        self._maps: set[str] = set()
        region = pulumi.Config("aws").get("region")
        if not region or not REGION.fullmatch(region):
            raise InvalidArgumentError(
                f"Stack '{pulumi.get_stack()}'",
                "aws:region is not an AWS region" if region else "aws:region is not set",
                got=region,
                allowed="an AWS region, such as us-east-1",
                fix=f"Set it in Pulumi.{pulumi.get_stack()}.yaml, or run "
                "`pulumi config set aws:region us-east-1`.",
            )

    def string(self, key: str) -> str | None:
        """Read a string."""
        self._read.add(key)
        return self._config.get(key)

    def text_file(self, key: str) -> str | None:
        """Read the text of a file, whose path is relative to the program's folder.

        Raises:
            InvalidArgumentError: The file cannot be read.
        """
        path = self.string(key)
        if path is None:
            return None
        try:
            return Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise self._error(
                key, f"must be a readable text file ({type(error).__name__})", path, "the path of a file"
            ) from None

    def boolean(self, key: str) -> bool | None:
        """Read true or false.

        Raises:
            InvalidArgumentError: The value is neither.
        """
        self._read.add(key)
        try:
            return self._config.get_bool(key)
        except pulumi.ConfigTypeError as error:
            raise self._error(key, "must be true or false", error, "true, false") from None

    def integer(self, key: str) -> int | None:
        """Read a whole number.

        Raises:
            InvalidArgumentError: The value is not a whole number.
        """
        self._read.add(key)
        try:
            return self._config.get_int(key)
        except pulumi.ConfigTypeError as error:
            raise self._error(key, "must be a whole number", error, "digits") from None

    def string_list(self, key: str) -> list[str] | None:
        """Read a list of strings.

        Raises:
            InvalidArgumentError: The value is not a list of strings.
        """
        self._commands.lists.add(key)
        value = self._structured(key, "a list of strings")
        if value is not None and not (
            isinstance(value, list) and all(isinstance(item, str) for item in value)
        ):
            raise self._error(key, "must be a list of strings", value, "a list, such as [a, b]")
        return value

    def record(self, key: str, *fields: str) -> dict[str, str] | None:
        """Read an object whose fields are strings.

        Args:
            key: The key.
            fields: Names of the fields; all are required.

        Returns:
            The object with the fields' names in snake case.

        Raises:
            InvalidArgumentError: The value is not an object, or a field is missing or unknown.
        """
        expected = f"an object with {', '.join(fields)}"
        value = self._structured(key, expected)
        if value is None:
            return None
        has_all_fields = isinstance(value, dict) and sorted(value) == sorted(fields)
        if not has_all_fields or not all(isinstance(text, str) and text for text in value.values()):
            raise self._error(key, f"must be {expected}", value, f"{expected}, each a string")
        return {snake_case(str(name)): str(text) for name, text in value.items()}

    def settings(self, key: str, form: type) -> dict[str, Any] | None:
        """Read an object with the optional settings of a TypedDict; a component checks their values.

        Returns:
            The object with the fields' names in snake case.

        Raises:
            InvalidArgumentError: The value is not an object, or a field is unknown.
        """
        self._commands.objects.add(key)
        self._commands.forms[key] = form
        fields = [camel_case(name) for name in form.__annotations__]
        expected = "an object with settings, or {} for the defaults"
        value = self._structured(key, expected)
        if value is not None and not isinstance(value, dict):
            raise self._error(key, f"must be {expected}", value, f"{{}}, or some of {', '.join(fields)}")
        return None if value is None else self._read_fields(key, value, fields)

    def record_list(self, key: str, *fields: str) -> list[dict[str, Any]] | None:
        """Read a list of objects.

        Args:
            key: The key.
            fields: Names of the fields; a component checks which are required, and their values.

        Returns:
            The objects with the fields' names in snake case.

        Raises:
            InvalidArgumentError: The value is not a list of objects, or a field is unknown.
        """
        self._commands.record_lists[key] = fields[0]
        expected = f"a list of objects with {', '.join(fields)}"
        value = self._structured(key, expected)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self._error(key, f"must be {expected}", value, f"a list, such as [{{{fields[0]}: a}}]")
        return [self._read_fields(key, item, fields) for item in value]

    def _read_fields(self, key: str, item: dict[str, Any], fields: Collection[str]) -> dict[str, Any]:
        for name in item:
            if name not in fields:
                raise self._error(key, "contains an unknown field", name, ", ".join(fields))
        return {snake_case(name): field for name, field in item.items()}

    def string_map(self, key: str) -> dict[str, str] | None:
        """Read an object with strings, whose names a user chooses.

        Raises:
            InvalidArgumentError: The value is not an object with strings.
        """
        self._commands.objects.add(key)
        self._maps.add(key)
        value = self._structured(key, "an object with strings")
        if value is not None and not _is_string_map(value):
            raise self._error(key, "must be an object with strings", value, "an object, such as {a: b}")
        return value  # type: ignore[no-any-return]  # checked above

    def texts(self, key: str) -> dict[str, str] | None:
        """Read texts of messages, with the names of `MessageTexts`.

        Raises:
            InvalidArgumentError: The value is not an object with texts, or a name is unknown.
        """
        self._commands.objects.add(key)
        value = self._structured(key, "an object with texts")
        return None if value is None else self._read_texts(key, value)

    def texts_by_language(self, key: str) -> dict[str, dict[str, str]] | None:
        """Read texts of messages for each of some languages.

        Raises:
            InvalidArgumentError: The value is not an object with such texts.
        """
        self._commands.objects.add(key)
        expected = "an object from language to texts"
        value = self._structured(key, expected)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise self._error(key, f"must be {expected}", value, "languages such as de, each with texts")
        return {str(language): self._read_texts(key, texts) for language, texts in value.items()}

    def _read_texts(self, key: str, value: Any) -> dict[str, str]:
        names = [camel_case(name) for name in MessageTexts.__annotations__]
        if not _is_string_map(value) or not set(value) <= set(names):
            raise self._error(key, "must contain texts with known names", value, ", ".join(names))
        return {snake_case(name): text for name, text in value.items()}

    def check_unknown_settings(self) -> None:
        """Reject settings that were not read; otherwise a misspelled setting would have no effect.

        Raises:
            InvalidArgumentError: There is an unknown setting.
        """
        settings = {**runtime_config.get_config_env(), **runtime_config.CONFIG.get()}
        namespace = f"{self._config.name}:"
        for full_key in sorted(settings):
            key = full_key.removeprefix(namespace)
            if full_key.startswith(namespace) and key not in self._read:
                raise self._error(key, "unknown setting", key, ", ".join(sorted(self._read)))

    @contextmanager
    def naming_settings(self, **setting_names: str) -> Iterator[None]:
        """Make a component's error messages name the setting that a user wrote instead of our argument.

        Args:
            setting_names: Argument to setting, for settings whose name is not the argument's in camel case.

        Raises:
            InvalidArgumentError: The component's error, about an argument that comes from a setting.
        """
        try:
            yield
        except InvalidArgumentError as error:
            argument = error.argument or ""
            setting = setting_names.get(argument) or camel_case(argument)
            if setting.partition(".")[0] not in self._read:
                raise
            file = f"Pulumi.{pulumi.get_stack()}.yaml"
            raise InvalidArgumentError(
                self._label(setting),
                self._with_setting_names(error.problem, setting_names),
                got=error.got,
                allowed=error.allowed,
                fix=f"{self._with_setting_names(error.fix, setting_names)} Set it in {file}, or run "
                f"`{self._commands.command(setting)}`.",
            ) from None

    def _with_setting_names(self, text: str, setting_names: Mapping[str, str]) -> str:
        """Replace each quoted argument in a message by the setting that it comes from."""

        def setting(quoted: re.Match[str]) -> str:
            argument, dot, field = quoted[1].partition(".")
            name = setting_names.get(argument) or camel_case(argument)
            if name not in self._read:
                return quoted[0]
            # The names in a map are the user's own, such as triggers; they are written as they are read.
            is_map = name in self._maps
            return f"'{name}{dot}{field if is_map else camel_case(field)}'"

        return re.sub("'([a-z_.]+)'", setting, text)

    def _label(self, setting: str) -> str:
        return f"Setting '{self._config.name}:{setting}' of stack '{pulumi.get_stack()}'"

    def _structured(self, key: str, expected: str) -> Any:
        self._read.add(key)
        try:
            return self._config.get_object(key)
        except pulumi.ConfigTypeError as error:
            raise self._error(key, f"must be {expected}", error, expected) from None

    def _error(self, key: str, problem: str, got: Any, allowed: str) -> InvalidArgumentError:
        has_command = key in self._read and not isinstance(got, dict)
        command = f", run `{self._commands.command(key)}`" if has_command else ""
        return InvalidArgumentError(
            self._label(key),
            problem,
            got=got.value if isinstance(got, pulumi.ConfigTypeError) else got,
            allowed=allowed,
            fix=f"Correct it in Pulumi.{pulumi.get_stack()}.yaml{command}, or remove it to use the default.",
        )


def _is_string_map(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(text, str) for text in value.values())
