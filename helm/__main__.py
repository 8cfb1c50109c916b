"""`python -m helm`: write the chart's files that follow from its values."""

from helm.chart import RENDERED

if __name__ == "__main__":
    for path, render in RENDERED.items():
        path.write_text(render(), encoding="utf-8")
