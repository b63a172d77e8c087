-- Whether the next window continues the reproduction: a signal stopped the program, or its jobs go on.
ALTER TABLE reproductions ADD COLUMN continues INTEGER NOT NULL DEFAULT 0;
UPDATE reproductions SET continues = 1
  WHERE status = 'stopped' AND (reason GLOB 'SIGTERM *' OR reason GLOB 'SIGHUP *');
