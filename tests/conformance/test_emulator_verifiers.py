"""The examples of docs/tokens.md: libraries that verify tokens, with the keys of a running local AWS."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from conformance_aws import AwsResources, unique_email
from conformance_pool import PoolUnderTest
from pycognito import Cognito

DOCUMENT = (Path(__file__).resolve().parents[2] / "docs" / "tokens.md").read_text(encoding="utf-8")


def read_example(library: str) -> str:
    """Return the code below the heading of a library."""
    return re.search(rf"^## {library}$.*?^```\w+\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)[1]


@pytest.fixture
def variables(aws: AwsResources) -> dict[str, Any]:
    """The variables of the examples."""
    pool, email = PoolUnderTest(aws), unique_email()
    pool.sign_up_and_confirm(email)
    tokens = pool.sign_in(email)
    return {
        "endpoint": aws.local_aws.endpoint,
        "user_pool_id": pool.id,
        "client_id": pool.client_id,
        "id_token": tokens["IdToken"],
        "access_token": tokens["AccessToken"],
    }


@pytest.mark.parametrize(
    ("library", "module"), [("PyJWT", "jwt"), ("pycognito", "pycognito"), ("python-jose", "jose")]
)
@pytest.mark.sample(3)
def test_python_library(variables: dict[str, Any], library: str, module: str) -> None:
    """Line 29 (doc): the example verifies both tokens, and rejects a forged one."""
    pytest.importorskip(module, reason=f"{library} is not installed")
    code = read_example(library)

    exec(code, dict(variables))

    signed_part = variables["access_token"].rpartition(".")[0]
    forged_token = f"{signed_part}.{variables['id_token'].rpartition('.')[2]}"
    with pytest.raises(Exception, match=r"(?i)signature"):
        exec(code, {**variables, "access_token": forged_token})


def test_pycognito_reads_the_keys_of_the_environment(
    variables: dict[str, Any], aws: AwsResources, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Line 29 (doc): the variable of docs/tokens.md."""
    _, keys = aws.get(f"/{variables['user_pool_id']}/.well-known/jwks.json")
    monkeypatch.setenv("COGNITO_JWKS", json.dumps(keys))
    user = Cognito(variables["user_pool_id"], variables["client_id"])

    user.verify_token(variables["access_token"], "access_token", "access")

    assert user.access_claims["client_id"] == variables["client_id"]


@pytest.mark.long
def test_node_library(variables: dict[str, Any], tmp_path: Path) -> None:
    """Line 29 (doc): the example verifies a token, and rejects one of another type."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        pytest.skip("Node.js is not installed")
    install = [npm, "install", "--silent", "--no-audit", "--no-fund", "aws-jwt-verify@5"]
    if subprocess.run(install, cwd=tmp_path, capture_output=True, timeout=90, check=False).returncode:
        pytest.skip("npm can't install aws-jwt-verify")
    names = {
        "endpoint": "endpoint", "userPoolId": "user_pool_id", "clientId": "client_id",
        "accessToken": "access_token",
    }  # fmt: skip
    constants = "".join(
        f"const {name} = {json.dumps(variables[variable])};\n" for name, variable in names.items()
    )
    check = f"""
await verifier.verify({json.dumps(variables["id_token"])}).then(
  () => process.exit(1), (error) => console.log(claims.client_id, error.constructor.name)
);
"""
    script = tmp_path / "example.mjs"
    script.write_text(constants + read_example("aws-jwt-verify") + check)

    done = subprocess.run([node, script], capture_output=True, text=True, timeout=30, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{variables['client_id']} CognitoJwtInvalidTokenUseError\n"
