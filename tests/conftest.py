"""Settings of every worker of pytest-xdist."""

import gc


def pytest_collection_finish() -> None:
    """Collect garbage rarely: most objects are those of large packages, which exist until the end."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)
