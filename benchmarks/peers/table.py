"""The tables of `benchmarks.peers`."""

from __future__ import annotations

from typing import Any


def markdown(document: dict[str, Any]) -> str:
    lines = ["# Published systems, run from their own code", "", f"    {document['command']}", ""]
    named = ", ".join(f"{k} {v}" for k, v in document["versions"].items())
    lines += [f"{document['date']}, {document['machine']}, {named}.", ""]
    for name, found in document["sets"].items():
        seconds = found["settings"]["seconds"]
        lines += [
            f"## {name}",
            "",
            f"{seconds:.0f} CPU seconds for each training, seed {found['settings']['seed']}.",
            "",
        ]
        lines += [training(found["training"]), "", restored(found["restored"]), "", probes(found["probes"]), ""]
    return "\n".join(lines)


def training(facts: dict[str, dict[str, Any]]) -> str:
    lines = [
        "| | parameters | steps | best step | shots a CPU second | peak memory |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name, f in facts.items():
        lines.append(
            f"| {name} | {f['parameters']:,} | {f['steps']:,} | {f['best_step']:,} | {f['shots_per_cpu_s']:,.0f} "
            f"| {f['peak_mb']:,} MB |"
        )
    return "\n".join(lines)


def restored(found: dict[str, Any]) -> str:
    """Centred cosine on test titles, and the lead of the last system over each other one."""
    protocols = list(found)
    systems = list(found[protocols[0]] | found[protocols[-1]])
    lines = [
        f"| centred cosine: lead of `{systems[-1]}` | {' | '.join(protocols)} |",
        f"|{' --- |' * (1 + len(protocols))}",
    ]
    for name in dict.fromkeys(n for p in protocols for n in found[p]):
        cells = [_cell(found[p].get(name), "centred_cosine") for p in protocols]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def probes(found: dict[str, Any]) -> str:
    labels = {label: {"systems": entry["systems"], "measure": entry["measure"]} for label, entry in found.items()}
    if not labels:
        return ""
    heads = [f"{label.replace('_', ' ')}, {e['measure'].replace('_', ' ')}" for label, e in labels.items()]
    systems = list(next(iter(labels.values()))["systems"])
    lines = [
        f"| frozen linear probe: lead of `{systems[-1]}` | {' | '.join(heads)} |",
        f"|{' --- |' * (1 + len(heads))}",
    ]
    for name in systems:
        lines.append(f"| {name} | {' | '.join(_cell(e['systems'][name], 'value') for e in labels.values())} |")
    return "\n".join(lines)


def _cell(entry: dict[str, Any] | None, key: str) -> str:
    if entry is None:
        return "–"
    lead = entry.get("lead")
    told = "" if lead is None else f" ({lead['mean']:+.3f}; {lead['low']:+.3f} to {lead['high']:+.3f})"
    return f"{entry[key]:.3f}{told}"
