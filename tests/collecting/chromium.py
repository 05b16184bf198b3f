"""A headless Chromium for tests, driven over two pipes by its DevTools protocol; nothing of PyPI is needed."""

from __future__ import annotations

import base64
import contextlib
import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

PATIENCE = 30.0
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
SWITCHES = (
    "--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--no-first-run",
    "--mute-audio", "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
    "--disable-extensions", "--disable-default-apps", "--hide-scrollbars", "--window-size=1280,800",
)  # fmt: skip


def found() -> str | None:
    """Return the program, or None where there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Page:
    """One tab."""

    def __init__(self, pipe: Pipe, session: str) -> None:
        self._pipe, self._session = pipe, session
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self._pipe.call(method, parameters, self._session)

    def open(self, address: str) -> None:
        self.call("Page.navigate", url=address)
        self.wait("document.readyState === 'complete'")

    def value(self, expression: str) -> Any:
        done = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in done, done["exceptionDetails"]
        return done["result"].get("value")

    def wait(self, expression: str) -> Any:
        """Wait until ``expression`` is true, and return what it is then."""
        end = time.monotonic() + PATIENCE
        while not (
            value := self.value(f"(() => {{ try {{ return {expression} }} catch {{ return null }} }})()")
        ):
            assert time.monotonic() < end, f"never came true: {expression}"
            time.sleep(0.03)
        return value

    def complaints(self) -> list[str]:
        """Return what the page or the browser had to say against it so far."""
        self.value("1")
        told = []
        for event in self._pipe.events:
            details = event.get("params", {})
            if event["method"] == "Runtime.exceptionThrown":
                told.append(str(details["exceptionDetails"]))
            elif event["method"] == "Log.entryAdded" and details["entry"]["level"] in ("error", "warning"):
                told.append(str(details["entry"]["text"]))
        return told

    def requested(self) -> list[str]:
        """Return the addresses that the page asked for."""
        events = [event for event in self._pipe.events if event["method"] == "Network.requestWillBeSent"]
        return [event["params"]["request"]["url"] for event in events]

    def window(
        self, width: int, height: int, *, ratio: float = 1, touch: bool = False, dark: bool = False
    ) -> None:
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=ratio,
            mobile=touch,
        )
        self.call("Emulation.setTouchEmulationEnabled", enabled=touch, maxTouchPoints=5)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call(
            "Emulation.setEmulatedMedia",
            features=[scheme, {"name": "prefers-reduced-motion", "value": "reduce"}],
        )

    def picture(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def click(self, name: str) -> None:
        """Press the button with the id ``name``."""
        self.value(f"document.getElementById({name!r}).click()")

    def key(self, key: str, code: int, modifiers: int = 0) -> None:
        for kind in ("rawKeyDown", "keyUp"):
            self.call(
                "Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, modifiers=modifiers
            )  # fmt: skip

    def sheet(self) -> tuple[float, float]:
        """Return where the sheet's left upper corner is in the window."""
        corner = "document.getElementById('sheet').getBoundingClientRect()"
        left, top = self.value(f"[{corner}.left, {corner}.top]")
        return float(left), float(top)

    def stroke(self, points: Sequence[Sequence[float]], device: str = "mouse") -> None:
        """Draw a stroke of (x, y) or (x, y, pressure) on the sheet, with a "mouse" or a "pen"."""
        left, top = self.sheet()
        steps = [("mousePressed", points[0]), *(("mouseMoved", point) for point in points[1:])]
        for kind, (x, y, *pressure) in [*steps, ("mouseReleased", points[-1])]:
            self.call(
                "Input.dispatchMouseEvent", type=kind, x=left + x, y=top + y, button="left", clickCount=1,
                buttons=1 if kind != "mouseReleased" else 0, pointerType=device,
                force=pressure[0] if pressure and kind != "mouseReleased" else 0.0,
            )  # fmt: skip

    def touch(self, kind: str, *places: tuple[float, float], radius: float = 5) -> None:
        """Have fingers at ``places`` of the sheet begin, move or end ("touchStart", ...)."""
        left, top = self.sheet()
        points = [
            {"x": left + x, "y": top + y, "id": number, "radiusX": radius, "radiusY": radius}
            for number, (x, y) in enumerate(places)
        ]
        self.call("Input.dispatchTouchEvent", type=kind, touchPoints=points)

    def finger(self, points: Sequence[tuple[float, float]], radius: float = 5) -> None:
        """Draw a stroke with one finger."""
        self.touch("touchStart", points[0], radius=radius)
        for point in points[1:]:
            self.touch("touchMove", point, radius=radius)
        self.touch("touchEnd")


class Pipe:
    """The protocol: JSON objects that end with NUL, over two pipes."""

    def __init__(self, reading: int, writing: int) -> None:
        self._reading, self._writing = reading, writing
        self._number, self._rest = 0, b""
        self.events: list[dict[str, Any]] = []

    def call(self, method: str, parameters: dict[str, Any], session: str | None = None) -> dict[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        content = json.dumps(message | ({"sessionId": session} if session else {})).encode() + b"\0"
        while content:
            content = content[os.write(self._writing, content) :]
        end = time.monotonic() + PATIENCE
        while True:
            answer = self._next(end, method)
            if answer.get("id") == self._number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return dict(answer["result"])
            if "method" in answer:
                self.events.append(answer)

    def _next(self, end: float, method: str) -> dict[str, Any]:
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._reading], [], [], max(0, end - time.monotonic()))
            assert ready, f"no answer of the browser to {method}"
            block = os.read(self._reading, 1 << 16)
            assert block, "the browser has ended"
            self._rest += block
        message, _, self._rest = self._rest.partition(b"\0")
        return dict(json.loads(message))


@contextlib.contextmanager
def browser(program: str, folder: Path) -> Iterator[Pipe]:
    """Run the browser, with its files in ``folder``."""
    theirs_in, ours_out = os.pipe()
    ours_in, theirs_out = os.pipe()
    # Above 4, so that neither is overwritten when they become 3 and 4 there.
    high = [fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 10) for descriptor in (theirs_in, theirs_out)]
    process = subprocess.Popen(
        [program, *SWITCHES, f"--user-data-dir={folder}", "about:blank"],
        preexec_fn=lambda: (os.dup2(high[0], 3), os.dup2(high[1], 4)),
        pass_fds=(3, 4),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "XDG_CACHE_HOME": str(folder)},
    )
    for descriptor in (theirs_in, theirs_out, *high):
        os.close(descriptor)
    try:
        yield Pipe(ours_in, ours_out)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=PATIENCE)
        os.close(ours_in)
        os.close(ours_out)


def new_page(pipe: Pipe) -> Page:
    """Open a tab with storage of its own."""
    context = pipe.call("Target.createBrowserContext", {})["browserContextId"]
    target = pipe.call("Target.createTarget", {"url": "about:blank", "browserContextId": context})["targetId"]
    session = pipe.call("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
    pipe.events.clear()
    return Page(pipe, session)
