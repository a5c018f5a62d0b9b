"""The voices of Microsoft Edge's "read aloud"."""
