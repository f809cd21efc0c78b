"""HTTP messages, the connection to the emulator, signed calls as root, and AWS's error documents."""
