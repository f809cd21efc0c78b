"""Runs the invokes of a program: functions of the AWS provider, and look-ups of existing resources."""

from pulumi.runtime.proto import resource_pb2

from pulumi_localaws.config.provider import Providers
from pulumi_localaws.engine.deployment_context import DeploymentContext
from pulumi_localaws.engine.properties import decode_properties, encode_properties
from pulumi_localaws.errors import DeploymentError
from pulumi_localaws.resources.input_schema import InputError
from pulumi_localaws.resources.invokes import InvokeContext, invoke
from pulumi_localaws.resources.lookups import LOOKUPS, Lookup, look_up
from pulumi_localaws.resources.resource_type import Properties, ResourceContext


class MissingResourceError(DeploymentError):
    """A look-up did not return a resource; the message names the look-up and the error of AWS."""


def run_invoke(
    request: resource_pb2.ResourceInvokeRequest, deployment: DeploymentContext, providers: Providers
) -> resource_pb2.ResourceInvokeResponse:
    """Return the response to an invoke.

    Raises:
        DeploymentError: The invoke or an input is not supported.
        MissingResourceError: The resource of a look-up does not exist.
    """
    token = request.tok
    inputs, _ = decode_properties(request.args)
    region = inputs.pop("region", None) if "getRegion" not in token else None
    region = providers.get(request.provider).resolve_region(region, where=f"The invoke {token}")
    lookup = LOOKUPS.get(token)
    if lookup is None:
        result = invoke(token, inputs, InvokeContext(deployment.account, region))
        return resource_pb2.ResourceInvokeResponse(**{"return": encode_properties(result)})
    result = _look_up(token, lookup, inputs, region, deployment)
    properties = encode_properties(result, lookup.secrets)
    return resource_pb2.ResourceInvokeResponse(**{"return": properties})


def _look_up(
    token: str, lookup: Lookup, inputs: Properties, region: str, deployment: DeploymentContext
) -> Properties:
    context = ResourceContext(
        urn="",
        type="The invoke",
        name=token,
        region=region,
        account=deployment.account,
        tags={},
        input_schema=lookup.inputs,
        clients=deployment.clients,
        undo_log=deployment.undo_log,
        add_wait=deployment.pending_waits.put,
        inputs=inputs,
    )
    try:
        return look_up(lookup, context, inputs)
    except InputError as error:
        raise DeploymentError(f"The invoke {token}: {error}.") from error
    except DeploymentError as error:
        raise MissingResourceError(str(error)) from error
