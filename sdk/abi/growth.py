"""What may follow a released version of the interface: rules R1 and R2 of abi.h, for surfaces (surface.py).

Everything that a release contained is still there and the same; structs that say their size grow at their end, and never into room that an older
size counts already; a function may be allowed in more hooks. A draft (all ids of its header end in /draftN) may become anything, under another N; what
is settled does not speak of its types, and its hooks are no part of what a settled function is allowed in.
"""
# SPDX-License-Identifier: MIT
import re


def by_key(surface):
    return {(entry.kind, entry.key): entry for entry in surface}


def size(struct):
    return int(struct.fact.split(" ")[0])


def alignment(struct):
    return int(re.search(r"aligned to (\d+)", struct.fact)[1])


def offset(member):
    return int(re.match(r"at (\d+),", member.fact)[1])


def bytes_of(member):
    return int(re.search(r", (\d+) bytes,", member.fact)[1])


def struct_of(member):
    return member.key.split(".")[0]


def ids(surface, header):
    return {entry.key: entry.fact for entry in surface
            if entry.kind == "macro" and entry.header == header and re.fullmatch(r"HYALITE_\w*ID", entry.key) and "/" in entry.fact}


def is_draft(surface, header):
    names = ids(surface, header).values()
    return bool(names) and all(re.search(r'/draft\d+"$', name) for name in names)


def drafts(surface):
    """The headers that are drafts."""
    return {header for header in {entry.header for entry in surface} if is_draft(surface, header)}


def settled(surface):
    """What is promised."""
    unsettled = drafts(surface)
    return [entry for entry in surface if entry.header not in unsettled]


def draft_hooks(surface):
    unsettled = drafts(surface)
    return {entry.key.split(".")[1] for entry in surface
            if entry.kind == "member" and entry.header in unsettled and re.fullmatch(r"hyalite_\w+_hooks", struct_of(entry))}


def wider(old, new, unsettled):
    """The same tags, in at least the same hooks, but for those of drafts."""
    hooks = r"\[hook: ([^\]]*)\]"
    before, after = re.search(hooks, old), re.search(hooks, new)
    if not before or not after or re.sub(hooks, "", old) != re.sub(hooks, "", new):
        return False
    return set(before[1].split(", ")) - unsettled <= set(after[1].split(", "))


def follows(old, new, unsettled=frozenset()):
    """Is this entry what may have become of that one?"""
    if old.kind == "struct":
        return old.fact.split(", ")[1] == new.fact.split(", ")[1] and alignment(old) == alignment(new) and (
            size(new) == size(old) or ("may grow" in old.fact and size(new) > size(old)))
    if old.kind == "tags":
        return old.fact == new.fact or wider(old.fact, new.fact, unsettled)
    return old.fact == new.fact


def broken(old, new):
    """(header, sentence) of everything that a release of `new` would break for what was built for `old`."""
    before, after = by_key(old), by_key(new)
    unsettled = draft_hooks(old)
    for key, entry in before.items():
        if key not in after:
            yield entry.header, f"{entry.kind} {entry.key} is gone (was: {entry.fact})"
        elif not follows(entry, after[key], unsettled):
            yield entry.header, f"{entry.kind} {entry.key} is another one: {after[key].fact} (was: {entry.fact})"
    for key, entry in after.items():
        owner = before.get(("struct", struct_of(entry))) if entry.kind == "member" else None
        if key in before or owner is None:
            continue
        if "may grow" not in owner.fact:
            yield entry.header, f"member {entry.key} is new, but {owner.key} does not say its size"
        elif offset(entry) < size(owner):
            yield entry.header, f"member {entry.key} lies where {owner.key} reached before: an older one would seem to have it"


def complaints(old, new):
    found = list(broken(old, new))
    for header in sorted({header for header, _ in found}):
        if not is_draft(old, header):
            yield from (f"{header}: {sentence}" for at, sentence in found if at == header)
            continue
        now = {name: text for at in {entry.header for entry in new} for name, text in ids(new, at).items()}
        for name, text in ids(old, header).items():
            if now.get(name) == text:
                first = next(sentence for at, sentence in found if at == header and name not in sentence)
                yield f"{header}: a draft that changed needs another id than {text[3:]} ({first})"


def untidy(surface):
    """Holes: bytes that belong to no member hold anything, and a later member must not come to lie in them. And promises about drafts."""
    ends = {}
    for entry in surface:
        if entry.kind == "member":
            if offset(entry) != ends.get(struct_of(entry), 0):
                yield f"{entry.header}: a hole before {entry.key}: name it `reserved`"
            ends[struct_of(entry)] = offset(entry) + bytes_of(entry)
    for entry in surface:
        if entry.kind == "struct" and entry.key in ends and ends[entry.key] != size(entry):
            yield f"{entry.header}: a hole at the end of {entry.key}: name it `reserved`"
    unsettled = drafts(surface)
    names = {entry.key for entry in surface if entry.header in unsettled and entry.kind in ("struct", "type")}
    for entry in settled(surface):
        for name in sorted(names & set(re.findall(r"\w+", entry.fact))):
            yield f"{entry.header}: {entry.key} is settled, and speaks of {name}, which is a draft's"


def additions(old, new):
    """The names that are new, as the log names them."""
    before = by_key(old)
    return sorted({entry.key for key, entry in by_key(new).items() if key not in before and entry.kind not in ("tags",)})
