"""What is known of a request at each stop on its way."""

from dataclasses import dataclass

from atpix.caller import Caller
from atpix.delivery.entries import Entry, RawHeaders
from atpix.delivery.guards import Admitted
from atpix.delivery.making import Job, Made
from atpix.delivery.publics import Public
from atpix.delivery.wishes import Wish
from atpix.images.rows import Found, Image


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What was looked up for a wish. `may_look`: behind the scenes, with a key that may read or where everybody may;
    `private`: with such a key. `show_focus`: that is asked for and allowed.
    """

    wish: Wish
    public: Public
    admitted: Admitted
    found: Found
    may_look: bool
    private: bool
    show_focus: bool

    @property
    def who(self) -> Caller:
        return self.public.who

    @property
    def image(self) -> Image:
        return self.found.image


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """`cache`: `hit` or `miss`. `stands_in`: something better is being made."""

    job: Job
    made: Made
    cache: str
    stands_in: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """`holds_s`: how long it may be remembered; 0 is not at all. `strict`: as a name is, for what it shows may change.
    `headers` are of this one answer.
    """

    entry: Entry
    public: Public
    holds_s: float
    strict: bool
    headers: RawHeaders
