"""Finds what must come through translation verbatim: paths, versions, flags, identifiers."""

import re

_EXTENSIONS = (
    "py|pyi|ipynb|rs|js|jsx|mjs|cjs|ts|tsx|c|h|cc|cpp|hpp|cs|go|java|kt|swift|rb|php|pl|lua|sh|bash|zsh|fish|ps1|sql|"
    "json|jsonl|toml|yaml|yml|xml|html|htm|css|scss|md|rst|txt|csv|tsv|log|ini|cfg|conf|lock|env|wav|mp3|png|jpg|svg|"
    "pdf|zip|gz|tar|so|dll|exe|proto|tf|vue|svelte|r|jl|ex|exs|hs|ml|zig|nix|gradle|cmake|mk|dockerfile"
)

_SPAN = re.compile(
    rf"""
    (?P<version>
        (?<![\w.]) v\d+(?:\.\d+)*(?:-[A-Za-z][\w.]*\w)?(?!\w)
      | (?<![\w.]) \d+(?:\.\d+){{2,}}(?:-[A-Za-z0-9][\w.]*\w)?(?!\w) )
  | (?P<path>
        (?<![\w/.~-]) (?: ~/ | \.{{1,2}}/ | / ) [\w@+-][\w@+./-]*\w
      | (?<![\w/.@-]) [\w@.+-]{{1,80}}(?:/[\w@.+-]{{1,80}}){{2,40}}(?<=\w)
      | (?<![\w/.@-]) (?:[\w@+-][\w@.+-]{{0,79}}/){{0,40}}[\w@+-][\w@.+-]{{0,79}}\.(?:{_EXTENSIONS})(?![\w/]) )
  | (?P<flag> (?<![\w-]) --[A-Za-z][\w-]*(?:=[\w./:-]*\w)? | (?<![\w-]) -[A-Za-z](?![\w-]) )
  | (?P<identifier>
        (?<!\w) [A-Za-z_]\w*(?:(?:\.|::)[A-Za-z_]\w*){{0,20}}\(\)
      | (?<!\w) [A-Za-z_]\w*(?:::[A-Za-z_]\w*){{1,20}}
      | (?<!\w) [A-Za-z]\w{{1,60}}(?:\.[A-Za-z_]\w{{1,60}}){{1,20}}(?!\w)
      | (?<!\w) _*[A-Za-z0-9]+(?:_+[A-Za-z0-9]+)+_*(?!\w)
      | (?<!\w) [a-z]+[A-Z][A-Za-z0-9]*(?!\w)
      | (?<!\w) (?:[A-Z][a-z0-9]+){{2,}}(?!\w) )
    """,
    re.VERBOSE,
)


# What every such piece holds somewhere; most prose does not.
_HINT = re.compile(r"[_/]|\.\w|::|\(\)|-[A-Za-z]\b|--|[a-z0-9][A-Z]|\bv\d")


def find(text: str) -> list[tuple[int, int, str]]:
    """Return (start, end, kind) of each piece of plain ``text`` that looks like code, in order."""
    if not _HINT.search(text):
        return []
    return [(match.start(), match.end(), str(match.lastgroup)) for match in _SPAN.finditer(text)]
