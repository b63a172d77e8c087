/**
 * A training on our side alone. The last epoch must take as much time and memory as the first.
 * The first step of an epoch is left out of the times, because the training's first step also records the graph.
 */
import type { Endured } from '../ours/endurance.ts'
import { rowAgainst, spread } from '../report.ts'
import type { Bench, Outcome, Work } from './work.ts'

const EPOCHS = 100
const STEPS = 20
const AT_MOST = 1.05
const LABEL = `U-Net-8, 64 × 64: epoch ${EPOCHS} against epoch 1, ${STEPS} steps each`

async function measure({ ours }: Bench): Promise<Outcome> {
  const side = await ours()
  try {
    const { endured } = await side.ask<{ endured: Endured }>({ do: 'endure', epochs: EPOCHS, steps: STEPS })
    const [first, last] = [endured[0], endured[endured.length - 1]]
    const [a, b] = [last, first].map(({ ms }) => spread(ms.slice(1)))
    const itself = { name: 'Self-MRI', version: 'epoch 1' }
    return {
      checks: [],
      rows: [
        rowAgainst(`${LABEL}: time of a step`, a, { ...b, ...itself }, AT_MOST),
        rowAgainst(`${LABEL}: memory`, { bytes: last.bytes }, { bytes: first.bytes, ...itself }, AT_MOST),
      ],
    }
  } finally {
    await side.dispose()
  }
}

export const ENDURANCE: Work = { name: 'epochs', label: LABEL, measure }
