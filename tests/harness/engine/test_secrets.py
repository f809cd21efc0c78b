"""Secret inputs stay secret in outputs and messages."""

import pytest
from engine_helpers import SECRET_PARAMETER_INPUTS, Engine
from pulumi.runtime.proto import resource_pb2
from pulumi_localaws.engine.properties import decode_properties, encode_properties
from resource_cases.case import PARAMETER

pytestmark = pytest.mark.backends("embedded")


def test_secret_input_is_a_secret_output(engine: Engine) -> None:
    """The output has the input's name: without the mark, an export would show it."""
    request = resource_pb2.RegisterResourceRequest(
        type=PARAMETER,
        name="thing",
        custom=True,
        object=encode_properties(SECRET_PARAMETER_INPUTS, ["value"]),
        additionalSecretOutputs=["arn"],
    )

    response = engine.monitor.RegisterResource(request)

    assert decode_properties(response.object)[1] == {"value", "arn"}


def test_message_about_a_wrong_type_does_not_show_a_secret(engine: Engine) -> None:
    message = engine.register_rejected(PARAMETER, {"type": "String", "value": ["hunter2"]}, secrets=["value"])

    assert "hunter2" not in message


def test_message_of_aws_does_not_show_a_secret(engine: Engine) -> None:
    inputs = {"name": "hunter2", "targetKeyId": "x"}

    message = engine.register_rejected("aws:kms/alias:Alias", inputs, secrets=["name"])

    assert inputs["name"] not in message
    assert "[secret]" in message
