"""A runner of generations in a process of its own, which its failpoint kills. It stops at the end of its input."""

import sys

from atpix.generations.runner import Runner
from atpix.services import Services
from atpix.settings import load

if __name__ == "__main__":
    svc = Services.open(load())
    runner = Runner(svc, lambda _generation: None)
    runner.start()
    sys.stdin.read()
    runner.stop(10)
    svc.close()
