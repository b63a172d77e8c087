-- Named settings of classical methods. A row never changes, except that it is hidden or shown.
CREATE TABLE classical_settings (
  -- In the name of a source, as cg-sense:ID: a number is never given twice.
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  method TEXT NOT NULL,
  name TEXT NOT NULL,
  -- JSON: all settings of the method, with defaults.
  config TEXT NOT NULL,
  -- JSON: Tuning. NULL: the user chose the values.
  tuning TEXT,
  created_at TEXT NOT NULL,
  hidden_at TEXT
) STRICT;

-- Scores of single volumes that tunings computed, so that an interrupted tuning continues.
CREATE TABLE tuning_scores (
  -- SHA-256 of everything that the score depends on.
  key TEXT PRIMARY KEY,
  -- JSON: TuningScore.
  score TEXT NOT NULL
) STRICT, WITHOUT ROWID;
