"""What a user's own token shows of the user."""

from http import HTTPStatus

from pulumi_localaws.gateway import attributes
from pulumi_localaws.gateway.addresses import client_of_token
from pulumi_localaws.gateway.call import Call
from pulumi_localaws.gateway.capabilities import Gap
from pulumi_localaws.gateway.errors import replaced
from pulumi_localaws.gateway.messages import Response


async def get_user(call: Call) -> Response:
    """GetUser: only the attributes that the token's app client may read."""
    response = await call.forward()
    if response.status != HTTPStatus.OK or not call.has(Gap.READ_ATTRIBUTES):
        return response
    # The emulator has taken the token: its claims are true.
    client = await client_of_token(call)
    if client is None:
        return response
    document = response.json()
    given = document.get("UserAttributes") or []
    shown = [one for one in given if attributes.readable_by_client(client, str(one.get("Name")))]
    if len(shown) == len(given):
        return response
    call.notes.append("attributes outside the read attributes left out")
    return replaced(response, {**document, "UserAttributes": shown})
