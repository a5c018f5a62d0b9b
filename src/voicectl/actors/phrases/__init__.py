"""What voicectl itself says to the listener, in the listener's language."""
