"""Drawing an SVG is bounded in time: a few nested lines would keep a decoder busy for ever."""

import pytest

from atpix.imaging.children import Examiners
from atpix.imaging.errors import ImagingError
from atpix.imaging.values import Limits

LEVELS = 14
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">{}</svg>'


def test_a_drawing_that_never_ends_costs_its_own_request_only(tmp_path):
    nested = "".join(f'<g id="g{n + 1}">{f"""<use href="#g{n}"/>""" * 10}</g>' for n in range(LEVELS))
    bomb, fine = tmp_path / "bomb.svg", tmp_path / "fine.svg"
    bomb.write_text(SVG.format(f'<defs><circle id="g0" r="9"/>{nested}</defs><use href="#g{LEVELS}"/>'))
    fine.write_text(SVG.format("<circle r='9'/>"))
    examiners = Examiners(1, timeout_s=3, max_memory_bytes=1 << 30)

    with pytest.raises(ImagingError):
        examiners.rasterise(bomb, tmp_path / "out.png", Limits())
    examiners.rasterise(fine, tmp_path / "out.png", Limits())

    examiners.close()
