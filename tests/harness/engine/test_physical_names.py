"""Physical names are generated as Pulumi does."""

import re
from typing import Any

import pytest
from engine_helpers import Engine
from pulumi_localaws.errors import DeploymentError
from resource_cases.case import BUCKET, QUEUE, ROLE, TRUST_POLICY

pytestmark = pytest.mark.backends("embedded")


@pytest.mark.parametrize(
    ("token", "inputs", "name_property", "pattern"),
    [
        (QUEUE, {}, "name", r"Thing-[0-9a-f]{7}"),
        (QUEUE, {"fifoQueue": True}, "name", r"Thing-[0-9a-f]{7}\.fifo"),
        (QUEUE, {"namePrefix": "pre"}, "name", r"pre[0-9a-f]{7}"),
        (QUEUE, {"name": "mine"}, "name", r"mine"),
        (BUCKET, {}, "bucket", r"thing-[0-9a-f]{7}"),
        (ROLE, {"assumeRolePolicy": TRUST_POLICY}, "name", r"Thing-[0-9a-f]{7}"),
    ],
)
def test_name_is_generated_as_pulumi_does(
    engine: Engine, token: str, inputs: dict[str, Any], name_property: str, pattern: str
) -> None:
    _, outputs = engine.register(token, "Thing", inputs)

    assert re.fullmatch(pattern, outputs[name_property])


def test_generated_name_that_is_too_long_is_rejected(engine: Engine) -> None:
    with pytest.raises(DeploymentError, match=r"has 88 characters; AWS allows at most 80\. Set `name`"):
        engine.register(QUEUE, "q" * 80, {})
