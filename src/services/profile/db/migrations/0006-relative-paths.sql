-- Paths in the profile become relative, so that a profile can be moved. The functions are of `old-paths.ts`, beside this folder.

UPDATE runs SET start_path = profile_file(start_path) WHERE start_path IS NOT NULL;
UPDATE skipped_files SET path = profile_file(path);
UPDATE volumes SET path = profile_file(path);
UPDATE studies SET roots = (SELECT json_group_array(profile_file(value)) FROM json_each(roots));

UPDATE volumes SET path = demonstration_file(path) WHERE study_id IN (SELECT id FROM studies WHERE kind = 'demonstration');
UPDATE studies SET roots = (SELECT json_group_array(demonstration_file(value)) FROM json_each(roots)) WHERE kind = 'demonstration';
UPDATE volumes SET info = json_set(info, '$.path', path) WHERE info ->> '$.path' IS NOT NULL;

UPDATE runs SET summary = json_set(summary, '$.checkpoint.path', run_file(summary ->> '$.checkpoint.path', id))
  WHERE summary ->> '$.checkpoint.path' IS NOT NULL;
UPDATE events SET event = json_set(event, '$.path', run_file(event ->> '$.path', run_id))
  WHERE event ->> '$.type' IN ('checkpoint', 'state', 'preview');
UPDATE checkpoints SET path = run_file(path, run_id);
UPDATE states SET path = run_file(path, run_id);
