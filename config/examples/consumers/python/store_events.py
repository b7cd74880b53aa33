#!/usr/bin/env python3
"""Stores the events of Sightline in an SQLite file, each once, as one consumer of a group.

    apt-get install python3-redis
    ./store_events.py events.db --url redis://127.0.0.1:6379 --consumer store-1

Start as many as you like, each with a name that is its own and the same after a restart: they share the events, and take over
what one that died had begun. It ends when Redis goes away; let systemd or Docker start it again. It needs no code of Sightline:
all that it relies on stands in models/contract/README.md. (A Redis Cluster wants one stream a command.)
"""
import argparse
import json
import sqlite3
import time

import redis

parser = argparse.ArgumentParser(description="Stores the events of Sightline in an SQLite file.")
parser.add_argument("file")
parser.add_argument("--url", default="redis://127.0.0.1:6379")
parser.add_argument("--namespace", default="sightline")
parser.add_argument("--group", default="store")
parser.add_argument("--consumer", default="store-1")
parser.add_argument("--claim-after-ms", type=int, default=30_000, help="a consumer that is idle for so long is dead")
parser.add_argument("--once", action="store_true", help="end when nothing is left to read")
args = parser.parse_args()

log = redis.Redis.from_url(args.url, decode_responses=True)
streams = []

store = sqlite3.connect(args.file, timeout=60)
store.execute("CREATE TABLE IF NOT EXISTS events (id TEXT PRIMARY KEY, type TEXT, camera TEXT, time TEXT, data TEXT)")


def find_streams():
    """Begins to read shards that are new: a log can get more, and tells how many there are only once somebody writes to it."""
    shards = int(log.hget(f"{args.namespace}:events", "shards") or 1)
    for shard in range(len(streams), shards):
        stream = f"{args.namespace}:events:{shard}"
        try:
            log.xgroup_create(stream, args.group, id="0", mkstream=True)
        except redis.ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise
        streams.append(stream)


def handle(stream, entries):
    """Stores entries, and acknowledges them once they are on disk: who dies in between is given them again."""
    rows = []
    for _, fields in entries:
        if fields:  # Else the entry was trimmed while it was pending.
            event = json.loads(fields["data"])
            rows.append((event["id"], event["type"], event["subject"], event["time"], json.dumps(event["data"])))
    with store:  # `id` tells repetitions; what it does and what remembers it are one step.
        store.executemany("INSERT OR IGNORE INTO events VALUES (?, ?, ?, ?, ?)", rows)
    ids = [entry for entry, _ in entries if entry]
    if ids:
        log.xack(stream, args.group, *ids)


def read(after, block=None):
    """Handles up to 100 entries of each stream: own pending ones (after "0") or new ones (">"). Returns whether there were any."""
    answers = log.xreadgroup(args.group, args.consumer, dict.fromkeys(streams, after), count=100, block=block)
    for stream, entries in answers:
        handle(stream, entries)
    return any(entries for _, entries in answers)


def claim(stream):
    """Takes over what consumers that died were given."""
    start = "0-0"
    while True:
        start, entries, *_ = log.xautoclaim(stream, args.group, args.consumer, args.claim_after_ms, start, count=100)
        handle(stream, entries)
        if start == "0-0":
            return


find_streams()
while read("0"):
    pass
claim_at = 0.0
while True:
    if time.monotonic() >= claim_at:
        find_streams()
        for stream in streams:
            claim(stream)
        claim_at = time.monotonic() + args.claim_after_ms / 2000
    if not read(">", block=1000) and args.once:
        break
