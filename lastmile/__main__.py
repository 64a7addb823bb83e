"""``python -m lastmile``."""

from lastmile.cli import main

main()
