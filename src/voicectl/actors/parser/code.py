"""What is said for a code block."""

from voicectl.actors.phrases.english import say

_NAMES = {
    "bash": "shell script",
    "c": "C",
    "c#": "C sharp",
    "c++": "C++",
    "cpp": "C++",
    "console": "terminal",
    "cs": "C sharp",
    "csharp": "C sharp",
    "css": "CSS",
    "diff": "diff",
    "dockerfile": "Dockerfile",
    "go": "Go",
    "html": "HTML",
    "java": "Java",
    "javascript": "JavaScript",
    "js": "JavaScript",
    "json": "JSON",
    "jsonc": "JSON",
    "jsonl": "JSON Lines",
    "jsx": "JSX",
    "kotlin": "Kotlin",
    "kt": "Kotlin",
    "markdown": "Markdown",
    "md": "Markdown",
    "php": "PHP",
    "py": "Python",
    "python": "Python",
    "rb": "Ruby",
    "rs": "Rust",
    "ruby": "Ruby",
    "rust": "Rust",
    "sh": "shell script",
    "shell": "shell script",
    "sql": "SQL",
    "swift": "Swift",
    "toml": "TOML",
    "ts": "TypeScript",
    "tsx": "TSX",
    "typescript": "TypeScript",
    "xml": "XML",
    "yaml": "YAML",
    "yml": "YAML",
    "zsh": "shell script",
}


def announcement(language: str, lines: int) -> str:
    """Return e.g. ``Code block, 12 lines of Python.``; ``language`` is the fence's info word, or empty."""
    name = _NAMES.get(language, "")
    return say("code_in", count=lines, language=name) if name else say("code", count=lines)
