/** Whether this process replays graphs, and where it says what it does not replay. */
import process from 'node:process'

/** SELF_MRI_EAGER=1 has everything computed one operation at a time. */
export const computesEagerly = (): boolean => process.env.SELF_MRI_EAGER === '1'

/** Standard error: the engine's client hands it on. */
export const say = (line: string): void => void process.stderr.write(`${line}\n`)
