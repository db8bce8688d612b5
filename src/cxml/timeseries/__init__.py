"""Calendars and seasonal profiles: what volume forecasting and anomaly detection share. Imports numpy only."""
