-- JSON: what the error that ended the run says besides its code (ErrorData of contract/errors.ts).
ALTER TABLE runs ADD COLUMN fault_data TEXT;
UPDATE runs SET fault_data = '{"signal":"SIGKILL"}' WHERE fault = 'ENGINE_DIED' AND instr(reason, 'SIGKILL') > 0;

-- The file of the pretext's head that was written with the weights, removed with them.
ALTER TABLE checkpoints ADD COLUMN head TEXT;
UPDATE checkpoints SET head = replace(path, '/last-', '/head-')
  WHERE role = 'last' AND path GLOB '[0-9]*/last-*' AND run_id IN (SELECT id FROM runs WHERE kind = 'pretrain');
