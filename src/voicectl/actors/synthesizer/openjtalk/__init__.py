"""Open JTalk, the Japanese voice that is always there."""
