"""LimeSurvey: one survey model, read from and written to its XML (.lss) and its tab-separated form (.txt)."""
