"""Typed settings and where each value comes from."""
