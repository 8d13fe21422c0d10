"""What can go wrong for a user: each error says what was expected, what came, and how to mend it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable


class TensorviewError(Exception):
    """Base of all errors that a user can mend. The command line prints it as one line and exits with 2."""


class ModelError(TensorviewError):
    """A model file that is missing, damaged, foreign or refused."""


class InputError(TensorviewError):
    """An input that can't be read or doesn't fit the model."""


class BackendError(TensorviewError):
    """Keras runs on something else than TensorFlow."""


class TraceError(TensorviewError):
    """A model that could not be run or recorded."""


class OptionError(TensorviewError):
    """An option or argument with a value that makes no sense; the message names those that do."""


class BundleError(TensorviewError):
    """A bundle that is damaged, foreign or of another version."""


class OutputError(TensorviewError):
    """An output that can't be written."""


class ModelWarning(UserWarning):
    """What a user should know of a model file that was loaded all the same."""


_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def first_line(error: BaseException, most: int = 200) -> str:
    """What another library's error says, for a place within one of our own lines.

    Keras puts colours for terminals into its messages, the cause at the end of a long configuration, and an account of
    the call behind it.
    """
    text = " ".join(_cause(_COLOUR.sub("", str(error))).split())
    text = text.rpartition("Exception encountered: ")[2]
    text = re.sub(r"^Exception encountered when calling [^(]*\(\)\. (.+?)( Arguments received by .*)?$", r"\1", text)
    text = re.sub(r"^\{\{.*?\}\} ", "", text)  # the name that TensorFlow gave to the operation
    return (text[:most] + "…" if len(text) > most else text) or type(error).__name__


def _cause(text: str) -> str:
    """What went wrong in a graph: TensorFlow tells it last, after where each line of the model was traced."""
    if "Graph execution error" not in text:
        return text
    parts = [part for part in re.split(r"\n\s*\n", text) if part.strip()]
    told = [part for part in parts if not part.lstrip().startswith(("Graph execution error", "Detected at node"))]
    return re.sub(r"\[\[\{\{node.*", "", told[-1], flags=re.DOTALL) if told else "an operation of its graph failed"


def near(name: str, names: Iterable[str]) -> str:
    """A hint that lists the names nearest to a wrong one; empty where none is near."""
    spellings = {known.casefold(): known for known in names}
    spelled = [spellings[found] for found in difflib.get_close_matches(name.casefold(), spellings, n=3, cutoff=0.5)]
    return f" (did you mean {' or '.join(map(repr, spelled))}?)" if spelled else ""
