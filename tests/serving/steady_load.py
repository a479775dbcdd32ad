"""Clients that ask one server the same requests on and on, whatever happens to
what is behind it, and compare each answer."""

import threading
import time

NUM_CLIENTS = 3
SECONDS = 90        # that a recovery may take on a busy machine
STATED_SECONDS = 5  # that it is meant to take


def wait_until(is_true, what):
    """The seconds that it took."""
    begin = time.monotonic()
    while not is_true():
        if time.monotonic() > begin + SECONDS:
            raise AssertionError(f"after {SECONDS} s: no {what}")
        time.sleep(0.02)
    return time.monotonic() - begin


class Load:
    """num_right answers, and whatever was `wrong`: (index, answer)."""

    def __init__(self, answer, expected):
        """answer: of a request's index; expected: one a request."""
        self._answer, self._expected = answer, expected
        self._stop = threading.Event()
        self.num_right, self.wrong = 0, []
        self._threads = [threading.Thread(target=self._run, args=(index,))
                         for index in range(NUM_CLIENTS)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self, index):
        while not self._stop.is_set():
            index = (index + 1) % len(self._expected)
            got = self._answer(index)
            if got == self._expected[index]:
                self.num_right += 1
            else:
                self.wrong.append((index, got))

    def wait_for_answers(self, count):
        wanted = self.num_right + count
        wait_until(lambda: self.wrong or self.num_right >= wanted, "answers")
