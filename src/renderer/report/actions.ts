/** What buttons do to reproductions; each says what came of it. */
import type { Reproduction, ReproductionRequest } from '../../contract/reproduction.ts'
import { client, desktop } from '../app/client.ts'
import { tellSaved } from '../app/download.ts'
import { goToScreen } from '../app/navigation.ts'
import { tellError } from '../app/notify.tsx'
import { refresh } from '../app/refresh.ts'

export async function startReproduction(request: ReproductionRequest): Promise<void> {
  try {
    const { id } = await client.reproductions.start(request)
    await refresh('reproductions')
    goToScreen('reproductions', String(id))
  } catch (error) {
    tellError(error, 'The reproduction was not started')
  }
}

export async function stopReproduction({ id }: Reproduction): Promise<void> {
  try {
    await client.reproductions.stop({ id })
    await refresh('reproductions')
  } catch (error) {
    tellError(error, `Reproduction ${id} goes on`)
  }
}

export async function resumeReproduction({ id }: Reproduction): Promise<void> {
  try {
    await client.reproductions.resume({ id })
    await refresh('reproductions')
  } catch (error) {
    tellError(error, `Reproduction ${id} was not resumed`)
  }
}

/**
 * The page, the JSON and the figures into a folder that the desktop's dialog gives; the page alone as the browser's
 * download.
 */
export async function saveReproduction({ id }: Reproduction): Promise<void> {
  const folder = desktop ? await desktop.openFolder() : undefined
  if (folder === null) return
  try {
    tellSaved(await client.reproductions.save({ id, folder }))
  } catch (error) {
    tellError(error, 'The report was not saved')
  }
}
