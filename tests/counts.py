"""Counting single test cases, for the scripts here that are tests themselves."""

SKIPPED_TEST = 77  # Meson's exit status for a test that could not run


class Tally:
    """Counts checks, and prints those that failed or were skipped."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def check(self, name, problem=""):
        """Counts one check; `problem` is empty if it passed."""
        if problem:
            self.failed += 1
            print(f"FAILED {name}: {problem}", flush=True)
        else:
            self.passed += 1

    def skip(self, name, reason):
        self.skipped += 1
        print(f"skipped {name}: {reason}", flush=True)

    def finish(self):
        """Prints the sums, and returns the exit status of the test."""
        print(f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped")
        if self.failed:
            return 1
        return 0 if self.passed else SKIPPED_TEST
