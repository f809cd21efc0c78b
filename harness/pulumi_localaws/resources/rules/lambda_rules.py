"""Rules of Lambda."""

from pulumi_localaws.errors import DeploymentError
from pulumi_localaws.resources.resource_type import Properties, ResourceContext
from pulumi_localaws.resources.rules.event_patterns import find_pattern_problem
from pulumi_localaws.resources.rules.rule import Rule, build_range_rule

_FUNCTION = "aws:lambda/function:Function"
_MAPPING = "aws:lambda/eventSourceMapping:EventSourceMapping"
_VARIABLES_PAGE = "Lambda: Working with Lambda environment variables"
_MAPPING_PAGE = "Lambda API: CreateEventSourceMapping"
_MAX_ENVIRONMENT_BYTES = 4096
_MAX_FILTERS = 10
_STREAM_SETTINGS = (
    "bisectBatchOnFunctionError", "destinationConfig", "maximumRecordAgeInSeconds", "maximumRetryAttempts",
    "parallelizationFactor", "startingPosition", "tumblingWindowInSeconds",
)  # fmt: skip
_MAX_NAME_LENGTH = 64
_MAX_BATCH_WITHOUT_WINDOW = 10
_DEFAULT_FUNCTION_TIMEOUT = 3
_DEFAULT_VISIBILITY_TIMEOUT = "30"

_RESERVED_VARIABLES = {
    "_HANDLER", "_X_AMZN_TRACE_ID", "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_LAMBDA_RUNTIME_API", "AWS_REGION", "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN", "LAMBDA_RUNTIME_DIR", "LAMBDA_TASK_ROOT",
}  # fmt: skip
_CLOSED_RUNTIMES = {
    "dotnetcore1.0", "dotnetcore2.0", "dotnetcore2.1", "dotnetcore3.1", "go1.x", "java8", "nodejs",
    "nodejs10.x", "nodejs12.x", "nodejs14.x", "nodejs4.3", "nodejs4.3-edge", "nodejs6.10", "nodejs8.10",
    "provided", "python2.7", "python3.6", "python3.7", "ruby2.5", "ruby2.7",
}  # fmt: skip
"""Runtimes whose functions AWS has not created since 2024 or earlier, as cfn-lint's list of runtimes says."""


def _check_reserved_variables(_: ResourceContext, inputs: Properties) -> str | None:
    reserved = sorted(_RESERVED_VARIABLES & set(inputs["environment"].get("variables", {})))
    if reserved:
        return f"environment.variables contains {', '.join(reserved)}, which Lambda sets itself. Rename it"
    return None


def _check_environment_size(_: ResourceContext, inputs: Properties) -> str | None:
    variables = inputs["environment"].get("variables", {})
    size = sum(len(name.encode()) + len(value.encode()) for name, value in variables.items())
    if size > _MAX_ENVIRONMENT_BYTES:
        return f"environment.variables has {size} bytes; allowed: at most {_MAX_ENVIRONMENT_BYTES}"
    return None


def _check_runtime(_: ResourceContext, inputs: Properties) -> str | None:
    if inputs["runtime"] in _CLOSED_RUNTIMES:
        return f"runtime is {inputs['runtime']!r}; AWS creates no functions with it any more. Use a newer one"
    return None


def _check_name(_: ResourceContext, inputs: Properties) -> str | None:
    name = inputs["name"].rsplit(":", 1)[-1]
    if len(name) > _MAX_NAME_LENGTH:
        return f"name has {len(name)} characters ({name!r}); allowed: at most {_MAX_NAME_LENGTH}"
    return None


def _check_visibility_timeout(ctx: ResourceContext, inputs: Properties) -> str | None:
    _, _, service, region, _, queue = [*inputs["eventSourceArn"].split(":", 5), *[""] * 6][:6]
    if service != "sqs" or region != ctx.region:
        return None
    names = ["VisibilityTimeout"]
    try:
        function = ctx.call("lambda", "get_function_configuration", FunctionName=inputs["functionName"])
        url = ctx.call("sqs", "get_queue_url", QueueName=queue)["QueueUrl"]
        attributes = ctx.call("sqs", "get_queue_attributes", QueueUrl=url, AttributeNames=names)["Attributes"]
    except DeploymentError:
        return None  # the creation reports a function or queue that does not exist
    visibility = int(attributes.get("VisibilityTimeout", _DEFAULT_VISIBILITY_TIMEOUT))
    timeout = function.get("Timeout", _DEFAULT_FUNCTION_TIMEOUT)
    if visibility < timeout:
        return (
            f"eventSourceArn: the queue {queue!r} has a visibility time-out of {visibility} s; allowed: at"
            f" least the function's time-out, {timeout} s. Use 6 times the function's time-out"
        )
    return None


def _check_batching_window(_: ResourceContext, inputs: Properties) -> str | None:
    is_queue = inputs["eventSourceArn"].split(":")[2:3] == ["sqs"]
    if not is_queue or inputs.get("batchSize", 0) <= _MAX_BATCH_WITHOUT_WINDOW:
        return None
    if inputs["eventSourceArn"].endswith(".fifo"):
        return f"batchSize is {inputs['batchSize']}; allowed for a FIFO queue: 1 to 10"
    if inputs.get("maximumBatchingWindowInSeconds", 0) < 1:
        return (
            f"batchSize is {inputs['batchSize']}, but maximumBatchingWindowInSeconds is not set. Set it to at"
            " least 1, or use a batchSize of at most 10"
        )
    return None


def _check_starting_position(_: ResourceContext, inputs: Properties) -> str | None:
    service = _get_source_service(inputs)
    if service in {"dynamodb", "kinesis"} and not inputs.get("startingPosition"):
        return "startingPosition is missing. A stream requires LATEST, TRIM_HORIZON or AT_TIMESTAMP"
    if service == "dynamodb" and inputs["startingPosition"] == "AT_TIMESTAMP":
        return "startingPosition is 'AT_TIMESTAMP'; allowed for a DynamoDB stream: LATEST, TRIM_HORIZON"
    return None


def _get_source_service(inputs: Properties) -> str:
    return str([*inputs["eventSourceArn"].split(":"), "", "", ""][2])


def _check_stream_settings(_: ResourceContext, inputs: Properties) -> str | None:
    names = [name for name in _STREAM_SETTINGS if name in inputs]
    if names and _get_source_service(inputs) == "sqs":
        return f"{', '.join(names)} must not be set for a queue. Remove it: only a stream has this setting"
    return None


def _check_scaling(_: ResourceContext, inputs: Properties) -> str | None:
    if _get_source_service(inputs) == "sqs":
        return None
    return "scalingConfig is set; allowed only for a queue. Use parallelizationFactor for a stream"


def _check_filters(_: ResourceContext, inputs: Properties) -> str | None:
    filters = inputs["filterCriteria"].get("filters", [])
    if len(filters) > _MAX_FILTERS:
        return f"filterCriteria.filters has {len(filters)} items; allowed: at most {_MAX_FILTERS}"
    for index, item in enumerate(filters):
        if problem := find_pattern_problem(item.get("pattern", "{}")):
            return f"filterCriteria.filters[{index}].pattern: {problem}"
    return None


def _check_failure_destination(_: ResourceContext, inputs: Properties) -> str | None:
    destination = inputs["destinationConfig"].get("onFailure", {}).get("destinationArn", "")
    if destination.endswith(".fifo"):
        return (
            f"destinationConfig.onFailure.destinationArn is {destination!r}; allowed: a standard queue or a"
            " standard topic"
        )
    return None


RULES = (
    build_range_rule(_FUNCTION, "timeout", 1, 900, "Lambda quotas"),
    Rule(
        _FUNCTION, ("name",), "The name has at most 64 characters", "Lambda API: CreateFunction", _check_name
    ),
    Rule(
        _FUNCTION,
        ("environment",),
        "No environment variable has a reserved name",
        _VARIABLES_PAGE,
        _check_reserved_variables,
    ),
    Rule(
        _FUNCTION,
        ("environment",),
        "The environment variables have at most 4,096 bytes",
        "Lambda quotas",
        _check_environment_size,
    ),
    Rule(
        _FUNCTION,
        ("runtime",),
        "New functions can be created with the runtime",
        "Lambda runtimes",
        _check_runtime,
    ),
    Rule(
        _MAPPING,
        ("eventSourceArn", "functionName"),
        "The queue's visibility time-out is at least the function's time-out",
        "AWS's error, in hashicorp/terraform-provider-aws issue 18099",
        _check_visibility_timeout,
    ),
    Rule(
        _MAPPING,
        ("eventSourceArn", "batchSize", "maximumBatchingWindowInSeconds"),
        "A queue's batch of more than 10 messages needs a batching window; a FIFO queue allows at most 10",
        _MAPPING_PAGE,
        _check_batching_window,
    ),
    Rule(
        _MAPPING,
        ("eventSourceArn", "startingPosition"),
        "A stream needs a starting position; a DynamoDB stream does not allow AT_TIMESTAMP",
        _MAPPING_PAGE,
        _check_starting_position,
    ),
    Rule(
        _MAPPING,
        ("eventSourceArn", *_STREAM_SETTINGS),
        "A queue has no settings of a stream",
        f"{_MAPPING_PAGE}; AWS's errors, in boto/boto3 issue 1613 and serverless/serverless issue 7762",
        _check_stream_settings,
    ),
    Rule(
        _MAPPING,
        ("scalingConfig", "eventSourceArn"),
        "Only a queue has a scalingConfig",
        _MAPPING_PAGE,
        _check_scaling,
    ),
    Rule(
        _MAPPING,
        ("filterCriteria",),
        "At most 10 filters, whose fields are objects or lists of one or more values",
        "Lambda: Control which events Lambda sends to your function",
        _check_filters,
    ),
    Rule(
        _MAPPING,
        ("destinationConfig",),
        "The failure destination is a standard queue or a standard topic",
        "Lambda: Lambda parameters for Amazon DynamoDB event source mappings",
        _check_failure_destination,
    ),
    build_range_rule(
        _MAPPING,
        "maximumRecordAgeInSeconds",
        60,
        604800,
        "Lambda API: EventSourceMappingConfiguration",
        also=(-1,),
    ),
)
