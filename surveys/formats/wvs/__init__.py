"""The World Values Survey, wave 7: the user's own file read as WorldValuesBench reads it.

The survey's rows may not be passed on, so nothing of them lives here; what does are the facts that the benchmark is
made of (ids, ranges, recodes) and the code that finds them in the file.
"""
