"""A password for a user who has none yet, which the pool's own policy lets pass."""

import secrets
import string

from pulumi_localaws.gateway.pools import Pool

_CLASSES = (string.ascii_uppercase, string.ascii_lowercase, string.digits, "!@#%*_-")
_SHORTEST = 16


def temporary_password(pool: Pool) -> str:
    """Return a random password with every class of character and at least as long as the pool asks for."""
    policy = (pool.document.get("Policies") or {}).get("PasswordPolicy") or {}
    length = max(_SHORTEST, int(policy.get("MinimumLength") or 0))
    characters = [secrets.choice(c) for c in _CLASSES]
    characters += [secrets.choice("".join(_CLASSES)) for _ in range(length - len(characters))]
    secrets.SystemRandom().shuffle(characters)
    return "".join(characters)
