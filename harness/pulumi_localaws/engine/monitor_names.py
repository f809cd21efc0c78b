"""Names that are made up, and messages that name what is supported."""

import secrets as random_secrets

from pulumi_localaws.resources.catalog import BY_TOKEN
from pulumi_localaws.resources.resource_type import Args, Context, Naming


def physical_name(naming: Naming, inputs: Args, context: Context) -> str:
    """Return the name that the program gives, or one made up as Pulumi does.

    Raises:
        DeploymentError: The name is longer than AWS takes.
    """
    given = inputs.get(naming.prop)
    if given:
        return str(given)
    suffix = naming.suffix(inputs)
    prefix = inputs.get(naming.prefix) if naming.prefix else None
    start = str(prefix) if prefix else f"{context.name}-"
    name = naming.lead + (start.lower() if naming.lower else start) + random_secrets.token_hex(4)[:7] + suffix
    if naming.lead and start.startswith(naming.lead):
        name = name.removeprefix(naming.lead)
    if len(name) > naming.limit:
        raise context.error(
            f"the made-up name {name!r} has {len(name)} characters, AWS takes {naming.limit}; give"
            f" `{naming.prop}` or a shorter name."
        )
    return name


def unknown_type(kind: str, name: str) -> str:
    """Return the message for a type that isn't in the table."""
    service = kind.split("/", maxsplit=1)[0]
    near = [token for token in BY_TOKEN if token.split("/")[0] == service] or sorted(
        {t.split("/")[0] for t in BY_TOKEN}
    )
    what = "of this service" if near[0].startswith(f"{service}/") else "services"
    return (
        f"{kind} {name!r}: this type is not supported by the local deployment."
        f" Supported {what}: {', '.join(sorted(near))} (`pulumi-localaws types` lists all)."
    )
