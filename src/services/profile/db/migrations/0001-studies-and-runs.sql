CREATE TABLE settings (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;

CREATE TABLE studies (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  -- JSON: the paths it was imported from, how it was split, which slices take part, remarks shown with it.
  roots TEXT NOT NULL,
  split TEXT NOT NULL,
  slices TEXT NOT NULL,
  remarks TEXT NOT NULL,
  created_at TEXT NOT NULL
) STRICT;

CREATE TABLE volumes (
  study_id INTEGER NOT NULL REFERENCES studies (id) ON DELETE CASCADE,
  path TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('train', 'val', 'test')),
  patient TEXT NOT NULL,
  -- JSON: VolumeInfo.
  info TEXT NOT NULL,
  PRIMARY KEY (study_id, path)
) STRICT;

CREATE TABLE skipped_files (
  study_id INTEGER NOT NULL REFERENCES studies (id) ON DELETE CASCADE,
  path TEXT NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (study_id, path)
) STRICT;

CREATE TABLE runs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL CHECK (kind IN ('pretrain', 'finetune', 'train')),
  study_id INTEGER NOT NULL REFERENCES studies (id),
  parent_id INTEGER REFERENCES runs (id),
  -- A checkpoint file that is no run's here, where a fine-tuning started from one.
  start_path TEXT,
  status TEXT NOT NULL CHECK (status IN ('running', 'finished', 'cancelled', 'failed', 'interrupted')),
  reason TEXT,
  -- JSON: RunConfig, TrainingSummary, engine and package versions.
  config TEXT NOT NULL,
  summary TEXT,
  environment TEXT NOT NULL,
  -- Process that trains it, so that a run whose process is gone can be told from one that runs.
  pid INTEGER NOT NULL,
  created_at TEXT NOT NULL,
  finished_at TEXT
) STRICT;

CREATE INDEX runs_by_study ON runs (study_id);

-- The patients a run's training or validation saw, as they were then: a study may change, this does not.
CREATE TABLE run_patients (
  run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  patient TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('train', 'val')),
  PRIMARY KEY (run_id, patient, role)
) STRICT;

CREATE TABLE epochs (
  run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  epoch INTEGER NOT NULL,
  loss REAL NOT NULL,
  learning_rate REAL NOT NULL,
  seconds REAL NOT NULL,
  validation_loss REAL,
  ssim REAL,
  psnr REAL,
  nmse REAL,
  -- JSON: the method's own figures, by name.
  extra TEXT NOT NULL,
  PRIMARY KEY (run_id, epoch)
) STRICT;

CREATE TABLE checkpoints (
  run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  role TEXT NOT NULL CHECK (role IN ('best', 'last')),
  epoch INTEGER NOT NULL,
  path TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  written_at TEXT NOT NULL,
  PRIMARY KEY (run_id, role)
) STRICT;

CREATE TABLE evaluations (
  id INTEGER PRIMARY KEY,
  -- NULL: the zero-filled reconstruction.
  run_id INTEGER REFERENCES runs (id) ON DELETE CASCADE,
  -- JSON: Evaluation.
  result TEXT NOT NULL,
  created_at TEXT NOT NULL
) STRICT;
