"""Rules of Cognito."""

from pulumi_localaws.errors import DeploymentError
from pulumi_localaws.resources.resource_type import Properties, ResourceContext
from pulumi_localaws.resources.rules.rule import Check, Rule

_POOL = "aws:cognito/userPool:UserPool"
_CLIENT = "aws:cognito/userPoolClient:UserPoolClient"
_CLIENT_PAGE = "Cognito API: CreateUserPoolClient"
_ATTRIBUTES_PAGE = "Cognito: Working with user attributes"

_SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}
_DAY = 86400
_STANDARD_ATTRIBUTES = {
    "address", "birthdate", "email", "family_name", "gender", "given_name", "locale", "middle_name", "name",
    "nickname", "phone_number", "picture", "preferred_username", "profile", "updated_at", "website",
    "zoneinfo",
}  # fmt: skip
_READ_ONLY_ATTRIBUTES = {"email_verified", "phone_number_verified", "sub"}
_LOCAL_HOSTS = ("http://localhost", "http://127.0.0.1", "http://[::1]")


def _build_validity_check(
    name: str, unit_name: str, default_unit: str, limits: tuple[int, int], text: str
) -> Check:
    minimum, maximum = limits

    def check(_: ResourceContext, inputs: Properties) -> str | None:
        unit = inputs.get("tokenValidityUnits", {}).get(unit_name, default_unit)
        if minimum <= inputs[name] * _SECONDS.get(unit, 1) <= maximum:
            return None
        return f"{name} is {inputs[name]} {unit}; allowed: {text}"

    return check


def _list_schema(ctx: ResourceContext, inputs: Properties) -> list[Properties]:
    """Return the attributes of the client's pool, or none for a pool whose absence the creation reports."""
    try:
        pool = ctx.call("cognito-idp", "describe_user_pool", UserPoolId=inputs["userPoolId"])["UserPool"]
    except DeploymentError:
        return []
    return list(pool.get("SchemaAttributes", []))


def _build_attributes_check(name: str, read_only: set[str]) -> Check:
    def check(ctx: ResourceContext, inputs: Properties) -> str | None:
        schema = _list_schema(ctx, inputs)
        custom = {attribute["Name"] for attribute in schema}
        allowed = (_STANDARD_ATTRIBUTES | custom) - _READ_ONLY_ATTRIBUTES | read_only
        unknown = sorted(set(inputs[name]) - allowed) if schema else []
        if unknown:
            return (
                f"{name} contains {', '.join(unknown)}; allowed: standard attributes, and the pool's custom"
                " attributes as custom:<name>"
            )
        return None

    return check


def _check_required_attributes(ctx: ResourceContext, inputs: Properties) -> str | None:
    schema = _list_schema(ctx, inputs)
    required = {attribute["Name"] for attribute in schema if attribute.get("Required")}
    missing = sorted(required - _READ_ONLY_ATTRIBUTES - set(inputs["writeAttributes"]))
    if missing:
        return f"writeAttributes does not contain {', '.join(missing)}, which the pool requires. Add it"
    return None


def _check_flows(_: ResourceContext, inputs: Properties) -> str | None:
    current = {flow for flow in inputs["explicitAuthFlows"] if flow.startswith("ALLOW_")}
    legacy = sorted(set(inputs["explicitAuthFlows"]) - current)
    if current and legacy:
        return f"explicitAuthFlows mixes {', '.join(legacy)} with ALLOW_ flows. Use only ALLOW_ flows"
    return None


def _check_oauth_flows(_: ResourceContext, inputs: Properties) -> str | None:
    flows = set(inputs["allowedOauthFlows"])
    if "client_credentials" in flows and flows != {"client_credentials"}:
        return "allowedOauthFlows mixes client_credentials with another flow. Use a client of its own for it"
    if "client_credentials" in flows and not inputs.get("generateSecret"):
        return "allowedOauthFlows contains client_credentials, which needs a secret. Set generateSecret"
    uses_callbacks = inputs.get("allowedOauthFlowsUserPoolClient") and flows & {"code", "implicit"}
    if uses_callbacks and not inputs.get("callbackUrls"):
        return "callbackUrls is missing. The flows code and implicit need at least one URL"
    return None


def _check_callback_urls(_: ResourceContext, inputs: Properties) -> str | None:
    for url in inputs["callbackUrls"]:
        if url.startswith("http://") and not url.startswith(_LOCAL_HOSTS):
            return f"callbackUrls contains {url!r}; http:// is allowed for localhost only. Use https://"
    return None


def _check_default_redirect(_: ResourceContext, inputs: Properties) -> str | None:
    if inputs["defaultRedirectUri"] in inputs.get("callbackUrls", []):
        return None
    return f"defaultRedirectUri is {inputs['defaultRedirectUri']!r}; it must be one of callbackUrls"


def _check_invitation(_: ResourceContext, inputs: Properties) -> str | None:
    template = inputs["adminCreateUserConfig"].get("inviteMessageTemplate", {})
    for name in ("emailMessage", "smsMessage"):
        if "{username}" not in template.get(name, "{username}"):
            return f"adminCreateUserConfig.inviteMessageTemplate.{name} must contain {{username}}"
    return None


def _check_custom_attributes(_: ResourceContext, inputs: Properties) -> str | None:
    standard = _STANDARD_ATTRIBUTES | _READ_ONLY_ATTRIBUTES
    for index, attribute in enumerate(inputs["schemas"]):
        if attribute.get("required") and attribute.get("name") not in standard:
            return (
                f"schemas[{index}].required is true for the custom attribute {attribute.get('name')!r};"
                " allowed for custom attributes: false"
            )
    return None


def _check_email_configuration(_: ResourceContext, inputs: Properties) -> str | None:
    email = inputs["emailConfiguration"]
    if email.get("emailSendingAccount") == "DEVELOPER" and not email.get("sourceArn"):
        return "emailConfiguration.sourceArn is missing. It is required if emailSendingAccount is DEVELOPER"
    return None


RULES = (
    *(
        Rule(
            _CLIENT,
            (name, "tokenValidityUnits"),
            f"{name} is {text}, in its unit (default: {unit})",
            "Cognito: Quotas in Amazon Cognito (session validity parameters)",
            _build_validity_check(name, unit_name, unit, limits, text),
        )
        for name, unit_name, unit, limits, text in (
            ("accessTokenValidity", "accessToken", "hours", (300, _DAY), "5 minutes to 1 day"),
            ("idTokenValidity", "idToken", "hours", (300, _DAY), "5 minutes to 1 day"),
            ("refreshTokenValidity", "refreshToken", "days", (3600, 3650 * _DAY), "60 minutes to 10 years"),
        )
    ),
    Rule(
        _CLIENT,
        ("writeAttributes", "userPoolId"),
        "writeAttributes are in the pool's schema and can be written",
        _ATTRIBUTES_PAGE,
        _build_attributes_check("writeAttributes", set()),
    ),
    Rule(
        _CLIENT,
        ("writeAttributes", "userPoolId"),
        "writeAttributes contain the attributes that the pool requires",
        _ATTRIBUTES_PAGE,
        _check_required_attributes,
    ),
    Rule(
        _CLIENT,
        ("readAttributes", "userPoolId"),
        "readAttributes are in the pool's schema",
        _ATTRIBUTES_PAGE,
        _build_attributes_check("readAttributes", _READ_ONLY_ATTRIBUTES),
    ),
    Rule(
        _CLIENT,
        ("explicitAuthFlows",),
        "ALLOW_ flows and older flows are not mixed",
        _CLIENT_PAGE,
        _check_flows,
    ),
    Rule(
        _CLIENT,
        ("allowedOauthFlows", "allowedOauthFlowsUserPoolClient", "generateSecret", "callbackUrls"),
        "client_credentials is the only flow and has a secret; code and implicit have callback URLs",
        "Cognito API: CreateUserPoolClient; Cognito: Configuring a user pool app client",
        _check_oauth_flows,
    ),
    Rule(
        _CLIENT,
        ("callbackUrls",),
        "Callback URLs begin with https://, except for localhost",
        _CLIENT_PAGE,
        _check_callback_urls,
    ),
    Rule(
        _CLIENT,
        ("defaultRedirectUri", "callbackUrls"),
        "defaultRedirectUri is one of callbackUrls",
        _CLIENT_PAGE,
        _check_default_redirect,
    ),
    Rule(
        _POOL,
        ("adminCreateUserConfig",),
        "Messages of an invitation contain {username}",
        "AWS provider of Terraform: internal/service/cognitoidp/validate.go",
        _check_invitation,
    ),
    Rule(
        _POOL,
        ("schemas",),
        "A custom attribute is not required",
        "AWS's error, in hashicorp/terraform-provider-aws issue 18430",
        _check_custom_attributes,
    ),
    Rule(
        _POOL,
        ("emailConfiguration",),
        "The sending account DEVELOPER has a sourceArn",
        "Cognito API: EmailConfigurationType",
        _check_email_configuration,
    ),
)
