"""Options that several commands have."""

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]

Limit = Annotated[int, typer.Option(metavar="N", min=1, help="Longest list.")]
