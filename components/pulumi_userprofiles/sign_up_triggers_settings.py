"""Checked settings of `SignUpTriggers`: which functions it creates. This module creates no resources."""

import json
from collections.abc import Mapping
from typing import Any

from pulumi_userprofiles.cognito_triggers import (
    CUSTOM_MESSAGE,
    POST_CONFIRMATION,
    PRE_SIGN_UP,
    PRE_TOKEN_GENERATION,
    Trigger,
)
from pulumi_userprofiles.message_texts import packed_texts, texts_by_language
from pulumi_userprofiles.validation import boolean

TEXTS_PATH = "userprofiles/texts_by_language.json"
"""File in the zip of the custom message function, with its texts."""


class SignUpTriggersSettings:
    """The triggers to create, and the files that single functions need."""

    def __init__(self, where: str, args: Mapping[str, Any]) -> None:
        """Check the arguments.

        Raises:
            InvalidArgumentError: An argument is not valid.
        """
        texts = texts_by_language(where, args)
        self.triggers = [
            *(PRE_SIGN_UP, POST_CONFIRMATION),
            *([PRE_TOKEN_GENERATION] if boolean(where, args, "role_in_token", True) else []),
            *([CUSTOM_MESSAGE] if texts else []),
        ]
        self._texts_file = json.dumps(packed_texts(texts), ensure_ascii=False, sort_keys=True)

    def files_of(self, trigger: Trigger) -> dict[str, str]:
        """Return the files that the zip of a trigger's function needs in addition."""
        return {TEXTS_PATH: self._texts_file} if trigger is CUSTOM_MESSAGE else {}
