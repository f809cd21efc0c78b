"""The stack's program: typed configuration, outputs, and one message for each mistake."""

import json
import re
import runpy
import zipfile
from pathlib import Path
from typing import Any, NoReturn

import pulumi
import pytest
import yaml
from component_recording import Recording, record, start_recording
from pulumi_userprofiles.build_tools import BundleError
from userprofiles import template
from userprofiles.commands import client_outputs

ROOT = Path(__file__).parents[2]
NAMESPACE = "pulumi-userprofiles"
SCOPE = "eu-central-1:111122223333"
OUTPUTS = [
    "afterSignUpQueueArns",
    "afterSignUpQueueUrls",
    "approvalRoles",
    "auditTableName",
    "avatarBucketName",
    "defaultRole",
    "erasureFunctionName",
    "erasureQueueArn",
    "furtherUserPoolClientIds",
    "mediaBucketName",
    "migrationBucketName",
    "migrationLedgerTableName",
    "migrationStateMachineArn",
    "passwordPolicy",
    "profileApiUrl",
    "receiptsTableName",
    "reconcilerStateTableName",
    "signUpRoles",
    "template",
    "userPoolClientId",
    "userPoolId",
    "usernameAttributes",
    "usersTableName",
]


def program() -> None:
    runpy.run_path(str(ROOT / "__main__.py"))


def configuration(**stack_settings: str) -> dict[str, str]:
    settings = {"lambdaPlatform": "host", **stack_settings}
    return {"aws:region": "eu-central-1", **{f"{NAMESPACE}:{key}": value for key, value in settings.items()}}


def stack_file(stack: str) -> dict[str, str]:
    """Return the configuration of a stack as Pulumi passes it to a program: structures as JSON."""
    config: dict[str, Any] = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()}


Deployment = tuple[Recording, dict[str, Any]]

_deployments: dict[str, Deployment] = {}


def deploy(config: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Deployment:
    """Record the program and its exports, once for each configuration."""
    key = json.dumps(config, sort_keys=True)
    if key not in _deployments:
        exports: dict[str, Any] = {}
        monkeypatch.setattr(pulumi, "export", exports.__setitem__)
        _deployments[key] = record(program, config), exports
    return _deployments[key]


def test_the_outputs_have_the_names_that_clients_read(monkeypatch: pytest.MonkeyPatch) -> None:
    _, exports = deploy(configuration(), monkeypatch)

    assert sorted(exports) == OUTPUTS


def test_the_outputs_are_what_clients_need(stack: Recording) -> None:
    """`userprofiles outputs` reads them: the names of outputs and readers are the same."""
    outputs = stack.outputs["app"] | {"userPoolId": "cn-north-1_aB3"}

    parsed = client_outputs.parse(json.dumps(outputs))

    assert parsed.username_attributes == ("email", "phone_number")
    assert parsed.password_policy == {
        "min_length": 14,
        **{f"require_{name}": True for name in ("lowercase", "numbers", "symbols", "uppercase")},
    }


def test_the_components_outputs_are_those_of_the_stack(stack: Recording) -> None:
    assert sorted(stack.outputs["app"]) == OUTPUTS


def test_dev_stack_packs_for_this_machine_and_protects_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recording, _ = deploy(stack_file("dev"), monkeypatch)

    assert [resource.name for resource in recording.resources if resource.protect] == []
    assert {Path(item.inputs["code"].path).name.split("-")[1] for item in recording.of_type("Function")} == {
        "host"
    }
    tables = recording.resource("userprofiles-migration-worker-function").inputs["environment"]["variables"]
    assert tables["MIGRATION_TABLES"] == "userprofiles-data-table-1234567,v_users_dev"


def test_prod_stack_is_hardened(monkeypatch: pytest.MonkeyPatch) -> None:
    config = stack_file("prod") | {f"{NAMESPACE}:lambdaPlatform": "host"}  # the same resources, packed faster

    recording, _ = deploy(config, monkeypatch)

    pool = recording.resource("userprofiles-identity-pool")
    client = recording.resource("userprofiles-identity-client")
    assert pool.protect
    assert pool.inputs["emailConfiguration"]["emailSendingAccount"] == "DEVELOPER"
    assert len(recording.of_type("WebAclAssociation")) == 1
    assert client.inputs["refreshTokenRotation"]["feature"] == "ENABLED"
    assert all("kmsKeyId" in group.inputs for group in recording.of_type("LogGroup"))
    assert all(alarm.inputs["alarmActions"] for alarm in recording.of_type("MetricAlarm"))
    assert recording.messages == []


@pytest.mark.long
def test_every_setting_of_the_files_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The program rejects unknown settings, so a run with each file proves that no key is misspelled."""
    for stack in ("dev", "prod"):
        deploy(stack_file(stack) | {f"{NAMESPACE}:lambdaPlatform": "host"}, monkeypatch)


def test_settings_of_pool_template_and_clients_reach_their_resources(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    template_file = tmp_path / "shop.json"
    template_file.write_text(json.dumps(template.load("basic").document))
    config = configuration(
        usernameAttributes='["email"]',
        mfa="ON",
        template="shop",
        templateFile=str(template_file),
        furtherClients='["admin-web"]',
        furtherClientIds='["phoneapp"]',
    )

    recording, exports = deploy(config, monkeypatch)

    assert "furtherUserPoolClientIds" in exports
    pool = recording.resource("userprofiles-identity-pool").inputs
    assert (pool["usernameAttributes"], pool["mfaConfiguration"]) == (["email"], "ON")
    handler = recording.resource("userprofiles-api-handler-function").inputs["environment"]["variables"]
    assert handler["TEMPLATE"] == "shop"
    clients = ["userprofiles-identity-client-id", "userprofiles-identity-client-admin-web-id", "phoneapp"]
    assert ",".join(clients) == handler["USER_POOL_CLIENT_IDS"]
    authorizer = recording.resource("userprofiles-api-authorizer").inputs
    assert authorizer["jwtConfiguration"]["audiences"] == clients


STEP_FUNCTION = f"arn:aws:lambda:{SCOPE}:function:mail:live"
STORE_FUNCTION = f"arn:aws:lambda:{SCOPE}:function:erase-orders"


@pytest.fixture
def extended_stack(monkeypatch: pytest.MonkeyPatch) -> Deployment:
    """Return a stack with steps after sign-up, phone sign-in, and settings of deletion and backups."""
    steps = [{"name": "mail", "functionArn": STEP_FUNCTION, "createdBy": ["admin"]}, {"name": "crm"}]
    phone = {"defaultCountryCode": 44, "allowedCountries": ["GB"], "codeDigits": 8}
    config = configuration(
        afterSignUp=json.dumps(steps),
        phoneSignIn=json.dumps(phone),
        firstAuthFactors='["PASSWORD", "SMS_OTP"]',
        gracePeriodDays="7",
        erasureStores=json.dumps([{"name": "orders", "functionArn": STORE_FUNCTION}]),
        backupRetentionDays="90",
    )
    return deploy(config, monkeypatch)


def test_settings_of_steps_after_sign_up_reach_their_resources(extended_stack: Deployment) -> None:
    recording, _ = extended_stack

    mapping = recording.resource("userprofiles-after-sign-up-mail-mapping").inputs
    reader = recording.resource("userprofiles-after-sign-up-reader-function").inputs
    targets = json.loads(reader["environment"]["variables"]["AFTER_SIGN_UP_TARGETS"])
    assert mapping["functionName"] == STEP_FUNCTION
    assert [(target["name"], target["createdBy"]) for target in targets] == [
        ("mail", ["admin"]),
        ("crm", ["sign_up", "first_access"]),
    ]
    assert sorted(recording.outputs["userprofiles"]["afterSignUpQueueUrls"]) == ["crm", "mail"]


def test_settings_of_phone_sign_in_reach_their_resources(extended_stack: Deployment) -> None:
    recording, _ = extended_stack

    function = recording.resource("userprofiles-phone-create-challenge-function").inputs
    variables = function["environment"]["variables"]
    names = ("DEFAULT_COUNTRY_CODE", "ALLOWED_COUNTRIES", "CODE_DIGITS")
    assert [variables[name] for name in names] == ["44", "GB", "8"]
    policy = recording.resource("userprofiles-identity-pool").inputs["signInPolicy"]
    assert policy == {"allowedFirstAuthFactors": ["PASSWORD", "SMS_OTP"]}


@pytest.mark.long
def test_settings_of_triggers_and_texts_reach_the_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    function = f"arn:aws:lambda:{SCOPE}:function:check"
    sender = {"identityArn": f"arn:aws:ses:{SCOPE}:identity/example.com", "address": "a@example.com"}
    config = configuration(
        triggers=json.dumps({"pre_authentication": function, "custom_sms_sender": function}),
        senderKeyArn=f"arn:aws:kms:{SCOPE}:key/0",
        roleInToken="false",
        texts='{"verificationSmsMessage": "Your code: {####}"}',
        textsByLanguage='{"de": {"verificationEmailSubject": "Ihr Code"}}',
        emailFrom=json.dumps(sender),
    )

    recording, _ = deploy(config, monkeypatch)

    pool = recording.resource("userprofiles-identity-pool").inputs
    assert pool["lambdaConfig"].keys() == {
        *("preSignUp", "postConfirmation", "preAuthentication", "customSmsSender", "customMessage"),
        "kmsKeyId",
    }
    assert pool["verificationMessageTemplate"] == {"smsMessage": "Your code: {####}"}


def test_settings_of_deletion_and_backups_reach_their_resources(extended_stack: Deployment) -> None:
    recording, exports = extended_stack

    admin = recording.resource("userprofiles-api-admin-function").inputs["environment"]["variables"]
    eraser = recording.resource("userprofiles-eraser-worker-function").inputs["environment"]["variables"]
    assert admin["DELETION_GRACE_DAYS"] == "7"
    assert admin["ERASURE_QUEUE_URL"] == eraser["ERASURE_QUEUE_URL"]
    assert json.loads(eraser["ERASURE_STORES"]) == [{"name": "orders", "functionArn": STORE_FUNCTION}]
    [rule] = recording.resource("userprofiles-backups-plan").inputs["rules"]
    assert rule["lifecycle"] == {"deleteAfter": 90}
    assert {"erasureFunctionName", "receiptsTableName", "avatarBucketName"} <= set(exports)


@pytest.mark.long
def test_own_template_is_one_line_of_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    file = ROOT / "examples" / "own_template" / "hiking-club.json"
    monkeypatch.chdir(ROOT)

    recording, _ = deploy(configuration(templateFile=str(file.relative_to(ROOT))), monkeypatch)

    for function in recording.of_type("Function"):
        assert function.inputs["environment"]["variables"].get("TEMPLATE", "custom") == "custom"
        with zipfile.ZipFile(function.inputs["code"].path) as archive:
            assert archive.read("userprofiles/templates/custom.json") == file.read_bytes()


def test_approval_roles_reach_the_functions_that_create_users(monkeypatch: pytest.MonkeyPatch) -> None:
    recording, _ = deploy(configuration(approvalRoles='["vendor"]'), monkeypatch)

    functions = {
        function.name: function.inputs["environment"]["variables"].get("APPROVAL_ROLES")
        for function in recording.of_type("Function")
    }
    assert functions.pop("userprofiles-eraser-worker-function") is None
    assert functions["userprofiles-migration-worker-function"] == "vendor"
    assert set(functions.values()) == {"vendor"}


@pytest.mark.parametrize(
    "name",
    [*(pytest.param(name, marks=pytest.mark.long) for name in ("basic", "social", "marketplace")), "career"],
)
def test_each_template_is_one_line_of_configuration(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    recording, _ = deploy(configuration(template=name), monkeypatch)

    handler = recording.resource("userprofiles-api-handler-function").inputs["environment"]["variables"]
    assert handler["TEMPLATE"] == name


MISTAKES = {
    "role without approval": (
        configuration(approvalRoles='["customer"]'),
        [f"'{NAMESPACE}:approvalRoles'", "'customer'", "vendor"],
    ),
    "no region": (
        {f"{NAMESPACE}:template": "basic"},
        ["region", "Pulumi.test.yaml", "pulumi config set aws:region"],
    ),
    "invalid region": ({"aws:region": "frankfurt"}, ["aws:region", "'frankfurt'", "us-east-1"]),
    "unknown template": (
        configuration(template="shop"),
        [f"'{NAMESPACE}:template'", "'shop'", "basic, career, marketplace, social"],
    ),
    "template's file": (
        configuration(templateFile="missing"),
        [f"'{NAMESPACE}:templateFile'", "'missing'", "FileNotFoundError"],
    ),
    "role's form": (
        configuration(signUpRoles='["Admin!"]'),
        [f"'{NAMESPACE}:signUpRoles'", "'Admin!'", "lower-case"],
    ),
    "role not in the template": (
        configuration(signUpRoles='["admin"]'),
        [
            f"'{NAMESPACE}:signUpRoles'",
            "'admin'",
            "customer, vendor",
            f"pulumi config set --path '{NAMESPACE}:signUpRoles[0]' <value>",
        ],
    ),
    "invalid table name": (
        configuration(migrationTableNames='["x"]'),
        [f"'{NAMESPACE}:migrationTableNames'", "'x'", "3 to 255"],
    ),
    "roles as text": (
        configuration(signUpRoles="vendor"),
        ["signUpRoles", "'vendor'", "list", "signUpRoles[0]'"],
    ),
    "roles as number": (configuration(signUpRoles="[1]"), ["signUpRoles", "list"]),
    "text instead of a boolean": (configuration(protect="maybe"), ["protect", "'maybe'", "true, false"]),
    "text instead of a number": (
        configuration(logRetentionDays="long"),
        ["logRetentionDays", "'long'", "digits"],
    ),
    "retention": (
        configuration(logRetentionDays="31"),
        [f"'{NAMESPACE}:logRetentionDays'", "31", "30, 60", "Pulumi.test.yaml"],
    ),
    "platform": (
        configuration(lambdaPlatform="x86"),
        [f"'{NAMESPACE}:lambdaPlatform'", "'lambdaPlatform' has an unknown value", "'x86'", "lambda, host"],
    ),
    "runtime": (
        configuration(lambdaRuntime="3.13"),
        [f"'{NAMESPACE}:lambdaRuntime'", "'lambdaRuntime' has an unknown value", "'3.13'", "python3.13, "],
    ),
    "invalid group name": (configuration(groups='["a b"]'), [f"'{NAMESPACE}:groups'", "'a b'"]),
    "origin": (configuration(allowedOrigins='["*"]'), [f"'{NAMESPACE}:allowedOrigins'", "'*'"]),
    "key": (configuration(kmsKeyArn="key"), [f"'{NAMESPACE}:kmsKeyArn'", "'key'", "arn:aws:kms:"]),
    "web ACL": (configuration(webAclArn="a"), [f"'{NAMESPACE}:webAclArn'", "arn:aws:wafv2:"]),
    "concurrency": (
        configuration(apiConcurrency="0"),
        [f"'{NAMESPACE}:apiConcurrency'", "'apiConcurrency' must be", "1 to", "default: none"],
    ),
    "region of text messages": (
        configuration(snsRegion="frankfurt"),
        [f"'{NAMESPACE}:snsRegion'", "'frankfurt'", "eu-central-1"],
    ),
    "user names": (
        configuration(usernameAttributes='["nickname"]'),
        [f"'{NAMESPACE}:usernameAttributes'", "email, phone_number"],
    ),
    "second factor": (configuration(mfa="YES"), [f"'{NAMESPACE}:mfa'", "'YES'", "OFF, OPTIONAL, ON"]),
    "second factors": (
        configuration(mfaMethods='["authenticator_app"]'),
        [f"'{NAMESPACE}:mfaMethods'", "authenticator_app, text_message", "set 'usernameAttributes' to"],
    ),
    "recovery": (
        configuration(mfa="ON", accountRecovery='["verified_phone_number"]'),
        [f"'{NAMESPACE}:accountRecovery'", "verified_email"],
    ),
    "topic": (configuration(alarmTopicArn="a"), [f"'{NAMESPACE}:alarmTopicArn'", "arn:aws:sns:"]),
    "identity": (
        configuration(emailFrom='{"identityArn": "example.com", "address": "a@example.com"}'),
        [f"'{NAMESPACE}:emailFrom.identityArn'", "'example.com'", "arn:aws:ses:"],
    ),
    "invalid sender address": (
        configuration(
            emailFrom=json.dumps(
                {"identityArn": f"arn:aws:ses:{SCOPE}:identity/example.com", "address": "us"}
            )
        ),
        [f"'{NAMESPACE}:emailFrom.address'", "'us'", f"--path {NAMESPACE}:emailFrom.address"],
    ),
    "sender without an identity": (
        configuration(emailFrom='{"address": "a@example.com"}'),
        ["emailFrom", "identityArn"],
    ),
    "triggers as a list": (
        configuration(triggers='["a"]'),
        [f"'{NAMESPACE}:triggers'", "object", "triggers.<name>"],
    ),
    "unknown trigger": (
        configuration(triggers='{"preAuth": "a"}'),
        [f"'{NAMESPACE}:triggers'", "'preAuth'", "pre_authentication"],
    ),
    "second function for our trigger": (
        configuration(triggers=json.dumps({"pre_token_generation": "a"})),
        [f"'{NAMESPACE}:triggers'", "'roleInToken' to false"],
    ),
    "trigger without an ARN": (
        configuration(triggers='{"pre_authentication": "check"}'),
        [f"'{NAMESPACE}:triggers'", "'triggers.pre_authentication'", "'check'"],
    ),
    "group that the API creates": (
        configuration(groups='["admin"]'),
        [f"Setting '{NAMESPACE}:groups'", "Remove 'admin' from 'groups'"],
    ),
    "unknown text": (
        configuration(texts='{"subject": "a"}'),
        [f"'{NAMESPACE}:texts'", "verificationEmailSubject"],
    ),
    "text without its code": (
        configuration(texts='{"verificationSmsMessage": "Your code"}'),
        [f"'{NAMESPACE}:texts'", "{####}"],
    ),
    "languages as a list": (configuration(textsByLanguage="[]"), [f"'{NAMESPACE}:textsByLanguage'", "de"]),
    "wrong language": (
        configuration(textsByLanguage='{"German!": {"verificationEmailSubject": "Ihr Code"}}'),
        [f"'{NAMESPACE}:textsByLanguage'", "'German!'", "such as de"],
    ),
    "unknown text of a language": (
        configuration(textsByLanguage='{"de": {"subject": "a"}}'),
        [f"'{NAMESPACE}:textsByLanguage'", "verificationEmailSubject"],
    ),
    "emails of a language without a sender": (
        configuration(textsByLanguage='{"de": {"verificationEmailSubject": "Ihr Code"}}'),
        [f"'{NAMESPACE}:textsByLanguage'", "Set 'emailFrom'"],
    ),
    "grace period": (
        configuration(gracePeriodDays="366"),
        [f"'{NAMESPACE}:gracePeriodDays'", "366", "0 to 365"],
    ),
    "retention of backups": (
        configuration(backupRetentionDays="0"),
        [f"'{NAMESPACE}:backupRetentionDays'", "1 to 3650", "default: none"],
    ),
    "one store instead of a list": (
        configuration(erasureStores='{"name": "orders"}'),
        [f"'{NAMESPACE}:erasureStores'", "list of objects with name, functionArn, queueArn, queueUrl"],
    ),
    "unknown field of a store": (
        configuration(erasureStores='[{"name": "orders", "arn": "a"}]'),
        [f"'{NAMESPACE}:erasureStores'", "'arn'", "functionArn", "erasureStores[0].name' <value>"],
    ),
    "store without a function": (
        configuration(erasureStores='[{"name": "orders"}]'),
        [f"'{NAMESPACE}:erasureStores'", "'erasureStores' has a store", "erasureStores[0].name' <value>"],
    ),
    "name of a step instead of an object": (
        configuration(afterSignUp='["mail"]'),
        [f"'{NAMESPACE}:afterSignUp'", "list of objects", "afterSignUp[0].name"],
    ),
    "unknown field of a step": (
        configuration(afterSignUp='[{"name": "mail", "function": "a"}]'),
        [f"'{NAMESPACE}:afterSignUp'", "'function'", "functionArn"],
    ),
    "step with a wrong function": (
        configuration(afterSignUp='[{"name": "mail", "functionArn": "mail"}]'),
        [f"'{NAMESPACE}:afterSignUp'", "'afterSignUp.functionArn' of the target mail", "arn:aws:lambda"],
    ),
    "step for unknown users": (
        configuration(afterSignUp='[{"name": "mail", "createdBy": ["signUp"]}]'),
        [f"'{NAMESPACE}:afterSignUp'", "'afterSignUp.createdBy' of the target mail", "sign_up"],
    ),
    "phone sign-in without settings": (
        configuration(phoneSignIn="true"),
        [f"'{NAMESPACE}:phoneSignIn'", "allowed: {}, or some of default", "phoneSignIn.<name>"],
    ),
    "phone sign-in that is empty": (
        configuration(phoneSignIn=""),
        [f"'{NAMESPACE}:phoneSignIn'", "or {} for the defaults"],
    ),
    "Twilio without its secret": (
        configuration(phoneSignIn='{"provider": "twilio"}'),
        [
            f"'{NAMESPACE}:phoneSignIn.twilioSecretArn'",
            f"pulumi config set --path --plaintext {NAMESPACE}:phoneSignIn.twilioSecretArn <value>",
        ],
    ),
    "number that the CLI stored without its plus": (
        configuration(phoneSignIn='{"originationNumber": 14155550100}'),
        [
            f"'{NAMESPACE}:phoneSignIn.originationNumber'",
            "'14155550100'",
            f"pulumi config set --path --type string {NAMESPACE}:phoneSignIn.originationNumber <value>",
        ],
    ),
    "countries as text": (
        configuration(phoneSignIn='{"allowedCountries": "DE"}'),
        [f"pulumi config set --path '{NAMESPACE}:phoneSignIn.allowedCountries[0]' <value>"],
    ),
    "unknown field of phone sign-in": (
        configuration(phoneSignIn='{"countries": ["US"]}'),
        [f"'{NAMESPACE}:phoneSignIn'", "unknown field", "'countries'", "allowedCountries"],
    ),
    "invalid field of phone sign-in": (
        configuration(phoneSignIn='{"codesPerHour": 9, "codesPerDay": 3}'),
        [
            f"'{NAMESPACE}:phoneSignIn.codesPerDay'",
            "'phoneSignIn.codesPerDay' is less than 'phoneSignIn.codesPerHour'",
            f"--path {NAMESPACE}:phoneSignIn.codesPerDay",
        ],
    ),
    "codes by email without a sender": (
        configuration(firstAuthFactors='["PASSWORD", "EMAIL_OTP"]'),
        [f"'{NAMESPACE}:firstAuthFactors'", "cannot contain EMAIL_OTP", "Set 'emailFrom'"],
    ),
    "misspelled key": (configuration(templat="basic"), ["templat", "unknown setting", "template"]),
}


@pytest.mark.parametrize("mistake", sorted(MISTAKES))
def test_a_mistake_in_the_configuration_gets_one_message_and_creates_nothing(mistake: str) -> None:
    config, parts = MISTAKES[mistake]
    recording = start_recording(config)

    with pytest.raises(pulumi.RunError) as raised:
        pulumi.runtime.test(program)()

    message = str(raised.value)
    assert [part for part in [*parts, "Got ", "allowed: "] if part not in message] == [], message
    assert message.count("Got ") == 1
    assert (
        re.findall(
            "sign_up_roles|template_document|log_retention_days|verification_email|\\.json|SignupToProfile '",
            message,
        )
        == []
    )
    assert recording.resources == []


def test_missing_interpreter_for_the_runtime_creates_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> NoReturn:
        raise BundleError("CPython 3.13 is not installed. Run `uv python install 3.13`.")

    monkeypatch.setattr("pulumi_userprofiles.python_function_settings.build_bundle", fail)
    recording = start_recording(configuration(lambdaPlatform="lambda"))

    with pytest.raises(pulumi.RunError, match=r"uv python install 3\.13"):
        pulumi.runtime.test(program)()

    assert recording.resources == []


@pytest.mark.parametrize("text", ["{", "{}"], ids=["no JSON", "no template"])
def test_wrong_template_file_is_named_by_its_setting(text: str, tmp_path: Path) -> None:
    path = tmp_path / "template"
    path.write_text(text)
    recording = start_recording(configuration(template="shop", templateFile=str(path)))

    with pytest.raises(pulumi.RunError, match=f"Setting '{NAMESPACE}:templateFile'"):
        pulumi.runtime.test(program)()

    assert recording.resources == []


def test_the_program_is_about_a_page() -> None:
    assert len((ROOT / "__main__.py").read_text().splitlines()) < 80


EXAMPLES = sorted(
    program.parent.name
    for program in (ROOT / "examples").glob("*/__main__.py")
    if "import pulumi" in program.read_text() and "pulumi_userprofiles" in program.read_text()
)


@pytest.mark.parametrize("example", EXAMPLES)
def test_example_creates_its_resources(example: str, monkeypatch: pytest.MonkeyPatch) -> None:
    exports: dict[str, Any] = {}
    monkeypatch.setattr(pulumi, "export", exports.__setitem__)

    recording = record(lambda: runpy.run_path(str(ROOT / "examples" / example / "__main__.py")))

    assert "usersTableName" in exports
    assert all(resource.name.startswith("trial") for resource in recording.resources)
    assert [resource.name for resource in recording.resources if resource.protect] == []
