"""The names of the columns that churn answers with."""

PROBABILITY = "churn_probability"
PROFIT = "expected_profit"
MONTH = "expected_month"
SURVIVAL = "survival_month_{}"
