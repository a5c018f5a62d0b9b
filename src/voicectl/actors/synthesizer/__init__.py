"""The synthesizer stage and its backends."""
