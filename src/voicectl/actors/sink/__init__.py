"""The sink stage: the only one that knows what was heard."""
