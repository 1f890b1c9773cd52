"""How a prompt shall be drawn, as `atpix generate` and `atpix live url` take it alike: what there is not is refused
before a server is asked.
"""

from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter

from atpix.generations.prompts import Template
from atpix.providers.values import AspectRatio


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Drawing:
    aspect_ratio: Annotated[AspectRatio | None, Parameter(help="Else 16:9.")] = None
    enhance: Annotated[bool, Parameter(name="--enhance", help="Let a language model improve the prompt.")] = True
    template: Annotated[Template | None, Parameter(help="In whose manner it improves it.")] = None

    @property
    def auto_enhance(self) -> bool | None:
        """None: nothing needs to be said."""
        return None if self.enhance else False
