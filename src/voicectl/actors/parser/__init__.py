"""The parser stage: from an agent's output to sentences a person would say, and the journal."""
