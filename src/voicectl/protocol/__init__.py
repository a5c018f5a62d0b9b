"""The wire: message types, framing, sockets, trace stamps and the errors every layer shares."""
