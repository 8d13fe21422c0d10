"""Other libraries, where they are installed: those that are right agree with ours, those that aren't differ as said."""

from __future__ import annotations

import pytest
from peers import PEERS, Peer

OTHERS = [one for one in PEERS if one.library != "tensorflow" and one.installed]
OURS = [one for one in PEERS if one.library == "tensorflow" and (OTHERS or one.model == "MobileNetV2")]


def named(one: Peer) -> str:
    return f"{one.method}-{one.library}-{one.model}"


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("one", [*OURS, *OTHERS], ids=named)
def test_a_peer(one: Peer) -> None:
    error = one.measure(one.model)
    if one.bound is None:
        assert error > one.differs, one.why
    else:
        assert error <= one.bound
