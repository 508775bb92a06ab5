"""Figures of the status that are measured over time."""

from mpfcgi.supervisor.report import RATE_OVER, Rates


def test_a_rate_is_measured_between_two_questions():
    rates = Rates()
    assert rates.measure({"a": 10}, 100.0) == {}
    assert rates.measure({"a": 30, "b": 4}, 110.0) == {"a": 2.0, "b": 0.4}


def test_a_rate_forgets_what_was_long_ago():
    rates = Rates()
    for step in range(5):
        rates.measure({"a": 1000 if step else 0}, step * RATE_OVER)
    assert rates.measure({"a": 1000}, 5 * RATE_OVER) == {"a": 0.0}


def test_questions_in_quick_succession_do_not_spoil_the_measurement():
    rates = Rates()
    rates.measure({"a": 0}, 0.0)
    for step in range(100):
        rates.measure({"a": step}, 0.5 + step / 1000)
    assert rates.measure({"a": 100}, 10.0) == {"a": 10.0}
