"""Fixtures: the gateway's router in front of a fake emulator, and a running local AWS."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # helper modules: test folders are not packages

from conformance_aws import AwsResources, Recorder
from conformance_challenge import ChallengeClient, CodeChallenge
from conformance_fake_cognito import ACCOUNT
from conformance_fake_emulator import FakeEmulator
from conformance_gateway import GatewayClient, ManualClock
from pulumi_localaws.gateway.router import RequestRouter
from pulumi_localaws.local_aws import LocalAws


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()


@pytest.fixture
def gateway(clock: ManualClock, loop: asyncio.AbstractEventLoop) -> GatewayClient:
    emulator = FakeEmulator()
    router = RequestRouter(
        send_to_emulator=emulator,
        endpoint="http://127.0.0.1:1",
        region="eu-west-1",
        account_id=ACCOUNT,
        trigger_timeout=0.2,
        clock=clock,
    )
    emulator.router = router
    return GatewayClient(emulator, router, loop)


@pytest.fixture
def emulator(gateway: GatewayClient) -> FakeEmulator:
    return gateway.emulator


@pytest.fixture
def challenge(emulator: FakeEmulator) -> CodeChallenge:
    emulator.add_user("ann@example.com")
    return CodeChallenge(emulator)


@pytest.fixture
def client(gateway: GatewayClient, challenge: CodeChallenge) -> ChallengeClient:
    """A client that signs in with the custom challenge."""
    return ChallengeClient(gateway)


@pytest.fixture(scope="session")
def running_aws() -> Iterator[LocalAws]:
    with LocalAws() as local_aws:
        yield local_aws


@pytest.fixture
def aws(running_aws: LocalAws) -> Iterator[AwsResources]:
    with AwsResources(running_aws) as aws:
        yield aws


@pytest.fixture(scope="session")
def session_aws(running_aws: LocalAws) -> Iterator[AwsResources]:
    with AwsResources(running_aws) as aws:
        yield aws


@pytest.fixture(scope="session")
def session_recorder(session_aws: AwsResources) -> Recorder:
    return session_aws.create_recorder()


@pytest.fixture
def recorder(session_recorder: Recorder) -> Recorder:
    session_recorder.take_events()
    return session_recorder
