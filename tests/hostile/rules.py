"""Rules that cannot be read: unknown ones, arguments that are none, expressions broken in every way."""

from __future__ import annotations

from tests.hostile.entry import Hostile, answered, hostile

AT = "groups[0].constraints[0]"
LONG = "x" * 1_000_000


def _constraint(name: str, kind: str, argument: str, *paths: str) -> Hostile:
    found = paths or (f"{AT} {kind}: argument",)
    return hostile(name, {"groups[0].constraints+": {"type": kind, "argument": argument}}, *found)


def _strategy(name: str, kind: str, argument: str, part: str = "argument") -> Hostile:
    path = f"groups[0].strategies[0] {kind}: {part}"
    return hostile(name, {"groups[0].strategies+": {"type": kind, "argument": argument}}, path)


def _whole(name: str, kind: str, argument: str, part: str = "argument") -> Hostile:
    return hostile(name, {"rules+": {"type": kind, "argument": argument}}, f"rules[0] {kind}: {part}")


def _expression(name: str, expression: str, column: int) -> Hostile:
    return _constraint(name, "memberOf", expression, f"{AT} memberOf: column {column}")


ENTRIES = [
    _constraint("a constraint without a type", "", "", f"{AT} : type"),
    _constraint("an unknown constraint", "memberOv", "", f"{AT} memberOv: type"),
    _constraint("a constraint of another case", "MEMBEROF", "attribute:zone exists", f"{AT} MEMBEROF: type"),
    _constraint("a strategy as a constraint", "spread", "instanceId", f"{AT} spread: type"),
    _constraint("a rule of the cluster as a constraint", "reserve", "cpu, 1", f"{AT} reserve: type"),
    _constraint("a constraint whose type has a megabyte", LONG, "", f"{AT} {LONG}: type"),
    _constraint("a constraint whose type has control characters", "\0\n", "", f"{AT} \0\n: type"),
    hostile("eleven constraints", {"groups[0].constraints+11": {"type": "distinctInstance"}}, "groups[0].constraints"),
    hostile("six strategies", {"groups[0].strategies+6": {"type": "random"}}, "groups[0].strategies"),
    hostile(
        "10,000 constraints", {"groups[0].constraints+10000": {"type": "distinctInstance"}}, "groups[0].constraints"
    ),
    _constraint("distinctInstance with an argument", "distinctInstance", "1"),
    _constraint("maxPerInstance without an argument", "maxPerInstance", ""),
    _constraint("maxPerInstance of 0", "maxPerInstance", "0"),
    _constraint("maxPerInstance of -1", "maxPerInstance", "-1"),
    _constraint("maxPerInstance of a fraction", "maxPerInstance", "1.5"),
    _constraint("maxPerInstance of not-a-number", "maxPerInstance", "NaN"),
    _constraint("maxPerInstance of 2^31 + 1", "maxPerInstance", str(2**31 + 1)),
    _constraint("maxPerInstance of 10,000 digits", "maxPerInstance", "9" * 10_000),
    _constraint("maxPerInstance of two numbers", "maxPerInstance", "1, 2"),
    _constraint("maxPerInstance of a hexadecimal number", "maxPerInstance", "0x10"),
    _constraint("maxPerInstance of another script's digits", "maxPerInstance", "٣"),
    _constraint("maxPerInstance of a number with an underscore", "maxPerInstance", "1_0"),
    _constraint("maxSkew without a number", "maxSkew", "attribute:zone"),
    _constraint("maxSkew without a field", "maxSkew", ", 1"),
    _constraint("maxSkew of 0", "maxSkew", "attribute:zone, 0"),
    _constraint("maxSkew of a field that is none", "maxSkew", "zone, 1"),
    _constraint("maxSkew of an attribute without a name", "maxSkew", "attribute:, 1"),
    _constraint("maxSkew of commas", "maxSkew", "," * 1_000),
    _constraint("affinity without anything", "affinity", ""),
    _constraint("affinity without a field", "affinity", "db"),
    _constraint("affinity to nobody", "affinity", "nobody, instanceId"),
    _constraint("affinity to a megabyte", "affinity", f"{LONG}, instanceId"),
    _constraint("affinity of weight 0", "affinity", "db, instanceId, 0"),
    _constraint("affinity of weight 10^6 + 1", "affinity", "db, instanceId, 1000001"),
    _constraint("affinity of weight not-a-number", "affinity", "db, instanceId, nan"),
    _constraint("antiAffinity to nobody", "antiAffinity", "nobody, instanceId"),
    _constraint("antiAffinity by a field that is none", "antiAffinity", "db, cpu"),
    _constraint("antiAffinity of four parts", "antiAffinity", "db, instanceId, 1, 2"),
    _strategy("an unknown strategy", "leastLoaded", "", "type"),
    _strategy("a strategy without a type", "", "", "type"),
    _strategy("a constraint as a strategy", "memberOf", "attribute:zone exists", "type"),
    _strategy("spread without a field", "spread", ""),
    _strategy("spread over a field that is none", "spread", "zone"),
    _strategy("spread over two fields", "spread", "instanceId, host"),
    _strategy("binpack of nothing", "binpack", ""),
    _strategy("binpack of a resource that is not there", "binpack", "gpu"),
    _strategy("binpack of a megabyte", "binpack", LONG),
    _strategy("random with an argument", "random", "7"),
    _strategy("leastFragmentation with an argument", "leastFragmentation", "cpu"),
    _strategy("leastFragmentation without devices", "leastFragmentation", "", "arrivals"),
    _whole("an unknown rule of the cluster", "reserved", "", "type"),
    _whole("a constraint as a rule of the cluster", "distinctInstance", "", "type"),
    _whole("reserve without anything", "reserve", ""),
    _whole("reserve without an amount", "reserve", "cpu"),
    _whole("reserve of a negative amount", "reserve", "cpu, -1"),
    _whole("reserve of 2^53 + 1", "reserve", f"cpu, {2**53 + 1}"),
    _whole("reserve of a resource that is not there", "reserve", "gpu, 1"),
    _whole("reserve with a broken expression", "reserve", "cpu, 1, attribute:zone ==", "column 18"),
    _whole("reserve by what a placement changes", "reserve", "cpu, 1, runningTasksCount > 1"),
    _whole("isolateRoles of nobody", "isolateRoles", ""),
    _whole("isolateRoles of one role", "isolateRoles", "r1"),
    _whole("isolateRoles of one role twice", "isolateRoles", "r1, r1"),
    _expression("an empty expression", "", 1),
    _expression("white space", " \t\n", 4),
    _expression("a zero byte", "\0", 1),
    _expression("an unknown subject", "zone == a", 1),
    _expression("a subject of another case", "Attribute:zone == a", 1),
    _expression("an attribute without a name here", "attribute: == a", 11),
    _expression("an attribute with a sign in its name", "attribute:z$ne == a", 12),
    _expression("an attribute in another script", "attribute:größe == a", 13),
    _expression("no operator", "attribute:zone", 15),
    _expression("an unknown operator", "attribute:zone ~~ a", 16),
    _expression("a single equals sign", "attribute:zone = a", 16),
    _expression("not before in", "attribute:zone not in [a]", 16),
    _expression("an operator that does not apply", "agentConnected < true", 16),
    _expression("no value", "attribute:zone ==", 18),
    _expression("a reserved word as a value", "attribute:zone == and", 19),
    _expression("a count that is no number", "runningTasksCount > many", 21),
    _expression("a moment that is none", "registeredAt > 2026-02-30", 16),
    _expression("a flag that is none", "agentConnected == yes", 19),
    _expression("a list in the place of a value", "attribute:zone == [a]", 19),
    _expression("a value in the place of a list", "attribute:zone in a", 19),
    _expression("an empty list", "attribute:zone in []", 20),
    _expression("a list that never ends", "attribute:zone in [a, b", 24),
    _expression("a list with two commas", "attribute:zone in [a,,b]", 22),
    _expression("a list of lists", "attribute:zone in [[a]]", 20),
    _expression("a parenthesis that is never closed", "(attribute:zone == a", 21),
    _expression("a parenthesis that was never opened", "attribute:zone == a)", 20),
    _expression("empty parentheses", "()", 2),
    _expression("a quote that is never closed", "attribute:zone == 'a", 19),
    _expression("a single ampersand", "attribute:zone == a & attribute:zone == b", 21),
    _expression("a word of another case between comparisons", "attribute:zone == a AND attribute:zone == b", 21),
    _expression("an expression that ends after and", "attribute:zone == a and", 24),
    _expression("an expression that begins with or", "or attribute:zone == a", 1),
    _expression("two comparisons without a word between", "attribute:zone == a attribute:zone == b", 21),
    _expression("a hundred and one parentheses", "(" * 101 + "attribute:zone == a" + ")" * 101, 101),
    _expression("a hundred and one negations", "not " * 101 + "attribute:zone == a", 401),
    _expression("2,001 characters", "a" * 2_001, 2_001),
    _expression("a megabyte of parentheses", "(" * 2**20, 2_001),
    _expression("no regular expression", "attribute:zone =~", 18),
    _expression("a look-ahead", "attribute:zone =~ a(?=b)", 20),
    _expression("a look-behind", "attribute:zone =~ (?<!a)b", 19),
    _expression("a back-reference", r"attribute:zone =~ (a)\1", 22),
    _expression("an atomic group", "attribute:zone =~ (?>a)", 19),
    _expression("a possessive quantifier", "attribute:zone =~ a++", 20),
    _expression("an intersection of classes", "attribute:zone =~ [a&&b]", 21),
    _expression("a class in a class", "attribute:zone =~ [[a]b]", 20),
    _expression("a part of a character", r"attribute:zone =~ a\C", 20),
    _expression("a class that is never closed", "attribute:zone =~ [a", 19),
    _expression("a group that is never closed", "attribute:zone =~ (a", 19),
    _expression("a group that was never opened", "attribute:zone =~ 'a)'", 21),
    _expression("nothing to repeat", "attribute:zone =~ *a", 19),
    _expression("a repetition of 1,001", "attribute:zone =~ a{1001}", 20),
    _expression("repetitions of repetitions", "attribute:zone =~ ((a{100}){100}){100}", 28),
    _expression("repetitions that take too much memory", r"attribute:zone =~ \pL{1000}", 19),
    _expression("a range from last to first", "attribute:zone =~ [z-a]", 20),
    _expression("a backslash at the end", "attribute:zone =~ 'a\\'", 21),
    _expression("an escape that is none", r"attribute:zone =~ \y", 19),
    answered(
        "a regular expression that others backtrack",
        {
            "groups[0].constraints+": {"type": "memberOf", "argument": "attribute:zone =~ '(a+)+$'"},
            "cluster.instances[0].attributes[zone]": "a" * 100_000 + "!",
        },
    ),
    answered(
        "every alternative of a regular expression",
        {
            "groups[0].constraints+": {"type": "memberOf", "argument": f"attribute:zone =~ ({'|'.join('ab' * 300)})*c"},
            "cluster.instances[0].attributes[zone]": "ab" * 50_000,
        },
    ),
    answered(
        "a value of 1,900 digits",
        {"groups[0].constraints+": {"type": "memberOf", "argument": f"runningTasksCount < {'9' * 1_900}"}},
    ),
    answered("three reserves of 2^53", {"rules+3": {"type": "reserve", "argument": f"cpu, {2**53}"}}),
]
