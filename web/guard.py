"""What every request must pass, and every answer carries: known host, own origin, size, security headers."""

from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_BODY = 65_536  # bytes; the longest form here is a note of some hundred characters
_SAFE = {"GET", "HEAD", "OPTIONS"}
_ANY_HOST = {"/health", "/health/ready", "/metrics"}  # asked for by address
LOOPBACK = {"127.0.0.1", "localhost", "::1"}

_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "x-robots-tag": "noindex, nofollow, noarchive",
    "permissions-policy": "camera=(), microphone=(), geolocation=(self)",
    "cross-origin-opener-policy": "same-origin",
}
_TOO_LONG = (
    '<!doctype html><html lang="zh-CN"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    "<title>太长 / too long</title><h1>太长，请缩短后再发</h1><p>Too long: please shorten it and send it again.</p>"
    '<h2><a href="tel:{0}">急救 / ambulance {0}</a></h2><h2><a href="tel:{1}">报警 / police {1}</a></h2></html>'
)


class Guard:
    """Refuses requests for other hosts and forms from other sites; a page of another site can't act for the viewer."""

    def __init__(self, app: ASGIApp, public_url: str, emergency_numbers: tuple[str, str]) -> None:
        public = urlsplit(public_url)
        self.app = app
        self.too_long = _TOO_LONG.format(*emergency_numbers)
        self.where = f"these pages are at {public_url} (web.public_url)"
        self.hosts = LOOPBACK | {public.hostname or ""}
        names = LOOPBACK if public.hostname in LOOPBACK else {public.hostname or ""}
        port = f":{public.port}" if public.port else ""
        headers = _HEADERS | ({"strict-transport-security": "max-age=31536000"} if public.scheme == "https" else {})
        self.pages = _raw(headers | {"cache-control": "no-store"})
        self.static = _raw(headers | {"cache-control": "public, max-age=31536000, immutable"})
        self.origins = {f"{public.scheme}://{f'[{name}]' if ':' in name else name}{port}" for name in names}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        refusal = self._refusal(scope, Headers(scope=scope))
        if refusal:
            await refusal(scope, receive, self._adding_headers(scope, send))
            return
        await self.app(scope, receive, self._adding_headers(scope, send))

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        host = urlsplit(f"//{headers.get('host', '')}").hostname
        if host not in self.hosts and scope["path"] not in _ANY_HOST:
            return PlainTextResponse(f"host: {_shown(host)} is not served here; {self.where}\n", 421)
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > LARGEST_BODY:
            return HTMLResponse(self.too_long, 413)
        if scope["method"] in _SAFE:
            return None
        if "chunked" in headers.get("transfer-encoding", ""):
            return PlainTextResponse("content-length: missing\n", 411)
        if self._own_form(headers):
            return None
        came_from = _shown(headers.get("origin", "null"))
        return PlainTextResponse(f"origin: this form came from another site, {came_from}; {self.where}\n", 403)

    def _own_form(self, headers: Headers) -> bool:
        """Old browsers send neither header, and "null" where a page asked for no referrer: the form's token decides."""
        site = headers.get("sec-fetch-site", "same-origin")
        return site in {"same-origin", "none"} and headers.get("origin", "null") in self.origins | {"null"}

    def _adding_headers(self, scope: Scope, send: Send) -> Callable[[Message], Awaitable[None]]:
        ours = self.static if scope["path"].startswith("/static/") else self.pages

        async def adding(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(pair for pair in ours if pair[0] not in own)]
            await send(message)

        return adding


def _shown(said: str | None) -> str:
    """As plain text, cut short: it came from anybody."""
    return repr((said or "")[:100])


def _raw(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """As they go over the wire, made once."""
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
