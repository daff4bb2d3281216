"""From a folder of recordings to a table of calls. Run it cell by cell, or as `python docs/examples/bulk.py`.

It expects a server, its key, a folder of recordings and a directory for what comes out:

    python docs/examples/bulk.py http://127.0.0.1:8080 cs_… recordings/ out/
"""

# %% A client. It sends again whatever fails for nobody's fault.
from __future__ import annotations

import csv
import sys
from pathlib import Path

from client import Access, Client, NewItem, SubmitOptions

url, key, folder, out = sys.argv[1:]
recordings = sorted(Path(folder).rglob("*.wav"))
out_dir = Path(out)
out_dir.mkdir(parents=True, exist_ok=True)
callscribe = Client(Access(url, key))

# %% A batch that stays open while the recordings go into storage, past the API.
defaults = SubmitOptions(roles={"0": "agent", "1": "customer"})
batch = callscribe.batches.create(name="March", defaults=defaults, is_open=True)
for recording in recordings:
    upload_id = callscribe.uploads.put(recording)
    item = NewItem(custom_id=recording.name, upload_id=upload_id)
    callscribe.batches.add(batch.id, [item])
callscribe.batches.close(batch.id)

# %% Until every call is over.
for standing in callscribe.batches.follow(batch.id):
    counts = standing.request_counts
    print(f"{counts.over} of {counts.total}, {standing.rtfx or 0:.0f} × real time")

# %% One row a call: who spoke how long, how far it can be trusted, and what was said.
with (out_dir / "calls.csv").open("w", newline="", encoding="utf-8-sig") as file:
    table = csv.writer(file)
    table.writerow(["call", "seconds", "language", "trust", "text"])
    for result in callscribe.batches.results(batch.id):
        said = result.transcript
        trust = None if said.quality is None else said.quality.trust
        table.writerow([result.custom_id, said.duration_ms / 1000, said.language, trust, said.text])

# %% What did not work, and what to listen to first.
for failed in callscribe.batches.errors(batch.id):
    print(f"{failed.called}: {failed.error.message if failed.error else failed.status}")
for call in callscribe.batches.review(batch.id, limit=3):
    print(f"listen to {call.custom_id}: trust {call.trust}")

callscribe.close()
