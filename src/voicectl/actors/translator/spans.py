"""Finds in plain text what translation must carry over verbatim, where nobody has marked it before.

The parser marks spans by the Markdown around them; a line of ``voicectl translate`` has no such marks, and hashes,
quantities and variables are no Markdown at all.
"""

import re

_UNITS = (
    "%|‰|°[CF]?|ns|µs|μs|us|ms|sec|min|hrs?|[kKMGT]i?B|[kKMG]bps|[kMG]?Hz|dB|px|em|rem|pt|dpi|fps|mm|cm|km|kg|mg|kW|mA|mV|"
    "ppm|rpm|bits?|bytes?|tokens?/s|req/s|MB/s|GB/s"
)
_TIGHT_UNITS = "[sSmhdBkKMGTxX×VWA]"
"""Units of one letter count only right behind the number: ``5 s`` may be a plural."""

_NUMBER = r"\d{1,20}(?:[.,:]\d{1,20}){0,6}"

_FILE = (
    r"(?:py|pyi|ipynb|rs|js|jsx|mjs|cjs|ts|tsx|c|h|cc|cpp|hpp|cs|go|java|kt|swift|rb|php|pl|lua|sh|bash|zsh|fish|ps1|sql|"
    r"json|jsonl|toml|yaml|yml|xml|html|htm|css|scss|md|rst|txt|csv|tsv|log|ini|cfg|conf|lock|env|wav|mp3|png|jpg|svg|"
    r"pdf|zip|gz|tar|so|dll|exe|proto|tf|vue|svelte|ex|exs|hs|ml|zig|nix|gradle|cmake|mk|onnx|bin|whl)"
)

_SPAN = re.compile(
    rf"""
    (?P<code> (`{{1,3}}) [^`\n]{{1,400}} \2 )
  | (?P<url>
        (?<!\w) [a-z][a-z0-9+.-]{{1,12}}:// [^\s<>"'`。、）」]{{1,400}} (?<![.,;:!?)\]}}])
      | (?<![\w.@-]) [\w.+-]{{1,64}}@[\w-]{{1,64}}(?:\.[\w-]{{1,64}}){{1,5}}
      | (?<![\w.]) (?:localhost|\d{{1,3}}(?:\.\d{{1,3}}){{3}}):\d{{2,5}} )
  | (?P<hash>
        (?<![\w.]) 0[xX][0-9A-Fa-f]{{1,32}}(?!\w)
      | (?<!\w) [0-9a-f]{{8}}-[0-9a-f]{{4}}-[0-9a-f]{{4}}-[0-9a-f]{{4}}-[0-9a-f]{{12}}(?!\w)
      | (?<!\w) (?:sha\d{{1,3}}:|md5:)[0-9a-f]{{6,128}}(?!\w)
      | (?<![\w.-]) (?=[0-9]*[a-f])(?=[a-f]*[0-9])[0-9a-f]{{7,64}}(?![\w-]) )
  | (?P<variable> \$\{{\w{{1,60}}\}} | \$[A-Za-z_]\w{{0,60}} | %[A-Z_]{{2,60}}%
      | (?<!\w) [A-Z][A-Z0-9_]{{1,60}}=[\w./:-]{{0,100}}\w )
  | (?P<version>
        (?:(?<!\w)[<>=!~^]=?\ ?)? (?<![\w.]) v\d+(?:\.\d+)*(?:-[A-Za-z][\w.]*\w)?(?!\w)
      | (?:(?<!\w)[<>=!~^]=?\ ?)? (?<![\w.]) \d+(?:\.\d+){{2,}}(?:[-+][A-Za-z0-9][\w.]*\w|(?:a|b|rc)\d+)?(?!\w)
      | (?<![\w.]) (?:[A-Za-z][\w-]{{0,40}})?[<>=!~]=\ ?\d+(?:\.\d+)*(?!\w)
      | (?<!\w) [a-z][\w-]{{0,40}}@\^?\d+(?:\.\d+)*(?!\w) )
  | (?P<flag> (?<![\w-]) --[A-Za-z][\w-]*(?:=[\w./:@,-]*\w)? | (?<![\w-]) -[A-Za-z](?![\w-])
      | (?<![\w-]) -[a-zA-Z]{{2,8}}=?[\w./]*(?<=\w)(?![\w-]) )
  | (?P<path>
        (?<![\w/.~-]) (?: ~/ | \.{{1,2}}/ | / ) [\w@+*.-][\w@+*./-]*(?<=[\w/*])
      | (?<![\w\\]) [A-Za-z]:\\[\w.\\-]{{1,200}}(?<=\w)
      | (?<![\w/.@-]) (?:[\w@+*-][\w@+*.-]{{0,79}}/){{0,40}}[\w@+*-][\w@+*.-]{{0,79}}\.{_FILE}(?![\w/])(?::\d+){{0,2}}
      | (?<![\w/.@-]) (?:[\w@.+*-]{{1,80}}/){{2,40}}(?:[\w@.+*-]{{0,80}}(?<=[\w*]))?
      | (?<![\w/.@-]) [a-z_][\w.-]{{0,79}}/(?!\w)
      | (?<![\w/.@-]) \.[a-z][\w.-]{{1,40}}(?<=\w) )
  | (?P<identifier>
        (?<!\w) @?[A-Za-z_]\w*(?:(?:\.|::|->)[A-Za-z_]\w*){{0,20}}\([\w,=.\ "'*]{{0,60}}\)
      | (?<!\w) [A-Za-z_]\w*(?:::[A-Za-z_]\w*){{1,20}}
      | (?<!\w) [A-Za-z]\w{{1,60}}(?:\.[A-Za-z_]\w{{1,60}}){{1,20}}(?!\w)
      | (?<!\w) @[A-Za-z_][\w.]{{1,60}}(?<=\w)
      | (?<!\w) _*[A-Za-z0-9]+(?:_+[A-Za-z0-9]+)+_*(?!\w) | (?<!\w) _+[A-Za-z]\w*
      | (?<!\w) [a-z]+[A-Z][A-Za-z0-9]*(?!\w)
      | (?<!\w) (?:[A-Z][a-z0-9]+){{2,}}(?!\w) | (?<!\w) [A-Z]+[a-z0-9]+[A-Z]\w* | (?<!\w) [A-Z]{{2,20}}[a-z]{{2}}\w*
      | (?<!\w) (?:[A-Z]{{2,20}}-\d{{1,9}}|[a-z]{{1,20}}\d{{1,5}})(?!\w)
      | (?<![\w&]) \#\d{{1,7}}(?!\w) )
  | (?P<number> (?<![\w.,]) [-+±~]?{_NUMBER}(?:[-–]{_NUMBER})?(?:\ ?(?:{_UNITS})|{_TIGHT_UNITS})(?!\w) )
  | (?P<digits> (?<![\w.,]) {_NUMBER}(?!\w) )
    """,
    re.VERBOSE,
)


def find(text: str) -> list[tuple[int, int, str]]:
    """Return (start, end, kind) of each piece of ``text`` that looks like code or a quantity, in order.

    Kinds are those of ``Span``, and ``hash``, ``variable`` and ``digits``, a number without a unit.
    """
    return [(match.start(), match.end(), str(match.lastgroup)) for match in _SPAN.finditer(text)]
