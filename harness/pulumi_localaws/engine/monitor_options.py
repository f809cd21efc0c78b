"""Options that can't be honoured on a local AWS are refused by name; others act, or mean nothing here.

Without meaning, since nothing is ever updated: aliases, ignore_changes, replace_on_changes, replace_with,
replacement_trigger, delete_before_replace, hide_diffs, state migrations; and custom time-outs. ``protect``
keeps
nothing: a local stack is thrown away.
"""

from pulumi.runtime.proto import resource_pb2

from pulumi_localaws.errors import DeploymentError


def refuse_options(request: resource_pb2.RegisterResourceRequest) -> None:
    """Raise for the first option that can't be honoured.

    Raises:
        DeploymentError: There is one.
    """
    where = f"{request.type} {request.name!r}"
    if request.importId:
        raise DeploymentError(
            f"{where}: the option import_ ({request.importId}) is not supported: a local AWS has"
            " nothing to import."
            " Leave it out for this stack."
        )
    if request.HasField("hooks") and request.hooks.ByteSize():
        raise DeploymentError(f"{where}: the option hooks is not supported by the local deployment.")
    if request.remote:
        raise DeploymentError(
            f"{where}: a component from a package of another language needs the Pulumi CLI; it is not"
            " supported here."
        )
    if request.envVarMappings:
        raise DeploymentError(
            f"{where}: the option env_var_mappings is not supported by the local deployment."
        )
    if request.type.startswith("pulumi-python:dynamic"):
        raise DeploymentError(f"{where}: dynamic providers are not supported by the local deployment.")
