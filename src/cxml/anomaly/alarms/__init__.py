"""Alerts out of scores: at a budget, one for a run, with feedback and messengers."""
