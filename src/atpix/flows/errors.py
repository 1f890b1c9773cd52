"""What can go wrong with flows."""

from atpix.errors import AtpixError
from atpix.ids import FlowId


class NothingGenerated(AtpixError):
    status, code = 404, "GENERATION_NOT_FOUND"

    def __init__(self, flow: FlowId) -> None:
        super().__init__(f"Flow {flow} has no generation to repeat; begin with POST /generations.", flow=flow)
