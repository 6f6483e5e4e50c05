"""The published JSON Schema of a bench record, `run.schema.json`, and what makes it of the record's classes."""
