"""`python -m gateway` is the command `portico`."""

from gateway.cli import main

main()
