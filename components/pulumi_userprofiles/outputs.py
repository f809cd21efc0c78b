"""Outputs that are derived from other outputs."""

from typing import Any

import pulumi


def output_after(value: pulumi.Input[str], *dependencies: pulumi.Input[Any]) -> pulumi.Output[str]:
    """Return a value that resolves after all dependencies, so that resources which use it wait for them."""
    return pulumi.Output.all(value, *dependencies).apply(lambda values: str(values[0]))


def account_of(arn: pulumi.Input[str]) -> pulumi.Output[str]:
    """Return the account ID in an ARN."""
    return pulumi.Output.from_input(arn).apply(lambda text: text.split(":")[4])
