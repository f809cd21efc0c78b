"""Two levels: the core with a stand-in behind it, and a whole local AWS."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # helpers beside the tests; tests are no package

from conformance_aws import Aws, Recorder
from conformance_fake import ACCOUNT, ENDPOINT, Clock, Fake, Gateway
from pulumi_localaws.gateway.router import RequestRouter
from pulumi_localaws.local_aws import LocalAws


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()


@pytest.fixture
def gateway(clock: Clock, loop: asyncio.AbstractEventLoop) -> Gateway:
    fake = Fake()
    router = RequestRouter(
        upstream=fake,
        endpoint=ENDPOINT,
        region="eu-west-1",
        account_id=ACCOUNT,
        trigger_time_limit=0.2,
        clock=clock,
    )
    fake.router = router
    return Gateway(fake, router, loop)


@pytest.fixture
def fake(gateway: Gateway) -> Fake:
    return gateway.fake


@pytest.fixture(scope="session")
def running() -> Iterator[LocalAws]:
    with LocalAws() as local_aws:
        yield local_aws


@pytest.fixture
def aws(running: LocalAws) -> Iterator[Aws]:
    with Aws(running) as aws:
        yield aws


@pytest.fixture(scope="session")
def session_aws(running: LocalAws) -> Iterator[Aws]:
    with Aws(running) as aws:
        yield aws


@pytest.fixture(scope="session")
def one_recorder(session_aws: Aws) -> Recorder:
    return session_aws.recorder()


@pytest.fixture
def recorder(one_recorder: Recorder) -> Recorder:
    one_recorder.events()
    return one_recorder
