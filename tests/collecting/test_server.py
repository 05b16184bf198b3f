"""Who may ask the server for what, and what it makes of nonsense."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from hwcli.collecting import address
from hwcli.collecting.coverage import Goal
from hwcli.collecting.desk import Desk
from hwcli.collecting.message import parse_message
from hwcli.collecting.notebook import open_notebook
from hwcli.collecting.page import load_page
from hwcli.collecting.plan import Plan
from hwcli.collecting.server import Server
from hwcli.ink.jsonl import read_drawings

TOKEN = "tokentoken"
JSON = {"Content-Type": "application/json"}


def message(key: str = "0123456789ab", text: str = "one line", **more: Any) -> dict[str, Any]:
    strokes = [[[1, 2, 10.0, 0.5], [3.456, 4, 10.0083, 0.25]], [[5, 6, 11, None]]]
    return {"key": key, "text": text, "device": "pen", "strokes": strokes, **more}


class Client:
    """A browser, or who pretends to be one."""

    def __init__(self, port: int, path: Path, told: list[str]) -> None:
        self.port, self.path, self.told = port, path, told

    def ask(
        self, method: str, path: str, content: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any, http.client.HTTPMessage]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        body = (
            content if isinstance(content, bytes) else None if content is None else json.dumps(content).encode()
        )
        connection.request(method, path, body, {**(JSON if body is not None else {}), **(headers or {})})
        answer = connection.getresponse()
        found = answer.read()
        connection.close()
        return answer.status, found, answer.headers

    def post(self, name: str, content: Any) -> tuple[int, dict[str, Any]]:
        status, found, _ = self.ask("POST", f"/{TOKEN}/{name}", content)
        return status, json.loads(found)

    def texts(self) -> list[str]:
        with self.path.open("rb") as file:
            return [drawing.text for drawing in read_drawings(file, "f")]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    path = tmp_path_factory.mktemp("desk") / "mine.jsonl"
    told: list[str] = []
    with open_notebook(path) as (notebook, kept):
        plan = Plan(["one line", "another"], in_order=True)
        desk = Desk(plan, Goal(), notebook, kept, "mine", lambda: "2026-01-01T00:00:00+00:00", "me")
        with Server("127.0.0.1", 0, load_page(), desk, TOKEN, told.append) as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            yield Client(server.port, path, told)
            server.shutdown()
            thread.join()


def test_the_page_comes_with_a_policy_that_lets_nothing_else_in(client: Client) -> None:
    status, content, headers = client.ask("GET", f"/{TOKEN}/")
    assert status == 200
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    assert "http" not in policy
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"
    assert "Python" not in headers["Server"]
    assert b"<!-- s" not in content


@pytest.mark.parametrize(
    "outside", [b"http:", b"https:", b"url(", b"@import", b"innerHTML", b"eval(", b" style="]
)
def test_the_page_has_all_it_needs_in_itself(outside: bytes) -> None:
    content = load_page().content.replace(b"http://www.w3.org/2000/svg", b"").replace(b"xmlns=''", b"")
    assert outside not in content


@pytest.mark.parametrize(
    "path", ["/", "/state", "//state", "/tokentokem/", f"/{TOKEN}", f"/{TOKEN}/../", "/%74okentoken/"]
)
def test_without_the_token_there_is_nothing(client: Client, path: str) -> None:
    assert client.ask("GET", path)[0] == 404


@pytest.mark.parametrize(
    "name", ["mine.jsonl", "../mine.jsonl", "page.js", "%2e%2e/%2e%2e/etc/passwd", "line", "state/"]
)
def test_no_file_is_served(client: Client, name: str) -> None:
    assert client.ask("GET", f"/{TOKEN}/{name}")[0] == 404


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "10.0.0.1:{port}", ""]
)
def test_a_page_elsewhere_cannot_ask_under_its_own_name(client: Client, host: str) -> None:
    headers = {"Host": host.format(port=client.port)}
    assert client.ask("GET", f"/{TOKEN}/state", headers=headers)[0] == 403
    assert client.ask("POST", f"/{TOKEN}/line", message("aaaaaaaa"), headers)[0] == 403


def test_a_page_elsewhere_cannot_send(client: Client) -> None:
    for headers in ({"Origin": "http://evil.example"}, {"Origin": "null"}):
        assert client.ask("POST", f"/{TOKEN}/line", message("aaaaaaaa"), headers)[0] == 403
    form = {"Content-Type": "text/plain"}
    assert client.ask("POST", f"/{TOKEN}/line", message("aaaaaaaa"), form)[0] == 415


@pytest.mark.parametrize(
    ("header", "host", "ours"),
    [
        ("192.168.1.7:80", "0.0.0.0", True),
        ("[fe80::1]:80", "::", True),
        ("tablet.evil.example:80", "0.0.0.0", False),
        ("desk.local:80", "desk.local", True),
        ("192.168.1.7:80", "127.0.0.1", False),
        ("localhost:80", "127.0.0.1", True),
        ("127.0.0.1", "127.0.0.1", True),  # port 80 is left out by browsers
        ("[::1]", "::1", True),
        ("tablet.evil.example", "0.0.0.0", False),
        ("127.0.0.1:", "127.0.0.1", False),
        (None, "127.0.0.1", False),
    ],
)
def test_numbers_are_hosts_of_ours_on_a_network(header: str | None, host: str, ours: bool) -> None:
    assert address.is_ours(header, host, 80) is ours


def test_addresses_as_they_are_typed() -> None:
    assert address.url("127.0.0.1", 8417, "abc") == "http://127.0.0.1:8417/abc/"
    assert address.url("::1", 8417, "abc") == "http://[::1]:8417/abc/"
    assert address.is_loopback("127.0.0.1")
    assert address.is_loopback("::1")
    assert not address.is_loopback("0.0.0.0")
    assert len({address.new_token() for _ in range(100)}) == 100


def test_a_line_that_was_written_on_after_it_was_kept_stands_for_it(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    first = message(text="one line")
    second = first | {"strokes": [*first["strokes"], [[7, 8, 12, 0.5]]]}

    def keep(sent: dict[str, Any]) -> dict[str, Any]:
        """Keep what is ``sent``, in a run of its own."""
        with open_notebook(path) as (notebook, kept):
            desk = Desk(Plan(["one line"]), Goal(), notebook, kept, "mine", lambda: "now")
            return desk.keep(parse_message(json.dumps(sent).encode()))

    assert [keep(sent)["kept"] for sent in (first, first, second, second)] == ["mine-0001"] * 2 + [
        "mine-0002"
    ] * 2
    assert keep(first)["kept"] == "mine-0002"  # of another window, that has not seen the rest
    state = keep(message("bbbbbbbb", text="one line", replaces="mine-0002"))
    assert (state["kept"], state["lines"]) == ("mine-0003", 1)
    state = keep(second | {"strokes": second["strokes"][1:]})  # when the line was written again meanwhile
    assert (state["kept"], state["lines"]) == ("mine-0004", 2)


def test_lines_are_kept_once_and_asked_for_in_turn(client: Client) -> None:
    before = len(client.texts())
    status, state = client.post("line", message())
    assert (status, state["kept"], state["next"]["text"]) == (200, "mine-0001", "another")
    status, state = client.post("line", message())  # the same again, as when the answer was lost
    assert (status, state["kept"], state["lines"]) == (200, "mine-0001", 1)
    assert len(client.texts()) == before + 1
    _, state = client.post("skip", {"text": "another"})
    assert state["next"]["text"] == "one line"
    status, state = client.post("line", message("bbbbbbbb", replaces="mine-0001"))
    assert (state["kept"], state["lines"], state["last"]["id"]) == ("mine-0002", 1, "mine-0002")
    status, found = client.post("line", message("cccccccc", replaces="mine-0001"))
    assert status == 400
    assert "not there" in found["error"]
    with client.path.open("rb") as file:
        drawing = next(read_drawings(file, "f"))
    assert drawing.points.tolist() == [[1, 2, 0], [pytest.approx(3.46), 4, 1], [5, 6, 1]]
    assert drawing.time is not None
    assert drawing.pressure is not None
    assert drawing.time.tolist() == pytest.approx([0, 0.0083, 1])
    assert drawing.pressure.tolist()[:2] == [0.5, 0.25]
    assert (drawing.writer, drawing.source, drawing.extra["device"]) == ("me", "hw collect", "pen")


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 400),
        (b"[1]", 400),
        (b"[" * 100_000, 400),
        (message("dddddddd", text="not asked for"), 400),
        (message(key="../../x"), 400),
        (message(device="robot"), 400),
        (message(strokes=[]), 400),
        (message(strokes=[[[1, 2, 3]]]), 400),
        (message(strokes=[[[1, 2, "3", 0]]]), 400),
        (message(strokes=[[[1, 1e300, 3, 0]]]), 400),
        (message(strokes=[[[True, 1, 3, 0]]]), 400),
        (message(text="nul\0"), 400),
        (message(text="\ud800"), 400),
    ],
)
def test_what_is_no_line_is_refused_and_not_kept(client: Client, content: Any, status: int) -> None:
    before = client.path.read_bytes()
    found, answer, _ = client.ask("POST", f"/{TOKEN}/line", content)
    assert found == status
    assert json.loads(answer)["error"]
    assert client.path.read_bytes() == before


def test_lengths_are_believed_within_limits(client: Client) -> None:
    for length, status in (("-1", 411), ("x", 411), ("999999999", 413), ("9" * 5000, 413)):
        connection = http.client.HTTPConnection("127.0.0.1", client.port, timeout=10)
        connection.putrequest("POST", f"/{TOKEN}/line")
        for name, value in (*JSON.items(), ("Content-Length", length)):
            connection.putheader(name, value)
        connection.endheaders()
        assert connection.getresponse().status == status
        connection.close()


def test_the_token_is_told_to_nobody(client: Client) -> None:
    client.ask("GET", f"/{TOKEN}/state")
    assert client.told
    assert not any(TOKEN in word for word in client.told)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["key", "text", "device", "strokes", "replaces", "baseline"]), inner)
    ),
    max_leaves=10,
)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(changes=st.dictionaries(st.sampled_from(["key", "text", "strokes", "replaces", "xheight"]), json_values))
def test_any_message_is_a_line_or_a_value_error(changes: dict[str, Any]) -> None:
    try:
        found = parse_message(json.dumps({**message(), **changes}).encode())
    except ValueError:
        return
    assert found.points.shape == (len(found.points), 3)
    assert found.points[-1, 2] == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"strokes": [[[10**400, 2, 3, None]]]},
        {"strokes": [[[1, 2, 3, -(10**400)]]]},
        {"baseline": 10**400},
        {"xheight": float("inf")},
        {"strokes": "[" * 9000},
    ],
)
def test_numbers_without_end_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"number|strokes"):
        parse_message(json.dumps({**message(), **changes}).encode())
