"""Secret config values are decrypted as Pulumi's passphrase provider does."""

import base64
import hashlib
import os
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pulumi_localaws.config.secrets import ROUNDS, PassphraseDecrypter, read_passphrase
from pulumi_localaws.errors import ConfigError
from stack_files import load, write_project

# From the tests of pulumi/pulumi (pkg/secrets/passphrase/manager_test.go). The passphrase is "password".
PULUMI_SALT = "v1:fozI5u6B030=:v1:F+6ZduKKd8G0/V7L:PGMFeIzwobWRKmEAzUdaQHqC5mMRIQ=="


def encrypt(text: str, key: bytes) -> str:
    nonce = os.urandom(12)
    parts = (nonce, AESGCM(key).encrypt(nonce, text.encode(), None))
    return "v1:" + ":".join(base64.b64encode(part).decode() for part in parts)


@pytest.fixture(scope="module")
def key() -> bytes:
    return hashlib.pbkdf2_hmac("sha256", b"open sesame", b"saltsalt", ROUNDS, 32)


@pytest.fixture(scope="module")
def salt(key: bytes) -> str:
    return f"v1:{base64.b64encode(b'saltsalt').decode()}:{encrypt('pulumi', key)}"


@pytest.fixture
def encrypted(key: bytes, salt: str) -> dict[str, Any]:
    return {"encryptionsalt": salt, "config": {"shop:password": {"secure": encrypt("hunter2", key)}}}


def test_passphrase_matches_a_salt_of_pulumi() -> None:
    PassphraseDecrypter("password", PULUMI_SALT)


def test_wrong_passphrase_does_not_match_a_salt_of_pulumi() -> None:
    with pytest.raises(ConfigError, match="does not match"):
        PassphraseDecrypter("password123", PULUMI_SALT)


def test_secure_values_are_decrypted_at_any_depth(tmp_path: Path, key: bytes, salt: str) -> None:
    stack = {
        "encryptionsalt": salt,
        "config": {
            "shop:password": {"secure": encrypt("hunter2", key)},
            "shop:db": {"hosts": [{"password": {"secure": encrypt("deep", key)}}], "port": 1},
            "shop:plain": "x",
        },
    }

    config = load(write_project(tmp_path, {}, stack), passphrase="open sesame")

    assert config.values["shop:password"] == "hunter2"
    assert config.values["shop:db"] == '{"hosts":[{"password":"deep"}],"port":1}'
    assert config.secrets == {"shop:password", "shop:db"}


@pytest.mark.parametrize(
    ("change", "passphrase", "message"),
    [
        ({}, None, "shop:password cannot be decrypted without its passphrase. Set PULUMI_CONFIG_PASSPHRASE"),
        ({}, "wrong", "PULUMI_CONFIG_PASSPHRASE is not this stack's passphrase"),
        ({"encryptionsalt": None}, "x", "`encryptionsalt` is missing"),
        ({"encryptionsalt": "v2:x:y"}, "x", "`encryptionsalt` must have the form v1:<salt>"),
        (
            {"secretsprovider": "awskms://alias/x"},
            "x",
            "`secretsprovider` is 'awskms://alias/x'; allowed: passphrase",
        ),
        (
            {"config": {"shop:password": {"secure": "v1:AAAA:AAAA"}}},
            "open sesame",
            "shop:password cannot be decrypted",
        ),
    ],
)
@pytest.mark.sample(3)
def test_secret_that_cannot_be_decrypted_is_named(
    tmp_path: Path, encrypted: dict[str, Any], change: dict[str, Any], passphrase: str | None, message: str
) -> None:
    folder = write_project(tmp_path, {}, {**encrypted, **change})

    with pytest.raises(ConfigError) as raised:
        load(folder, passphrase=passphrase)

    assert message in str(raised.value)


def test_secret_value_stays_secret_when_it_is_overridden(tmp_path: Path, salt: str) -> None:
    stack = {"encryptionsalt": salt, "config": {"shop:password": {"secure": "v1:x:y"}}}

    config = load(write_project(tmp_path, {}, stack), overrides={"password": "other"})

    assert (config.values["shop:password"], config.secrets) == ("other", {"shop:password"})


def test_passphrase_is_read_from_the_variable_then_from_the_file(tmp_path: Path) -> None:
    file = tmp_path / "phrase"
    file.write_text("from file\n")
    file_variable = {"PULUMI_CONFIG_PASSPHRASE_FILE": str(file)}

    assert read_passphrase({**file_variable, "PULUMI_CONFIG_PASSPHRASE": ""}) == ""
    assert read_passphrase(file_variable) == "from file"
    assert read_passphrase({}) is None


def test_missing_passphrase_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"PULUMI_CONFIG_PASSPHRASE_FILE=.*cannot be read"):
        read_passphrase({"PULUMI_CONFIG_PASSPHRASE_FILE": str(tmp_path / "missing")})
