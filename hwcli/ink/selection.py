"""Which drawings are wanted, and in what order: the lists of lines or forms that go with a database."""

from __future__ import annotations

from collections.abc import Iterable
from typing import BinaryIO

from hwcli.errors import BadInput
from hwcli.ink import limits


def form_of(line: str) -> str:
    """Return the id of the form of which the line of this id is one: ``a01-000u`` of ``a01-000u-01``."""
    return line.rpartition("-")[0]


class Selection:
    """The drawings of some ids, or of the forms of these ids; without a list, all drawings as they come."""

    def __init__(self, names: Iterable[str] | None = None) -> None:
        """Want the ids or forms ``names``, in this order; blanks around them and empty ones do not count."""
        self._places: dict[str, int] | None = None
        self._found: set[str] = set()
        if names is not None:
            stripped = (name.strip() for name in names)
            self._places = {}
            for name in stripped:
                if name:
                    self._places.setdefault(name, len(self._places))

    @property
    def is_ordered(self) -> bool:
        """Whether there is a list, and so an order."""
        return self._places is not None

    def __len__(self) -> int:
        """Return the number of ids and forms in the list."""
        return len(self._places or ())

    def wants(self, id: str) -> bool:
        """Return whether the drawing ``id`` is wanted."""
        return self._places is None or id in self._places or form_of(id) in self._places

    def place(self, id: str) -> int:
        """Return where in the list the wanted drawing ``id``, or its form, stands; it counts as found."""
        if self._places is None:
            return 0
        name = id if id in self._places else form_of(id)
        self._found.add(name)
        return self._places[name]

    def takes(self, id: str) -> bool:
        """Return whether the drawing ``id`` is wanted; if so, it counts as found."""
        is_wanted = self.wants(id)
        if is_wanted:
            self.place(id)
        return is_wanted

    def missing(self) -> list[str]:
        """Return what is in the list and was not found, in its order."""
        return [name for name in self._places or () if name not in self._found]


def read_selection(file: BinaryIO, source: str) -> Selection:
    """Return the selection of the ids or forms in ``file``, one a line; messages call it ``source``.

    Raises BadInput when it is not UTF-8 text (a byte order mark may be there), too long, or has no id in it.
    """
    content = file.read(limits.DOCUMENT + 1)
    if len(content) > limits.DOCUMENT:
        raise BadInput(source, f"a list of more than {limits.DOCUMENT} bytes")
    try:
        selection = Selection(content.decode("utf-8-sig").splitlines())
    except UnicodeDecodeError:
        raise BadInput(source, "not a list of ids: not UTF-8 text") from None
    if not len(selection):
        raise BadInput(source, "no id in it")
    return selection
