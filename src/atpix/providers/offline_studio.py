"""The scenes of the offline provider that have no horizon: a planet, a bust, a thing on a pedestal, tiles."""

from PIL import Image, ImageChops

from atpix.providers.offline_canvas import Canvas, Dice, added, oval, rolling, sine
from atpix.providers.offline_scenes import BLACK, WHITE, Scene, stars
from atpix.providers.offline_words import PALETTES, Colour, Palette, mix


def space(c: Canvas, p: Palette, dice: Dice) -> None:
    """A planet with a ring and its moons before stars; a bright one where no word coloured it."""
    if p.accent == p.light:
        p = tuple(PALETTES.values())[dice.up_to(len(PALETTES))]
    c.gradient((6, 7, 22), mix(p.near, (10, 12, 44), 170))
    for _ in range(4):
        at = dice.up_to(c.width), dice.up_to(c.height)
        c.glow(*at, c.unit(dice.between(300, 600)), mix(p.far, p.top, dice.up_to(256)), dice.between(40, 90))
    stars(c, dice, c.height)
    x, y = c.width * dice.between(48, 66) // 100, c.height * dice.between(36, 46) // 100
    r = c.unit(dice.between(180, 240))
    c.glow(x, y, r * 5 // 2, mix(p.far, p.light, 100), 130)
    ring = _ring(r * 20 // 10, r * 14 // 10), mix(p.accent, p.far, 70), x - r * 2, y
    _half(c, *ring, front=False)
    _planet(c, p, dice, x, y, r)
    _half(c, *ring, front=True)
    for _ in range(dice.between(1, 3)):
        moon = c.unit(dice.between(14, 34))
        at = dice.up_to(c.width), dice.up_to(c.height // 2)
        c.disc(*at, moon, mix(p.horizon, p.near, 150))
        c.disc(at[0] - moon // 6, at[1] - moon // 6, moon * 5 // 6, mix(p.horizon, WHITE, 60))


def _planet(c: Canvas, p: Palette, dice: Dice, x: int, y: int, r: int) -> None:
    day = Canvas(2 * r, 2 * r)
    day.gradient(mix(p.horizon, p.far, 80), p.far)
    for n in range(8):
        band = added(r * 2 * n // 8, rolling(dice, 2 * r, 4, max(2, r // 7)))
        day.silhouette(band, mix(p.horizon, p.far, dice.between(20, 256)), mix(p.far, p.near, 25 * n), 170)
    day.glow(r * 6 // 10, r * 6 // 10, r * 9 // 10, WHITE, 110)
    lit = oval(r * 11 // 10, r * 11 // 10).crop((r * 4 // 10, r * 4 // 10, r * 24 // 10, r * 24 // 10))
    night = Image.new("RGB", (2 * r, 2 * r), mix(p.near, (3, 3, 16), 200))
    for n in range(4):
        shift = n * r // 14
        soft = ImageChops.offset(lit, -shift, -shift).point([v * 90 // 255 for v in range(256)])
        night.paste(day.image, (0, 0), soft)
    c.image.paste(night, (x - r, y - r), oval(r, r))


def _ring(outer: int, inner: int) -> Image.Image:
    mask = oval(outer, outer * 10 // 34, 235)
    for n, alpha in ((0, 120), (1, 215), (3, 0)):
        radius = inner + (outer - inner) * (3 - n) // 4
        mask.paste(alpha, (outer - radius, (outer - radius) * 10 // 34), oval(radius, radius * 10 // 34))
    return mask


def _half(c: Canvas, ring: Image.Image, colour: Colour, x: int, y: int, *, front: bool) -> None:
    middle = ring.height // 2
    part = ring.crop((0, middle, ring.width, ring.height) if front else (0, 0, ring.width, middle))
    c.image.paste(colour, (x, y if front else y - middle), part)


def portrait(c: Canvas, p: Palette, dice: Dice) -> None:
    """A bust before a great disc, in flat colours with one light from the left."""
    c.gradient(mix(p.top, p.horizon, 90), p.horizon)
    x, y, r = c.width * dice.between(46, 62) // 100, c.height * 40 // 100, c.unit(165)
    c.glow(x, y, r * 5, WHITE, 130)
    c.disc(x, y, r * 2, p.accent)
    c.disc(x - r // 8, y - r // 8, r * 18 // 10, mix(p.accent, WHITE, 40))
    skin = ((244, 205, 170), (226, 176, 134), (182, 124, 84), (132, 86, 58), (94, 60, 42))[dice.up_to(5)]
    hair, cloth = mix((28, 20, 18), p.near, dice.between(20, 150)), mix(p.far, p.near, 100)
    style = dice.up_to(3)
    if style == 0:
        c.ellipse(x, y + r * 3 // 10, r * 105 // 100, r * 14 // 10, hair)
    _shaded(c, x, y + r * 4, r * 19 // 10, r * 27 // 10, cloth, mix(cloth, BLACK, 60))
    shade = mix(skin, p.near, 80)
    c.rectangle(x - r * 36 // 100, y + r // 2, x + r * 36 // 100, y + r * 15 // 10, shade)
    c.ellipse(x, y + r * 15 // 10, r * 36 // 100, r * 26 // 100, shade)
    for side in (-1, 1):
        c.ellipse(x + side * r * 78 // 100, y + r // 10, r // 8, r // 5, shade)
        c.disc(x + side * r * 80 // 100, y + r * 36 // 100, max(3, r // 16), p.light)
    _shaded(c, x, y, r * 8 // 10, r, skin, shade)
    _hair(c, x, y, r, hair, style)


def _shaded(c: Canvas, x: int, y: int, across: int, down: int, light: Colour, shade: Colour) -> None:
    """An oval, lit from the left."""
    whole = oval(across, down)
    lit = Image.new("L", whole.size)
    lit.paste(whole, (-across // 3, 0))
    c.image.paste(shade, (x - across, y - down), whole)
    c.image.paste(light, (x - across, y - down), ImageChops.multiply(whole, lit))


def _hair(c: Canvas, x: int, y: int, r: int, hair: Colour, style: int) -> None:
    """A cap from which the face is cut out, parted on one side; a knot on top where the style has one."""
    across, down = r * 88 // 100, r * 108 // 100
    cap = oval(across, down)
    cap.paste(0, (0, down * 85 // 100, 2 * across, 2 * down))
    fringe = oval(across, down)
    cap.paste(0, (-across * (14 + 18 * (style == 2)) // 100, down * 55 // 100), fringe)
    c.image.paste(hair, (x - across, y - down), cap)
    if style == 1:
        c.disc(x + r // 10, y - down - r // 5, r * 4 // 10, hair)


def pedestal(c: Canvas, p: Palette, dice: Dice) -> None:
    """A vessel on a round pedestal, under an arch, in soft light."""
    floor = c.height * 68 // 100
    wall = mix(p.horizon, WHITE, 50)
    c.gradient(mix(wall, p.top, 110), wall, 0, floor)
    c.gradient(mix(wall, p.far, 110), mix(wall, p.far, 40), floor)
    x, wide, tall = c.width * dice.between(48, 62) // 100, c.unit(270), c.unit(560)
    arch = mix(p.far, p.horizon, 70)
    c.disc(x, floor - tall + wide, wide, arch)
    c.rectangle(x - wide, floor - tall + wide, x + wide, floor, arch)
    c.glow(x - wide // 3, floor - tall // 2, tall * 2 // 3, WHITE, 120)
    c.disc(x + wide * 3 // 2, floor - c.unit(90), c.unit(90), p.accent)
    c.glow(x + wide * 3 // 2 - c.unit(24), floor - c.unit(116), c.unit(64), WHITE, 130)
    top, bottom, broad = floor + c.unit(10), floor + c.unit(130), c.unit(210)
    c.shadow(x + c.unit(40), bottom + c.unit(14), broad * 13 // 10, c.unit(70), 110)
    _turned(c, x, top, [broad] * (bottom - top), mix(wall, WHITE, 120), mix(p.far, p.near, 60))
    c.ellipse(x, top, broad, c.unit(48), mix(wall, WHITE, 150))
    c.shadow(x + c.unit(18), top + c.unit(4), c.unit(110), c.unit(22), 130)
    profile = _profile(c, dice)
    _turned(c, x, top - len(profile), profile, mix(p.accent, p.far, 90), p.near, foot=c.unit(14))
    c.ellipse(x, top - len(profile), profile[0], max(2, profile[0] // 5), mix(p.near, BLACK, 90))


def _profile(c: Canvas, dice: Dice) -> list[int]:
    """Half the breadth of a vessel, row by row from its lip: a neck, and a belly below it."""
    tall = c.unit(dice.between(230, 320))
    neck, belly, foot = c.unit(dice.between(22, 56)), c.unit(dice.between(70, 108)), c.unit(dice.between(46, 70))
    shoulder = tall * dice.between(24, 40) // 100
    rows = [neck + abs(sine(256 + y * 256 // max(1, shoulder))) * neck // 5000 for y in range(shoulder)]
    for y in range(tall - shoulder):
        t = y * 512 // max(1, tall - shoulder)
        rows.append(neck + (foot - neck) * t // 512 + belly * sine(t) // 1400)
    return rows


def _turned(c: Canvas, x: int, y: int, profile: list[int], light: Colour, dark: Colour, foot: int = 0) -> None:
    """A body turned on a lathe: each row has the same light on it, from the left. It stands on a round foot."""
    broad = max(profile)
    shades = []
    for col in range(2 * broad):
        at = col * 256 // (2 * broad)
        shades.append(bytes(mix(light, dark, min(256, abs(at - 80) * abs(at - 80) // 100))))
    body = Image.frombytes("RGB", (2 * broad, 1), b"".join(shades)).resize(
        (2 * broad, len(profile)), Image.Resampling.NEAREST
    )
    rows = b"".join(bytes(broad - half) + b"\xff" * (2 * half) + bytes(broad - half) for half in profile)
    mask = Image.frombytes("L", (2 * broad, len(profile)), rows)
    bulge = max(4, (foot or broad * 48 // 210))
    base = body.resize(
        (2 * profile[-1], 2 * bulge), Image.Resampling.NEAREST, (broad - profile[-1], 0, broad + profile[-1], 1)
    )
    c.image.paste(base, (x - profile[-1], y + len(profile) - bulge), oval(profile[-1], bulge))
    c.image.paste(body, (x - broad, y), mask)


def tiles(c: Canvas, p: Palette, dice: Dice) -> None:
    """Quarters, halves and rings in a grid, as posters had them a century ago."""
    colours = (p.top, p.horizon, p.far, p.near, p.accent, mix(p.accent, p.far, 128), mix(p.horizon, WHITE, 120))
    size = (64, 128, 192)[dice.between(1, 2)]
    whole = oval(size, size)
    quarters = [whole.crop((a, b, a + size, b + size)) for a in (0, size) for b in (0, size)]
    disc, dot = oval(size // 2, size // 2), oval(size // 6, size // 6)
    inner = oval(size // 2, size // 2)
    for y in range(0, c.height, size):
        for x in range(0, c.width, size):
            ground, ink, third = (dice.up_to(len(colours)) for _ in range(3))
            ink = (ground + 1 + ink % (len(colours) - 1)) % len(colours)
            c.rectangle(x, y, x + size, y + size, colours[ground])
            kind, turn = dice.up_to(7), dice.up_to(4)
            if kind <= 2:
                c.image.paste(colours[ink], (x, y), quarters[turn])
                if kind == 2:
                    a, b = turn >> 1, turn & 1
                    part = inner.crop((a * size // 2, b * size // 2, (a + 1) * size // 2, (b + 1) * size // 2))
                    c.image.paste(colours[third], (x + (1 - a) * size // 2, y + (1 - b) * size // 2), part)
            elif kind == 3:
                c.image.paste(colours[ink], (x, y), disc)
                c.image.paste(colours[third], (x + size // 2 - size // 6, y + size // 2 - size // 6), dot)
            elif kind == 4:
                for bar in range(0, size, size // 4):
                    flat = turn & 1
                    box = (
                        (x, y + bar, x + size, y + bar + size // 8)
                        if flat
                        else (x + bar, y, x + bar + size // 8, y + size)
                    )
                    c.rectangle(*box, colours[ink])
            elif kind == 5:
                c.rectangle(
                    x, y, x + (size if turn & 1 else size // 2), y + (size // 2 if turn & 1 else size), colours[ink]
                )
            else:
                for n in range(9):
                    c.image.paste(
                        colours[ink],
                        (x + (2 * n % 6 + 1) * size // 6 - size // 18, y + (n // 3 * 2 + 1) * size // 6 - size // 18),
                        oval(size // 18, size // 18),
                    )


INDOORS: dict[str, Scene] = {"space": space, "portrait": portrait, "pedestal": pedestal, "tiles": tiles}
