"""XML from anywhere, without entities and references to other files."""

from __future__ import annotations

from typing import Any

from hwcli.errors import BadInput
from hwcli.ink import limits


def parse_xml(content: bytes, source: str) -> Any:
    """Return the root element of the XML document ``content``; ``source`` is what messages call it.

    Raises
    ------
    BadInput: it is not XML, declares entities or refers to other files, or has more tags than any ink needs
        (each takes some hundred bytes of memory).
    """
    import xml.etree.ElementTree

    import defusedxml.ElementTree as SafeTree
    from defusedxml.common import DefusedXmlException

    if content.count(b"<") > limits.TAGS:
        raise BadInput(source, f"an XML document of more than {limits.TAGS} tags")
    try:
        return SafeTree.fromstring(content, forbid_dtd=False)
    except xml.etree.ElementTree.ParseError as error:
        reason = str(error).partition(": line")[0]
        raise BadInput(source, f"not XML: {reason}", error.position[0]) from error
    except DefusedXmlException as error:
        raise BadInput(source, "its XML declares entities or refers to files, which is refused") from error
    except (ValueError, LookupError, RecursionError) as error:
        raise BadInput(source, f"not XML: {error}") from error


def local_name(element: Any) -> str:
    """Return the name of ``element`` without its namespace ("" for a comment)."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
