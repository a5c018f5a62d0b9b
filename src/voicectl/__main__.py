"""``python -m voicectl`` is the command line."""

from voicectl.cli import main

main(prog_name="voicectl")
