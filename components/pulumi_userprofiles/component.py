"""What all our components share: children, the way to change one, and outputs that can't be forgotten."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar

import pulumi
import pulumi_aws as aws

from pulumi_userprofiles.identifiers import check_arns
from pulumi_userprofiles.validation import InvalidArgumentError, child_name, known_keys

R = TypeVar("R")

Transform = Callable[[dict[str, Any], pulumi.ResourceOptions], None]
"""Changes a child before it is made: edits its inputs (by Python names) and options in place."""

Transforms = Mapping[str, Any]
"""For a child's role (the end of its name) a `Transform`; for a component within, a mapping like this
one."""


class Component(pulumi.ComponentResource):
    """Base of our components; a subclass names its children and how long its own name can be."""

    _CHILDREN: ClassVar[tuple[str, ...]] = ()
    """Roles of the children that a transform can change."""

    _NAME_LIMIT: ClassVar[int] = 47
    """Characters that a component's name can have: AWS takes 64, of which 8 are Pulumi's suffix."""

    def __init__(
        self,
        name: str,
        args: Mapping[str, Any],
        opts: pulumi.ResourceOptions | None,
        transforms: Transforms | None,
    ) -> None:
        """Check names, then register the component.

        Args:
            name: The component's name, which each child's name begins with.
            args: Its arguments, for a check that they exist.
            opts: Pulumi's options.
            transforms: Changes to children.

        Raises:
            InvalidArgumentError: The name can't be used, an argument or a transformed child doesn't
                exist, or an ARN is one of something else.
        """
        where = self.place(name)
        child_name(where, name, self._NAME_LIMIT)
        known_keys(where, args, inspect.get_annotations(inspect.get_annotations(type(self).__init__)["args"]))
        check_arns(where, args)
        for role in transforms or {}:
            if role not in self._CHILDREN:
                raise InvalidArgumentError(
                    where,
                    f"no child '{role}' to transform",
                    got=role,
                    allowed=", ".join(self._CHILDREN),
                    fix="Name one of them.",
                )
        super().__init__(f"userprofiles:index:{type(self).__name__}", name, None, opts)
        self._prefix = name
        self._transforms = dict(transforms or {})

    @classmethod
    def place(cls, name: str) -> str:
        """Say in a message which component is meant."""
        return f"{cls.__name__} '{name}'"

    def _make(self, kind: Callable[..., R], child: str, /, opts: Any = None, **inputs: Any) -> R:
        """Make a child named after its role, changed by the transform for that role if there is one."""
        options = pulumi.ResourceOptions.merge(pulumi.ResourceOptions(parent=self), opts)
        change = self._transforms.get(child)
        if change is not None:
            change(inputs, options)
        return kind(f"{self._prefix}-{child}", opts=options, **inputs)

    def _watch(
        self,
        role: str,
        args: Mapping[str, Any],
        *,
        tells: str,
        metric: str,
        dimensions: Mapping[str, pulumi.Input[str]],
        statistic: str = "Sum",
        above: int = 0,
    ) -> None:
        """Make an alarm over five minutes of a metric.

        Args:
            role: End of the alarm's name.
            args: The component's arguments, for `alarm_topic_arn`.
            tells: What has happened when it goes off, and where to look.
            metric: Namespace and name of the metric, with a space between.
            dimensions: Whose metric.
            statistic: What of the metric counts.
            above: The highest value at which all is well.
        """
        topic = args.get("alarm_topic_arn")
        namespace, _, name = metric.partition(" ")
        self._make(
            aws.cloudwatch.MetricAlarm,
            role,
            alarm_description=tells,
            namespace=namespace,
            metric_name=name,
            dimensions=dict(dimensions),
            statistic=statistic,
            period=300,
            evaluation_periods=1,
            threshold=above,
            comparison_operator="GreaterThanThreshold",
            treat_missing_data="notBreaching",
            alarm_actions=[] if topic is None else [topic],
        )

    def _within(self, role: str) -> dict[str, Any]:
        """What a component made by this one takes beside its arguments: options and transforms."""
        return {"opts": pulumi.ResourceOptions(parent=self), "transforms": self._transforms.get(role)}

    def _register_outputs(self) -> None:
        """Register every output that the class declares; one that was never set is an AttributeError."""
        declared = [name for name in inspect.get_annotations(type(self)) if not name.startswith("_")]
        self.register_outputs({_camel_case(name): getattr(self, name) for name in declared})


def _camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
