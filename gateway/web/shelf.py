"""The files of the agents' page that never change while we run: styles, scripts, icons.

Each is read once. Its address names its content (a hash), so that a browser may keep it for ever and a new version is
another file. A plain address works too, and asks whether what the browser has is still good (ETag).
"""

import gzip
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from starlette.requests import Request as HttpRequest
from starlette.responses import Response

HERE = Path(__file__).parent / "static"
KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".png": "image/png"}
"""What is served, by the end of its name; licences and notes beside them are not."""


@dataclass(frozen=True, slots=True)
class File:
    """One file as it is sent."""

    content: bytes
    squeezed: bytes
    """The same by gzip."""
    media_type: str
    etag: str
    hashed: str
    """Its name with the hash inside: desk.3f2a91c0.css."""


class Shelf:
    """All files of one folder, in memory."""

    def __init__(self, folder: Path = HERE) -> None:
        self._files = {path.name: _read(path) for path in sorted(folder.glob("*")) if path.suffix in KINDS}
        self._hashed = {file.hashed: file for file in self._files.values()}

    def address(self, name: str) -> str:
        """Where a page finds it. Raises KeyError for a file that is not there."""
        return f"/static/{self._files[name].hashed}"

    def answer(self, name: str, http_request: HttpRequest) -> Response | None:
        """The file, 304, or None when there is no such file. Names are looked up, never opened."""
        file = self._hashed.get(name) or self._files.get(name)
        if file is None:
            return None
        lasts = "public, max-age=31536000, immutable" if name in self._hashed else "no-cache"
        headers = {"Cache-Control": lasts, "ETag": file.etag, "Vary": "Accept-Encoding"}
        if file.etag in [each.strip() for each in http_request.headers.get("if-none-match", "")[:500].split(",")]:
            return Response(b"", 304, headers)
        if "gzip" in http_request.headers.get("accept-encoding", "") and len(file.squeezed) < len(file.content):
            return Response(file.squeezed, 200, {**headers, "Content-Encoding": "gzip"}, media_type=file.media_type)
        return Response(file.content, 200, headers, media_type=file.media_type)


def _read(path: Path) -> File:
    content = path.read_bytes()
    digest = sha256(content).hexdigest()
    return File(content, gzip.compress(content, 9, mtime=0), KINDS[path.suffix], f'"{digest[:16]}"',
                f"{path.stem}.{digest[:12]}{path.suffix}")
