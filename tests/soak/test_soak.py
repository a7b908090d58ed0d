"""A minute of `mocap bench soak`: memory stays level and no packet is lost. Runs where MOCAP_SOAK is set.

How long calls take is measured, not tested.
"""

import os

import pytest


def test_a_minute_of_capture_and_recording_loses_nothing_and_keeps_memory_level():
    if not os.environ.get("MOCAP_SOAK"):
        pytest.skip("a minute long: set MOCAP_SOAK to run it")
    pytest.importorskip("bpy", reason="bpy is not in this Python")
    from mocap_worker.bench.soak import measure_soak

    case = measure_soak(1.0)
    assert case["takes"] >= 2 and case["recorded"] > 300
    assert case["received"] == case["sent"]
    assert (case["lost"], case["late"], case["bad"]) == (0, 0, 0)
    assert case["memory_mb_growth"] < 50
