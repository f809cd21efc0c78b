"""The examples of docs/tokens.md: libraries that verify tokens, with the keys of a running local AWS."""

import json
import os
import re
import shutil
import subprocess
import sys
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


@pytest.mark.parametrize("library", ["PyJWT", "pycognito"])
@pytest.mark.sample(2)
def test_python_library(variables: dict[str, Any], library: str) -> None:
    """Line 29 (doc): the example verifies both tokens, and rejects a forged one."""
    code = read_example(library)

    exec(code, dict(variables))

    with pytest.raises(Exception, match=r"(?i)signature"):
        exec(code, {**variables, "access_token": forge_token(variables)})


def forge_token(variables: dict[str, Any]) -> str:
    """Return the access token with the signature of the ID token."""
    signed_part = variables["access_token"].rpartition(".")[0]
    return f"{signed_part}.{variables['id_token'].rpartition('.')[2]}"


@pytest.mark.long
def test_python_jose(variables: dict[str, Any], tmp_path: Path) -> None:
    """Line 29 (doc): the same with a library that is not a dependency of this project."""
    uv = Path(sys.executable).with_name("uv")
    install = [uv, "pip", "install", "--quiet", "--target", tmp_path / "packages", "python-jose==3.5.0"]
    if subprocess.run(install, capture_output=True, timeout=90, check=False).returncode:
        pytest.skip("uv can't install python-jose")
    results = []
    for token in (variables["access_token"], forge_token(variables)):
        values = {**variables, "access_token": token}
        script = tmp_path / "example.py"
        script.write_text(f"globals().update({values!r})\n{read_example('python-jose')}")
        environment = {**os.environ, "PYTHONPATH": str(tmp_path / "packages")}
        results.append(
            subprocess.run(
                [sys.executable, script],
                env=environment,
                capture_output=True,
                text=True,
                timeout=30,
                check=False,
            )
        )

    verified, forged = results
    assert (verified.returncode, verified.stderr) == (0, "")
    assert "Signature verification failed" in forged.stderr


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
