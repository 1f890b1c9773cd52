"""One iteration of a worker in a process of its own, which its failpoint kills."""

from atpix.services import Services
from atpix.settings import load
from atpix.worker import run_once

if __name__ == "__main__":
    run_once(Services.open(load()))
