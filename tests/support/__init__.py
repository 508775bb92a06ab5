"""Real servers for tests: each in a folder of its own, on a free port or a unix socket, stopped at the end."""
