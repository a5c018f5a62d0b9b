"""The supervisor: starts, watches and restarts the stages, keeps the latency record."""
