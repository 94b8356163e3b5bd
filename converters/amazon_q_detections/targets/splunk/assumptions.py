"""What our queries rest on beyond Splunk's documents: a sentence, and a search that confirms it on a real Splunk."""

from __future__ import annotations

ASSUMPTIONS: dict[str, tuple[str, str]] = {
    "no_array": (
        "A field of other services, or outside the models of Amazon Q's, goes through an array where its name has `{}`, and "
        "nowhere else.",
        '| search sourcetype="aws:cloudtrail" | fieldsummary | search field="*{}*" | table field',
    ),
    "json_extract_missing": (
        "json_extract gives null for a key that the record does not have.",
        '| makeresults | eval q=json_extract("{}", "a.b") | where isnull(q)',
    ),
    "json_extract_object": (
        "json_extract gives the JSON text of an object, as it does for an array; that of `{}` is not null.",
        '| makeresults | eval q=json_extract("{\\"a\\":{\\"b\\":{}}}", "a.b") | where isnotnull(q)',
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
    "index_time_half_open": (
        "A range of index time includes its start and excludes its end, as a range of event time does.",
        "| tstats count where index=* by _indextime, with the two ends of a busy second",
    ),
}
