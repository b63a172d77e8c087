-- A user's own ways of training; those that ship are in the program.
CREATE TABLE recipes (
  -- In the catalogue as own/ID: a number is never given twice.
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  -- JSON: RecipeSettings.
  settings TEXT NOT NULL,
  hidden INTEGER NOT NULL DEFAULT 0 CHECK (hidden IN (0, 1)),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
) STRICT;

-- What was asked for. Which of its trainings and scores are there is read from `runs` and `evaluations`.
CREATE TABLE reproductions (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  study_id INTEGER NOT NULL REFERENCES studies (id),
  -- JSON: ReproductionRequest.
  request TEXT NOT NULL,
  -- `running` only as long as a program holds its lock.
  status TEXT NOT NULL CHECK (status IN ('running', 'finished', 'stopped', 'failed')),
  reason TEXT,
  created_at TEXT NOT NULL,
  finished_at TEXT
) STRICT;

-- SHA-256 of the checkpoint that was scored (NULL: zero-filled, or of an older program), and JSON of everything else that the scores depend on.
ALTER TABLE evaluations ADD COLUMN checkpoint TEXT;
ALTER TABLE evaluations ADD COLUMN request TEXT;
CREATE INDEX evaluations_by_checkpoint ON evaluations (checkpoint);
