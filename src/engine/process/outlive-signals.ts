/**
 * Loaded before an engine process's own modules: signals to the group of processes (Ctrl+C, a service manager, a closing terminal) reach
 * the engine too, which has to write states until its parent says that it may end. SIGUSR1 would open Node's inspector.
 */
import process from 'node:process'

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const) process.on(signal, () => {})
