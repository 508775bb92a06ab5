"""The child: one request at a time, from the socket to the handler and back; where the other rooms meet."""
