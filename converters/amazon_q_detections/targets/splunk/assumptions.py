"""What our queries rest on beyond Splunk's documents: a sentence, and a search that confirms it on a real Splunk."""

from __future__ import annotations

ASSUMPTIONS: dict[str, tuple[str, str]] = {
    "no_array": (
        "A field that the service's model does not have, or of a service that the rule does not name, goes through an array "
        "where its name has `{}`, and nowhere else.",
        '| search sourcetype="aws:cloudtrail" | fieldsummary | search field="*{}*" | table field',
    ),
    "no_such_error": (
        "AWS has no error called success or failure, which the add-on writes where a record has no errorCode, and leaves it "
        "out then, never null.",
        '| search sourcetype="aws:cloudtrail" errorCode IN ("success", "failure", "null") '
        '| where isnotnull(json_extract(_raw, "errorCode")) OR errorCode="null" | stats count | where count=0',
    ),
    "empty_text": (
        "An empty text is a value: isnotnull is true of it, mvappend and mvexpand keep it, and commands group by it.",
        '| makeresults | eval q="" | where isnotnull(q) | eval q=mvappend(q) | mvexpand q | stats count by q',
    ),
    "unicode": (
        "Regular expressions see characters, not bytes: a dot is one of them, and `(?i)` folds letters beyond ASCII, as does "
        "lower().",
        '| makeresults | eval q="Ä" | where isnotnull(mvfind(mvappend(q), "(?i)\\\\Aä\\\\z")) AND '
        'isnotnull(mvfind(mvappend(q), "\\\\A.\\\\z")) AND lower(q)="ä"',
    ),
    "match_limit": (
        "No value takes a regular expression more than 100,000 steps, or 1,000 inside one another, after which Splunk gives up "
        "on it (limits.conf, [rex]).",
        "| rest /services/configs/conf-limits/rex | fields match_limit, depth_limit",
    ),
    "plain_numbers": (
        "Records spell numbers without an exponent.",
        '| search sourcetype="aws:cloudtrail" | regex _raw="\\"[:]\\s*-?[0-9.]+[eE][-+]?[0-9]" | stats count | where count=0',
    ),
    "cidr_v6": (
        "cidrmatch knows networks of IPv6, and is not true of what is no address: a name, an address with a zone.",
        '| makeresults | eval q=mvappend("2001:db8::1", "q.amazonaws.com", "10.0.0.1", "2001:db8::1%eth0") | mvexpand q '
        '| where cidrmatch("2001:db8::/32", q) | stats count | where count=1',
    ),
    "json_extract_missing": (
        "json_extract gives null for a key that the record does not have.",
        '| makeresults | eval q=json_extract("{}", "a.b") | where isnull(q)',
    ),
    "json_extract_object": (
        "json_extract gives the JSON text of an object, as it does for an array; that of `{}` is not null.",
        '| makeresults | eval q=json_extract("{\\"a\\":{\\"b\\":{}}}", "a.b") | where isnotnull(q)',
    ),
    "json_extract_list": (
        "json_extract gives the values at a path with `{}` as an array, also if it is only one, and null if there is none.",
        '| makeresults | eval q=json_extract("{\\"a\\":[{\\"b\\":[]}]}", "a{}.b"), none=json_extract("{\\"a\\":[]}", "a{}.b") '
        '| where q="[[]]" AND isnull(none)',
    ),
    "json_array_objects": (
        "json_array_to_mv gives each object of an array as its JSON text.",
        '| makeresults | eval q=json_array_to_mv("[{\\"a\\":1},{\\"a\\":2}]") | mvexpand q | where json_extract(q, "a")=2',
    ),
    "by_case": (
        "stats and streamstats keep groups apart that differ in case only.",
        '| makeresults count=2 | streamstats count as n | eval g=if(n=1,"a","A") | stats count by g | stats count '
        "| where count=2",
    ),
    "streamstats_window_0": (
        "streamstats with window=0 reads all rows before, also beyond 10,000 (limits.conf says so, the Search Reference not).",
        "| makeresults count=20001 | streamstats window=0 count as n | where n=20001",
    ),
    "whole_amounts": (
        "The summed field holds whole numbers of up to 15 digits, none below 0.",
        '| search sourcetype="aws:cloudtrail" additionalEventData.bytesTransferredOut=* '
        '| regex additionalEventData.bytesTransferredOut!="^(0|[1-9][0-9]{0,14})$" | stats count | where count=0',
    ),
    "index_time_half_open": (
        "A range of index time includes its start and excludes its end, as a range of event time does.",
        "| tstats count where index=* _index_earliest=-1h@m _index_latest=@m by _indextime "
        '| where _indextime>=relative_time(now(), "@m") | stats count | where count=0',
    ),
}
