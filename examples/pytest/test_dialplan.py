"""Tests of the dialplan in `configs/extensions.conf`."""

import pytest


def call(ami, extension, timeout=10):
    """Calls an extension and returns the verdict that its dialplan raises as an event."""
    channel = f"Local/{extension}@default"
    ami.send(Action="Originate", Channel=channel, Application="Wait", Data="10", Async="true")
    return ami.wait_for(Event="UserEvent", UserEvent="TestResult", timeout=timeout)["result"]


def test_a_caller_hears_a_beep(ami):
    assert call(ami, "s") == "pass"


def test_a_sound_that_is_missing_is_a_failure(ami):
    assert call(ami, "broken") == "fail"


def test_a_verdict_that_does_not_come_is_told_with_what_came(ami):
    with pytest.raises(AssertionError, match="no message with .*TestResult.* within 0.5 s, but: "):
        call(ami, "silent", timeout=0.5)
