import pytest
from userprofiles.text_messages.code_message import Purpose

CODE = "493817"


@pytest.mark.parametrize(
    ("purpose", "text"),
    [
        (Purpose.SIGN_UP, f"{CODE} is your code."),
        (Purpose.RESET, f"{CODE} is your code."),
        (Purpose.INVITATION, f"Your temporary password is {CODE}"),
    ],
)
def test_text_of_cognitos_codes_names_no_time(scenario, purpose, text):
    scenario.process(scenario.create_body(purpose=purpose))

    assert [message.text for message in scenario.sender.messages] == [text]
