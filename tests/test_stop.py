"""Signals: a first one waits for a safe point where there is one, a second one does not."""

import os
import signal
import threading

import pytest

from nasci._stop import Stopped, deferred, is_asked, stop, stop_on_signals


def _send(number: int = signal.SIGINT) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_where_nothing_would_be_lost_it_stops_at_once(number: int) -> None:
    with pytest.raises(Stopped) as stopped, stop_on_signals():
        _send(number)
    assert stopped.value.signal == number and isinstance(stopped.value, KeyboardInterrupt)


def test_the_first_one_waits_and_the_second_one_does_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(Stopped), stop_on_signals(), deferred():
        _send()
        assert is_asked()
        assert "Once more: stop at once" in capsys.readouterr().err
        _send()
        pytest.fail("the second signal was not heard")
    assert not is_asked()


def test_a_safe_point_stops_with_the_signal_that_waits() -> None:
    with pytest.raises(Stopped) as stopped, stop_on_signals(), deferred():
        _send(signal.SIGTERM)
        stop()
    assert stopped.value.signal == signal.SIGTERM


def test_what_signals_did_before_they_do_afterwards() -> None:
    before = signal.getsignal(signal.SIGINT)
    with stop_on_signals():
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before


def test_another_thread_changes_nothing() -> None:
    before, seen = signal.getsignal(signal.SIGINT), []

    def other() -> None:
        with stop_on_signals():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    assert seen == [before]
