/**
 * Ignores signals. This module is loaded before all other modules of an engine process. Signals to the process group
 * (Ctrl+C, a service manager, a closing terminal) also reach the engine. The engine must write its state, and ends when
 * its parent says so. SIGUSR1 would open Node's inspector. See docs/decisions/0004-signals-stop-in-order.md.
 */
import process from 'node:process'

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const) process.on(signal, () => {})
