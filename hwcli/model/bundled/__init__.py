"""The models that come with the program, their weights as 16-bit numbers.

They were trained on IAM-OnDB, which is free for non-commercial research; so are they (``hw info`` tells).
"""

from pathlib import Path

PREDICTION = Path(__file__).with_name("graves-prediction.h5")
"""The preset ``graves-prediction`` after three passes over the training lines: goes on from a prime."""
