"""A password that nobody knows, for users whom the code confirms."""

import secrets


def random_password() -> str:
    """Return a random password that every password policy accepts.

    A policy can require all four kinds of characters and at most 99 characters (Amazon Cognito,
    PasswordPolicyType). A password has at most 256 characters (AdminSetUserPassword).
    """
    return f"{secrets.token_urlsafe(90)}aA1!"
