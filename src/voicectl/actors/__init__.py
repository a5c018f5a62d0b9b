"""The four stages and the small base they share."""
