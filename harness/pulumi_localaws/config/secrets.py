"""Decrypts the ``secure:`` values of a stack's settings, as Pulumi's passphrase provider does.

The format is Pulumi's own (``pkg/secrets/passphrase/manager.go`` and
``sdk/go/common/resource/config/crypt.go`` in pulumi/pulumi): the key is PBKDF2-HMAC-SHA256 of the passphrase,
1,000,000 rounds; a value is ``v1:<nonce>:<ciphertext>`` in base64, AES-256-GCM; ``encryptionsalt`` is
``v1:<salt>:<the encrypted word pulumi>``.
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from pathlib import Path

from pulumi_localaws.errors import ConfigError

PASSPHRASE_VARIABLES = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE")
"""The variables that hold the passphrase, or name the file that holds it; the first one wins."""

ROUNDS = 1_000_000
KEY_BYTES = 32
NONCE_BYTES = 12
VERIFIER = "pulumi"
"""The word that every salt carries encrypted, to tell a wrong passphrase from a damaged value."""


class WrongPassphraseError(ConfigError):
    """The passphrase does not open this stack's values."""


def passphrase_from(environment: Mapping[str, str]) -> str | None:
    """Read the passphrase as the Pulumi CLI does: from the variable, else from the file that one names.

    Args:
        environment: PASSPHRASE_VARIABLES are read; the first may be empty.

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
            raise ConfigError(f"{file_variable}={path} can't be read: {error.strerror}.") from error
    return None


class PassphraseDecrypter:
    """Decrypts the values of one stack.

    Args:
        passphrase: The stack's passphrase.
        salt: The file's ``encryptionsalt``.

    Raises:
        WrongPassphraseError: The passphrase doesn't fit the salt.
        ConfigError: The salt is malformed.
    """

    def __init__(self, passphrase: str, salt: str) -> None:
        version, _, rest = salt.partition(":")
        encoded, _, verifier = rest.partition(":")
        if version != "v1" or not verifier:
            raise ConfigError("encryptionsalt is malformed: v1:<salt>:v1:<nonce>:<ciphertext> is expected.")
        self._key = hashlib.pbkdf2_hmac("sha256", passphrase.encode(), _decode(encoded), ROUNDS, KEY_BYTES)
        try:
            fits = self.decrypt(verifier) == VERIFIER
        except ConfigError:
            fits = False
        if not fits:
            raise WrongPassphraseError("The passphrase does not fit this stack's encryptionsalt.")

    def decrypt(self, value: str) -> str:
        """Return the plain text of one ``v1:<nonce>:<ciphertext>`` value.

        Raises:
            ConfigError: The value is malformed, or was encrypted with another key.
        """
        # Only a stack with secrets pays for the import.
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

        parts = value.split(":")
        if len(parts) != 3 or parts[0] != "v1":  # noqa: PLR2004 the three parts of the format
            raise ConfigError("the encrypted value is malformed: v1:<nonce>:<ciphertext> is expected")
        nonce = _decode(parts[1])
        if len(nonce) != NONCE_BYTES:
            raise ConfigError(f"the encrypted value's nonce has {len(nonce)} bytes, not {NONCE_BYTES}")
        try:
            return AESGCM(self._key).decrypt(nonce, _decode(parts[2]), None).decode()
        except InvalidTag as error:
            raise ConfigError(
                "the encrypted value was made with another passphrase, or is damaged"
            ) from error


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ConfigError("the encrypted value is not base64") from error
