-- Flags against a volume's being raw that the user has seen and accepted: a JSON list of names.
ALTER TABLE volumes ADD COLUMN acknowledged TEXT NOT NULL DEFAULT '[]';
