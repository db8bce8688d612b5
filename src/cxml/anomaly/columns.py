"""The names of what comes out of anomaly detection."""

EXPECTED = "expected"
LOWER = "lower"
UPPER = "upper"
SCORE = "score"
IS_ANOMALY = "is_anomaly"
ALERT = "alert"
KIND = "kind"
SEVERITY = "severity"

#: Kinds of trouble, by their number in `cxml.anomaly.rows.Scored.kind`. The first means that nothing is amiss.
KINDS = ("", "spike", "dip", "level_shift", "drift", "variance", "frozen", "missing", "unusual")
