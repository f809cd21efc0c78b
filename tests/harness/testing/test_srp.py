"""The answer to PASSWORD_VERIFIER, checked by the emulator's own verification."""

import base64
from datetime import UTC, datetime

import pytest
from ministack.services import cognito
from pulumi_localaws.local.fast_power import compute_power
from pulumi_localaws.testing.srp import SrpClient, compute_secret_hash

POOL_ID = "us-east-1_AbCdEfGhI"
PASSWORD = "Correct-horse-7-battery"
USER = {"Username": "ana", "Attributes": [{"Name": "sub", "Value": "1"}], "_password": PASSWORD}
SECRET_BLOCK = base64.b64encode(b"secret block").decode()


@pytest.fixture(autouse=True)
def _fast_emulator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cognito, "pow", compute_power, raising=False)


@pytest.mark.parametrize(("password", "is_valid"), [(PASSWORD, True), ("Wrong-horse-7-battery", False)])
def test_answer_proves_the_password(password: str, is_valid: bool) -> None:
    srp = SrpClient(POOL_ID, password)
    parameters, state = cognito._srp_challenge(POOL_ID, USER, "ana", srp.public_value, SECRET_BLOCK)

    responses = srp.answer(parameters)

    assert cognito._srp_proof_valid(POOL_ID, USER, state, responses) is is_valid


def test_time_of_an_answer_is_in_english_and_in_utc() -> None:
    srp = SrpClient(POOL_ID, PASSWORD)
    parameters, _ = cognito._srp_challenge(POOL_ID, USER, "ana", srp.public_value, SECRET_BLOCK)

    responses = srp.answer(parameters, now=datetime(2026, 11, 2, 9, 5, tzinfo=UTC))

    assert responses["TIMESTAMP"] == "Mon Nov 2 09:05:00 UTC 2026"


def test_secret_hash_is_the_mac_of_name_and_client() -> None:
    """The value is that of ``openssl dgst -sha256 -hmac secret -binary | base64`` for ``anaclient``."""
    assert compute_secret_hash("ana", "client", "secret") == "gpYaeMoXSS9IvHXaT9s8abxoWL9KY/6BzvsnZsQ8xzs="
