#!/usr/bin/python3
"""schema.py SCHEMA FILE...: each file is JSON that the schema allows, and the
schema is one itself. Says where it is not; exit 77 without python3-jsonschema."""
import json
import sys

try:
    import jsonschema
except ImportError:
    print("SKIP: python3-jsonschema is not installed")
    sys.exit(77)

with open(sys.argv[1]) as file:
    schema = json.load(file)
validator = jsonschema.validators.validator_for(schema)
validator.check_schema(schema)
failed = False
for name in sys.argv[2:]:
    with open(name) as file:
        document = json.load(file)
    for error in validator(schema).iter_errors(document):
        failed = True
        print(f"{name}: {'/'.join(map(str, error.absolute_path))}: {error.message[:300]}")
sys.exit(failed)
