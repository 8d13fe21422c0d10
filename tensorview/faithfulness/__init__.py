"""How far an attribution map can be trusted: what the model answers when the map's pixels go, come or stay alone."""

from tensorview.faithfulness.answers import Answers, Question
from tensorview.faithfulness.curves import Curves, curves
from tensorview.faithfulness.drop import Drop, average_drop
from tensorview.faithfulness.randomisation import Randomisation, randomisation

__all__ = ["Answers", "Curves", "Drop", "Question", "Randomisation", "average_drop", "curves", "randomisation"]
