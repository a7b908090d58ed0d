"""The wire's words: golden datagrams in tests/data, and what must be refused."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mocap_core.protocol import (
    MAX_DECODED,
    Cameras,
    Devices,
    Film,
    PacketError,
    Ping,
    Pong,
    PosePacket,
    Preview,
    Start,
    Status,
    Stop,
    Subscribe,
    decode,
    encode,
    encode_pose,
)

GOLDEN = Path(__file__).parents[1] / "data"
NAN = float("nan")


def golden(name):
    return (GOLDEN / f"{name}.datagram").read_bytes()


def a_pose():
    keypoints = np.array([[100.0 + 10 * i, 200.5 + i] for i in range(17)])
    scores = np.array([round(0.5 + 0.025 * i, 3) for i in range(17)])
    joints = np.array([[0.01 * i, -0.02 * i, 0.1234] for i in range(17)])
    keypoints[3], scores[3], joints[4] = NAN, 0.0, NAN
    meta = {
        "v": 1,
        "session": "5f3a9c01",
        "seq": 41,
        "person": 0,
        "size": [640, 480],
        "skeleton": "coco17",
        "units": "m",
        "root": [0.1, -0.2, 3.25],
        "grabbed": 1234.567891,
        "sent": 1234.59,
        "fps": 30.0,
    }
    return PosePacket(keypoints, scores, joints, 1234.567891, meta)


CONTROL = {
    "subscribe": Subscribe(5.0),
    "start": Start("a1b2c3d4", "0", "vitpose_t_simple_coco_256x192", "cpu", {"box": [10, 20, 300, 400]}),
    "stop": Stop("b2c3d4e5"),
    "ping": Ping(12.5),
    "preview": Preview("0123456789abcdef0123456789abcdef", 480, 270),
    "devices": Devices(),
    "cameras": Cameras({"0": "Built-in", "2": "Capture Stick"}),
    "film": Film("/home/me/takes/Take 1.mocap.mkv"),
    "pong": Pong(12.5, 1012.5, 1012.500125),
    "status": Status("capturing", "", None, {"fps": 29.97, "frames_captured": 41}, "5f3a9c01", "a1b2c3d4"),
}


def test_pose_is_written_as_the_golden_datagram():
    assert encode_pose(a_pose()) == golden("pose")


def test_golden_pose_is_read_back():
    packet, expected = decode(golden("pose")), a_pose()
    np.testing.assert_array_equal(packet.keypoints, expected.keypoints)
    np.testing.assert_array_equal(packet.scores, expected.scores)
    np.testing.assert_array_equal(packet.joints_3d, expected.joints_3d)
    assert packet.timestamp == 1234.567891
    assert packet.meta == expected.meta
    assert (packet.session, packet.seq, packet.size, packet.metric) == ("5f3a9c01", 41, (640, 480), True)
    np.testing.assert_array_equal(packet.root, [0.1, -0.2, 3.25])


def second_person():
    """Person 1 in the frame of `a_pose`, a step to the right: the next datagram."""
    pose = a_pose()
    meta = pose.meta | {"seq": 42, "person": 1, "root": [1.1, -0.2, 3.25]}
    return replace(pose, keypoints=np.add(pose.keypoints, [200.0, 0.0]), meta=meta)


def person_who_left():
    """Person 1 in the frame after that, no longer seen: number 43 is person 0's, and 44 is this."""
    meta = a_pose().meta | {"seq": 44, "person": 1, "units": None, "root": None}
    meta |= {"grabbed": 1234.601224, "sent": 1234.623}
    return PosePacket(np.full((17, 2), NAN), np.zeros(17), None, 1234.601224, meta)


@pytest.mark.parametrize(("name", "pose"), [("second_person", second_person), ("person_who_left", person_who_left)])
def test_other_people_are_written_and_read_as_their_golden_datagrams(name, pose):
    expected = pose()
    assert encode_pose(expected) == golden(name)
    packet = decode(golden(name))
    assert (packet.person, packet.seq, packet.empty) == (1, expected.seq, name == "person_who_left")
    np.testing.assert_array_equal(packet.keypoints, expected.keypoints)
    assert packet.meta == expected.meta


def test_person_of_a_foreign_sender_is_the_first():
    content = json.loads(golden("first_system"))
    content["meta"] = {"person": 7}
    assert decode(json.dumps(content).encode()).person == 0
    assert decode(golden("pose")).person == 0


@pytest.mark.parametrize("kind", CONTROL)
def test_control_message_is_written_and_read_as_its_golden_datagram(kind):
    assert encode(CONTROL[kind]) == golden(kind)
    assert decode(golden(kind)) == CONTROL[kind]


def test_first_systems_five_fields_are_a_pose():
    packet = decode(golden("first_system"))
    assert packet.keypoints.shape == (17, 2)
    assert packet.keypoints[0].tolist() == [568.3, 526.3]
    assert np.isnan(packet.keypoints[2]).all() and packet.scores[2] == 0
    assert packet.joints_3d is None and not packet.metric and not packet.empty
    assert (packet.seq, packet.session, packet.root) == (None, None, None)
    assert packet.size == (1088, 1920)


def test_foreign_meta_may_use_our_names_for_other_things():
    content = json.loads(golden("first_system"))
    content["meta"] = {"seq": "nine", "person": None, "fps": [], "skeleton": 5, "size": "large"}
    packet = decode(json.dumps(content).encode())
    assert (packet.seq, packet.session, packet.size) == (None, None, None)


def test_foreign_joints_are_not_metric():
    content = json.loads(golden("first_system"))
    content["joints_3d"] = [[0.1, 0.2, 0.3]] * 17
    assert not decode(json.dumps(content).encode()).metric


def test_empty_pose_says_that_nobody_is_there():
    nobody = PosePacket(np.full((17, 2), NAN), np.zeros(17), None, 2.0, {})
    content = json.loads(encode_pose(nobody))
    assert content["keypoints"] == [[0, 0]] * 17 and content["scores"] == [0] * 17
    assert decode(encode_pose(nobody)).empty


def test_empty_lists_say_that_nobody_is_there():
    packet = decode(b'{"keypoints":[],"scores":[],"joints_3d":null,"timestamp":1,"meta":{}}')
    assert packet.empty and packet.keypoints.shape == (17, 2)


def test_whole_body_has_133_keypoints():
    pose = PosePacket(np.ones((133, 2)), np.ones(133), None, 0.0, {"v": 1, "skeleton": "coco133"})
    assert decode(encode(pose)).skeleton == "coco133"


@pytest.mark.parametrize(("count", "limit"), [(17, 1400), (133, 9000)])
def test_the_largest_sealed_pose_fits_its_limit(count, limit):
    """Every number with its most digits, sealed, and metres up to ten."""
    from mocap_core.seal import Seal

    meta = a_pose().meta | {"seq": 9_999_999, "size": [7680, 4320], "sent": 9999999.123456}
    meta |= {"root": [-9.1234] * 3, "skeleton": f"coco{count}", "grabbed": 9999999.123456, "fps": 239.976}
    pose = PosePacket(
        np.full((count, 2), 7679.9), np.full(count, 0.123), np.full((count, 3), -9.1234), 9999999.123456, meta
    )
    assert len(Seal(b"0123456789abcdef").seal(encode_pose(pose))) < limit


def test_writing_again_changes_nothing():
    once = encode_pose(decode(golden("pose")))
    assert once == golden("pose")


def test_scores_are_kept_between_0_and_1():
    pose = PosePacket(np.ones((17, 2)), np.array([1.04, -0.1] + [0.5] * 15), None, 0.0)
    assert decode(encode(pose)).scores[:2].tolist() == [1.0, 0.0]
    content = json.loads(golden("first_system"))
    content["scores"][0] = 1.2
    assert decode(json.dumps(content).encode()).scores[0] == 1.0


def changed(**fields):
    return json.dumps(json.loads(golden("pose")) | fields).encode()


def changed_meta(**fields):
    content = json.loads(golden("pose"))
    content["meta"] |= fields
    return json.dumps(content).encode()


BAD = {
    "nothing": b"",
    "truncated": lambda: golden("pose")[:-20],
    "oversized": lambda: golden("pose")[:-1] + b" " * MAX_DECODED + b"}",
    "no JSON": b"hello",
    "not UTF-8": b'{"type": "stop", "id": "\xff"}',
    "a list": b"[1, 2]",
    "a number": b"7",
    "NaN": lambda: golden("pose").replace(b"[100.0,200.5]", b"[NaN,200.5]"),
    "infinity": lambda: golden("pose").replace(b"[100.0,200.5]", b"[-Infinity,200.5]"),
    "a number beyond floats": lambda: golden("pose").replace(b"[100.0,200.5]", b"[1e999,200.5]"),
    "a huge integer": lambda: golden("pose").replace(b"[100.0,200.5]", b"[" + b"9" * 400 + b",200.5]"),
    "an endless integer": lambda: golden("pose").replace(b"[100.0,200.5]", b"[" + b"9" * 5000 + b",200.5]"),
    "a large coordinate": lambda: golden("pose").replace(b"[100.0,200.5]", b"[1e7,200.5]"),
    "a string for a number": lambda: golden("pose").replace(b"[100.0,200.5]", b'["100",200.5]'),
    "true for a number": lambda: golden("pose").replace(b"[100.0,200.5]", b"[true,200.5]"),
    "null for a number": lambda: golden("pose").replace(b"[100.0,200.5]", b"[null,200.5]"),
    "three pixels": lambda: golden("pose").replace(b"[100.0,200.5]", b"[100.0,200.5,1.0]"),
    "a flat list": lambda: changed(keypoints=[1.0] * 34),
    "too few scores": lambda: changed(scores=[1.0] * 16),
    "too few keypoints": lambda: changed(keypoints=[[1, 1]] * 16, scores=[1] * 16),
    "too few joints": lambda: changed(joints_3d=[[0, 0, 0]] * 16),
    "no timestamp": b'{"keypoints":[],"scores":[]}',
    "a timestamp of text": lambda: changed(timestamp="now"),
    "an endless timestamp": lambda: changed(timestamp=10**400),
    "meta of text": lambda: changed(meta="none"),
    "another version": lambda: changed_meta(v=2),
    "a version of text": lambda: changed_meta(v="1"),
    "an unknown skeleton": lambda: changed_meta(skeleton="coco18"),
    "a skeleton of another size": lambda: changed_meta(skeleton="coco133"),
    "a negative number": lambda: changed_meta(seq=-1),
    "a person of text": lambda: changed_meta(person="one"),
    "a fraction for a number": lambda: changed_meta(seq=1.5),
    "a session of numbers": lambda: changed_meta(session=5),
    "a size of one": lambda: changed_meta(size=[640]),
    "a size of zero": lambda: changed_meta(size=[0, 480]),
    "a root of text": lambda: changed_meta(root="far"),
    "an infinite extra": lambda: changed_meta(extra=0).replace(b'"extra": 0', b'"extra": 1e999'),
    "half a character": lambda: changed_meta(session="\ud800"),
    "deep nesting": b"[" * 9000,
    "deep nesting inside": lambda: changed_meta(extra=json.loads("[" * 30 + "]" * 30)),
    "an unknown type": b'{"type":"delete"}',
    "a type of numbers": b'{"type":[1]}',
    "start with no source": b'{"type":"start","id":"1"}',
    "start with numbers": b'{"type":"start","id":1,"source":0}',
    "start with a list of options": b'{"type":"start","id":"1","source":"0","options":[]}',
    "a lease of text": b'{"type":"subscribe","lease_s":"long"}',
    "a lease without end": b'{"type":"subscribe","lease_s":1e999}',
    "a preview with no name": b'{"type":"preview","width":640,"height":360}',
    "a preview of half a pixel": b'{"type":"preview","name":"a","width":0.5,"height":360}',
    "a preview of true": b'{"type":"preview","name":"a","width":true,"height":360}',
    "a film of a number": b'{"type":"film","path":7}',
    "an unknown state": b'{"type":"status","state":"bored"}',
}


@pytest.mark.parametrize("name", BAD)
def test_bad_datagram_is_refused_with_a_sentence(name):
    datagram = BAD[name]() if callable(BAD[name]) else BAD[name]
    with pytest.raises(PacketError) as error:
        decode(datagram)
    assert 5 < len(str(error.value)) < 200


def test_fields_of_later_versions_are_left_alone():
    assert decode(b'{"type":"stop","id":"1","later":[1,2]}') == Stop("1")
    assert decode(changed_meta(later={"a": 1})).meta["later"] == {"a": 1}


def test_pose_that_fits_no_datagram_is_not_sent():
    pose = a_pose()
    pose.meta["note"] = "x" * 9000
    with pytest.raises(PacketError, match="bytes"):
        encode_pose(pose)


def test_message_with_no_place_in_json_is_not_sent():
    with pytest.raises(PacketError, match="JSON"):
        encode(Start("1", "0", options={"box": np.zeros(4)}))
    with pytest.raises(PacketError, match="JSON"):
        encode(Status("idle", figures={"fps": NAN}))
