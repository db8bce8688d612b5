"""The names of the columns that churn answers with."""

PROBABILITY = "churn_probability"
REASONS = "reasons"
SENTENCE = "reasons_text"
PROFIT = "expected_profit"
MONTH = "expected_month"
SURVIVAL = "survival_month_{}"
