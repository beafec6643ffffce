"""The files that every page of the desk needs: its look, its icons, its scripts.

They come from our own host only. The address of each holds what its octets hash to, so a browser keeps it for a year
and never an old one; it is made small once, when the gateway starts.
"""

import gzip
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from pathlib import Path

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request as HttpRequest
from starlette.responses import Response

FOLDER = Path(__file__).parent / "static"
PATH = "/static/"
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
"""What is served; licences and notes beside it are not."""


@dataclass(frozen=True, slots=True)
class Asset:
    """One file."""

    media_type: str
    content: bytes = field(repr=False)
    small: bytes = field(repr=False)
    """The same, by gzip."""


@cache
def assets() -> dict[str, Asset]:
    """By the path that it is served under."""
    return dict(_read(path) for path in sorted(FOLDER.iterdir()) if path.suffix in TYPES)


@cache
def address(name: str) -> str:
    """Where a file is served, such as "/static/1f2e3d4c/desk.css"."""
    return PATH + next(path for path in assets() if path.endswith(f"/{name}"))


def _read(file: Path) -> tuple[str, Asset]:
    content = file.read_bytes()
    small = gzip.compress(content, 9, mtime=0)
    return f"{sha256(content).hexdigest()[:12]}/{file.name}", Asset(TYPES[file.suffix], content, small)


def routes() -> APIRouter:
    """GET /static/<hash>/<name>."""
    router = APIRouter()

    @router.api_route(PATH + "{path:path}", methods=["GET", "HEAD"])
    async def asset(path: str, http_request: HttpRequest) -> Response:
        found = assets().get(path)
        if found is None:
            raise HTTPException(404)
        is_small = "gzip" in http_request.headers.get("accept-encoding", "")
        headers = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}
        if is_small:
            headers["Content-Encoding"] = "gzip"
        return Response(found.small if is_small else found.content, 200, headers, media_type=found.media_type)

    return router
