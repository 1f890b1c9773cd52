"""Everybody at once on the same few generations: each request is answered by the rules, and nothing is left over."""

import random
from concurrent.futures import ThreadPoolExecutor

from tests.generations.api import PATH

RULES = {200, 201, 202, 404, 409}
"""Deleted by another, or under way."""


def test_crossing_changes_are_answered_by_the_rules(generations, raw, upload):
    hero = upload(alias="@hero")
    flow = generations.make(flowAlias="@one")["flowId"]
    made = [generations.make(flowId=flow, prompt=f"@hero {n}", alias=f"@name-{n}")["id"] for n in range(4)]

    def one(number):  # noqa: PLR0911  a table
        chance = random.Random(number)
        place, now = f"{PATH}/{chance.choice(made)}", {"Prefer": "wait=0"}
        match number % 8:
            case 0:
                return generations.post(wait_s=0, flowId=flow, referenceImages=[hero.id], flowAlias="@one")
            case 1 | 2:
                return raw.post(f"{place}/regenerate", headers=now)
            case 3:
                return raw.put(place, json={"prompt": f"@hero {number}"}, headers=now)
            case 4:
                return raw.put(place, json={"flowId": chance.choice([flow, None])})
            case 5:
                return raw.post(f"{place}/cancel")
            case 6:
                aliases = {"aliases": {"@one": hero.id, f"@f{number % 3}": None}}
                return raw.put(f"/api/v1/flows/{flow}/aliases", json=aliases)
            case _:
                return raw.delete(place) if number > 70 else raw.post(f"{place}/replay", headers=now)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(one, range(96)))

    assert [answer.text for answer in answers if answer.status_code not in RULES] == []
