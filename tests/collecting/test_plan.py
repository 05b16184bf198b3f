"""The lines that people are asked to write: few of them hold all that is wanted."""

from __future__ import annotations

import string
from collections import Counter

from hypothesis import given, strategies as st

from hwcli.collecting.coverage import FREQUENT_PAIRS, PRINTABLE, Coverage, Goal
from hwcli.collecting.plan import Plan, own_lines


def written(number: int, plan: Plan, goal: Goal) -> tuple[list[str], Coverage]:
    """Return the first lines that a plan asks of somebody who writes them all, and what they cover."""
    coverage, lines = Coverage(goal), list[str]()
    for _ in range(number):
        lines.append(plan.next(coverage, Counter(lines)))
        coverage.add(lines[-1])
    return lines, coverage


def test_the_goal_is_every_printable_character_of_ascii() -> None:
    assert len(PRINTABLE) == 95
    assert sorted(PRINTABLE) == sorted(set(string.printable) - set("\t\n\r\x0b\x0c"))
    assert len(FREQUENT_PAIRS) == len(set(FREQUENT_PAIRS)) == 150


def test_few_lines_hold_every_character_and_most_pairs() -> None:
    _, coverage = written(21, Plan(own_lines()), Goal())
    assert coverage.characters_covered == 95
    assert coverage.pairs_covered >= 115
    _, coverage = written(40, Plan(own_lines()), Goal())
    assert coverage.pairs_covered >= 145


def test_one_begins_with_plain_lines() -> None:
    lines, _ = written(2, Plan(own_lines()), Goal())
    assert all(set(line) <= set(string.ascii_letters + " .,!?'") for line in lines)


def test_the_lines_can_be_written_on_one_line_each() -> None:
    lines = own_lines()
    assert len(lines) == len(set(lines)) >= 100
    for line in lines:
        assert set(line) <= set(PRINTABLE), line
        assert 20 <= len(line) <= 45
        assert line == " ".join(line.split())


def test_no_line_is_asked_for_twice_before_all_were() -> None:
    lines, _ = written(len(own_lines()) + 3, Plan(own_lines()), Goal())
    assert len(set(lines)) == len(own_lines())
    assert len(set(lines[:-3])) == len(own_lines())


def test_skipped_lines_come_last() -> None:
    plan, coverage = Plan(["abc", "d"]), Coverage(Goal())
    assert plan.next(coverage, Counter()) == "abc"
    assert plan.next(coverage, Counter(), ["abc"]) == "d"
    assert plan.next(coverage, Counter({"d": 5}), ["abc"]) == "d"


def test_own_lines_come_in_their_order() -> None:
    plan = Plan(["z", "a", "z", "m"], in_order=True)
    lines, coverage = written(4, plan, Goal.of_lines(["z", "a", "m"]))
    assert lines == ["z", "a", "m", "z"]
    assert (coverage.characters_covered, coverage.goal.characters) == (3, "amz")


@given(texts=st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=8))
def test_any_lines_are_covered_when_all_are_written(texts: list[str]) -> None:
    goal = Goal.of_lines(texts)
    _, coverage = written(len(set(texts)), Plan(texts), goal)
    assert coverage.characters_covered == len(goal.characters)
    assert coverage.pairs_covered == len(goal.pairs)
    assert coverage.new_in("".join(texts)) == ""
