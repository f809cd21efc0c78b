"""The text that names a source, such as `dump:FOLDER`, without its secrets."""

URI_SCHEMES = ("mongodb://", "mongodb+srv://")


def public_source_text(text: str) -> str:
    """Return the text of a source for messages, plans and logs: without user name, password and options.

    Args:
        text: The text of `open_source`.
    """
    scheme = next((scheme for scheme in URI_SCHEMES if text.startswith(scheme)), None)
    if scheme is None:
        return text
    # A password that is not percent-encoded can have "@", "/" and "?".
    address = text.removeprefix(scheme)
    before, _, options = address.partition("?")
    if "/" in before and "@" in options:
        return f"{scheme}…"  # the password or an option has the "@", so each part can be secret
    return scheme + address.rpartition("@")[2].partition("?")[0]
