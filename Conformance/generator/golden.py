"""Golden vectors: what manifest.json lists does not change, but by an erratum."""
GUARDED = ("sha256", "expectation", "error", "files", "tensors")


def changes(before, after):
    """Where the manifest `after` takes back what `before` lists: name and what is otherwise. A source's name is `sources/` and its id.
    New entries, and other fields such as `about`, are no change."""
    found = {}
    for kind, prefix in (("vectors", ""), ("sources", "sources/")):
        now = {entry["id"]: entry for entry in after[kind]}
        for entry in before.get(kind, []):
            name, other = prefix + entry["id"], now.get(entry["id"])
            differing = [what for what in GUARDED if other and entry.get(what) != other.get(what)]
            if other is None:
                found[name] = "would vanish"
            elif differing:
                found[name] = "would change: " + ", ".join(differing)
    return found


def unexplained(changed, errata):
    """What stops the generator: changes that no erratum names, and errata that change nothing. `errata`: names, or `all`."""
    if "all" in errata:
        return []
    return [f"{name} {what}" for name, what in changed.items() if name not in errata] + \
        [f"--erratum {name}: it does not change" for name in errata if name not in changed]
