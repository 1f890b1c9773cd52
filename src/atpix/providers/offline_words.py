"""What the offline provider reads in a prompt: a palette and a scene, from its words, or else from its hash."""

import hashlib
import re
import unicodedata
from typing import NamedTuple

Colour = tuple[int, int, int]


class Palette(NamedTuple):
    """From behind to the front: the sky's two ends, the farthest and the nearest thing, and what catches the eye."""

    top: Colour
    horizon: Colour
    far: Colour
    near: Colour
    accent: Colour
    light: Colour
    """Of the sun or the moon; no word colours it."""
    night: bool
    bare: bool
    """Nothing grows there."""


def _hex(text: str) -> Palette:
    """Five colours, and what else is so."""
    top, horizon, far, near, accent = ((int(c[:2], 16), int(c[2:4], 16), int(c[4:], 16)) for c in text.split()[:5])
    return Palette(top, horizon, far, near, accent, accent, "night" in text, "bare" in text)


PALETTES = {
    "dawn": _hex("5c6fa8 f9c7a0 c08a9c 3b3a5e ffe9c2"),
    "day": _hex("4d9bd9 d9eef7 8fb8a8 2f6b57 fff3c4"),
    "dusk": _hex("3a2d64 f58f5b a5546f 2a1b3d ffd58a"),
    "night": _hex("0b1030 35497c 26355c 0a1024 f4ecd0 night"),
    "forest": _hex("8fb7a5 e9efd3 6f9a7c 16382b f6d77a"),
    "ocean": _hex("2f7fb3 cfeaea 4aa3b5 0d3b5c fff0c9"),
    "desert": _hex("e9a15b fbe3b4 d98b4f 7a3420 fff6dc bare"),
    "winter": _hex("8aa9c9 eef4f8 b5c8da 3c5472 ffe3c9"),
    "autumn": _hex("c98a54 fae0b0 c4622f 4f2417 ffd166"),
    "spring": _hex("a9cfe8 fde8ee a8c98b 3f7a54 ff9fb2"),
    "neon": _hex("14082e 6d1f7d 3c1361 0c0520 35e6e0 night bare"),
    "mono": _hex("a7abb0 f1f1ee 8d9196 26292d ffffff"),
    "candy": _hex("8fc7ee ffd3e4 d79ad8 6a4c9c fff1a8"),
    "earth": _hex("cfc2aa f4ecdc b08d6a 4a3a2c d9713f"),
}

_PALETTE_WORDS = {
    "neon": "neon cyberpunk future futuristic robot synthwave disco party laser hacker techno arcade gaming",
    "desert": "desert sand dune egypt pyramid camel cactus canyon mars orange heat lion savanna",
    "dawn": "dawn sunrise morning awakening early hope hopeful peach pastel breakfast",
    "day": "day noon sunny summer blue clear sky cheerful happy bright meadow field village park airplane kite",
    "dusk": "dusk sunset evening twilight golden romantic warm wine purple violet magic dramatic epic fire volcano",
    "night": "night midnight dark moon moonlight star stars starry space galaxy dream sleep mystery ghost owl",
    "forest": "forest jungle tree wood woods pine moss green leaf fern fairy hike camping rainforest bamboo frog",
    "ocean": "ocean sea wave water beach island lake river fish whale ship boat sail surf coral harbour harbor "
    "storm lighthouse",
    "winter": "winter snow ice cold frost christmas ski arctic polar penguin mountain alps glacier white",
    "autumn": "autumn fall october harvest pumpkin maple brown coffee fox chestnut bread",
    "spring": "spring flower blossom cherry garden rose pink easter tulip bird love wedding baby butterfly",
    "mono": "monochrome minimal minimalist black grey gray fog foggy mist noir silver concrete rain",
    "candy": "candy sweet toy cute kawaii unicorn rainbow cartoon sticker icecream cake balloon child playful",
    "earth": "earth clay ceramic wooden leather vintage retro antique natural linen product vase pottery castle stone",
}

_LIGHTS = frozenset({"neon", "dawn", "dusk", "night"})
"""Whatever is seen, it is seen in this light: a sea at sunset is red."""

_SCENE_WORDS = {
    "landscape": "landscape mountain mountains hill valley lake sunset sunrise dawn alps canyon desert dune volcano "
    "meadow field view panorama nature horizon village castle sky",
    "city": "city skyline street town tower building skyscraper urban architecture cyberpunk office downtown bridge "
    "car traffic house london paris tokyo york berlin",
    "waves": "ocean sea wave waves water beach surf ship boat sail island fish whale storm coast "
    "lighthouse harbour harbor river",
    "forest": "forest tree trees jungle wood woods pine fairy deer bear owl fox hike camping rainforest bamboo",
    "portrait": "portrait person face man woman girl boy child king queen people self selfie avatar hero character "
    "astronaut wizard knight chef doctor robot human",
    "pedestal": "product vase bottle perfume pottery cup mug coffee shoe watch lamp chair toy packaging "
    "cosmetic sculpture jar candle cream phone camera ring jewel cake still",
    "space": "space planet galaxy star stars cosmos universe rocket saturn mars orbit nebula comet alien moon",
    "tiles": "abstract pattern geometric bauhaus tile tiles mosaic minimal minimalist logo icon shape design poster "
    "wallpaper texture quilt",
}

SCENES = tuple(_SCENE_WORDS)

COLOURS: dict[str, Colour] = {
    "red": (206, 52, 48),
    "crimson": (176, 30, 56),
    "orange": (240, 132, 42),
    "yellow": (246, 204, 64),
    "gold": (224, 172, 60),
    "golden": (224, 172, 60),
    "green": (62, 142, 84),
    "emerald": (18, 140, 104),
    "olive": (128, 132, 62),
    "teal": (24, 134, 138),
    "turquoise": (56, 190, 186),
    "cyan": (60, 196, 220),
    "blue": (48, 104, 190),
    "navy": (26, 42, 92),
    "indigo": (72, 62, 150),
    "purple": (124, 66, 156),
    "violet": (142, 92, 190),
    "magenta": (204, 52, 142),
    "pink": (240, 140, 170),
    "brown": (122, 82, 54),
    "beige": (222, 204, 172),
    "black": (30, 30, 34),
    "white": (246, 246, 242),
    "grey": (134, 138, 144),
    "gray": (134, 138, 144),
    "silver": (182, 188, 196),
}


class Plan(NamedTuple):
    palette: Palette
    scene: str
    number: int
    """Of 256 bits: the source of every choice that the words leave open."""


def plan(prompt: str, seed: int, extra: str = "") -> Plan:
    """`extra` is whatever else makes the picture another one."""
    number = int.from_bytes(hashlib.sha256(f"{seed}\n{extra}\n{prompt}".encode("utf-8", "surrogatepass")).digest())
    words = _words(prompt)
    palettes = tuple(PALETTES)
    scenes = tuple(scene for scene in SCENES if scene != "portrait")  # a face, only where one is asked for
    palette = PALETTES[_most_named(_PALETTE_WORDS, words, weighty=_LIGHTS) or palettes[number % len(palettes)]]
    scene = _most_named(_SCENE_WORDS, words) or scenes[number // 97 % len(scenes)]
    named = [COLOURS[word] for word in words if word in COLOURS]
    return Plan(_tinted(palette, named), scene, number)


def mix(a: Colour, b: Colour, t: int) -> Colour:
    """`t` of 256 parts are `b`."""
    return (
        a[0] + ((b[0] - a[0]) * t >> 8),
        a[1] + ((b[1] - a[1]) * t >> 8),
        a[2] + ((b[2] - a[2]) * t >> 8),
    )


def _words(prompt: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", prompt[:4000]).lower()
    found = re.findall(r"[a-z]+", "".join(c for c in plain if not unicodedata.combining(c)))
    return [*found, *(word[:-1] for word in found if word.endswith("s"))]


def _most_named(table: dict[str, str], words: list[str], weighty: frozenset[str] = frozenset()) -> str | None:
    """The first of those that the most words speak for; a word counts threefold where it is `weighty`."""
    votes = {
        name: sum(word in known.split() for word in words) * (3 if name in weighty else 1)
        for name, known in table.items()
    }
    best = max(votes, key=lambda name: votes[name])
    return best if votes[best] else None


def _tinted(palette: Palette, named: list[Colour]) -> Palette:
    """The first colour that is named colours what is far and near, the last one what catches the eye."""
    if not named:
        return palette
    first, last = named[0], named[-1]
    return palette._replace(
        top=mix(palette.top, first, 60),
        horizon=mix(palette.horizon, first, 28),
        far=mix(palette.far, first, 130),
        near=mix(palette.near, mix(first, (0, 0, 0), 120), 120),
        accent=mix(palette.accent, last, 205),
    )
