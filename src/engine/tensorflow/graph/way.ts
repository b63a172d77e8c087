/** Whether this process replays graphs, and where it prints what runs eagerly. */
import process from 'node:process'

/** SELF_MRI_EAGER=1 makes everything run one operation at a time. */
export const computesEagerly = (): boolean => process.env.SELF_MRI_EAGER === '1'

/** Prints on standard error, which the engine's client forwards. */
export const say = (line: string): void => void process.stderr.write(`${line}\n`)
