"""The scenes outdoors of the offline provider: each draws one composition in the plan's palette."""

from collections.abc import Callable

from atpix.providers.offline_canvas import Canvas, Dice, added, oval, rolling, sine
from atpix.providers.offline_words import Colour, Palette, mix

Scene = Callable[[Canvas, Palette, Dice], None]
WHITE: Colour = (255, 255, 255)
BLACK: Colour = (0, 0, 0)


def sky(c: Canvas, p: Palette, dice: Dice, horizon: int) -> tuple[int, int, int]:
    """Colours, the sun or the moon, and what hangs in the air. Returns the sun's place and radius."""
    c.gradient(p.top, p.horizon, 0, horizon)
    c.gradient(p.horizon, p.horizon, horizon)
    x = c.width * dice.between(55, 80) // 100
    r = c.unit(dice.between(70, 120))
    y = horizon * dice.between(35, 70) // 100
    if p.night:
        stars(c, dice, horizon)
        c.glow(x, y, 5 * r, mix(p.horizon, p.light, 90), 110)
        moon = oval(r * 3 // 4, r * 3 // 4)
        moon.paste(0, (-r // 3, -r // 5), oval(r * 3 // 4, r * 3 // 4))
        c.image.paste(p.light, (x - r * 3 // 4, y - r * 3 // 4), moon)
        return x, y, r
    c.glow(x, y, 6 * r, p.light, 190)
    c.disc(x, y, r, mix(p.light, WHITE, 60))
    for _ in range(dice.between(3, 5)):
        long = c.unit(dice.between(220, 520))
        at = dice.between(-long // 3, c.width), dice.between(horizon // 8, horizon * 3 // 4)
        c.pill(*at, long, c.unit(dice.between(14, 30)), mix(p.horizon, WHITE, 110), dice.between(60, 130))
    return x, y, r


def stars(c: Canvas, dice: Dice, horizon: int) -> None:
    for _ in range(c.width * horizon // 4200):
        x, y, size = dice.up_to(c.width), dice.up_to(horizon), dice.up_to(12)
        shade = dice.between(110, 255)
        c.rectangle(x, y, x + 1 + (size > 8), y + 1 + (size > 8), (shade, shade, min(255, shade + 20)))


def landscape(c: Canvas, p: Palette, dice: Dice) -> None:
    """Mountains, hills in the haze, and now and then a lake that holds them twice."""
    horizon = c.height * dice.between(56, 66) // 100
    x, _, _ = sky(c, p, dice, horizon)
    haze = mix(p.far, p.horizon, 130)
    peaks = added(
        horizon - c.unit(330), rolling(dice, c.width, 5, c.unit(240), sharp=True),
        rolling(dice, c.width, 23, c.unit(60), sharp=True), rolling(dice, c.width, 97, c.unit(14), sharp=True),
    )  # fmt: skip
    c.silhouette(peaks, mix(haze, p.near, 40), haze)
    c.silhouette(added(horizon - c.unit(120), rolling(dice, c.width, 4, c.unit(110))), p.far, haze)
    if dice.chance(55):
        lake(c, p, dice, horizon, x)
    else:
        for n, depth in enumerate((70, 130, 190)):
            base = horizon - c.unit(40) + c.unit(110) * n
            hill = added(base, rolling(dice, c.width, 4, c.unit(150)), rolling(dice, c.width, 13, c.unit(24)))
            c.silhouette(hill, mix(p.far, p.near, depth), mix(p.far, p.near, depth + 50))
    front = added(c.height - c.unit(150), rolling(dice, c.width, 3, c.unit(130)))
    c.silhouette(front if p.bare else conifers(c, dice, front, c.unit(110), 38), p.near, mix(p.near, BLACK, 110))


def lake(c: Canvas, p: Palette, dice: Dice, shore: int, sun: int) -> None:
    c.reflect(shore, mix(p.far, p.near, 110), [sine(n * 57) * c.unit(14) >> 10 for n in range(64)])
    for _ in range(26):
        y = dice.between(shore + 4, c.height)
        far = y - shore
        long = c.unit(dice.between(20, 60)) + far // 2
        c.pill(sun - long // 2 + dice.between(-far // 3, far // 3), y, long, 2 + far // 60, p.light, 100)


def conifers(c: Canvas, dice: Dice, ground: list[int], tall: int, percent: int) -> list[int]:
    """The ground with trees on it: of two neighbours the higher wins."""
    edge = list(ground)
    step = max(8, tall // 4)
    for root in range(0, c.width, step):
        if not dice.chance(percent):
            continue
        height = tall * dice.between(50, 100) // 100
        middle, half = root + dice.up_to(step), max(4, height * 2 // 9)
        foot = ground[min(middle, c.width - 1)]
        for x in range(max(0, middle - half), min(c.width, middle + half)):
            away = abs(x - middle)
            jag = away * 6 * 256 // half % 256 * height // 14
            edge[x] = min(edge[x], foot - ((height * (half - away) // half) << 8) + jag)
    return edge


def forest(c: Canvas, p: Palette, dice: Dice) -> None:
    """Rows of conifers, each fainter and farther than the one in front of it."""
    sky(c, p, dice, c.height * 3 // 4)
    for n in range(5):
        ground = added(c.height * (46 + 11 * n) // 100, rolling(dice, c.width, 3 + n, c.unit(90)))
        trees = conifers(c, dice, ground, c.unit(150 + 62 * n), 82 - 7 * n)
        colour = mix(mix(p.far, p.horizon, 150), p.near, 51 * n)
        c.silhouette(trees, colour, mix(colour, p.horizon, 120 - 28 * n))


def city(c: Canvas, p: Palette, dice: Dice) -> None:
    """Three rows of houses at a river, with light in the windows of the nearest."""
    shore = c.height * dice.between(76, 84) // 100
    x, _, _ = sky(c, p, dice, shore)
    for n in range(3):
        base = mix(mix(p.far, p.horizon, 120), p.near, 105 * n)
        houses = _houses(c, dice, shore, c.unit(500 - 90 * n), c.unit(58 + 22 * n))
        edge = [shore << 8] * c.width
        for left, right, roof in houses:
            edge[left:right] = [roof << 8] * (min(right, c.width) - left)
            if n and dice.chance(30):
                middle = (left + min(right, c.width)) // 2
                edge[middle : middle + 3] = [(roof - c.unit(50)) << 8] * len(edge[middle : middle + 3])
        c.silhouette(edge, base, mix(base, p.horizon, 70 - 30 * n))
        if n:
            for house in houses:
                _windows(c, dice, house, shore, mix(p.accent, base, 190 - 70 * n - 40 * p.night))
    lake(c, p, dice, shore, x)


def _houses(c: Canvas, dice: Dice, shore: int, tall: int, broad: int) -> list[tuple[int, int, int]]:
    houses, x = [], -dice.up_to(broad)
    while x < c.width:
        right = x + dice.between(broad * 2 // 3, broad * 5 // 3)
        houses.append((max(0, x), right, shore - dice.between(tall // 3, tall)))
        x = right + dice.up_to(broad // 4)
    return [house for house in houses if house[0] < min(house[1], c.width)]


def _windows(c: Canvas, dice: Dice, house: tuple[int, int, int], shore: int, lit: Colour) -> None:
    left, right, roof = house
    pitch, size = max(10, c.unit(20)), max(4, c.unit(8))
    for y in range(roof + pitch, shore - pitch, pitch):
        for x in range(left + pitch // 2, min(right, c.width) - size - 2, pitch):
            if dice.chance(38):
                c.rectangle(x, y, x + size, y + size * 3 // 2, lit)


def waves(c: Canvas, p: Palette, dice: Dice) -> None:
    """A low sun, and waves that grow towards us, each with a rim of foam."""
    horizon = c.height * dice.between(36, 46) // 100
    x, _, _ = sky(c, p, dice, horizon)
    c.gradient(mix(p.far, p.horizon, 110), p.far, horizon)
    for _ in range(14):
        far = dice.between(2, c.height - horizon) // 4
        long = c.unit(dice.between(30, 80)) + far
        c.pill(x - long // 2, horizon + far, long, 2 + far // 30, p.light, 120)
    if dice.chance(70):
        _sail(c, p, c.width * dice.between(18, 42) // 100, horizon + c.unit(24))
    for n in range(6):
        y, high = horizon + (c.height - horizon) * (n + 1) * (n + 4) // 62, c.unit(9 + 9 * n)
        long, start = c.unit(190 + 130 * n), dice.up_to(1024)
        swell = rolling(dice, c.width, 3, high)
        edge = [
            (y << 8) + lift - high * (1024 - abs(sine(start + col * 512 // long))) // 4
            for col, lift in enumerate(swell)
        ]
        colour = mix(p.far, p.near, 36 + 36 * n)
        foam = 256 * max(2, c.unit(2 + n))
        c.silhouette([q - foam for q in edge], mix(colour, WHITE, 150), mix(colour, WHITE, 150))
        c.silhouette(edge, mix(colour, p.far, 70), mix(colour, p.near, 150))


def _sail(c: Canvas, p: Palette, x: int, y: int) -> None:
    tall = c.unit(150)
    edge = [c.height << 8] * c.width
    for col in range(tall * 2 // 5):
        for place, height in ((x + col, tall - col * 5 // 2), (x - 4 - col, tall * 3 // 4 - col * 3)):
            if 0 <= place < c.width and height > 0:
                edge[place] = (y - height) << 8
    strip = Canvas(c.width, y)
    strip.image.paste(c.image.crop((0, 0, c.width, y)))
    strip.silhouette([min(q, y << 8) for q in edge], mix(p.accent, WHITE, 180), mix(p.accent, WHITE, 90))
    c.image.paste(strip.image, (0, 0))
    c.ellipse(x, y + c.unit(4), c.unit(62), c.unit(15), mix(p.near, BLACK, 60))
    c.rectangle(x - c.unit(66), y - c.unit(14), x + c.unit(66), y, c.image.getpixel((0, y - 1)))  # type: ignore[arg-type]


OUTDOORS: dict[str, Scene] = {"landscape": landscape, "forest": forest, "city": city, "waves": waves}
