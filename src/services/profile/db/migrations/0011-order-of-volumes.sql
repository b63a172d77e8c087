-- The path that gives a volume its place in the study. NULL: the present path. A volume whose file moves keeps its
-- place, because batches and the digest of a run's contents follow the order of the volumes.
ALTER TABLE volumes ADD COLUMN first_path TEXT;
