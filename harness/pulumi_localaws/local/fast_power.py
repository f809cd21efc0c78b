"""Powers modulo a large prime by OpenSSL, ten times as fast as Python's `pow`: a sign-in by SRP needs eight.

The emulator's interpreter loads this module beside its start script, so it uses only ministack, the package
`cryptography`, which ministack requires, and the standard library.
"""

import warnings
from typing import Any

# `cryptography` offers no power by itself. The shared secret of a Diffie-Hellman key exchange is one: the
# peer's public value to the power of the own private value. Version 50 warns that a later version lacks it.
_numbers: Any
try:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from cryptography.hazmat.primitives.asymmetric import dh as _numbers_module

        _numbers = (
            _numbers_module.DHParameterNumbers,
            _numbers_module.DHPublicNumbers,
            _numbers_module.DHPrivateNumbers,
        )
except (ImportError, AttributeError):
    _numbers = None

_GENERATOR = 2
_SMALLEST_BITS = 64


def compute_power(base: int, exponent: int, modulus: int) -> int:
    """Return ``pow(base, exponent, modulus)``.

    Args:
        base: Any integer.
        exponent: An integer from 0.
        modulus: A prime with at least 512 bits.
    """
    base %= modulus
    # OpenSSL rejects a shared secret of 0, 1 or -1. Python is as fast with a small exponent.
    is_trivial = base in {0, 1, modulus - 1} or exponent.bit_length() < _SMALLEST_BITS
    if _numbers is None or is_trivial:
        return pow(base, exponent, modulus)
    parameter_numbers, public_numbers, private_numbers = _numbers
    parameters = parameter_numbers(modulus, _GENERATOR)
    # The own public value is not used.
    own_key = private_numbers(exponent, public_numbers(_GENERATOR, parameters)).private_key()
    peer_key = public_numbers(base, parameters).public_key()
    return int.from_bytes(own_key.exchange(peer_key))


def speed_up_sign_in() -> None:
    """Let the emulator compute the powers of a sign-in by OpenSSL."""
    from ministack.services import cognito  # noqa: PLC0415 - the module is loaded before ministack

    cognito.pow = compute_power
