"""python -m gateway: the same as the command frontdesk."""

from gateway.cli import main

main()
