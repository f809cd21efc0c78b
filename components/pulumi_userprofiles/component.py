"""Base class of all components: named children, transforms, alarms and registered outputs."""

import inspect
from collections.abc import Callable, Collection, Mapping
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Any, ClassVar, TypeVar

import pulumi
import pulumi_aws as aws

from pulumi_userprofiles.identifiers import check_arns
from pulumi_userprofiles.names import camel_case
from pulumi_userprofiles.validation import InvalidArgumentError, check_component_name, check_known_arguments

R = TypeVar("R")
C = TypeVar("C", bound="Component")

NO_ARGUMENTS: Any = MappingProxyType({})
"""Default of a component's `args`. The annotation must be the plain TypedDict, because Pulumi reads the
schema from it."""

Transform = Callable[[dict[str, Any], pulumi.ResourceOptions], None]
"""Changes a child before it is created: edits its inputs (by Python names) and its options in place."""

Transforms = Mapping[str, Any]
"""Child to its `Transform`; for a child that is a component, to the transforms of its children."""


class Component(pulumi.ComponentResource):
    """Base of our components. A subclass declares its children and the maximum length of its own name."""

    _CHILDREN: ClassVar[tuple[str, ...]] = ()
    """Children, whose resources are named `<component>-<child>`. A `*` stands for a name that the arguments
    or the caller choose."""

    _COMPONENTS: ClassVar[Mapping[str, type["Component"]]] = {}
    """Those children that are components."""

    _NAME_LIMIT: ClassVar[int] = 47
    """Maximum length of the component's name: AWS allows 64 characters, of which Pulumi's suffix takes 8."""

    def __init__(
        self,
        name: str,
        args: Mapping[str, Any],
        opts: pulumi.ResourceOptions | None,
        transforms: Transforms | None,
        *,
        chosen_names: Mapping[str, Collection[str]] | None = None,
    ) -> None:
        """Check the names, then register the component.

        Args:
            name: The component's name, which is the prefix of its children's names.
            args: The component's arguments.
            opts: Pulumi's resource options.
            transforms: Changes to children.
            chosen_names: Declared child with a `*` to the names that the arguments choose for the `*`.

        Raises:
            InvalidArgumentError: The name is not valid, an argument or a child is unknown, or an ARN
                belongs to another resource type.
        """
        label = self.label(name)
        check_component_name(label, name, self._NAME_LIMIT)
        arguments = inspect.get_annotations(inspect.get_annotations(type(self).__init__)["args"])
        check_known_arguments(label, args, arguments)
        check_arns(label, args)
        self.check_transforms(label, "transforms", transforms)
        self._prefix = name
        self._transforms = dict(transforms or {})
        self._children = tuple(
            child.replace("*", chosen)
            for child in self._CHILDREN
            for chosen in (chosen_names or {}).get(child, ["*"])
        )
        for child in self._transforms:
            if not self._has_child(child):
                raise InvalidArgumentError(
                    label,
                    f"'transforms' names an unknown child '{child}'",
                    got=child,
                    allowed=", ".join(self._children),
                    fix="Use the name of a child.",
                )
        super().__init__(f"userprofiles:index:{type(self).__name__}", name, None, opts)

    def _merged_arguments(self, name: str, args: Any, keywords: Mapping[str, Any]) -> Any:
        """Return the arguments from the dict and from the keywords.

        Raises:
            InvalidArgumentError: `args` is not a dict, or an argument is in both.
        """
        label = self.label(name)
        if not isinstance(args, Mapping):
            raise InvalidArgumentError(
                label,
                "the second parameter must be a dict of arguments",
                got=type(args).__name__,
                allowed="a dict, or nothing",
                fix="Pass arguments as a dict or as keywords, and resource options as opts=.",
            )
        for key in keywords:
            if key in args:
                raise InvalidArgumentError(
                    label,
                    f"'{key}' is given twice",
                    got="a value in args and a keyword",
                    allowed="one value",
                    fix="Remove one of them.",
                    argument=key,
                )
        return {**args, **keywords}

    @classmethod
    def check_transforms(cls, label: str, path: str, transforms: Any) -> None:
        """Check that transforms are functions, and dicts for the children that are components.

        Raises:
            InvalidArgumentError: A transform has another form.
        """
        if transforms is None:
            return
        if not isinstance(transforms, Mapping):
            raise InvalidArgumentError(
                label,
                f"'{path}' must be a dict of transforms",
                got=transforms,
                allowed="a dict from a child's name to its transform",
                fix=f"Write {{child: transform}}, with a child of {cls.__name__}.",
            )
        for child, transform in transforms.items():
            if child in cls._COMPONENTS:
                cls._COMPONENTS[child].check_transforms(label, f"{path}.{child}", transform)
            elif not callable(transform):
                raise InvalidArgumentError(
                    label,
                    f"'{path}.{child}' must be a function",
                    got=transform,
                    allowed="a function with the parameters (inputs, options)",
                    fix="Write a function that edits the inputs and options in place.",
                )

    @classmethod
    def label(cls, name: str) -> str:
        """Return the component's type and name, as error messages show them."""
        return f"{cls.__name__} '{name}'"

    def _make(self, kind: Callable[..., R], child: str, /, opts: Any = None, **inputs: Any) -> R:
        """Create a resource as a child, changed by the child's transform if there is one."""
        options = pulumi.ResourceOptions.merge(pulumi.ResourceOptions(parent=self), opts)
        transform = self._transforms.get(child)
        if transform is not None:
            transform(inputs, options)
        return kind(self._name_of(child), opts=options, **inputs)

    def _make_component(self, kind: type[C], child: str, args: Mapping[str, Any]) -> C:
        """Create another component as a child, and pass on the transforms of its children."""
        options = pulumi.ResourceOptions(parent=self)
        return kind(self._name_of(child), args, options, transforms=self._transforms.get(child))

    def _name_of(self, child: str) -> str:
        if not self._has_child(child):
            raise LookupError(f"{type(self).__name__} must declare the child '{child}' in _CHILDREN")
        return f"{self._prefix}-{child}"

    def _has_child(self, child: str) -> bool:
        return any(fnmatchcase(child, declared) for declared in self._children)

    def _make_vended_log_group(
        self, service: str, retention_in_days: int, args: Mapping[str, Any]
    ) -> aws.cloudwatch.LogGroup:
        """Create a log group that an AWS service delivers logs to.

        Each delivery adds its log group to a resource policy of the account, which is limited to 5,120
        characters. Log groups below `/aws/vendedlogs/` do not need an entry of their own (AWS Step Functions
        Developer Guide, "Avoiding Amazon CloudWatch Logs resource policy size restrictions").

        Args:
            service: Part of the log group's name.
            retention_in_days: Days that log events are kept.
            args: The component's arguments, of which `kms_key_arn` is used.
        """
        return self._make(
            aws.cloudwatch.LogGroup,
            "log-group",
            name_prefix=f"/aws/vendedlogs/{service}/{self._name_of('log-group')}-",
            retention_in_days=retention_in_days,
            kms_key_id=args.get("kms_key_arn"),
        )

    def _alarm(
        self,
        child: str,
        args: Mapping[str, Any],
        *,
        description: str,
        metric: str,
        dimensions: Mapping[str, pulumi.Input[str]],
        statistic: str = "Sum",
        threshold: int = 0,
    ) -> None:
        """Create a CloudWatch alarm on a metric, evaluated over five minutes.

        Args:
            child: Child name of the alarm.
            args: The component's arguments, of which `alarm_topic_arn` is used.
            description: What happened, and where to look.
            metric: Namespace and name of the metric, separated by a space.
            dimensions: Dimensions of the metric.
            statistic: Statistic of the metric.
            threshold: The highest value that does not raise the alarm.
        """
        topic = args.get("alarm_topic_arn")
        namespace, _, name = metric.partition(" ")
        self._make(
            aws.cloudwatch.MetricAlarm,
            child,
            alarm_description=description,
            namespace=namespace,
            metric_name=name,
            dimensions=dict(dimensions),
            statistic=statistic,
            period=300,
            evaluation_periods=1,
            threshold=threshold,
            comparison_operator="GreaterThanThreshold",
            treat_missing_data="notBreaching",
            alarm_actions=[] if topic is None else [topic],
        )

    def declared_outputs(self) -> dict[str, Any]:
        """Return the outputs that the class declares, by their names in camel case."""
        declared = [name for name in inspect.get_annotations(type(self)) if not name.startswith("_")]
        return {camel_case(name): getattr(self, name) for name in declared}

    def _register_outputs(self) -> None:
        """Register every output that the class declares; an output that is not set raises AttributeError."""
        self.register_outputs(self.declared_outputs())
