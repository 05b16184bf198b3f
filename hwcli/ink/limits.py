"""What no real ink exceeds; input beyond it is refused, so that a broken file cannot take all the memory."""

COORDINATE = 1e9
"""Largest distance from the origin along an axis, in the ink's unit (float32 has no fine steps beyond)."""
TIME = 1e12
"""Largest time as it stands in a source, in seconds."""
POINTS = 5_000_000
"""Points of one drawing."""
LINE = 1 << 20
"""Bytes of one line of a text format."""
DRAWINGS = 20_000_000
"""Drawings of one file."""
DOCUMENT = 64 << 20
"""Bytes of one XML document that is read whole."""
TAGS = 3_000_000
"""Tags of one XML document."""
