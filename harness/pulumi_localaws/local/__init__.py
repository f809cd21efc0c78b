"""Local processes: the emulator, the ports and the clients that reach them."""
