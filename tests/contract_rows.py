"""docs/semantics.md, "Single events", as rows: values of the field `a.b` on which a test holds, and on which it does not."""

from __future__ import annotations

from typing import Any

ABSENT = object()


def event(value: Any) -> dict[str, Any]:
    """A record whose field `a.b` has this value, or none."""
    return {"eventName": "X", "a": {} if value is ABSENT else {"b": value}}


# (modifiers, value of the rule, values on which it holds, values on which it does not)
ROWS: dict[str, tuple[str, Any, list[Any], list[Any]]] = {
    "text equals case folded": ("", "AbC", ["abc", "ABC", ["x", "abc"]], ["abcd", "", None, ABSENT, {}, {"abc": 1}, [{"b": "abc"}]]),
    "text folds beyond ASCII": ("", "ÄÖé", ["äöÉ"], ["aoe"]),
    "text with regex signs is text": ("", "a.b+[c]", ["A.B+[C]"], ["axb+[c]", "aab"]),
    "quoted number is its text form": ("", "7", [7, "7"], ["7.0", 70, "07", True]),
    "number by value": ("", 7, [7, 7.0, "7", "7.0", "7.00", [1, 7]], ["07", "7.", " 7", "1e1", True, "seven", 8, None, ABSENT]),
    "fraction by value": ("", 1.5, [1.5, "1.5", "1.50"], ["15", "1,5"]),
    "zero has a sign or none": ("", 0, [0, "0", "-0", "0.0"], ["", "00", False]),
    "true and 'true'": ("", True, [True, "true", "TRUE"], [False, 1, "1", "yes", None, ABSENT]),
    "'false' and false": ("", "False", [False, "false"], [True, 0, "", None, ABSENT]),
    "star": ("", "a*z", ["az", "A--Z", "a\nz"], ["azb", "ba z", None]),
    "question mark": ("", "a?z", ["abz", "A\nZ", "a€z"], ["az", "abbz"]),
    "at least one character": ("", "?*", ["x", 7, True, ["", "x"]], ["", [], [""], None, ABSENT, {}]),
    "star alone is any scalar": ("", "*", ["", "x", 0, False], [None, ABSENT, {}, [], [None]]),
    "regex signs between wildcards": ("", "a.(b*c)+?", ["A.(B--C)+x"], ["ax(b--c)+x", "a.b--cx", "a.(b--c)+"]),
    "escaped wildcards": ("", r"\*\?", ["*?"], ["ab", "\\*\\?"]),
    "backslash before a star": ("", r"c:\\*", ["C:\\x", "c:\\"], ["c:x"]),
    "single backslash": ("", r"a\b", ["A\\B"], ["ab"]),
    "contains": ("|contains", "b*d", ["abcde", "BD"], ["b", "d-b"]),
    "startswith": ("|startswith", "ab", ["ABc", "ab"], ["cab"]),
    "endswith": ("|endswith", "yz", ["xYZ"], ["yzx"]),
    "contains all": ("|contains|all", ["ab", "cd"], ["xxcdab"], ["ab", "cd", ["ab1", "x"]]),
    "cased": ("|cased", "AbC", ["AbC"], ["abc", "ABC"]),
    "cased contains": ("|contains|cased", "bC", ["AbC"], ["Abc"]),
    "list is one of": ("", ["a", "b*", 7, None], ["A", "bcd", "7", None, ABSENT], ["c", "", {}]),
    "re anywhere": ("|re", "b.d", ["abcde", "b d"], ["B D", "b\nd", "bd"]),
    "re with anchors": ("|re", "^ab$", ["ab"], ["xab", "abx", "ab\n", "AB"]),
    "re ignoring case": ("|re|i", "^Ünd", ["üND x"], ["xünd"]),
    "re over lines": ("|re|m", "^b$", ["a\nb\nc"], ["abc"]),
    "re dot over lines": ("|re|s", "a.c", ["a\nc"], ["ac"]),
    "re sees text forms": ("|re", "^(true|7)$", [True, 7, "7"], [False, 71, None]),
    "re digits are ASCII": ("|re", r"^\d\w\s$", ["1a "], ["١a ", "1é "]),
    "wildcards see text forms": ("", "t*e", [True, "tree"], [False]),
    "cidr v4": ("|cidr", "10.0.0.0/8", ["10.1.2.3"], ["11.0.0.1", "q.amazonaws.com", "", "10.1.2", 167772161, None, ABSENT]),
    "cidr v6": ("|cidr", "2001:db8::/32", ["2001:db8::1", "2001:0DB8:0::1"], ["2001:db9::1", "10.0.0.1", "::ffff:10.0.0.1"]),
    "gt": ("|gt", 7, [8, "8", 7.5, [1, 8]], [7, "7", "x", "", True, None, ABSENT, "08"]),
    "gte": ("|gte", 7, [7, "7.0"], [6.9, "a7"]),
    "lt": ("|lt", 0, [-1, "-0.5"], [0, "-", False, None]),
    "lte": ("|lte", 0, [0, "-0"], [1]),
    "exists": ("|exists", True, ["", 0, False, {}, [], [None], [{}], {"c": None}], [None, ABSENT]),
    "exists not": ("|exists", False, [None, ABSENT], ["", 0, False, {}, []]),
    "null": ("", None, [None, ABSENT], ["", {}, [], "null"]),
    "empty string": ("", "", ["", ["x", ""]], [" ", None, ABSENT, {}, []]),
    "empty string, cased": ("|cased", "", ["", ["x", ""]], [" ", "x", None, ABSENT, {}, []]),
    "neq": ("|neq", "a", ["b", None, ABSENT, {}, ["b", "c"]], ["A", ["b", "a"]]),
    "base64": ("|base64", "foo", ["Zm9v"], ["foo"]),
    "wide": ("|wide|base64offset|contains", "foo", ["xxZgBvAG8A"], ["foo"]),
    "arrays in arrays": ("", "x", [[["x"]], [[], ["y", ["x"]]]], [[["y"]], [[{"b": "x"}]]]),
}  # fmt: skip

# Outside the contract, row by row: texts that platforms read as numbers, and IPv4 addresses mapped into IPv6.
_ODD_NUMBERS = ["08", "07", "00", "7.", " 7", "1e1"]
OUTSIDE: dict[str, list[Any]] = {
    "gt": _ODD_NUMBERS,
    "gte": _ODD_NUMBERS,
    "lt": _ODD_NUMBERS,
    "lte": _ODD_NUMBERS,
    "cidr v4": ["::ffff:10.0.0.1"],
}
