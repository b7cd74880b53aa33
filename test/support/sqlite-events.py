"""Looks into the file of the Python example: `rows FILE` prints its ids as JSON; `lock FILE` keeps it locked until input ends."""
import json
import sqlite3
import sys

what, file = sys.argv[1:]
store = sqlite3.connect(file, isolation_level=None)
if what == "rows":
    rows = store.execute("SELECT id, type, camera, time, data FROM events ORDER BY rowid").fetchall()
    print(json.dumps([[*row[:-1], json.loads(row[-1])] for row in rows]))
else:
    store.execute("CREATE TABLE events (id TEXT PRIMARY KEY, type TEXT, camera TEXT, time TEXT, data TEXT)")
    store.execute("BEGIN IMMEDIATE")
    print("locked", flush=True)
    sys.stdin.read()
