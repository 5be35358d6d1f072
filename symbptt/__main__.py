"""``python -m symbptt`` is ``symbptt``."""

from symbptt.cli import main

main(prog_name="symbptt")
