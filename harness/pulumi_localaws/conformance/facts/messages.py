"""Messages with codes, and the functions that change or send them."""

from pulumi_localaws.conformance.fact import NotTriedError, fact
from pulumi_localaws.conformance.kit import Kit, create_address, expect, expect_error


@fact(
    32,
    "If both addresses must be verified, the code is sent only by SMS",
    'Developer Guide, "Signing up and confirming user accounts"',
)
def code_by_sms(kit: Kit) -> str:
    """Sign up with both addresses."""
    if kit.backend.is_aws:
        raise NotTriedError("it would send a text message to somebody's phone")
    pool = kit.create_pool(AutoVerifiedAttributes=["email", "phone_number"])
    response = pool.sign_up(create_address(), {"phone_number": "+14155550123"})
    return expect("medium", response["CodeDeliveryDetails"]["DeliveryMedium"], "SMS")


@fact(
    43,
    "CustomMessage fires before a message with a code; its texts replace those of the pool",
    'Developer Guide, "Custom message Lambda trigger"',
)
def custom_message(kit: Kit) -> str:
    """Sign up, and ask for another code and a new password."""
    pool, name = kit.create_pool("CustomMessage", AutoVerifiedAttributes=["email"]), create_address()
    pool.sign_up(name)
    pool.device.resend_confirmation_code(ClientId=pool.client_id, Username=name)
    key = {"UserPoolId": pool.id, "Username": name}
    pool.confirm(name)
    verified = [{"Name": "email_verified", "Value": "true"}]
    pool.admin.admin_update_user_attributes(**key, UserAttributes=verified)
    pool.device.forgot_password(ClientId=pool.client_id, Username=name)
    events = kit.take_events(pool, 3)
    sources = ["CustomMessage_SignUp", "CustomMessage_ResendCode", "CustomMessage_ForgotPassword"]
    expect("events", [event["triggerSource"] for event in events], sources)
    return expect("placeholders", [event["request"]["codeParameter"] for event in events], ["{####}"] * 3)


@fact(
    48,
    "CustomEmailSender gets the code encrypted, and its event has no response",
    'Developer Guide, "Custom sender Lambda triggers"; aws-sdk-rust#1250',
)
def custom_sender(kit: Kit) -> str:
    """Sign up in a pool whose function sends the e-mails."""
    function = {"LambdaArn": kit.triggers.arn, "LambdaVersion": "V1_0"}
    config = {"CustomEmailSender": function, "KMSKeyID": kit.resources.create_key()}
    pool = kit.create_pool(LambdaConfig=config, AutoVerifiedAttributes=["email"])
    kit.triggers.allow(pool.document["Arn"])
    pool.sign_up(create_address())
    events = kit.take_events(pool, 1)
    expect("events", [event["triggerSource"] for event in events], ["CustomEmailSender_SignUp"])
    request = events[0]["request"]
    expect("type", request.get("type"), "customEmailSenderRequestV1")
    is_encrypted = len(request.get("code") or "") > len("123456")
    return expect("encrypted, response", (is_encrypted, "response" in events[0]), (True, False))


@fact(49, "A pool with a custom sender needs KMSKeyID", 'API reference, "LambdaConfigType"')
def sender_without_key(kit: Kit) -> str:
    """Create such a pool without a key."""
    config = {"CustomEmailSender": {"LambdaArn": kit.triggers.arn, "LambdaVersion": "V1_0"}}
    pool = kit.create_pool()
    call = pool.admin.update_user_pool
    return expect_error("InvalidParameterException", call, UserPoolId=pool.id, LambdaConfig=config)
