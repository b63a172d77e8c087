/** The actions of a reproduction's buttons. Each action reports its failure. */
import type { AskedReproduction, Reproduction } from '../../contract/reproduction.ts'
import { client, desktop } from '../app/client.ts'
import { tellSaved } from '../app/download.ts'
import { goToScreen } from '../app/navigation.ts'
import { tellError } from '../app/notify.tsx'
import { refresh } from '../app/refresh.ts'

export async function startReproduction(request: AskedReproduction): Promise<void> {
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
    tellError(error, `Reproduction ${id} was not stopped`)
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

/** The desktop app saves the page, the JSON and the figures into a chosen folder. A browser downloads the page. */
export async function saveReproduction({ id }: Reproduction): Promise<void> {
  const folder = desktop ? await desktop.openFolder() : undefined
  if (folder === null) return
  try {
    tellSaved(await client.reproductions.save({ id, folder }))
  } catch (error) {
    tellError(error, 'The report was not saved')
  }
}
