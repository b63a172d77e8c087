/**
 * Settings → Where trainings run: the number of trainings at once, and a cluster, with stand-ins for Slurm's commands.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import process from 'node:process'
import type { Page } from '@playwright/test'
import { test as base, expect, startHost } from './host.ts'
import { collectFaults, expectAccessible, takePicture } from './page.ts'

/** The host finds the stand-ins first. */
const test = base.extend({
  host: async ({ profile }, use) => {
    const programs = join(profile, 'programs')
    mkdirSync(programs)
    const program = (name: string, line: string) =>
      writeFileSync(join(programs, name), `#!/bin/sh\n${line}\n`, { mode: 0o755 })
    program('sbatch', 'echo "sbatch: error: invalid partition specified: gpuu" >&2; exit 1')
    program('squeue', 'echo 7')
    program('sinfo', 'echo "gpu|up|1-00:00:00|4|gpu:4"')
    const host = await startHost(profile, { PATH: `${programs}${delimiter}${process.env.PATH}` })
    await use(host)
    await host.stop()
  },
})

const openSettings = (page: Page) =>
  page.getByRole('navigation', { name: 'Screens' }).getByRole('button', { name: 'Settings' }).click()

test('where trainings run is chosen, checked and kept', async ({ page, host }) => {
  const faults: string[] = []
  await collectFaults(page, faults)
  await page.goto(host.url)
  await openSettings(page)
  const section = page.getByRole('region', { name: 'Where trainings run' })
  const save = section.getByRole('button', { name: 'Save where trainings run' })
  const slots = section.getByLabel('Trainings at once')
  await expect(save).toBeDisabled()
  await slots.fill('70')
  await expect(slots).toHaveAccessibleDescription(/Expected a whole number, 1 to 64/)
  await expect(save).toBeDisabled()
  await slots.fill('2')
  await save.click()
  await expect(section).toContainText('Applies to trainings that start from now on.')

  await page.getByRole('navigation', { name: 'Screens' }).getByRole('button', { name: 'Reproductions' }).click()
  await expect(page.getByText('Trains on this machine, 2 trainings at once.')).toBeVisible()
  await page.getByRole('button', { name: 'Change setting: where trainings run' }).click()
  await expect(slots).toHaveValue('2')

  await section.getByText('Slurm cluster').click()
  await section.getByLabel('Partition').fill('gpuu')
  await section.getByRole('button', { name: 'Check cluster' }).click()
  const answers = section.getByLabel('Answers of the cluster')
  await expect(answers).toContainText('sbatch refuses a job with these settings: invalid partition specified: gpuu.')
  await expect(answers).toContainText('gpu (4 nodes, limit 1-00:00:00, gpu:4)')
  await expect(answers).toContainText('You have 1 job.')
  await expectAccessible(page)
  await takePicture(page, 'where-slurm')
  await section.getByLabel('Account').fill('lab')
  await section.getByLabel('Account').fill('')
  await section.getByLabel('Partition').fill('gpu')
  await expect(answers).toBeHidden() // the answers were of the other settings
  await save.click()
  await expect(save).toBeDisabled()

  await page.reload()
  await expect(section.getByLabel('Partition')).toHaveValue('gpu')
  await section.getByLabel('Account').fill('lab')
  await expect(save).toBeEnabled()
  await section.getByLabel('Account').fill('') // no account, as stored
  await expect(save).toBeDisabled()
  await page.getByRole('navigation', { name: 'Screens' }).getByRole('button', { name: 'Reproductions' }).click()
  await expect(page.getByText('Trains as Slurm jobs in the partition gpu, at most 32 at once.')).toBeVisible()
  expect(faults).toEqual([])
})
