-- The machine of the process that has claimed the run, because a process number says nothing on another machine.
ALTER TABLE runs ADD COLUMN host TEXT;
-- The run's last job (JSON: RunJob). NULL: the run was trained on the machine of the program.
ALTER TABLE runs ADD COLUMN job TEXT;
