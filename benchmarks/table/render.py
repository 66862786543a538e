"""The table as text for a terminal, and the page docs/speed.md."""
import pathlib

from table.verdict import verdict

COLUMNS = ["#", "what", "peer", "signet us", "GMAC/s", "peer us", "GMAC/s",
           "figure", "quartiles", "must", "aim", "verdict", "levels"]
RIGHT = {3, 4, 5, 6, 7, 9, 10}


def number(value):
    if value is None:
        return ""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:.{digits}f}"


def figure_text(case, value):
    if value is None:
        return ""
    if case.figure == "share":
        return f"{100 * value:.0f} %"
    unit = {"us": " us", "passes": " passes"}.get(case.figure, "x")
    return number(value) + unit


def task_text(case):
    """"int8 linear 1 1024 1024" -> "1x1024x1024"."""
    kind, *sizes = case.task.split()[1:]
    if kind == "linear":
        return "x".join(sizes)
    if kind == "conv":
        return f"conv {sizes[1]}->{sizes[2]}@{sizes[0]}"
    if not sizes or kind in ("mlp-uniform", "mlp-logistic"):
        return kind
    return f"{kind}, batch {sizes[0]}"


def cells(row, result):
    case = result.case
    ours, theirs = result.signet or {}, result.peer or {}
    spread = [figure_text(case, value) for value in result.quartiles or ()]
    return [row.number, ", ".join(filter(None, [task_text(case), row.note])),
            case.peer,
            number(ours.get("microseconds")), number(ours.get("gmacs")),
            number(theirs.get("microseconds")), number(theirs.get("gmacs")),
            figure_text(case, result.figure), " .. ".join(spread),
            figure_text(case, case.must), figure_text(case, case.aim),
            verdict(case, result.figure),
            result.missing or f"{ours['level']} / {theirs['level']}"]


def text(results):
    """Aligned columns. `results` are pairs of a row and a result."""
    lines = [COLUMNS] + [cells(*each) for each in results]
    widths = [max(len(line[i]) for line in lines) for i in range(len(COLUMNS))]
    return "\n".join("  ".join(
        cell.rjust(width) if i in RIGHT else cell.ljust(width)
        for i, (cell, width) in enumerate(zip(line, widths))).rstrip()
        for line in lines)


def markdown_table(results):
    rule = [" ---: " if i in RIGHT else " --- " for i in range(len(COLUMNS))]
    lines = [COLUMNS] + [cells(*each) for each in results]
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |"
             for line in lines]
    return "\n".join([lines[0], "|" + "|".join(rule) + "|", *lines[1:]])


def summary(results):
    verdicts = [verdict(result.case, result.figure) for _, result in results]
    count = verdicts.count
    return (f"{len(verdicts)} figures: {count('aim')} reach their aim, "
            f"{count('must')} only what they must, {count('FAIL')} fail, "
            f"{count('missing')} are missing, {count('-')} have no goal.")


def behind(results):
    """What is slower than its peer or misses a goal, as a list."""
    lines = []
    for row, result in results:
        case, figure = result.case, result.figure
        judged = verdict(case, figure)
        slower = case.figure == "times" and figure is not None and figure < 1
        if not slower and judged not in ("FAIL", "missing"):
            continue
        what = cells(row, result)[1]
        got = result.missing or figure_text(case, figure)
        goal = f"; must {figure_text(case, case.must)}" if case.must else ""
        lines.append(f"* {row.number}, {what}, {case.peer}: {got}{goal}")
    return "\n".join(lines) or "Nowhere in this table."


def page(results, facts, commands):
    template = pathlib.Path(__file__).with_name("page.md").read_text()
    return template.format(
        machine="\n".join(f"* {name}: {fact}" for name, fact in facts.items()),
        table=markdown_table(results), summary=summary(results),
        behind=behind(results),
        commands="\n".join(f"    {command}" for command in commands))
