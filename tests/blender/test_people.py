"""Several people in the stream: a character follows one, takes keep all."""

import json
import socket
from dataclasses import replace

import numpy as np
import pytest

bpy = pytest.importorskip("bpy", reason="bpy is not in this Python")


@pytest.fixture
def duet(actor):
    """The actor as person 0, and as person 1 the same dance backwards: packets in turn, two a frame."""
    packets = []
    for number, (first, second) in enumerate(zip(actor.packets, actor.packets[::-1], strict=True)):
        packets.append(replace(first, meta=first.meta | {"seq": 2 * number}))
        meta = second.meta | {"seq": 2 * number + 1, "person": 1}
        packets.append(replace(second, timestamp=first.timestamp, meta=meta))
    return packets


@pytest.fixture
def connected(session, character):
    scene = bpy.context.scene
    scene.render.fps, scene.mocap.level = 30, "OFF"
    bpy.ops.mocap.connect()
    return session


def errors_deg(actor, matrices, person):
    """Against what that person did, after a second for the filter to settle."""
    numbers = np.arange(actor.frames)
    return actor.errors_deg(np.array(matrices)[30:], (numbers if person == 0 else numbers[::-1])[30:]).mean()


@pytest.mark.parametrize("person", [0, 1])
def test_character_follows_the_chosen_person(connected, actor, sender, character, duet, person):
    bpy.context.scene.mocap.person = person
    seen = []
    sender.play(duet, after=lambda number: seen.append(actor.posed(character)) if number % 2 else None)
    assert errors_deg(actor, seen, person) < 6 < 9 < errors_deg(actor, seen, 1 - person)
    stats = connected.stats()
    assert stats["people"] == [0, 1] and stats["lost"] == stats["late"] == 0


def test_packet_of_another_person_leaves_the_pose(connected, actor, sender, character, duet):
    sender.play(duet[:41])  # ends with one of person 0
    before = actor.posed(character)
    sender.play(duet[41:42])
    assert np.array_equal(actor.posed(character), before)


def test_choosing_another_person_begins_anew_where_the_character_stands(connected, actor, sender, character, duet):
    far = [
        replace(packet, meta=packet.meta | {"root": np.add(packet.meta["root"], [2, 0, 1]).tolist()})
        if packet.person == 1
        else packet
        for packet in duet
    ]
    sender.play(far[:60])
    before = actor.posed(character)[0, :2, 3]
    bpy.context.scene.mocap.person = 1
    sender.play(far[60:64])
    assert np.linalg.norm(actor.posed(character)[0, :2, 3] - before) < 0.1


def test_take_keeps_everybody_and_is_solved_for_the_chosen_one(connected, actor, sender, character, duet, extension):
    def played(take):
        out = []
        for frame in take.frames.tolist():
            bpy.context.scene.frame_set(frame)
            out.append(actor.posed(character))
        return out

    scene = bpy.context.scene
    scene.mocap.person = 1
    bpy.ops.mocap.record_start()
    sender.play(duet)
    bpy.ops.mocap.record_stop()
    bpy.ops.mocap.disconnect()
    take = connected.last_take
    assert len(extension.core("take").read_take(take.path).packets) == len(duet) == 2 * actor.frames
    assert len(take.frames) == actor.frames
    assert errors_deg(actor, played(take), 1) < 3.5

    scene.mocap.person = 0
    scene.frame_set(int(take.frames[0]))
    bpy.ops.mocap.load_take(filepath=str(take.path))
    assert connected.last_take.frames.tolist() == take.frames.tolist()
    assert errors_deg(actor, played(connected.last_take), 0) < 3

    scene.mocap.person = 5
    with pytest.raises(RuntimeError, match="not person 5; seen were 0, 1"):
        bpy.ops.mocap.load_take(filepath=str(take.path))


def test_people_of_a_take_are_on_one_time(connected, actor, sender, character, duet):
    """Person 1 comes in a second later: the Action still begins with the take."""
    late = [packet for packet in duet if packet.person == 0 or packet.timestamp > duet[0].timestamp + 1]
    late = [replace(packet, meta=packet.meta | {"seq": number}) for number, packet in enumerate(late)]
    bpy.context.scene.mocap.person = 1
    bpy.ops.mocap.record_start()
    sender.play(late)
    bpy.ops.mocap.record_stop()
    assert len(connected.last_take.frames) == actor.frames


@pytest.mark.parametrize(("people", "options"), [(1, {}), (3, {"max_people": 3})])
def test_worker_is_asked_for_so_many_people(session, character, extension, people, options):
    """The worker here is a socket that reads what the session sends."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as worker:
        worker.bind(("127.0.0.1", 0))
        worker.settimeout(20.0)
        extension.addon("preferences").put("worker_address", f"127.0.0.1:{worker.getsockname()[1]}")
        bpy.context.scene.mocap.people = people
        bpy.ops.mocap.start_capture()
        message = {}
        while message.get("type") != "start":
            message = json.loads(worker.recv(9216))
    assert message["options"] == options


def test_take_without_the_chosen_person_is_kept_and_told(connected, actor, sender, character, duet):
    bpy.context.scene.mocap.person = 3
    bpy.ops.mocap.record_start()
    path = connected.recording.path
    sender.play(duet[:20])
    with pytest.raises(RuntimeError, match="Person 3 was not seen while recording; seen were 0, 1"):
        bpy.ops.mocap.record_stop()
    assert path.exists() and not bpy.data.actions
    bpy.context.scene.mocap.person = 0
    bpy.ops.mocap.load_take(filepath=str(path))
    assert len(connected.last_take.frames) == 10
