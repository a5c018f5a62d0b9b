"""Coqui's models: VITS in windows, XTTS v2, and the rest of its zoo."""
