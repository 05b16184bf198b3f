"""A person at work: which line is asked for, what was kept, how far it has come."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hwcli.collecting.coverage import Coverage, Goal
from hwcli.collecting.message import Message
from hwcli.collecting.notebook import PROGRAM, Kept, Notebook, mark
from hwcli.collecting.plan import Plan
from hwcli.wording import counted


class Desk:
    """Hands out lines to write and keeps what comes back; safe for threads."""

    def __init__(
        self,
        plan: Plan,
        goal: Goal,
        notebook: Notebook,
        kept: Kept,
        stem: str,
        clock: Callable[[], str],
        writer: str = "",
    ) -> None:
        """Take lines from ``plan`` for ``goal`` and keep them in ``notebook``, which holds ``kept``.

        ``stem`` begins the ids, ``clock`` tells the moment, ``writer`` is who writes.
        """
        self._plan, self._goal, self._notebook, self._kept = plan, goal, notebook, kept
        self._stem, self._clock, self._writer = stem, clock, writer
        self._skipped: dict[str, None] = {}
        self._lock = threading.Lock()
        self._is_closed = False

    def keep(self, message: Message) -> dict[str, Any]:
        """Keep a line and return the state after it; a line that was kept before is not kept twice.

        The page cannot know of a line that was kept when the answer is lost.  Where other ink comes for it than
        came before, that stands for the one that was kept, which is not taken away.

        Raises
        ------
        ValueError: it is not a line that was asked for, or replaces one that is not there.
        HwError: it could not be written, and nothing of it was.
        """
        with self._lock:
            id, seen = self._kept.keys.get(message.key, ("", set()))
            if not id:
                id = self._append(message)
            elif mark(message.points) not in seen:
                id = self._append(replace(message, replaces=id if id in self._kept.texts else ""))
            return {"kept": id, **self._state()}

    def _append(self, message: Message) -> str:
        if self._is_closed:
            raise ValueError("hw collect has ended")
        texts = self._kept.texts
        if message.replaces and texts.get(message.replaces) != message.text:
            raise ValueError("the line that is written again is not there by now, so leave it as it was")
        if not message.replaces and message.text not in self._plan:
            raise ValueError("it is not among the lines of this run, so skip it")
        id = f"{self._stem}-{self._kept.highest + 1:04}"
        drawing = message.drawing(id, self._writer, PROGRAM, self._clock())
        self._notebook.append(drawing)
        self._kept.note(drawing)
        return id

    def skip(self, text: str) -> dict[str, Any]:
        """Put the line ``text`` behind all others for as long as the program runs; return the state."""
        with self._lock:
            self._skipped.pop(text, None)
            if text in self._plan:
                self._skipped[text] = None
                if len(self._skipped) == len(self._plan):
                    self._skipped = {text: None}
            return self._state()

    def state(self) -> dict[str, Any]:
        """Return what the page shows, for JSON."""
        with self._lock:
            return self._state()

    def close(self) -> None:
        """Keep no more; a line that is being written is finished first."""
        with self._lock:
            self._is_closed = True

    def summary(self) -> str:
        """Return in a line how far it has come."""
        with self._lock:
            coverage = self._coverage()
            lines = len(self._kept.texts)
        return (
            f"{counted(lines, 'lines')} in {self._notebook.name}, with "
            f"{coverage.characters_covered} of {counted(len(self._goal.characters), 'characters')} and "
            f"{coverage.pairs_covered} of {counted(len(self._goal.pairs), 'frequent pairs')}"
        )

    def _coverage(self) -> Coverage:
        coverage = Coverage(self._goal)
        for text in self._kept.texts.values():
            coverage.add(text)
        return coverage

    def _state(self) -> dict[str, Any]:
        coverage = self._coverage()
        text = self._plan.next(coverage, Counter(self._kept.texts.values()), self._skipped)
        last = next(reversed(self._kept.texts.items()), None)
        return {
            "file": self._notebook.name,
            "place": self._notebook.place,
            "lines": len(self._kept.texts),
            "next": {"text": text, "new": coverage.new_in(text)},
            "characters": self._goal.characters,
            "covered": "".join(c for c in self._goal.characters if coverage.characters[c]),
            "pairs": [coverage.pairs_covered, len(self._goal.pairs)],
            "last": None if last is None else {"id": last[0], "text": last[1]},
        }
