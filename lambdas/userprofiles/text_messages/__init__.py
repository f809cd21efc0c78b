"""Text messages with codes: the queue, the senders, and their limits."""
