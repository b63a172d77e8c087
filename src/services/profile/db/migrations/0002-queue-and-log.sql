-- Foreign keys are off while this runs (db/index.ts): dropping a table would otherwise delete what refers to it.

ALTER TABLE studies ADD COLUMN kind TEXT NOT NULL DEFAULT 'folder' CHECK (kind IN ('demonstration', 'folder', 'synthetic', 'scans'));
-- Off the list, with its files and runs kept.
ALTER TABLE studies ADD COLUMN hidden_at TEXT;
UPDATE studies SET kind = 'demonstration' WHERE name = 'Brain, 0.055 T (demonstration)';
UPDATE studies SET kind = 'synthetic' WHERE name GLOB 'Knee, synthetic (seed *';

CREATE TABLE new_volumes (
  -- In the URLs of images: a number is never given twice.
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  study_id INTEGER NOT NULL REFERENCES studies (id) ON DELETE CASCADE,
  path TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('train', 'val', 'test')),
  patient TEXT NOT NULL,
  -- JSON: VolumeInfo.
  info TEXT NOT NULL,
  UNIQUE (study_id, path)
) STRICT;
INSERT INTO new_volumes (study_id, path, role, patient, info)
  SELECT study_id, path, role, patient, info FROM volumes ORDER BY study_id, path;
DROP TABLE volumes;
ALTER TABLE new_volumes RENAME TO volumes;

CREATE TABLE new_runs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL CHECK (kind IN ('pretrain', 'finetune', 'train', 'import')),
  study_id INTEGER NOT NULL REFERENCES studies (id),
  parent_id INTEGER REFERENCES runs (id),
  -- A checkpoint file that is no run's here, where a fine-tuning started from one or an import was made of it.
  start_path TEXT,
  status TEXT NOT NULL CHECK (status IN ('queued', 'running', 'finished', 'cancelled', 'failed', 'interrupted')),
  reason TEXT,
  -- JSON: RunConfig, TrainingSummary, engine and package versions.
  config TEXT NOT NULL,
  summary TEXT,
  environment TEXT NOT NULL,
  -- Process that trains or queues it, so that a run whose process is gone can be told from one that goes on.
  pid INTEGER NOT NULL,
  created_at TEXT NOT NULL,
  started_at TEXT,
  finished_at TEXT,
  hidden_at TEXT
) STRICT;
INSERT INTO new_runs (id, kind, study_id, parent_id, start_path, status, reason, config, summary, environment, pid, created_at, started_at, finished_at)
  SELECT id, kind, study_id, parent_id, start_path, status, reason, config, summary, environment, pid, created_at, created_at, finished_at FROM runs;
DROP TABLE runs;
ALTER TABLE new_runs RENAME TO runs;
CREATE INDEX runs_by_study ON runs (study_id);

-- What happened in runs, in the order in which it was written: a stream is continued from the last `seq` that was seen.
CREATE TABLE events (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  at TEXT NOT NULL,
  -- JSON: RunEvent.
  event TEXT NOT NULL
) STRICT;
CREATE INDEX events_by_run ON events (run_id, seq);
