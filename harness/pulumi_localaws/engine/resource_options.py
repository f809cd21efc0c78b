"""Rejects the resource options that the engine does not support.

These options have no effect, because no resource is ever updated: aliases, ignore_changes,
replace_on_changes, replace_with, replacement_trigger, delete_before_replace, hide_diffs, state migrations and
custom time-outs.
``protect`` has no effect either, because a local stack is temporary.
"""

from pulumi.runtime.proto import resource_pb2

from pulumi_localaws.errors import DeploymentError


def reject_unsupported_options(request: resource_pb2.RegisterResourceRequest) -> None:
    """Raise an error for the first option or kind of resource that is not supported.

    Raises:
        DeploymentError: The message names the resource and the option.
    """
    resource = f"{request.type} {request.name!r}"
    if request.importId:
        raise DeploymentError(
            f"{resource}: the option import_ ({request.importId}) is not supported: the local AWS has no"
            " resource to import. Omit the option for this stack."
        )
    if request.HasField("hooks") and request.hooks.ByteSize():
        raise DeploymentError(
            f"{resource}: the option hooks is not supported by the local deployment. Omit it for this stack."
        )
    if request.remote:
        raise DeploymentError(
            f"{resource}: components of packages in other languages are not supported by the local"
            " deployment. They need the Pulumi CLI."
        )
    if request.envVarMappings:
        raise DeploymentError(
            f"{resource}: the option env_var_mappings is not supported by the local deployment. Omit it for"
            " this stack."
        )
    if request.type.startswith("pulumi-python:dynamic"):
        raise DeploymentError(f"{resource}: dynamic providers are not supported by the local deployment.")
