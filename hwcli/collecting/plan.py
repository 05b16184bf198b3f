"""Which line to ask for next, so that few lines hold every character and the frequent pairs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from importlib.resources import files

from hwcli.collecting.coverage import Coverage, pairs_of

SMALL_WORTH, CAPITAL_WORTH, USUAL_WORTH, RARE_WORTH = 12.0, 8.0, 6.0, 3.0
"""Of small letters, capitals, figures and usual signs, and rare signs: so the first lines are plain ones."""
RARE = frozenset("#$%*+/<=>@[\\]^_`{|}~")
PAIR_WORTH = 4.0
"""Of the most frequent pair; that of the others falls with their rank."""
HALF_RANK = 30
"""The rank at which a pair is worth half as much as the first."""
AGAIN = 0.25
"""What each further time is worth beside the one before."""
LINE_COST = 12
"""The trouble of beginning a line, in characters."""


def own_lines() -> list[str]:
    """Return the lines that come along, in English; together they hold every printable ASCII character."""
    text = files("hwcli.collecting").joinpath("lines.txt").read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line]


class Plan:
    """Chooses among some lines."""

    def __init__(self, lines: Sequence[str], in_order: bool = False) -> None:
        """Choose among ``lines``: ``in_order`` as they stand, else by what each adds to what was written."""
        self._lines = list(dict.fromkeys(lines))
        self._in_order = in_order

    def __contains__(self, text: str) -> bool:
        """Return whether ``text`` is one of the lines."""
        return text in self._lines

    def __len__(self) -> int:
        """Return the number of lines."""
        return len(self._lines)

    def next(self, coverage: Coverage, written: Counter[str], skipped: Iterable[str] = ()) -> str:
        """Return the line to ask for; ``written`` tells how often each was, ``skipped`` come after all others.

        A greedy set cover (Chvatal 1979): of the lines that were written least often, the one that adds most
        for its length.  The same state gives the same line.
        """
        passed = set(skipped)
        fewest = min((passed_and_times(line, passed, written) for line in self._lines), default=(False, 0))
        open_lines = [line for line in self._lines if passed_and_times(line, passed, written) == fewest]
        if self._in_order:
            return open_lines[0]
        return max(open_lines, key=lambda line: worth(line, coverage))


def passed_and_times(line: str, passed: set[str], written: Counter[str]) -> tuple[bool, int]:
    """Return by what lines are taken in turn: those not skipped first, then those written least often."""
    return line in passed, written[line]


def worth(line: str, coverage: Coverage) -> float:
    """Return what ``line`` adds to ``coverage`` for a character of its length."""
    ranks = coverage.goal.ranks
    gain = sum(
        _worth_of(character) * _more(coverage.characters[character], times)
        for character, times in Counter(line).items()
        if character in coverage.goal.characters
    )
    gain += sum(
        PAIR_WORTH / (1 + ranks[pair] / HALF_RANK) * _more(coverage.pairs[pair], times)
        for pair, times in Counter(pairs_of(line)).items()
        if pair in ranks
    )
    return gain / (len(line) + LINE_COST)


def _worth_of(character: str) -> float:
    if character.islower():
        return SMALL_WORTH
    if character.isupper():
        return CAPITAL_WORTH
    return RARE_WORTH if character in RARE else USUAL_WORTH


def _more(before: int, times: int) -> float:
    """Return the worth of ``times`` further occurrences after ``before``, each AGAIN times that of the last."""
    return float(AGAIN**before * (1 - AGAIN**times) / (1 - AGAIN))
