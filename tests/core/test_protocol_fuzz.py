"""Any bytes decode to a message or a PacketError, and a message that decodes can be written again."""

import json
from pathlib import Path

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mocap_core.protocol import PacketError, PosePacket, decode, encode

GOLDEN = [path.read_bytes() for path in sorted((Path(__file__).parents[1] / "data").glob("*.datagram"))]

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children, max_size=20) | st.dictionaries(st.text(), children, max_size=6),
    max_leaves=40,
)


def accepts(datagram):
    """Whether it decodes; whatever decodes must be sound and encode to something that decodes the same."""
    try:
        message = decode(datagram)
    except PacketError:
        return False
    if isinstance(message, PosePacket):
        count = len(message.scores)
        assert count in (17, 133) and message.keypoints.shape == (count, 2)
        assert ((message.scores >= 0) & (message.scores <= 1)).all()
        assert np.isfinite(message.keypoints[message.scores > 0]).all()
        assert np.isfinite(message.timestamp)
        assert message.seq is None or message.seq >= 0
        _ = message.size, message.root, message.session, message.empty, message.metric
        again = decode(encode(message))
        np.testing.assert_allclose(again.keypoints, message.keypoints, atol=0.051)
        assert again.meta == message.meta
    else:
        assert decode(encode(message)) == message
    return True


@settings(deadline=None)
@given(st.binary(max_size=400))
@example(b"\x00" * 10)
@example(b'{"type":"\\ud800"}')
def test_any_bytes(data):
    accepts(data)


@settings(deadline=None)
@given(anything)
def test_any_json(value):
    accepts(json.dumps(value).encode())


@given(st.data())
@settings(deadline=None, max_examples=200)
def test_golden_datagram_with_a_value_replaced(data):
    content = json.loads(data.draw(st.sampled_from(GOLDEN)))
    inside = content
    while True:
        keys = list(inside) if isinstance(inside, dict) else list(range(len(inside)))
        key = data.draw(st.sampled_from(keys))
        if isinstance(inside[key], dict | list) and inside[key] and data.draw(st.booleans()):
            inside = inside[key]
        else:
            inside[key] = data.draw(anything)
            break
    accepts(json.dumps(content).encode())


@given(st.sampled_from(GOLDEN), st.data())
@settings(deadline=None, max_examples=200)
def test_golden_datagram_with_bytes_changed(datagram, data):
    at = data.draw(st.integers(0, len(datagram)))
    until = data.draw(st.integers(at, min(len(datagram), at + 30)))
    accepts(datagram[:at] + data.draw(st.binary(max_size=20)) + datagram[until:])


def test_every_golden_datagram_is_accepted():
    assert len(GOLDEN) == 14 and all(accepts(datagram) for datagram in GOLDEN)
