"""Archives as streams: what is in them, what is passed over, and what is wrong with them."""

from __future__ import annotations

import gzip
import io
import tarfile
import tracemalloc

import pytest

from hwcli.errors import BadInput
from hwcli.ink.reading import ARCHIVE, kind_of
from hwcli.ink.sources.archive import members

FILES = {"a/one.xml": b"1" * 3000, "a/two.xml": b"", "a/" + "long" * 60 + ".xml": b"3", "a/ö.txt": b"4"}


def archive(
    mode: str = "w:gz", kind: int = tarfile.GNU_FORMAT, extra: tuple[tarfile.TarInfo, ...] = ()
) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode, format=kind) as tar:  # type: ignore[call-overload]
        for member in extra:
            tar.addfile(member, io.BytesIO(b"x" * member.size))
        for name, content in FILES.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return file.getvalue()


def found(content: bytes) -> dict[str, bytes]:
    return dict(members(io.BytesIO(content), "f", lambda name: True))


@pytest.mark.parametrize("mode", ["w:gz", "w"])
@pytest.mark.parametrize("kind", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_all_files_are_found(mode: str, kind: int) -> None:
    assert found(archive(mode, kind)) == FILES


def test_only_what_is_wanted_is_given() -> None:
    given = members(io.BytesIO(archive()), "f", lambda name: name.endswith(".txt"))
    assert list(given) == [("a/ö.txt", b"4")]


def special(name: str, kind: bytes, link: str = "") -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, link
    return member


def test_links_and_devices_are_passed_over() -> None:
    extra = (
        special("link-01.xml", tarfile.SYMTYPE, "/etc/passwd"),
        special("hard-01.xml", tarfile.LNKTYPE, "a/one.xml"),
        special("null-01.xml", tarfile.CHRTYPE),
        special("pipe-01.xml", tarfile.FIFOTYPE),
        special("folder-01.xml", tarfile.DIRTYPE),
    )
    assert found(archive(extra=extra)) == FILES


def test_archives_behind_one_another_in_one_gzip_file() -> None:
    whole = archive("w")
    half = len(whole) // 1024 * 512
    assert found(gzip.compress(whole[:half]) + gzip.compress(whole[half:]) + b"\0" * 512) == FILES


class InPieces(io.BytesIO):
    """A file that is read in pieces, one of which ends at a place."""

    def __init__(self, content: bytes, place: int) -> None:
        super().__init__(content)
        self.place = place

    def read(self, size: int | None = -1) -> bytes:
        before = self.place - self.tell()
        return super().read(before if before > 0 else size)


@pytest.mark.parametrize("more", [0, 1, 2])
def test_where_a_piece_ends_makes_no_difference(more: int) -> None:
    whole = archive("w")
    half = len(whole) // 1024 * 512
    first, second = gzip.compress(whole[:half]), gzip.compress(whole[half:])
    file = InPieces(first + second, len(first) + more)
    assert dict(members(file, "f", lambda name: True)) == FILES


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
@pytest.mark.parametrize("mode", ["w:gz", "w"])
def test_an_archive_cut_short_is_refused(share: float, mode: str) -> None:
    content = archive(mode)
    if mode == "w":
        content = content[: 512 * (3 + 6)]  # without the blocks of zeros at the end
    with pytest.raises(BadInput, match=r"cut short|damaged"):
        found(content[: int(len(content) * share)])


@pytest.mark.parametrize(
    "content", [b"\x1f\x8b", b"\x1f\x8brubbish", b"rubbish" * 200, gzip.compress(b"rubbish" * 200, mtime=0)]
)
def test_what_is_no_archive_is_refused(content: bytes) -> None:
    with pytest.raises(BadInput):
        found(content)


def test_a_bomb_does_not_go_off() -> None:
    bomb = special("bomb-01.xml", tarfile.REGTYPE)
    bomb.size = 200 << 20
    header = bomb.tobuf()
    content = gzip.compress(header, 1) + gzip.compress(b"\0" * (1 << 20), 1) * 200
    tracemalloc.start()
    with pytest.raises(BadInput, match="larger than"):
        found(content)
    assert list(members(io.BytesIO(content), "f", lambda name: False)) == []
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60 << 20


def test_reading_can_be_left_half_way() -> None:
    given = members(io.BytesIO(archive()), "f", lambda name: True)
    assert next(given)[0] == "a/one.xml"
    given.close()  # type: ignore[attr-defined]


def test_an_error_of_the_file_itself_is_not_lost() -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError(5, "Input/output error")

    with pytest.raises(OSError, match="Input/output"):
        list(members(Failing(), "f", lambda name: True))


@pytest.mark.parametrize("name", ["[x/", "{x/"])
def test_an_archive_is_one_whatever_its_first_folder_is_called(name: str) -> None:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as tar:
        tar.addfile(tarfile.TarInfo(name + "a.txt"))
    assert kind_of(content.getvalue()) == ARCHIVE


def test_a_size_in_bytes_instead_of_octal_digits_is_read() -> None:
    content = bytearray(archive("w"))
    content[124:136] = b"\x80" + len(FILES["a/one.xml"]).to_bytes(11, "big")
    content[148:156] = b" " * 8
    content[148:156] = b"%06o\0 " % sum(content[:512])
    assert found(bytes(content)) == FILES
