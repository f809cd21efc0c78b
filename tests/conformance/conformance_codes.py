"""Calls that send a code."""

from typing import Any

from conformance_gateway import GatewayClient, name_value_pairs

EMAIL, PHONE = "ann@example.com", "+491709876543"
SOURCES = ["SignUp", "ResendCode", "ForgotPassword", "UpdateUserAttribute", "VerifyUserAttribute"]
"""The trigger sources of these calls, without their prefix."""


def send_code(gateway: GatewayClient, source: str, attribute: str) -> Any:
    """Call the action that sends the code of a trigger source to an address."""
    users, address = gateway.emulator, {"email": EMAIL, "phone_number": PHONE}[attribute]
    verified_address = {attribute: address, f"{attribute}_verified": "true"}
    match source:
        case "SignUp":
            return gateway.sign_up(address, ClientMetadata={"language": "de"})
        case "ResendCode":
            users.add_user(status="UNCONFIRMED", **{attribute: address})
            return gateway.call("ResendConfirmationCode", Username=address)
        case "ForgotPassword":
            users.add_user(**verified_address)
            return gateway.call("ForgotPassword", Username=address)
        case "AdminResetUserPassword":
            users.add_user(**verified_address)
            return gateway.call("AdminResetUserPassword", Username=address)
        case "UpdateUserAttribute":
            users.add_user("old@example.com")
            token, changes = gateway.get_token("old@example.com"), name_value_pairs(**{attribute: address})
            return gateway.call("UpdateUserAttributes", AccessToken=token, UserAttributes=changes)
    users.add_user(**{attribute: address})
    token = gateway.get_token(address)
    return gateway.call("GetUserAttributeVerificationCode", AccessToken=token, AttributeName=attribute)
