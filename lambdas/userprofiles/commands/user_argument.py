"""The argument USER of the commands: the sub of a user."""

import argparse

from userprofiles.table import record


def parse_sub(text: str) -> str:
    """Read the sub of a user. The message does not repeat the text, which can be an e-mail address.

    Raises:
        argparse.ArgumentTypeError: It can't be a sub.
    """
    if not record.is_sub(text):
        raise argparse.ArgumentTypeError(
            "must be the sub of a user, such as 11111111-1111-4111-8111-111111111111; got a text of "
            f"{len(text)} characters with other characters than letters, digits, _ and -. "
            "To find the sub: aws cognito-idp admin-get-user"
        )
    return text
