"""A strict interpreter of SPL, as far as Splunk's manuals document it: what it does not know is an error.

It follows the Search Reference for the commands and functions that our searches are made of and a few around them, and the
Add-on for AWS for the fields of an event. What the documents leave open it reads in several ways (`Reading`): a search must
mean the same in all of them but those that an assumption of it excludes. It is no Splunk; it shows that the searches mean what
we take them to mean.
"""

from amazon_q_detections.targets.splunk.spl.events import row
from amazon_q_detections.targets.splunk.spl.reading import READINGS, Reading
from amazon_q_detections.targets.splunk.spl.search import Search, run
from amazon_q_detections.targets.splunk.spl.value import Row, SplError, Value

__all__ = ["READINGS", "Reading", "Row", "Search", "SplError", "Value", "row", "run"]
