"""The backfill as a command: arguments, progress, signals, checkpoints on disk, exit codes."""
