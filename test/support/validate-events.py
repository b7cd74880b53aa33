"""What python3-jsonschema has against events (JSON Lines on standard input): a line of JSON each, null for nothing.

The argument is the folder with the schemas: each event is held against that of all events and that of its own type.
"""
import json
import pathlib
import sys

from jsonschema import Draft202012Validator, FormatChecker

validators = {}
for path in pathlib.Path(sys.argv[1]).glob("*.schema.json"):
    schema = json.loads(path.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    name = path.name[: -len(".schema.json")]
    validators[name] = Draft202012Validator(schema, format_checker=FormatChecker())

for line in sys.stdin.buffer:
    event = json.loads(line)
    own = [validators[event["type"]]] if event["type"] in validators else []
    faults = [error for one in [validators["event"], *own] for error in one.iter_errors(event)]
    print(json.dumps(faults[0].message if faults else None))
