"""The eight ways a picture can lie: what EXIF orientation, `rot` and `flip` do, as one value that composes."""

from typing import NamedTuple

from atpix.imaging.spec import Flip, Rotation

Size = tuple[int, int]
Box = tuple[int, int, int, int]
"""Left, top, width, height."""

_EXIF: dict[int, tuple[bool, int]] = {
    1: (False, 0),
    2: (True, 0),
    3: (False, 2),
    4: (True, 2),
    5: (True, 3),
    6: (False, 1),
    7: (True, 1),
    8: (False, 3),
}


class Turn(NamedTuple):
    """Mirror left and right if `mirror`, then turn clockwise by `quarters` right angles."""

    mirror: bool = False
    quarters: int = 0

    @classmethod
    def upright(cls, orientation: int) -> "Turn":
        """What EXIF says has to be done to see the picture as it was meant; nothing for values that are no such."""
        return cls(*_EXIF.get(orientation, (False, 0)))

    @classmethod
    def asked(cls, rotate: Rotation, flip: Flip | None) -> "Turn":
        """First the rotation, then the flip."""
        turned = cls(False, rotate // 90)
        match flip:
            case None:
                return turned
            case "h":
                return turned.then(cls(True, 0))
            case "v":
                return turned.then(cls(True, 2))
            case "hv":
                return turned.then(cls(False, 2))

    def then(self, other: "Turn") -> "Turn":
        """Both as one. A mirror after a turn is a turn the other way after the mirror."""
        quarters = -self.quarters if other.mirror else self.quarters
        return Turn(self.mirror != other.mirror, (quarters + other.quarters) % 4)

    @property
    def inverse(self) -> "Turn":
        """What takes it back. A mirrored turn is its own."""
        return self if self.mirror else Turn(False, -self.quarters % 4)

    @property
    def swaps(self) -> bool:
        """Width becomes height."""
        return self.quarters % 2 == 1

    def size(self, size: Size) -> Size:
        return (size[1], size[0]) if self.swaps else size

    def box(self, box: Box, size: Size) -> Box:
        """Where a box in a picture of `size` comes to lie."""
        left, top, width, height = box
        across, down = size
        if self.mirror:
            left = across - left - width
        for _ in range(self.quarters):
            left, top, width, height = down - top - height, left, height, width
            across, down = down, across
        return left, top, width, height
