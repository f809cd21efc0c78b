"""Decrypts the ``secure:`` values of a stack's config, as Pulumi's passphrase provider does.

The format is Pulumi's own (``pkg/secrets/passphrase/manager.go`` and
``sdk/go/common/resource/config/crypt.go`` in pulumi/pulumi):

- The key is PBKDF2-HMAC-SHA256 of the passphrase with 1,000,000 rounds.
- A value is ``v1:<nonce>:<ciphertext>`` in base64, encrypted with AES-256-GCM.
- ``encryptionsalt`` is ``v1:<salt>:<the encrypted word pulumi>``.

The messages of the errors of this module are parts of a sentence without a full stop, except for those of
`read_passphrase`: the caller adds the file and the key.
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from pathlib import Path

from pulumi_localaws.errors import ConfigError

PASSPHRASE_VARIABLES = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE")
"""The variables for the passphrase and for a file that contains it. The first one takes precedence."""

ROUNDS = 1_000_000
KEY_BYTES = 32
NONCE_BYTES = 12
VERIFIER = "pulumi"
"""The encrypted word in every salt. It shows whether the passphrase is wrong or a value is damaged."""


class WrongPassphraseError(ConfigError):
    """The passphrase is not the one that encrypted this stack's values."""


def read_passphrase(environment: Mapping[str, str]) -> str | None:
    """Read the passphrase as the Pulumi CLI does: from the first variable, or from the file of the second.

    Args:
        environment: The environment variables. An empty first variable is an empty passphrase.

    Raises:
        ConfigError: The file cannot be read.
    """
    text_variable, file_variable = PASSPHRASE_VARIABLES
    if text_variable in environment:
        return environment[text_variable]
    if path := environment.get(file_variable):
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ConfigError(
                f"{file_variable}={path}: the file cannot be read: {error.strerror}. Set the"
                " path of a readable file."
            ) from error
    return None


class PassphraseDecrypter:
    """Decrypts the values of one stack.

    Args:
        passphrase: The stack's passphrase.
        salt: The ``encryptionsalt`` of the stack's file.

    Raises:
        WrongPassphraseError: The passphrase does not match the salt.
        ConfigError: The salt is malformed.
    """

    def __init__(self, passphrase: str, salt: str) -> None:
        version, _, rest = salt.partition(":")
        encoded, _, verifier = rest.partition(":")
        if version != "v1" or not verifier:
            raise ConfigError("`encryptionsalt` must have the form v1:<salt>:v1:<nonce>:<ciphertext>")
        self._key = hashlib.pbkdf2_hmac("sha256", passphrase.encode(), _decode(encoded), ROUNDS, KEY_BYTES)
        try:
            matches = self.decrypt(verifier) == VERIFIER
        except ConfigError:
            matches = False
        if not matches:
            raise WrongPassphraseError("the passphrase does not match the stack's `encryptionsalt`")

    def decrypt(self, value: str) -> str:
        """Return the plain text of a ``v1:<nonce>:<ciphertext>`` value.

        Raises:
            ConfigError: The value is malformed, or was encrypted with another key.
        """
        # Late: the import is slow, and only stacks with secrets need it.
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

        parts = value.split(":")
        if len(parts) != 3 or parts[0] != "v1":  # noqa: PLR2004 the three parts of the format
            raise ConfigError("the encrypted value must have the form v1:<nonce>:<ciphertext>")
        nonce = _decode(parts[1])
        if len(nonce) != NONCE_BYTES:
            raise ConfigError(
                f"the nonce of the encrypted value must have {NONCE_BYTES} bytes, not {len(nonce)}"
            )
        try:
            return AESGCM(self._key).decrypt(nonce, _decode(parts[2]), None).decode()
        except InvalidTag as error:
            raise ConfigError("the value was encrypted with another passphrase, or is damaged") from error


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ConfigError("the value is not valid base64") from error
