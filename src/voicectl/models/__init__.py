"""Models: what is known, what is here."""
