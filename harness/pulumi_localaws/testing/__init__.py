"""Testing: the backends that a test suite can run on."""
