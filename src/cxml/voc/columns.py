"""Names of what comes out of VOC models."""

from __future__ import annotations

#: What a comment can be asked, in the order of the answer's columns.
HEADS = ("sentiment", "topic", "urgency")
SENTIMENT, TOPIC, URGENCY = HEADS
#: The chance of the label given; of each label given, where a comment may have several.
PROBABILITY = "{}_probability"
#: Where the comment stands between the lowest label (-1) and the highest (1), on average.
SCORE = "{}_score"
#: The words that moved the answer.
WORDS = "{}_words"
QUEUE = "queue"
