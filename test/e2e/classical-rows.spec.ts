/**
 * A reproduction on a study with several coils: a pretext, its control, the baseline and classical methods in one table
 * and one figure, first by mouse, then by command.
 */
import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { ReproductionReport } from '../../src/contract/reproduction.ts'
import { writeCoils } from '../unit/engine/files/noise-file.ts'
import { expect, root, startHost, test } from './host.ts'
import { expectAccessible, openPage, takePicture } from './page.ts'

const { chooseNode } = await import(join(root, 'scripts', 'launch', 'node.mjs'))

async function selfMri(...args: string[]): Promise<string> {
  const { node, flags } = chooseNode(root)
  const { stdout } = await promisify(execFile)(node, [...flags, join(root, 'src/cli/main.ts'), ...args], {
    cwd: root,
    maxBuffer: 1 << 26,
  })
  return stdout
}

test('compares networks with classical methods, by mouse and by command', async ({ browser, profile }) => {
  const files = join(profile, 'coils')
  for (const role of ['train', 'val', 'test']) {
    mkdirSync(join(files, role), { recursive: true })
    await writeCoils(join(files, role), `noise-${role}`, { slices: 1, coils: 3, rows: 64, columns: 56 })
  }
  await selfMri('import', files, '--name', 'Coils', '--profile', profile)
  await selfMri('classical', 'save', 'cg-sense', '--name', 'Soft', '--lambda', '0.1', '--profile', profile)
  const host = await startHost(profile)
  const faults: string[] = []
  const page = await openPage(browser, host.url, faults)
  const check = (name: string) => page.getByRole('checkbox', { name, exact: true })

  await page.getByRole('navigation', { name: 'Screens' }).getByRole('button', { name: 'Reproductions' }).click()
  await expect(check('CG-SENSE')).toBeDisabled() // the demonstration study has one coil
  await page.getByRole('combobox', { name: 'Study' }).click()
  await page.getByRole('option', { name: 'Coils' }).click()
  await expect(check('CG-SENSE')).toBeChecked()
  await expect(check('l1-wavelet')).toBeChecked()
  await expect(check('Total variation')).not.toBeChecked()
  for (const method of ['SimCLR', 'SwAV', 'PIRL', 'RotNet']) await check(method).uncheck()
  await check('CG-SENSE, Soft').check()
  await page.getByRole('switch', { name: 'Headline only' }).check()
  await expect(page.getByText(/Classical rows add at most about/)).toBeVisible()
  await expectAccessible(page)
  await takePicture(page, 'report-classical-form')
  await page.getByRole('button', { name: 'Reproduce the original work' }).click()

  const reproduction = page.getByRole('region', { name: /^Reproduction \d+$/ })
  await expect(reproduction.getByText('finished, 7 of 7 trainings and classical rows')).toBeVisible({
    timeout: 150_000,
  })
  const table = reproduction.getByRole('table', { name: /^Table 1/ })
  await expect(table.getByRole('columnheader', { name: 'Foreground' })).toBeVisible()
  const rows = ['Zero-filled', 'CG-SENSE', 'CG-SENSE, Soft', 'l1-wavelet']
  for (const name of [...rows, /^Sub-sample again \+ fine-tuning/, 'Baseline from scratch'])
    await expect(table.getByRole('row').filter({ has: page.getByRole('rowheader', { name, exact: true }) })).toHaveText(
      /0\.\d{3}/,
    )
  await expect(reproduction.getByText(/^Do not rank classical images by whole-image SSIM alone/)).toBeVisible()
  await expect(reproduction.getByText(/named settings “Soft”, lambda chosen by the user/)).toBeVisible()
  await expect(reproduction.getByText(/^Foreground NMSE on test patients, lowest first: /)).toBeVisible()
  await expect(reproduction.getByRole('img', { name: /^Figure 3/ })).toBeVisible({ timeout: 60_000 })
  await expectAccessible(page)
  await takePicture(page, 'report-classical')
  expect(faults).toEqual([])
  await page.close()
  await host.stop()

  const out = join(profile, 'out')
  const options = ['--methods', 'subsample-again', '--headline', '--classical', 'cg-sense,cg-sense:1,l1-wavelet']
  const report: ReproductionReport = JSON.parse(
    await selfMri('reproduce', '--study', 'Coils', ...options, '--out', out, '--json', '--profile', profile),
  )
  expect(report).toMatchObject({ complete: true, failures: [] })
  const classical = report.rows.filter(({ kind }) => kind === 'classical')
  expect(classical.map(({ label }) => label)).toEqual(rows.slice(1))
  const [usual, soft] = classical.map(({ metrics }) => metrics.foreground.nmse)
  expect(soft).not.toBe(usual)
  const figure = readFileSync(join(out, 'figure-3-images.svg'), 'utf8')
  for (const { label } of classical) expect(figure).toContain(`>${label}<`)
  const printed = await selfMri('reproduce', '--study', 'Coils', ...options, '--out', out, '--profile', profile)
  expect(printed).toMatch(/^CG-SENSE, Soft /m)
})
