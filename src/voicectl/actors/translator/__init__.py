"""The translator stage and its backends."""
