"""The OIDC document of a user pool names URLs that work on the local AWS."""

import json
from urllib.request import urlopen

import pytest
from pulumi_localaws.local_aws import LocalAws

pytestmark = pytest.mark.backends("embedded")


def test_urls_of_the_oidc_document_are_on_the_public_port(localaws: LocalAws) -> None:
    """Our own rule: a client can call every URL of the document; only the issuer is AWS's."""
    pool = localaws.client("cognito-idp").create_user_pool(PoolName="oidc")["UserPool"]["Id"]

    with urlopen(f"{localaws.endpoint}/{pool}/.well-known/openid-configuration") as response:
        document = json.load(response)
    with urlopen(document["jwks_uri"]) as response:
        keys = json.load(response)["keys"]

    urls = [url for name, url in document.items() if name.endswith(("_endpoint", "_uri"))]
    assert [url for url in urls if not url.startswith(f"{localaws.endpoint}/")] == []
    assert len(urls) == 5
    assert [key["kty"] for key in keys if key["kty"] != "RSA"] == []
    assert document["issuer"] == f"https://cognito-idp.{pool.split('_')[0]}.amazonaws.com/{pool}"
