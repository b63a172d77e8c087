-- Foreign keys are off while this runs (db/index.ts): dropping a table would otherwise delete what refers to it.

CREATE TABLE new_runs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL CHECK (kind IN ('pretrain', 'finetune', 'train', 'import')),
  study_id INTEGER NOT NULL REFERENCES studies (id),
  parent_id INTEGER REFERENCES runs (id),
  -- The parent's milestone whose weights are the start; NULL: its kept weights.
  parent_epoch INTEGER,
  -- A checkpoint file that is no run's here, where a fine-tuning started from one or an import was made of it.
  start_path TEXT,
  status TEXT NOT NULL CHECK (status IN ('queued', 'running', 'paused', 'finished', 'cancelled', 'failed', 'interrupted')),
  reason TEXT,
  -- Code of the error that ended it.
  fault TEXT,
  -- From 1, among the runs that wait for their turn.
  queue_place INTEGER,
  -- JSON: RunConfig, TrainingSummary, engine and package versions.
  config TEXT NOT NULL,
  summary TEXT,
  environment TEXT NOT NULL,
  -- Process that trains or queues it, so that a run whose process is gone can be told from one that goes on; and since when.
  pid INTEGER NOT NULL,
  claimed_at TEXT NOT NULL,
  -- How often it was resumed unasked without having come further than this step.
  resumes INTEGER NOT NULL DEFAULT 0,
  resumed_step INTEGER NOT NULL DEFAULT 0,
  created_at TEXT NOT NULL,
  started_at TEXT,
  finished_at TEXT,
  hidden_at TEXT
) STRICT;
INSERT INTO new_runs (id, kind, study_id, parent_id, start_path, status, reason, config, summary, environment, pid, claimed_at, created_at, started_at, finished_at, hidden_at)
  SELECT id, kind, study_id, parent_id, start_path, status, reason, config, summary, environment, pid, created_at, created_at, started_at, finished_at, hidden_at FROM runs;
DROP TABLE runs;
ALTER TABLE new_runs RENAME TO runs;
CREATE INDEX runs_by_study ON runs (study_id);

CREATE TABLE new_checkpoints (
  run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  role TEXT NOT NULL CHECK (role IN ('best', 'last', 'milestone')),
  epoch INTEGER NOT NULL,
  -- Steps that were done; 0: not known.
  step INTEGER NOT NULL,
  path TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  written_at TEXT NOT NULL,
  PRIMARY KEY (run_id, role, epoch)
) STRICT;
INSERT INTO new_checkpoints (run_id, role, epoch, step, path, sha256, written_at)
  SELECT run_id, role, epoch, 0, path, sha256, written_at FROM checkpoints;
DROP TABLE checkpoints;
ALTER TABLE new_checkpoints RENAME TO checkpoints;

-- All that a run needs to go on exactly where it was, at several positions.
CREATE TABLE states (
  run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  step INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  -- Whose weights were the best until then: that checkpoint stays as long as the state.
  best_epoch INTEGER,
  path TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  written_at TEXT NOT NULL,
  PRIMARY KEY (run_id, step, epoch)
) STRICT;
