"""Presigned S3 URLs: only those of Signature Version 4 are accepted, as for each bucket created since 2020.

The emulator checks the signature and the lifetime of a Version 4 URL and of a POST policy. It does not check
a Version 2 URL of the root user. AWS: "Any new buckets created after June 24, 2020 will not support SigV2
signed requests" (quoted in SummitRoute/aws_breaking_changes).
"""

import uuid
from urllib.parse import parse_qs

from pulumi_localaws.gateway.wire.errors import CORS_HEADERS
from pulumi_localaws.gateway.wire.http_messages import Request, Response

_VERSION_2_PARAMETERS = frozenset({"AWSAccessKeyId", "Signature", "Expires"})


def is_signed_with_version_2(request: Request) -> bool:
    """Return whether a request has a presigned S3 URL of Signature Version 2."""
    query = request.target.partition("?")[2]
    return parse_qs(query, keep_blank_values=True).keys() >= _VERSION_2_PARAMETERS


def reject_version_2() -> Response:
    """Return S3's error for a bucket without Signature Version 2."""
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>InvalidRequest</Code><Message>'
        "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."
        f"</Message><RequestId>{uuid.uuid4()}</RequestId></Error>"
    )
    return Response(400, (("Content-Type", "application/xml"), *CORS_HEADERS), body.encode())
