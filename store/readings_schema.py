"""The readings file's tables and statements: plain SQL, but for the pragmas and for lists of rows passed as JSON."""

VERSION = 1  # of the file; a newer one is refused, an older one will be brought up here

METER_SPAN = 1 << 42  # [ms] 139 years: a reading's key is its meter's number times this, plus its time

# `meter_at` alone is the key: clusters a meter's readings in order of time at 20 bytes each (two columns take 22.5).
# `journal.position` is never given twice, even after a trim.
SCHEMA = """
BEGIN;
CREATE TABLE IF NOT EXISTS meters (no INTEGER PRIMARY KEY, meter_id TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS readings (meter_at INTEGER PRIMARY KEY, register_ml INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS journal (position INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS device_events (
    device_id TEXT NOT NULL, at INTEGER NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (device_id, at, kind)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS band_scans (
    at INTEGER NOT NULL, band_no INTEGER NOT NULL, source TEXT NOT NULL, stage TEXT NOT NULL,
    PRIMARY KEY (at, band_no, source, stage)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS kept (
    kept_id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, received_at INTEGER NOT NULL, topic TEXT NOT NULL,
    payload BLOB NOT NULL, reason TEXT NOT NULL, device_id TEXT
);
CREATE TABLE IF NOT EXISTS erased (device_id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS learned (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS kept_by_kind ON kept (kind, kept_id);
CREATE INDEX IF NOT EXISTS kept_by_device ON kept (device_id, kept_id);
COMMIT;
"""

# Rows go in and out as one JSON text a statement (PostgreSQL: unnest and array_agg).
EXISTING = (
    "SELECT json_group_array(meter_at), json_group_array(register_ml) FROM readings"
    " WHERE meter_at IN (SELECT value FROM json_each(?))"
)
UPSERT_READINGS = (
    "INSERT INTO readings(meter_at, register_ml) SELECT value ->> 0, value ->> 1 FROM json_each(?) WHERE true"
    " ON CONFLICT(meter_at) DO UPDATE SET register_ml = excluded.register_ml"
)
REGISTERS = (
    "SELECT json_group_array(at), json_group_array(register_ml) FROM"
    " (SELECT meter_at - zero AS at, register_ml"
    f" FROM (SELECT no * {METER_SPAN} AS zero FROM meters WHERE meter_id = ?) CROSS JOIN readings"
    " WHERE meter_at >= zero + ? AND meter_at < zero + ? ORDER BY meter_at)"
)
NEWEST = (
    "SELECT max((SELECT max(meter_at) FROM readings"
    f" WHERE meter_at >= no * {METER_SPAN} AND meter_at < (no + 1) * {METER_SPAN}) - no * {METER_SPAN}) FROM meters"
)
# A row count of 0 says: it was already there.
UPSERT_EVENT = (
    "INSERT INTO device_events(device_id, at, kind, body) VALUES (?, ?, ?, ?) ON CONFLICT(device_id, at, kind)"
    " DO UPDATE SET body = excluded.body WHERE body <> excluded.body"
)
UPSERT_SCAN = "INSERT INTO band_scans(band_no, at, stage, source) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
LEARN = "INSERT INTO learned(name, value) VALUES (?, ?) ON CONFLICT(name) DO UPDATE SET value = excluded.value"
