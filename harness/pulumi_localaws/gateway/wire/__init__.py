"""The wire: HTTP messages, the proxy, root calls to the emulator, AWS's error documents."""
