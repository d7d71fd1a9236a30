"""`anju demo --once`, as a newcomer starts it: over a real broker, to the last line."""

import json
import re
import socket
import subprocess
import sys
from itertools import pairwise

import pytest


@pytest.fixture(scope="module")
def demo() -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "anju", "demo", "--once", "--port", "0", "--weeks", "5", "--language", "zh"]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=300, check=False)


def test_the_demo_ends_by_itself_and_stores_every_reading_once(demo: subprocess.CompletedProcess[str]) -> None:
    assert demo.returncode == 0, demo.stderr[-2000:]
    sums = json.loads(demo.stdout.splitlines()[-1])
    assert sums["published"] == sums["stored"] > 4000


def test_the_tap_the_stop_and_the_scan_become_alerts(demo: subprocess.CompletedProcess[str]) -> None:
    alerts = json.loads(demo.stdout.splitlines()[-1])["alerts"]
    assert alerts["constant_flow"] >= 1
    assert alerts["low_use"] >= 1
    assert alerts["found"] == 1


def test_texts_are_shown_word_for_word_in_the_language_of_their_reader(
    demo: subprocess.CompletedProcess[str],
) -> None:
    texts = [line for line in demo.stdout.splitlines() if "✉" in line]
    assert len(texts) == json.loads(demo.stdout.splitlines()[-1])["messages"]["sent"]
    assert any("【安居】" in text and "请上门看看" in text for text in texts)
    assert any("Please go and look" in text or "Answer your phone" in text for text in texts)


def test_reasons_are_told_in_the_language_asked_for(demo: subprocess.CompletedProcess[str]) -> None:
    lines = demo.stdout.splitlines()
    reasons = [reason for alert, reason in pairwise(lines) if "●" in alert]
    assert any("没有用水" in reason for reason in reasons)
    assert all(re.search("[\u4e00-\u9fff]", reason) for reason in reasons)


def test_the_terminal_speaks_the_language_asked_for(demo: subprocess.CompletedProcess[str]) -> None:
    ours = [line for line in demo.stdout.splitlines()[:-1] if "✉" not in line] + demo.stderr.splitlines()
    assert any("● 长时间无用水 · 请去看一看" in line for line in ours)
    assert [line for line in ours if re.search("[A-Za-z]", line)] == []


def test_the_last_alert_escalates_because_nobody_answers(demo: subprocess.CompletedProcess[str]) -> None:
    assert "没人回应" in demo.stdout


def test_how_alerts_ended_is_told_beside_their_homes(demo: subprocess.CompletedProcess[str]) -> None:
    lines = demo.stdout.splitlines()
    (tap,) = (line.split()[-2:] for line in lines if "● 持续流水" in line)
    assert any("✓ 确有险情" in line and line.split()[-2:] == tap for line in lines)
    assert any("✓ 平安" in line for line in lines)


def test_nobody_answers_or_settles_of_whom_nobody_was_told(demo: subprocess.CompletedProcess[str]) -> None:
    lines = demo.stdout.splitlines()
    for at, line in enumerate(lines):
        if "✓" in line:
            *_, place, name = line.split()
            begun = max(n for n in range(at) if "●" in lines[n] and lines[n].endswith(f"{place} {name}"))
            night = "先询问本人" in lines[begun] and not "07" <= lines[begun].split(":")[0][-2:] < "22"
            told = any("✉" in text and name in text for text in lines[begun:at])
            assert told or night, line  # a question of the night waits for the morning, and ends where water is drawn


def test_a_question_of_the_evening_goes_out_before_the_night(demo: subprocess.CompletedProcess[str]) -> None:
    lines = demo.stdout.splitlines()
    assert any("21:01  ● 长时间无用水 · 先询问本人" in line for line in lines)
    assert any("21:01  ✉" in line and "30分钟后通知" in line for line in lines)


def test_logs_and_progress_go_to_standard_error_alone(demo: subprocess.CompletedProcess[str]) -> None:
    assert "已播放读数" in demo.stderr
    assert "UTC, " not in demo.stdout


def test_a_folder_without_meters_is_named() -> None:
    command = [sys.executable, "-m", "anju", "demo", "--once", "--data", "nowhere"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (2, "anju: --data nowhere: no CSV files there\n")


def test_a_busy_port_is_named() -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        command = [sys.executable, "-m", "anju", "demo", "--once", "--weeks", "4", "--port", str(port)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert f"port {port} on 127.0.0.1 can't be used (Address already in use)" in done.stderr
