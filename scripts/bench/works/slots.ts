/** A reproduction on two slots, with a core each, against one training after another with two cores. */
import { rowAgainst, spread } from '../report.ts'
import { checkEqual, IN_TURN, IN_TURN_ON_ONE_CORE, reproduce, TWO_SLOTS } from './reproduction.ts'
import type { Bench, Outcome, Work } from './work.ts'

const EPOCHS = 30
/** Epochs of the trainings whose weights are compared. */
const CHECKED = 2
const REPEATS = 2
const AT_MOST = 0.8
const LABEL = `6 trainings (U-Net-8, 64 × 64, ${EPOCHS} epochs) and their scores, on 2 slots with a core each`

async function measure(bench: Bench): Promise<Outcome> {
  const [slots, turns] = [
    await reproduce(bench, TWO_SLOTS, CHECKED),
    await reproduce(bench, IN_TURN_ON_ONE_CORE, CHECKED),
  ]
  const checks = [checkEqual(`${LABEL}, ${CHECKED} epochs, against one slot with one core`, slots, turns)]
  if (!checks[0].passed) return { checks, rows: [] }
  bench.say(`Timing: ${LABEL} …`)
  const [ours, other]: [number[], number[]] = [[], []]
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    ours.push((await reproduce(bench, TWO_SLOTS, EPOCHS)).ms)
    other.push((await reproduce(bench, IN_TURN, EPOCHS)).ms)
  }
  const peer = { ...spread(other), name: 'Self-MRI', version: 'one after another with two cores' }
  return { checks, rows: [rowAgainst(LABEL, spread(ours), peer, AT_MOST)] }
}

export const SLOTS: Work = { name: 'slots', label: LABEL, measure }
