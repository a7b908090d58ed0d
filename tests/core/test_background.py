"""A job's report as a file: written while it runs, read by anybody, and not believed when it has gone silent."""

import json
import threading
import time

from mocap_core import background
from mocap_core.background import Report, Reporter


def wait_for(condition):
    until = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_job_is_seen_running_and_ended_with_what_it_counts(tmp_path):
    path = tmp_path / "a folder ä" / "job.json"
    assert background.read(path) == Report()
    job = Reporter(path, "Starting")
    assert (background.read(path).state, background.read(path).title) == ("running", "Starting")
    came = [5.0]
    job.say("Downloading", 20.0, lambda: came[0])
    wait_for(lambda: background.read(path).progress == 0.25)
    came[0] = 3.0  # what is estimated may fall; what is shown does not
    job.say("Installing")
    assert background.read(path).progress is None
    job.end("failed", "The disk is full.")
    found = background.read(path)
    assert (found.state, found.error) == ("failed", "The disk is full.")
    background.forget(path)
    assert background.read(path).state == "none" and not list(path.parent.iterdir())


def test_progress_does_not_go_back(tmp_path):
    came = [8.0]
    job = Reporter(tmp_path / "job.json", "Downloading")
    job.say("Downloading", 10.0, lambda: came[0])
    came[0] = 4.0
    time.sleep(2 * background.BEAT_S)
    assert background.read(tmp_path / "job.json").done == 8.0
    job.end("done")


def test_a_job_that_has_gone_silent_was_interrupted(tmp_path):
    path = tmp_path / "job.json"
    background.begin(path, "Starting")
    now = time.time()
    assert background.read(path, now + background.START_S - 1).state == "running"
    assert background.read(path, now + background.START_S + 1).state == "interrupted"
    job = Reporter(path, "Downloading")
    running = path.read_bytes()
    job.end("done")
    path.write_bytes(running)  # as if it had been killed then
    now = time.time()
    assert background.read(path, now + background.SILENT_S - 1).state == "running"
    assert background.read(path, now + background.SILENT_S + 1).state == "interrupted"


def test_a_job_hears_once_that_it_is_to_stop(tmp_path):
    path, asked = tmp_path / "job.json", []
    stopping = threading.Event()
    background.begin(path, "Starting")
    background.ask_to_stop(path)  # even before it has begun
    job = Reporter(path, "Downloading", lambda: (asked.append(1), stopping.set()))
    assert stopping.wait(30) and job.stopping
    time.sleep(2 * background.BEAT_S)
    assert asked == [1]
    job.end("cancelled")
    background.begin(path, "Starting")  # and the next job does not hear of it
    assert not path.with_suffix(".stop").exists()


def test_a_damaged_report_is_none(tmp_path):
    path = tmp_path / "job.json"
    for content in ("", "{", "[]", "3", json.dumps({"state": "running", "other": 1}), json.dumps({"state": "odd"})):
        path.write_text(content)
        assert background.read(path).state == "none"
    path.write_text("[" * 100_000)
    assert background.read(path).state == "none"
