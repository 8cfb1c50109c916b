"""The chart's derived files: `python -m helm` writes values.schema.json and the table of values in its README.

Both follow from values.yaml, whose comments are the documentation, and from the program's own settings.
"""
