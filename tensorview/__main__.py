"""`python -m tensorview`: the command line, where the script is not on the path."""

from tensorview.cli import entry

entry()
