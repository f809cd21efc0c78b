"""A stack's configuration, read with types: one clear message for each mistake, before anything is made."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pulumi
from pulumi.runtime import config as runtime_config

from pulumi_userprofiles.identifiers import REGION
from pulumi_userprofiles.validation import InvalidArgumentError


class StackConfig:
    """Reads the project's own keys; what isn't set is None, so that the component's default counts."""

    def __init__(self) -> None:
        """Open the configuration.

        Raises:
            InvalidArgumentError: The stack has no region, or what it has is none.
        """
        self._config = pulumi.Config()
        self._read: set[str] = set()
        self._lists: set[str] = set()
        region = pulumi.Config("aws").get("region")
        if not region or not REGION.fullmatch(region):
            raise InvalidArgumentError(
                f"Stack '{pulumi.get_stack()}'",
                "its aws:region is no AWS region" if region else "it has no AWS region",
                got=region,
                allowed="a region such as us-east-1, as aws:region",
                fix="Run `pulumi config set aws:region us-east-1`, or write it into the stack's file.",
            )

    def text(self, key: str) -> str | None:
        """Read a text."""
        self._read.add(key)
        return self._config.get(key)

    def switch(self, key: str) -> bool | None:
        """Read true or false.

        Raises:
            InvalidArgumentError: It is something else.
        """
        self._read.add(key)
        try:
            return self._config.get_bool(key)
        except pulumi.ConfigTypeError as error:
            raise self._mistake(key, "it is no switch", error, "true, false") from None

    def number(self, key: str) -> int | None:
        """Read a whole number.

        Raises:
            InvalidArgumentError: It is something else.
        """
        self._read.add(key)
        try:
            return self._config.get_int(key)
        except pulumi.ConfigTypeError as error:
            raise self._mistake(key, "it is no whole number", error, "digits") from None

    def texts(self, key: str) -> list[str] | None:
        """Read a list of texts.

        Raises:
            InvalidArgumentError: It is something else.
        """
        self._lists.add(key)
        value = self._structured(key, "a list of texts")
        if value is not None and not (
            isinstance(value, list) and all(isinstance(item, str) for item in value)
        ):
            raise self._mistake(key, "it is no list of texts", value, "a list, such as [a, b]")
        return value

    def record(self, key: str, *fields: str) -> dict[str, str] | None:
        """Read some texts that belong together.

        Args:
            key: The key.
            fields: Names of the texts, all of them needed.

        Raises:
            InvalidArgumentError: It is something else, or lacks one, or has another.
        """
        value = self._structured(key, f"an object with {', '.join(fields)}")
        if value is None:
            return None
        fits = isinstance(value, dict) and sorted(value) == sorted(fields)
        if not fits or not all(isinstance(text, str) and text for text in value.values()):
            raise self._mistake(
                key, "it isn't whole", value, f"an object with {', '.join(fields)}, each a text"
            )
        return {str(name): str(text) for name, text in value.items()}

    def no_more(self) -> None:
        """Refuse keys that nothing has read: a misspelt one would be passed over in silence.

        Raises:
            InvalidArgumentError: There is such a key.
        """
        everything = {**runtime_config.get_config_env(), **runtime_config.CONFIG.get()}
        namespace = f"{self._config.name}:"
        for full_key in sorted(everything):
            key = full_key.removeprefix(namespace)
            if full_key.startswith(namespace) and key not in self._read:
                raise self._mistake(key, "there is no such setting", key, ", ".join(sorted(self._read)))

    @contextmanager
    def naming_settings(self, **renamed: str) -> Iterator[None]:
        """Make a component's mistakes within name the setting that somebody typed, not our argument.

        Args:
            renamed: Settings that aren't called as their argument is, in camel case: argument to setting.

        Raises:
            InvalidArgumentError: The component's, of an argument that comes from a setting.
        """
        try:
            yield
        except InvalidArgumentError as error:
            argument = error.argument or ""
            setting = renamed.get(argument) or _camel_case(argument)
            if setting.partition(".")[0] not in self._read:
                raise
            mend = f"Set it in Pulumi.{pulumi.get_stack()}.yaml, or by `{self._command(setting)}`."
            raise InvalidArgumentError(
                self._place(setting),
                error.problem.replace(f"'{argument}'", f"'{setting}'"),
                got=error.got,
                allowed=error.allowed,
                fix=f"{error.fix} {mend}",
            ) from None

    def _command(self, setting: str) -> str:
        full = f"{self._config.name}:{setting}"
        if setting in self._lists:
            return f"pulumi config set --path '{full}[0]' <value>"
        return f"pulumi config set {'--path ' if '.' in setting else ''}{full} <value>"

    def _place(self, setting: str) -> str:
        return f"Setting '{self._config.name}:{setting}' of stack '{pulumi.get_stack()}'"

    def _structured(self, key: str, expected: str) -> Any:
        self._read.add(key)
        try:
            return self._config.get_object(key)
        except pulumi.ConfigTypeError as error:
            raise self._mistake(key, f"it isn't {expected}", error, expected) from None

    def _mistake(self, key: str, problem: str, got: Any, allowed: str) -> InvalidArgumentError:
        by = f" or by `{self._command(key)}`" if key in self._read and not isinstance(got, dict) else ""
        return InvalidArgumentError(
            self._place(key),
            problem,
            got=got.value if isinstance(got, pulumi.ConfigTypeError) else got,
            allowed=allowed,
            fix=f"Correct it in Pulumi.{pulumi.get_stack()}.yaml{by}, or leave it out for the default.",
        )


def _camel_case(argument: str) -> str:
    first, *rest = argument.split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in rest)
