"""`python -m edgeasr`."""

from edgeasr.cli import main

main()
