"""Run a program with a monitor that records the resources that it registers."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import mocks, rpc
from pulumi.runtime.config import set_all_config

ACCOUNT = "111122223333"
REGION = "cn-north-1"
PARTITION = "aws-cn"  # a partition that is not hard-coded by habit
POOL_WITH_PHONE = (
    "app-identity-define-auth-challenge-",
    "app-identity-create-auth-challenge-",
    "app-identity-verify-auth-challenge-response-",
    "app-identity-custom-sms-sender-",
)
"""Start of the names of resources that phone sign-in adds to the user pool."""
OPTIONAL_RESOURCES = {
    "app-code-api-": "app-code-api",
    "app-phone-": "app-phone",
    **dict.fromkeys(POOL_WITH_PHONE, "app-phone"),
}
"""Start of the names of resources that only an argument adds, and the component that the argument adds."""
PROJECT = "pulumi-userprofiles"
STACK = "test"

_SERVICES = {
    "aws:kms/key:Key": "kms:{region}:{account}:key/{name}",
    "aws:apigatewayv2/api:Api": "apigateway:{region}::/apis/{name}",
    "aws:backup/vault:Vault": "backup:{region}:{account}:backup-vault:{name}-1234567",
    "aws:cloudwatch/eventRule:EventRule": "events:{region}:{account}:rule/{name}-1234567",
    "aws:cloudwatch/logGroup:LogGroup": "logs:{region}:{account}:log-group:{name}",
    "aws:cognito/userPool:UserPool": "cognito-idp:{region}:{account}:userpool/{name}-id",
    "aws:dynamodb/table:Table": "dynamodb:{region}:{account}:table/{name}-1234567",
    "aws:iam/role:Role": "iam::{account}:role/{name}-1234567",
    "aws:lambda/function:Function": "lambda:{region}:{account}:function:{name}-1234567",
    "aws:s3/bucket:Bucket": "s3:::{name}-1234567",
    "aws:sfn/stateMachine:StateMachine": "states:{region}:{account}:stateMachine:{name}-1234567",
    "aws:sqs/queue:Queue": "sqs:{region}:{account}:{name}-1234567",
}


@dataclass
class Resource:
    """A registered resource."""

    type: str
    name: str
    inputs: dict[str, Any]
    parent: str
    protect: bool
    depends_on: list[str]
    custom: bool
    aliases: int = 0
    ignored_changes: tuple[str, ...] = ()

    def document(self, key: str) -> Any:
        """Read an input that is JSON text."""
        return json.loads(self.inputs[key])


@dataclass
class Recording:
    """The resources that a program registered, sorted by name."""

    resources: list[Resource] = field(default_factory=list)
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    invokes: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    region: str = REGION

    def of_type(self, type_name: str) -> list[Resource]:
        """Return the resources whose type ends with a name, such as `Table`."""
        return [resource for resource in self.resources if resource.type.endswith(f":{type_name}")]

    def resource(self, name: str) -> Resource:
        """Return the resource with a name."""
        (match,) = [resource for resource in self.resources if resource.name == name]
        return match

    @property
    def root(self) -> Resource:
        """Return the component that contains all other resources."""
        (root,) = [resource for resource in self.resources if not resource.custom and not resource.parent]
        return root

    def filter_names(self, names: Iterable[str]) -> list[str]:
        """Return those names of the whole stack's resources that belong to this program's component.

        Without an optional component, its resources do not belong to the program.
        """
        own_names = {resource.name for resource in self.resources}
        others = tuple(start for start, part in OPTIONAL_RESOURCES.items() if part not in own_names)
        return [
            name for name in names if name.startswith(f"{self.root.name}-") and not name.startswith(others)
        ]

    def as_golden(self) -> list[dict[str, Any]]:
        """Return the resources in the format of a golden file."""
        return [
            {
                "name": resource.name,
                "type": resource.type,
                "parent": resource.parent,
                "protect": resource.protect,
                "inputs": _without_paths(resource.inputs),
            }
            for resource in self.resources
        ]


def _without_paths(value: Any) -> Any:
    """Omit the zip's path, which differs between machines and with each change of the Lambda code."""
    if isinstance(value, pulumi.FileArchive):
        platform = Path(value.path).name.split("-")[1]
        return f"<zip for {platform}>"
    if isinstance(value, Mapping):
        return {key: _parse_document(key, _without_paths(item)) for key, item in sorted(value.items())}
    if isinstance(value, list):
        return [_without_paths(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _parse_document(key: str, value: Any) -> Any:
    """Parse JSON text, so that a difference is reported with its path. Other texts can begin with a brace."""
    if not isinstance(value, str) or not value.startswith("{") or key == "template_document":
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


class _MockOutputs(mocks.Mocks):
    """Outputs of resources in the formats of AWS."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        self.recording.invokes.append(args.token)
        if args.token == "aws:index/getRegion:getRegion":
            return {
                "region": self.recording.region,
                "name": self.recording.region,
                "id": self.recording.region,
            }, []
        if args.token != "aws:index/getCallerIdentity:getCallerIdentity":
            raise AssertionError(f"unexpected invoke {args.token}")
        return {"accountId": ACCOUNT, "arn": "", "id": ACCOUNT, "userId": ""}, []

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        physical = args.inputs.get("name", f"{args.name}-1234567")
        state = {"name": physical, **args.inputs}
        if args.typ in _SERVICES:
            tail = _SERVICES[args.typ].format(region=REGION, account=ACCOUNT, name=args.name)
            state["arn"] = f"arn:{PARTITION}:{tail}"
        state |= _type_outputs(args)
        return f"{args.name}-id", state


def _type_outputs(args: mocks.MockResourceArgs) -> dict[str, Any]:
    """Return the outputs of a type other than its name and its ARN."""
    name = args.name
    here = f"{REGION}:{ACCOUNT}"
    outputs = {
        "aws:lambda/function:Function": {"version": "7"},
        "aws:cognito/userPool:UserPool": {"endpoint": f"cognito-idp.{REGION}.amazonaws.com.cn/{name}-id"},
        "aws:dynamodb/table:Table": {"streamArn": f"arn:{PARTITION}:dynamodb:{here}:table/{name}/stream/now"},
        "aws:sqs/queue:Queue": {"url": f"https://sqs.example/{name}"},
        "aws:s3/bucket:Bucket": {"bucket": f"{name}-1234567"},
        "aws:apigatewayv2/api:Api": {
            "apiEndpoint": f"https://{name}.example",
            "executionArn": f"arn:{PARTITION}:execute-api:{here}:{name}-id",
        },
    }
    if args.typ == "aws:lambda/alias:Alias":
        arn = f"arn:{PARTITION}:lambda:{here}:function:{args.inputs['functionName']}:{args.inputs['name']}"
        return {"arn": arn, "invokeArn": f"arn:{PARTITION}:apigateway:{REGION}:lambda:path/{arn}/invocations"}
    return outputs.get(args.typ, {})


class _RecordingMonitor(mocks.MockMonitor):
    """Records all options of a resource: the base class does not pass on parent, protect and dependencies."""

    def __init__(self, recording: Recording) -> None:
        super().__init__(_MockOutputs(recording))
        self.recording = recording

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802  gRPC's name
        if request.type != "pulumi:pulumi:Stack":
            parent = request.parent.rpartition("::")[2]
            self.recording.resources.append(
                Resource(
                    type=request.type,
                    name=request.name,
                    inputs=rpc.deserialize_properties(request.object),
                    parent="" if request.parent.split("::")[2] == "pulumi:pulumi:Stack" else parent,
                    protect=request.protect,
                    depends_on=sorted({urn.rpartition("::")[2] for urn in request.dependencies}),
                    custom=request.custom,
                    aliases=len(request.aliases),
                    ignored_changes=tuple(request.ignoreChanges),
                )
            )
        return super().RegisterResource(request)

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802  gRPC's name
        name = request.urn.rpartition("::")[2]
        self.recording.outputs[name] = rpc.deserialize_properties(request.outputs)
        return super().RegisterResourceOutputs(request)


class _RecordingLogger:
    def __init__(self, recording: Recording) -> None:
        self._messages = recording.messages

    def debug(self, message: str) -> None:
        """Ignore debug messages."""

    def info(self, message: str) -> None:
        self._messages.append(message)

    warning = error = info


def start_recording(config: Mapping[str, str] | None = None, region: str = REGION) -> Recording:
    """Point Pulumi at a fresh recording monitor.

    Args:
        config: The stack's configuration, keys with their namespace.
        region: The provider's region.
    """
    recording = Recording(region=region)
    set_all_config(dict(config or {}))
    mocks.set_mocks(
        _MockOutputs(recording),
        project=PROJECT,
        stack=STACK,
        preview=False,
        monitor=_RecordingMonitor(recording),
        logger=_RecordingLogger(recording),  # type: ignore[arg-type]  # the used methods of a logger
    )
    return recording


def record(
    program: Callable[[], Any], config: Mapping[str, str] | None = None, region: str = REGION
) -> Recording:
    """Run a program to its end, waiting for everything that it registers.

    Args:
        program: Creates resources.
        config: The stack's configuration, keys with their namespace.
        region: The provider's region.

    Returns:
        The recording. An error in the program, or in an `apply`, is raised.
    """
    recording = start_recording(config, region)

    @pulumi.runtime.test
    def run() -> None:
        program()

    run()
    recording.resources.sort(key=lambda resource: resource.name)
    return recording
