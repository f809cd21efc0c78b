"""Sign-up, confirmation, and their triggers."""

from pulumi_localaws.conformance.fact import fact
from pulumi_localaws.conformance.kit import Kit, create_address, expect, expect_error
from pulumi_localaws.conformance.pool import PASSWORD, Pool
from pulumi_localaws.conformance.trigger_function import ERROR_TEXT

_TRIGGERS = 'Developer Guide, "Customizing user pool workflows with Lambda triggers"'
_POST_CONFIRMATION = 'Developer Guide, "Post confirmation Lambda trigger"'
_PRE_SIGN_UP = 'Developer Guide, "Pre sign-up Lambda trigger"'
_CONFIRM = {"PreSignUp": "confirm"}


@fact(
    1,
    "PostConfirmation fires after AdminConfirmSignUp and after an auto-confirmed SignUp",
    _POST_CONFIRMATION,
)
def post_confirmation(kit: Kit) -> str:
    """Confirm one user as administrator, and let the trigger confirm another one."""
    pool, name = kit.create_pool("PreSignUp", "PostConfirmation"), create_address()
    pool.sign_up(name)
    pool.confirm(name)
    pool.sign_up(create_address(), ClientMetadata=_CONFIRM)
    both = ["PreSignUp_SignUp", "PostConfirmation_ConfirmSignUp"]
    return expect("events", kit.take_sources(pool, 4), both * 2)


@fact(
    3,
    "PostConfirmation does not fire for AdminCreateUser or for that user's first password",
    "amazon-cognito-identity-js#656",
)
def admin_create_user(kit: Kit) -> str:
    """Create a user as administrator and set a password."""
    pool = kit.create_pool("PreSignUp", "PostConfirmation")
    pool.add_user(create_address())
    return expect("events", kit.take_sources(pool, 1), ["PreSignUp_AdminCreateUser"])


@fact(
    5,
    "The user is confirmed before PostConfirmation runs, and stays confirmed if it fails",
    "amplify-js#9127",
)
def failed_post_confirmation(kit: Kit) -> str:
    """Let the trigger fail."""
    pool, name = kit.create_pool("PostConfirmation"), create_address()
    pool.sign_up(name)
    error = _confirm_with(pool, name, "fail", "UserLambdaValidationException")
    expect("status", pool.read_user(name)["status"], "CONFIRMED")
    pool.sign_in(name)
    return error


@fact(
    6,
    "A function has 5 seconds, then it is called again",
    'Developer Guide, "Things to know about Lambda triggers"; amplify-js#4805',
)
def slow_function(kit: Kit) -> str:
    """Let the first call take 6 seconds."""
    pool, name = kit.create_pool("PostConfirmation"), create_address()
    pool.sign_up(name)
    kit.take_events(pool)  # the function is slow if the queue is empty
    pool.confirm(name, ClientMetadata={"PostConfirmation": "be slow once"})
    return expect("events", kit.take_sources(pool, 2), ["PostConfirmation_ConfirmSignUp"] * 2)


@fact(7, "A function must return an event", _TRIGGERS)
def missing_response(kit: Kit) -> str:
    """Let the trigger return nothing."""
    pool, name = kit.create_pool("PostConfirmation"), create_address()
    pool.sign_up(name)
    return _confirm_with(pool, name, "return nothing", "InvalidLambdaResponseException")


@fact(
    8,
    "A trigger without an invoke permission for this pool fails the call",
    'API reference, "SignUp" (UnexpectedLambdaException); service-workbench-on-aws#1136',
)
def missing_permission(kit: Kit) -> str:
    """Sign up in a pool that may not invoke the trigger."""
    pool = kit.create_pool("PreSignUp")
    config = {"PreSignUp": kit.triggers.create("def handler(event, context):\n    return event\n")}
    pool.admin.update_user_pool(UserPoolId=pool.id, LambdaConfig=config)
    return _sign_up_fails(pool, "UnexpectedLambdaException")


@fact(
    9,
    "Which call's ClientMetadata reaches which trigger",
    'API reference, "SignUp" and "InitiateAuth" (ClientMetadata)',
)
def client_metadata(kit: Kit) -> str:
    """Compare the metadata of a sign-up, a confirmation and a sign-in with the events."""
    triggers = ("PreSignUp", "PostConfirmation", "PreAuthentication", "PostAuthentication")
    pool, name = kit.create_pool(*triggers), create_address()
    pool.sign_up(name, ClientMetadata={"call": "sign-up"})
    pool.confirm(name, ClientMetadata={"call": "confirmation"})
    pool.sign_in(name, ClientMetadata={"call": "sign-in"})
    observation = [
        (event["request"].get("clientMetadata") or event["request"].get("validationData") or {}).get("call")
        for event in kit.take_events(pool, 4)
    ]
    return expect("metadata by trigger", observation, ["sign-up", "confirmation", "sign-in", None])


@fact(10, "The fields of an event", 'Developer Guide, "User pool Lambda trigger event"')
def event_fields(kit: Kit) -> str:
    """Compare an event of PostConfirmation with the documented fields."""
    pool, name = kit.create_pool("PreSignUp", "PostConfirmation"), create_address()
    pool.sign_up(name, ClientMetadata=_CONFIRM)
    event = kit.take_events(pool, 2)[-1]
    fields = "callerContext region request response triggerSource userName userPoolId version"
    expect("fields", sorted(event), fields.split())
    expect("callerContext", sorted(event["callerContext"]), ["awsSdkVersion", "clientId"])
    attributes = event["request"]["userAttributes"]
    observation = (
        event["userPoolId"],
        event["callerContext"]["clientId"],
        attributes.get("cognito:user_status"),
    )
    expect("pool, client and status", observation, (pool.id, pool.client_id, "CONFIRMED"))
    return expect("email_verified", attributes.get("email_verified"), "true")


@fact(
    11,
    "userName is the sub if an address is the user name",
    'Developer Guide, "Customizing sign-in attributes"',
)
def user_name_is_the_sub(kit: Kit) -> str:
    """Compare an event with the sub that SignUp returns."""
    pool = kit.create_pool("PreSignUp")
    sub = pool.sign_up(create_address())["UserSub"]
    [event] = kit.take_events(pool, 1)
    expect("userName", event["userName"], sub)
    return "userName is the sub"


@fact(
    12,
    "PreSignUp can confirm and verify a user; its error rejects a sign-up and AdminCreateUser",
    _PRE_SIGN_UP,
)
def pre_sign_up(kit: Kit) -> str:
    """Let the trigger confirm one user and reject another one."""
    pool, name = kit.create_pool("PreSignUp"), create_address()
    response = pool.sign_up(name, ClientMetadata=_CONFIRM)
    user = pool.read_user(name)
    observation = (response["UserConfirmed"], user["status"], user.get("email_verified"))
    expect("confirmed, status, verified", observation, (True, "CONFIRMED", "true"))
    rejected_name = create_address()
    error = expect_error(
        "UserLambdaValidationException",
        pool.admin.admin_create_user,
        UserPoolId=pool.id,
        Username=rejected_name,
        MessageAction="SUPPRESS",
        ClientMetadata={"PreSignUp": "fail"},
    )
    key = {"UserPoolId": pool.id, "Username": rejected_name}
    expect_error("UserNotFoundException", pool.admin.admin_get_user, **key)
    expect("events", kit.take_sources(pool, 2), ["PreSignUp_SignUp", "PreSignUp_AdminCreateUser"])
    return error


@fact(14, "Confirming a user twice is rejected", 'API reference, "AdminConfirmSignUp"')
def second_confirmation(kit: Kit) -> str:
    """Confirm a user again, as user and as administrator."""
    pool, name = kit.create_pool(), create_address()
    pool.sign_up(name)
    pool.confirm(name)
    code, text = "NotAuthorizedException", "User cannot be confirmed. Current status is CONFIRMED"
    key = {"ClientId": pool.client_id, "Username": name}
    expect_error(code, pool.device.confirm_sign_up, text, **key, ConfirmationCode="123456")
    key = {"UserPoolId": pool.id, "Username": name}
    return expect_error(code, pool.admin.admin_confirm_sign_up, text, **key)


@fact(16, "No trigger fires for a deleted user or a changed attribute", _TRIGGERS)
def calls_without_trigger(kit: Kit) -> str:
    """Change and delete a user of a pool with triggers."""
    triggers = ("PreSignUp", "PostConfirmation", "PreAuthentication", "PostAuthentication")
    pool, name = kit.create_pool(*triggers), create_address()
    pool.add_user(name)
    kit.take_events(pool, 1)
    key = {"UserPoolId": pool.id, "Username": name}
    pool.admin.admin_update_user_attributes(**key, UserAttributes=[{"Name": "name", "Value": "Ann"}])
    pool.admin.admin_delete_user(**key)
    return expect("events", kit.take_sources(pool), [])


@fact(20, "The text of a function's error is shown to the user", "amplify-js#9127")
def error_text(kit: Kit) -> str:
    """Let PostConfirmation fail with a text."""
    pool, name = kit.create_pool("PostConfirmation"), create_address()
    pool.sign_up(name)
    text = f"PostConfirmation failed with error {ERROR_TEXT}."
    return _confirm_with(pool, name, "fail", "UserLambdaValidationException", text) + ": " + text


@fact(30, "A rejection by PreSignUp is reported as `PreSignUp failed with error <message>.`", _PRE_SIGN_UP)
def rejection_text(kit: Kit) -> str:
    """Let PreSignUp fail with a text, and sign up again with the same address."""
    pool, name = kit.create_pool("PreSignUp"), create_address()
    text = f"PreSignUp failed with error {ERROR_TEXT}."
    code = "UserLambdaValidationException"
    _sign_up_fails(pool, code, text, name, {"PreSignUp": "fail"})
    pool.sign_up(name)
    return text


def _confirm_with(pool: Pool, name: str, behaviour: str, code: str, text: str = "") -> str:
    return expect_error(
        code,
        pool.admin.admin_confirm_sign_up,
        text,
        UserPoolId=pool.id,
        Username=name,
        ClientMetadata={"PostConfirmation": behaviour},
    )


def _sign_up_fails(
    pool: Pool, code: str, text: str = "", name: str = "", metadata: dict[str, str] | None = None
) -> str:
    return expect_error(
        code,
        pool.device.sign_up,
        text,
        ClientId=pool.client_id,
        Username=name or create_address(),
        Password=PASSWORD,
        ClientMetadata=metadata or {},
    )
