"""Loggers of Powertools for single tests."""

import io
import logging
import uuid
from unittest.mock import patch

from aws_lambda_powertools import Logger


def create_logger(stream: io.StringIO) -> Logger:
    """Create a logger that only its test knows.

    Python keeps each logger, and Powertools adds a filter for it to each handler of the root logger. Both
    would make each later test slower: pytest visits all loggers six times for each test.
    """
    service = uuid.uuid4().hex
    with patch.object(logging.root, "handlers", []):
        logger = Logger(service=service, stream=stream)
    del logging.root.manager.loggerDict[service]
    return logger
