"""A person who writes three lines for the command that is given, ``collect ...``, and finishes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import Any
from urllib.request import Request, urlopen


def ask(address: str, name: str, content: dict[str, Any] | None = None) -> dict[str, Any]:
    body = None if content is None else json.dumps(content).encode()
    with urlopen(Request(address + name, body, {"Content-Type": "application/json"}), timeout=60) as answer:
        return dict(json.loads(answer.read()))


def write(address: str) -> None:
    for number in range(3):
        strokes = [[[40 * i + number, 100 + 20 * (i % 3), i / 50, 0.5] for i in range(40)]]
        text = ask(address, "state")["next"]["text"]
        key = os.urandom(8).hex()
        ask(address, "line", {"key": key, "text": text, "device": "pen", "strokes": strokes})
    ask(address, "finish", {})


def main() -> int:
    command = [os.environ["HW_PYTHON"], "-m", "hwcli", *sys.argv[1:], "--no-open", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            print(line, end="", file=sys.stderr)
            if found := re.search(r"http://\S+", line):
                write(found.group())
    return process.returncode


if __name__ == "__main__":
    sys.exit(main())
