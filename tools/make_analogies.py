"""Writes data/analogies.txt: questions "a is to b as c is to d" from the pairs below.

The pairs are plain facts of geography and English grammar; each word stands at least five times in
the lower-cased glosses of data/wordnet_glosses.txt.xz. Within a section each pair is asked with
the few pairs that follow it in the circle of the section, so that no pair weighs more than another.

    python tools/make_analogies.py
"""

from __future__ import annotations

from pathlib import Path

PARTNERS = 6  # questions a pair opens

# Section -> pairs. As in Google's questions-words.txt, sections named gram... ask for grammar, the
# others for meaning.
SECTIONS = {
    "capital-country": """
        athens greece, beijing china, berlin germany, brussels belgium, damascus syria,
        jerusalem israel, lima peru, london england, moscow russia, paris france, rome
        italy, tokyo japan, vienna austria, manila philippines, delhi india
    """,
    "male-female": """
        actor actress, boy girl, brother sister, bull cow, cock hen, duke duchess, emperor
        empress, father mother, god goddess, grandfather grandmother, he she, hero heroine,
        him her, husband wife, king queen, lord lady, male female, man woman, masculine
        feminine, monk nun, prince princess, son daughter, uncle aunt, men women, boys
        girls, host hostess, gentleman lady, himself herself, grandson granddaughter
    """,
    "animal-young": """
        bear cub, cow calf, deer fawn, goat kid, lion cub, sheep lamb
    """,
    "opposite": """
        good bad, big small, hot cold, high low, long short, old new, old young, strong
        weak, wet dry, rich poor, happy sad, hard soft, heavy light, fast slow, early late,
        open closed, full empty, clean dirty, wide narrow, deep shallow, thick thin, rough
        smooth, sharp dull, true false, right wrong, left right, public private, male
        female, internal external, positive negative, upper lower, alive dead, black white,
        day night, love hate, war peace, increase decrease, begin end, win lose, buy sell,
        inside outside, above below, before after, north south, east west, top bottom, front
        back, life death, beginning end, success failure, friend enemy, more less, many few
    """,
    "gram1-plural": """
        animal animals, bird birds, book books, boy boys, building buildings, car cars, cell
        cells, child children, city cities, color colors, country countries, disease
        diseases, dog dogs, eye eyes, feather feathers, finger fingers, fish fishes, flower
        flowers, foot feet, girl girls, hand hands, horse horses, house houses, insect
        insects, language languages, leaf leaves, leg legs, letter letters, machine
        machines, man men, muscle muscles, number numbers, person people, plant plants,
        river rivers, road roads, root roots, ship ships, soldier soldiers, song songs, star
        stars, student students, tooth teeth, tree trees, wall walls, week weeks, wing
        wings, woman women, word words, worker workers, year years
    """,
    "gram2-country-adjective": """
        america american, britain british, china chinese, denmark danish, egypt egyptian,
        england english, france french, germany german, greece greek, india indian, ireland
        irish, italy italian, japan japanese, mexico mexican, norway norwegian, poland
        polish, portugal portuguese, russia russian, scotland scottish, spain spanish,
        sweden swedish, switzerland swiss, turkey turkish, wales welsh, austria austrian,
        australia australian, africa african, asia asian, europe european, finland finnish,
        hungary hungarian, belgium belgian, persia persian, rome roman, canada canadian,
        brazil brazilian, cuba cuban, korea korean
    """,
    "gram3-comparative": """
        big bigger, bright brighter, cheap cheaper, cold colder, cool cooler, dark darker,
        deep deeper, early earlier, easy easier, fast faster, good better, bad worse, great
        greater, hard harder, heavy heavier, high higher, large larger, late later, light
        lighter, long longer, loud louder, low lower, narrow narrower, old older, poor
        poorer, rich richer, short shorter, simple simpler, slow slower, small smaller, soft
        softer, strong stronger, tall taller, thick thicker, thin thinner, tight tighter,
        warm warmer, weak weaker, wide wider, young younger
    """,
    "gram4-superlative": """
        bad worst, big biggest, bright brightest, early earliest, fine finest, good best,
        great greatest, heavy heaviest, high highest, large largest, late latest, long
        longest, low lowest, old oldest, short shortest, simple simplest, small smallest,
        young youngest, deep deepest, fast fastest
    """,
    "gram5-verb-past": """
        begin began, break broke, bring brought, build built, buy bought, catch caught,
        choose chose, come came, drive drove, fall fell, feel felt, fight fought, find
        found, fly flew, forget forgot, get got, give gave, go went, grow grew, hear heard,
        keep kept, know knew, lead led, leave left, lose lost, make made, meet met, pay
        paid, rise rose, run ran, say said, see saw, sell sold, send sent, sing sang, sit
        sat, speak spoke, spend spent, stand stood, steal stole, take took, teach taught,
        tell told, think thought, throw threw, wear wore, win won, write wrote
    """,
    "gram6-verb-ing": """
        begin beginning, build building, carry carrying, change changing, cut cutting, dance
        dancing, drink drinking, drive driving, eat eating, fall falling, feel feeling,
        fight fighting, fly flying, give giving, go going, grow growing, hold holding, jump
        jumping, keep keeping, learn learning, live living, make making, move moving, play
        playing, read reading, run running, say saying, see seeing, sell selling, sing
        singing, sit sitting, sleep sleeping, speak speaking, stand standing, swim swimming,
        take taking, teach teaching, think thinking, turn turning, walk walking, wear
        wearing, work working, write writing
    """,
    "gram7-verb-third-person": """
        allow allows, appear appears, become becomes, believe believes, belong belongs,
        bring brings, cause causes, come comes, consist consists, contain contains, cover
        covers, deal deals, depend depends, eat eats, feed feeds, fly flies, follow follows,
        form forms, give gives, go goes, grow grows, happen happens, have has, include
        includes, involve involves, know knows, lead leads, live lives, make makes, move
        moves, occur occurs, produce produces, provide provides, say says, seem seems, serve
        serves, take takes, tell tells, use uses, work works, write writes
    """,
    "gram8-verb-agent": """
        build builder, climb climber, dance dancer, drive driver, employ employer, farm
        farmer, hunt hunter, kill killer, lead leader, make maker, manage manager, own
        owner, paint painter, play player, print printer, read reader, run runner, sell
        seller, sing singer, speak speaker, swim swimmer, teach teacher, travel traveler,
        wear wearer, win winner, work worker, write writer, buy buyer
    """,
    "gram9-adjective-un": """
        able unable, known unknown, usual unusual, certain uncertain, common uncommon,
        expected unexpected, fair unfair, happy unhappy, important unimportant, intentional
        unintentional, kind unkind, likely unlikely, natural unnatural, necessary
        unnecessary, pleasant unpleasant, stable unstable, successful unsuccessful, true
        untrue, wanted unwanted, willing unwilling, desirable undesirable, equal unequal,
        married unmarried, conscious unconscious, interesting uninteresting, reasonable
        unreasonable, broken unbroken, clear unclear, steady unsteady, favorable
        unfavorable, comfortable uncomfortable
    """,
    "gram10-adjective-adverb": """
        accurate accurately, careful carefully, complete completely, direct directly, easy
        easily, equal equally, final finally, formal formally, frequent frequently, gradual
        gradually, loud loudly, natural naturally, nervous nervously, normal normally,
        physical physically, polite politely, quick quickly, quiet quietly, rapid rapidly,
        recent recently, regular regularly, serious seriously, slight slightly, slow slowly,
        strong strongly, sudden suddenly, usual usually, wide widely
    """,
    "gram11-adjective-noun": """
        able ability, accurate accuracy, angry anger, beautiful beauty, brave bravery,
        certain certainty, complex complexity, cruel cruelty, dark darkness, deep depth,
        different difference, difficult difficulty, equal equality, free freedom, happy
        happiness, high height, honest honesty, important importance, intelligent
        intelligence, kind kindness, long length, necessary necessity, poor poverty,
        possible possibility, pure purity, real reality, responsible responsibility, safe
        safety, sad sadness, secure security, similar similarity, simple simplicity, stable
        stability, stupid stupidity, strong strength, true truth, wide width, wise wisdom,
        weak weakness, warm warmth, young youth
    """,
}


def questions(pairs: list[tuple[str, str]]) -> list[str]:
    """Each pair with the next few of the circle; not where a word would be its own answer."""
    asked = []
    for i, (a, b) in enumerate(pairs):
        for step in range(1, min(PARTNERS, len(pairs) - 1) + 1):
            c, d = pairs[(i + step) % len(pairs)]
            if len({a, b, c, d}) == 4:
                asked.append(f"{a} {b} {c} {d}")
    return asked


def lines() -> list[str]:
    """The lines of the file."""
    out = []
    for name, text in SECTIONS.items():
        pairs = [(a, b) for a, b in (pair.split() for pair in text.split(","))]
        out += [f": {name}", *questions(pairs)]
    return out


if __name__ == "__main__":
    target = Path(__file__).resolve().parent.parent / "data" / "analogies.txt"
    target.write_text("\n".join(lines()) + "\n", encoding="utf-8")
