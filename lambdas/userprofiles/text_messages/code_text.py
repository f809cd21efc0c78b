"""The texts of messages with codes."""

from userprofiles.settings import SettingsError
from userprofiles.text_messages.code_message import CodeMessage, Purpose

PLACEHOLDER = "{code}"
DEFAULT_SIGN_IN_TEXT = "{code} is your code. It is valid for 3 minutes."
# Cognito decides how long its own codes are valid: from 3 minutes to 24 hours, by their purpose.
_COGNITO_TEXT = "{code} is your code."
_INVITATION_TEXT = "Your temporary password is {code}"


class CodeTexts:
    """The texts, by what a code is for.

    Args:
        sign_in_text: Text of a sign-in code, with the placeholder `{code}`.

    Raises:
        SettingsError: The text doesn't contain the placeholder once.
    """

    def __init__(self, sign_in_text: str = DEFAULT_SIGN_IN_TEXT) -> None:
        if sign_in_text.count(PLACEHOLDER) != 1:
            raise SettingsError(
                f"CODE_TEXT must contain the placeholder {PLACEHOLDER} once, got {sign_in_text!r}. "
                f"Example: {DEFAULT_SIGN_IN_TEXT}"
            )
        self._texts = {Purpose.SIGN_IN: sign_in_text, Purpose.INVITATION: _INVITATION_TEXT}

    def write(self, message: CodeMessage) -> str:
        """Return the text of a message."""
        return self._texts.get(message.purpose, _COGNITO_TEXT).replace(PLACEHOLDER, message.code)
