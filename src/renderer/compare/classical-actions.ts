/** Saving, hiding and tuning settings of classical methods. */
import { CLASSICAL_LABELS, type ClassicalChoice, type ClassicalId } from '../../contract/classical.ts'
import type { NamedSettings, TuningRequest } from '../../contract/tuning.ts'
import { client, followWork } from '../app/client.ts'
import { tellDone, tellError } from '../app/notify.tsx'
import { refresh } from '../app/refresh.ts'
import { follow } from '../app/works.ts'

/** `null` where they were not saved, and the user is told. */
export async function saveSettings(settings: ClassicalChoice & { name: string }): Promise<NamedSettings | null> {
  try {
    const saved = await client.classical.save(settings)
    await refresh('classical')
    return saved
  } catch (error) {
    tellError(error, `The settings “${settings.name}” were not saved`)
    return null
  }
}

export async function hideSettings({ id, name }: NamedSettings): Promise<void> {
  try {
    await client.classical.hide({ id })
    await refresh('classical')
    tellDone(`The settings “${name}” were hidden.`, async () => {
      await client.classical.restore({ id })
      await refresh('classical')
    })
  } catch (error) {
    tellError(error, `The settings “${name}” were not hidden`)
  }
}

/** Names the work of a tuning, in the status line and where its progress is looked up. */
export const tuningTitle = (method: ClassicalId, study: string): string =>
  `Tuning ${CLASSICAL_LABELS[method]} on ${study}`

/** `null` where it failed or was cancelled. */
export async function tuneOn(study: string, request: TuningRequest): Promise<NamedSettings | null> {
  const title = tuningTitle(request.classical, study)
  const saved = await follow(
    title,
    signal => progress => followWork(options => client.classical.tune(request, options), signal, progress),
  )
  if (!saved) return null
  await refresh('classical')
  tellDone(`The settings “${saved.name}” were saved.`)
  return saved
}
