"""Powers by OpenSSL equal those by Python."""

import secrets

import pytest
from pulumi_localaws.local import fast_power
from pulumi_localaws.local.fast_power import compute_power
from pulumi_localaws.testing.srp import GROUP_PRIME

GENERATOR = 2
EXPONENT = secrets.randbits(256) | 1 << 255


@pytest.mark.parametrize("base", [0, 1, GENERATOR, GROUP_PRIME - 1, GROUP_PRIME, GROUP_PRIME + 5, -7, 3**900])
def test_power_of_each_base_is_that_of_python(base: int) -> None:
    assert compute_power(base, EXPONENT, GROUP_PRIME) == pow(base, EXPONENT, GROUP_PRIME)


@pytest.mark.parametrize("bits", [0, 1, 63, 64, 160, 512])
def test_power_with_each_exponent_is_that_of_python(bits: int) -> None:
    exponent = (1 << bits) - 1

    assert compute_power(GENERATOR, exponent, GROUP_PRIME) == pow(GENERATOR, exponent, GROUP_PRIME)


def test_power_without_diffie_hellman_numbers_is_that_of_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """A later version of `cryptography` will not have them."""
    monkeypatch.setattr(fast_power, "_numbers", None)

    assert compute_power(GENERATOR, EXPONENT, GROUP_PRIME) == pow(GENERATOR, EXPONENT, GROUP_PRIME)
