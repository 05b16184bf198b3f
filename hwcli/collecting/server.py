"""The page served on this machine: four requests below an address that only its reader knows, and no more."""

from __future__ import annotations

import hmac
import json
import socket
import sys
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from hwcli.collecting import address
from hwcli.collecting.desk import Desk
from hwcli.collecting.message import LARGEST, parse_message, parse_object
from hwcli.collecting.page import Page
from hwcli.errors import HwError

PATIENCE = 30.0
"""Seconds that a request may keep us waiting for its next bytes."""


class Server(ThreadingHTTPServer):
    """Serves the page of one desk."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(
        self, host: str, port: int, page: Page, desk: Desk, token: str, told: Callable[[str], None]
    ) -> None:
        """Listen at ``host`` and ``port`` (0: any that is free); requests are ``told``, without the token.

        Raises OSError when it cannot listen there.
        """
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        self.address_family = found[0][0]
        self.host, self.page, self.desk, self.token, self.told = host, page, desk, token, told
        self.failure: BaseException | None = None
        super().__init__(found[0][4][:2], _Handler)  # type: ignore[arg-type]

    @property
    def port(self) -> int:
        """The port that it listens at."""
        return int(self.server_address[1])

    @property
    def url(self) -> str:
        """The address of the page, with its token."""
        return address.url(self.host, self.port, self.token)

    def server_bind(self) -> None:
        """Bind without asking a name server who we are, as HTTPServer does."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Tell of a request that broke off; it ends nothing but itself."""
        error = sys.exc_info()[1]
        self.told(f"a request failed: {type(error).__name__}: {error}")

    def end(self, failure: BaseException | None = None) -> None:
        """Have ``serve_forever`` return soon, because the person has finished or because of a ``failure``."""
        self.failure = self.failure or failure
        threading.Thread(target=self.shutdown, daemon=True).start()


class _Refused(Exception):
    """A request that gets no answer but its status and a word."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


class _Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    server: Server
    server_version = "hw"
    sys_version = ""
    timeout = PATIENCE

    def do_GET(self) -> None:
        """Answer with the page or the state."""
        self._answer({"": self._page, "state": lambda: self._json(self.server.desk.state())})

    def do_POST(self) -> None:
        """Keep a line, pass over one, or end."""
        self._answer({"line": self._keep, "skip": self._skip, "finish": self._finish})

    # --- answers -------------------------------------------------------------------------------------------

    def _answer(self, answers: dict[str, Callable[[], None]]) -> None:
        try:
            answers[self._asked(answers)]()
        except _Refused as refusal:
            self._json({"error": refusal.reason}, refusal.status)

    def _page(self) -> None:
        page = self.server.page
        self._send(HTTPStatus.OK, "text/html; charset=utf-8", page.content, page.policy)

    def _keep(self) -> None:
        try:
            message = parse_message(self._body())
            self._json(self.server.desk.keep(message))
        except ValueError as error:
            raise _Refused(HTTPStatus.BAD_REQUEST, str(error)) from error
        except BrokenPipeError as error:  # who reads our standard output has gone
            self._json({"error": "nobody takes the lines any more"}, HTTPStatus.INSUFFICIENT_STORAGE)
            self.server.end(error)
        except HwError as error:
            raise _Refused(HTTPStatus.INSUFFICIENT_STORAGE, str(error)) from error

    def _skip(self) -> None:
        try:
            text = parse_object(self._body()).get("text")
        except ValueError as error:
            raise _Refused(HTTPStatus.BAD_REQUEST, str(error)) from error
        self._json(self.server.desk.skip(str(text)))

    def _finish(self) -> None:
        self._body()
        self._json(self.server.desk.state())
        self.server.end()

    def _json(self, found: dict[str, Any], status: HTTPStatus = HTTPStatus.OK) -> None:
        self._send(status, "application/json", json.dumps(found).encode(), "default-src 'none'")

    def _send(self, status: HTTPStatus, kind: str, content: bytes, policy: str) -> None:
        self.send_response(status)
        headers = {
            "Content-Type": kind,
            "Content-Length": str(len(content)),
            "Content-Security-Policy": policy,
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cache-Control": "no-store",
        }
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    # --- who asks for what ---------------------------------------------------------------------------------

    def _asked(self, answers: dict[str, Callable[[], None]]) -> str:
        """Return which of ``answers`` is asked for, by one who may."""
        if not address.is_ours(self.headers.get("Host"), self.server.host, self.server.port):
            raise _Refused(HTTPStatus.FORBIDDEN, "this is not the host that was asked for")
        token, slash, name = self.path.partition("?")[0].removeprefix("/").partition("/")
        if not hmac.compare_digest(token.encode("utf-8", "replace"), self.server.token.encode()):
            raise _Refused(HTTPStatus.NOT_FOUND, "not found")
        if not slash or name not in answers:
            raise _Refused(HTTPStatus.NOT_FOUND, "not found")
        origin = self.headers.get("Origin")
        if self.command == "POST" and origin not in (None, f"http://{self.headers.get('Host')}"):
            raise _Refused(HTTPStatus.FORBIDDEN, "asked from another page")
        return name

    def _body(self) -> bytes:
        """Return what was sent along, which is read here and nowhere else."""
        if self.headers.get_content_type() != "application/json":
            raise _Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "not JSON")
        length = self.headers.get("Content-Length") or ""
        if not (length.isascii() and length.isdigit()):
            raise _Refused(HTTPStatus.LENGTH_REQUIRED, "of unknown length")
        if len(length) > 12 or int(length) > LARGEST:
            raise _Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too long for a line")
        content = self.rfile.read(int(length))
        if len(content) < int(length):
            raise _Refused(HTTPStatus.BAD_REQUEST, "cut short")
        return content

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  # as it is called elsewhere
        """Tell of a request, without the token in its address."""
        self.server.told((format % arguments).replace(self.server.token, "..."))
