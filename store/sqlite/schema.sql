-- Times are milliseconds since 1970; NULL is the zero time. Payload, checkpoint
-- and result are BLOBs because they must come back byte for byte.
CREATE TABLE requests (
  tenant            TEXT NOT NULL,
  subject           TEXT NOT NULL,
  id                TEXT NOT NULL,
  action            TEXT NOT NULL,
  payload           BLOB, -- NULL where it is apart
  metadata          TEXT NOT NULL,
  correlation_id    TEXT NOT NULL,
  state             TEXT NOT NULL,
  rev               INTEGER NOT NULL,
  fence             INTEGER NOT NULL,
  due_at            INTEGER,
  look_kind         INTEGER NOT NULL DEFAULT 0,
  look_at           INTEGER,
  attempt           INTEGER NOT NULL,
  slices            INTEGER NOT NULL,
  lost              INTEGER NOT NULL,
  ran_ns            INTEGER NOT NULL,
  worker            TEXT NOT NULL,
  cancel_requested  INTEGER NOT NULL,
  percentage        REAL NOT NULL,
  message           TEXT NOT NULL,
  progress_metadata BLOB,
  checkpoint        BLOB,
  result            BLOB, -- NULL where it is apart
  apart             INTEGER NOT NULL DEFAULT 0, -- 1: the payload, 2: the result is in bodies
  error             TEXT,
  subscribers       TEXT NOT NULL,
  steps             TEXT NOT NULL, -- JSON, results in base64
  step_times        TEXT NOT NULL DEFAULT 'null',
  step_output       TEXT NOT NULL DEFAULT 'null',
  await_token       TEXT NOT NULL,
  await_until       INTEGER,
  history           TEXT NOT NULL,
  audit             TEXT NOT NULL DEFAULT 'null',
  output            INTEGER NOT NULL,
  output_mark       INTEGER NOT NULL,
  parent            TEXT NOT NULL DEFAULT '{}',
  children          TEXT NOT NULL DEFAULT '{}',
  redrives          INTEGER NOT NULL DEFAULT 0,
  priority          INTEGER NOT NULL,
  slots             TEXT NOT NULL,
  blocked           TEXT NOT NULL,
  not_before        INTEGER,
  created_at        INTEGER NOT NULL,
  updated_at        INTEGER NOT NULL,
  started_at        INTEGER,
  claimed_at        INTEGER,
  finished_at       INTEGER,
  expires_at        INTEGER,
  PRIMARY KEY (tenant, subject, id)
) STRICT;

CREATE INDEX requests_look ON requests (look_kind, look_at) WHERE look_at IS NOT NULL;
CREATE INDEX requests_expiry ON requests (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX requests_of_subject ON requests (tenant, subject, created_at DESC, id DESC);
CREATE INDEX requests_of_tenant ON requests (tenant, created_at DESC, id DESC, subject DESC);
CREATE INDEX requests_counts ON requests (tenant, state, action, subject, created_at);
CREATE INDEX requests_open ON requests (tenant, subject, id) WHERE state IN ('QUEUED', 'RUNNING');
CREATE INDEX requests_failed ON requests (tenant, created_at DESC, id DESC, subject DESC) WHERE state = 'FAILED';

CREATE INDEX requests_blocked ON requests (blocked, priority DESC, created_at, id) WHERE blocked <> '';

-- Chunks of output; they go when their request goes.
CREATE TABLE output (
  tenant  TEXT NOT NULL,
  subject TEXT NOT NULL,
  id      TEXT NOT NULL,
  offset  INTEGER NOT NULL,
  data    BLOB NOT NULL,
  PRIMARY KEY (tenant, subject, id, offset)
) STRICT, WITHOUT ROWID;

-- Payloads and results above 4 KiB, which are written once, apart from the rows,
-- which change often; they go when their request goes.
CREATE TABLE bodies (
  tenant  TEXT NOT NULL,
  subject TEXT NOT NULL,
  id      TEXT NOT NULL,
  kind    TEXT NOT NULL, -- payload or result
  data    BLOB NOT NULL,
  PRIMARY KEY (tenant, subject, id, kind)
) STRICT;

CREATE TRIGGER request_expiry AFTER DELETE ON requests BEGIN
  DELETE FROM output WHERE tenant = old.tenant AND subject = old.subject AND id = old.id;
  DELETE FROM bodies WHERE tenant = old.tenant AND subject = old.subject AND id = old.id;
END;

-- How many requests hold a place of a slot.
CREATE TABLE slots (
  name  TEXT NOT NULL PRIMARY KEY,
  taken INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What is stored of schedules, which the application's code declares.
CREATE TABLE schedules (
  name   TEXT NOT NULL PRIMARY KEY,
  rev    INTEGER NOT NULL,
  paused INTEGER NOT NULL,
  since  INTEGER,
  fired  INTEGER,
  last   TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE connections (
  id           TEXT NOT NULL PRIMARY KEY,
  tenant       TEXT NOT NULL,
  subject      TEXT NOT NULL,
  scopes       TEXT NOT NULL,
  expires_at   INTEGER NOT NULL,
  connected_at INTEGER NOT NULL,
  ends_at      INTEGER NOT NULL,
  source_ip    TEXT NOT NULL,
  user_agent   TEXT NOT NULL
) STRICT;

CREATE INDEX connections_expiry ON connections (expires_at);
CREATE INDEX connections_end ON connections (ends_at);
CREATE INDEX connections_of_tenant ON connections (tenant, subject, connected_at, id);
