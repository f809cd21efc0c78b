"""Cases of SES."""

from resource_cases.case import EMAIL_IDENTITY, Case

CASES: dict[str, Case] = {
    EMAIL_IDENTITY: Case(
        inputs=lambda _: {"emailIdentity": "mail.example.org"},
        probe=lambda client, resource_id, _: client("sesv2").get_email_identity(EmailIdentity=resource_id),
        outputs=("arn", "identityType", "verifiedForSendingStatus"),
    ),
}
