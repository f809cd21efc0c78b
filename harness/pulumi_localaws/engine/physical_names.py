"""Generates the physical names of resources, as Pulumi's auto-naming does."""

import secrets as random_secrets

from pulumi_localaws.resources.resource_type import AutoNaming, Properties, ResourceContext


def choose_physical_name(naming: AutoNaming, inputs: Properties, context: ResourceContext) -> str:
    """Return the name that the program sets, or generate one.

    Raises:
        DeploymentError: The generated name is longer than AWS allows.
    """
    program_name = inputs.get(naming.name_property)
    if program_name:
        return str(program_name)
    prefix = inputs.get(naming.prefix_property) if naming.prefix_property else None
    start = str(prefix) if prefix else f"{context.name}-"
    if naming.lowercase:
        start = start.lower()
    if not start.startswith(naming.fixed_prefix):
        start = naming.fixed_prefix + start
    name = start + random_secrets.token_hex(4)[:7] + naming.suffix(inputs)
    if len(name) > naming.max_length:
        raise context.build_error(
            f"{naming.name_property}: the generated name {name!r} has {len(name)} characters; AWS allows at"
            f" most {naming.max_length}. Set `{naming.name_property}`, or shorten the resource's name."
        )
    return name
