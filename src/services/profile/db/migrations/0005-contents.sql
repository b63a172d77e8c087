-- What reading a whole file said of it: valid as long as the file is of the version that was read.
CREATE TABLE contents (
  path TEXT PRIMARY KEY,
  -- JSON: VolumeInfo with its content.
  info TEXT NOT NULL,
  read_at TEXT NOT NULL
) STRICT;

-- Of the content that the study took; NULL: the file has not been read whole yet.
ALTER TABLE volumes ADD COLUMN identity TEXT;
CREATE INDEX volumes_by_identity ON volumes (study_id, identity);

-- What a run's training or validation used, as it was then: a file may change, this does not.
CREATE TABLE run_volumes (
  run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  file TEXT NOT NULL,
  identity TEXT NOT NULL,
  -- Of its k-space alone.
  scan TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('train', 'val')),
  PRIMARY KEY (run_id, role, identity, file)
) STRICT;

-- From here on the remarks of the study's maker alone: those on its data are computed from its volumes.
UPDATE studies SET remarks = CASE kind WHEN 'demonstration' THEN json_array(remarks ->> '$[0]') ELSE '[]' END;
