/** K10 to K18: printed figures of a run, moved profiles, damaged weights, busy databases, names, and small sizes. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, renameSync } from 'node:fs'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { expect, vi } from 'vitest'
import type { Evaluation, Metrics } from '../../src/contract/evaluation.ts'
import type { RunRow } from '../../src/contract/runs.ts'
import type { Study } from '../../src/contract/studies.ts'
import { further, metricsOf, type Variant, variant, type Window } from './variant.ts'

vi.setConfig({ testTimeout: 120_000 })

/** Shortens the wait for a database that another program holds from ten seconds to half a second. */
vi.mock(import('../../src/services/profile/db/index.ts'), async importOriginal => {
  const PATIENCE_MS = 500
  const original = await importOriginal()
  const openDatabase: typeof original.openDatabase = (profile, ...options) => {
    const db = original.openDatabase(profile, ...options)
    db.pragma(`busy_timeout = ${PATIENCE_MS}`)
    return db
  }
  return { ...original, openDatabase }
})

const SMALL = ['--channels', '2', '--pools', '2']

for (const [id, slices] of [
  ['every_second', 'every:2'],
  ['last_one', '3-3'],
])
  variant(`K10-validation-range/${id}`, async v => {
    await v.json('import', 'train', 'val', '--name', 's')
    const trained = await v.cli('train', '--study', 's', '--epochs', '2', ...SMALL, '--slices', slices)
    expect(trained.exit, trained.err).toBe(0)
    const printed = trained.out.split('\n').find(line => /validation: SSIM/.test(line))
    expect(printed).toMatch(/volume maximum/)
    const validation = (await v.json<RunRow>('runs', '1')).metrics as Metrics
    const { mean } = await v.json<Evaluation>('evaluate', 'val', '--run', '1', '--slices', slices)
    v.equal(metricsOf(mean!), metricsOf(validation), 'validation')
    const { ssim, psnr } = validation
    expect(printed).toContain(`SSIM ${ssim.toFixed(3)}, PSNR ${psnr.toFixed(2)} dB`)
    // The data range follows from PSNR and NMSE: range² = 10^(PSNR / 10) · NMSE · mean square of the ground truth.
    const { maximum, meanSquare } = further[`K10-validation-range/${id}`]
    const range = Math.sqrt(10 ** (psnr / 10) * validation.nmse * meanSquare)
    v.equal({ 'range/maximum': 1 }, { 'range/maximum': range / maximum })
  })

/** The loss and the chance level that are printed side by side. */
async function besideChance(v: Variant, ...args: string[]): Promise<{ loss: number; chance: number }> {
  const { exit, out, err } = await v.cli('pretrain', '--study', 's', ...args)
  expect(exit, err).toBe(0)
  const [, loss, chance] = /(\d+\.\d+)[^\d\n]*\bchance (\d+\.\d+)/.exec(out) ?? []
  expect(loss, out).toBeDefined()
  return { loss: Number(loss), chance: Number(chance) }
}

/**
 * Trains one step over all nine slices, with and without the reconstruction term. Both begin with equal weights, so the
 * method's own loss must be equal.
 */
async function likeBesideLike(v: Variant, ...args: string[]): Promise<void> {
  await v.json('import', 'train', 'val', '--name', 's')
  const step = [...args, '--channels', '2', '--epochs', '1', '--batch', '9']
  const right = await besideChance(v, ...step, '--reconstruction', '0')
  const found = await besideChance(v, ...step)
  v.say(`loss ${right.loss} (chance ${right.chance})`, `loss ${found.loss} (chance ${found.chance})`)
  expect(found.chance).toBe(right.chance)
  expect(Math.abs(found.loss - right.loss)).toBeLessThan(1.1e-4) // The loss is printed with four digits.
}

variant('K11-chance/rotnet', v => likeBesideLike(v, '--method', 'rotnet', '--pools', '3'))

variant('K11-chance/swav', v => likeBesideLike(v, '--method', 'swav'))

variant('K12-profile-moved/moved', async v => {
  v.useProfile('ANOTHER_FOLDER')
  await v.json('import', 'train', 'val', 'test', '--name', 's')
  await v.json('train', '--study', 's', '--epochs', '2', ...SMALL)
  const { mean: before } = await v.json<Evaluation>('evaluate', 'test', '--run', '1')
  const pressCtrlC = () => process.emit('SIGINT', 'SIGINT')
  const long = ['train', '--study', 's', '--epochs', '40', ...SMALL]
  const stopped = await v.hearing(/epoch 2\/40/, pressCtrlC, ...long)
  expect(stopped.exit, stopped.err).toBe(130)

  v.useProfile('ANOTHER_FOLDER c')
  renameSync(join(dirname(v.folder), 'ANOTHER_FOLDER'), join(dirname(v.folder), 'ANOTHER_FOLDER c'))
  const { mean: after } = await v.json<Evaluation>('evaluate', 'test', '--run', '1')
  v.equal(metricsOf(before!), metricsOf(after!), 'evaluate')
  const { volumes } = await v.json<{ volumes: { output: string }[] }>(
    'reconstruct',
    'test',
    '--run',
    '1',
    '--out',
    'out',
  )
  const tuned = await v.json<RunRow>('finetune', '--from', '1', '--epochs', '1')
  const resumed = await v.json<RunRow>('runs', 'resume', '2')
  v.say('reconstructed, fine-tuned, resumed', `${volumes.length} volume, ${tuned.status}, ${resumed.status}`)
  expect(volumes.map(({ output }) => existsSync(output))).toEqual([true])
  expect([tuned.status, resumed.status]).toEqual(['finished', 'finished'])
  expect(resumed.epochs).toEqual({ done: 40, planned: 40 })
})

/** The weights must be refused in the window and on the command line, and no run may be made. */
async function refusedWeights(v: Variant, refusal: Parameters<Variant['windowRefuses']>[1]): Promise<void> {
  for (const role of ['train', 'val']) v.add(`K10-validation-range/last_one/files/${role}`, `study/${role}`)
  const { id } = await v.json<Study>('import', 'study')
  const path = v.path('weights.safetensors')
  await v.windowRefuses((client: Window) => client.runs.importCheckpoint({ study: id, path }), refusal)
  await v.refused(['finetune', '--study', 'study', '--from', 'weights.safetensors', '--epochs', '1'], refusal)
  expect(await v.json('runs'), 'no run is made').toEqual([])
}

for (const [id, tensor] of [
  ['minus_inf_in_the_last_layer', 'up_conv.2.1.bias'],
  ['one_inf', 'down_sample_layers.1.layers.0.weight'],
])
  variant(`K13-weights/${id}`, v =>
    refusedWeights(v, {
      code: ['NOT_FINITE', 'CHECKPOINT_DAMAGED'],
      names: ['weights.safetensors', tensor],
      remedy: /Use|Choose|Give|Take|Export|Save|Train|Copy|Download/,
    }),
  )

/** Starts another program that locks the profile's database until `release`. */
async function hold(v: Variant, how: 'EXCLUSIVE' | 'IMMEDIATE'): Promise<ChildProcess> {
  const script = `const db = require('better-sqlite3')(process.argv[1])
    db.exec('BEGIN ${how}'); console.log('held'); process.stdin.resume()`
  const database = join(dirname(v.folder), 'profile', 'self-mri.sqlite')
  const root = fileURLToPath(new URL('../../', import.meta.url))
  const child = spawn(process.execPath, ['-e', script, database], { cwd: root, stdio: ['pipe', 'pipe', 'inherit'] })
  await once(child.stdout!, 'data')
  return child
}

async function release(child: ChildProcess): Promise<void> {
  const closed = once(child, 'close')
  child.kill()
  await closed
}

const BUSY = { code: 'DATABASE_BUSY', names: 'profile', remedy: /Close|Wait|[Tt]ry again/ } as const

for (const [id, how] of [
  ['locked_25_seconds', 'EXCLUSIVE'],
  ['locked_for_writing', 'IMMEDIATE'],
] as const)
  variant(`K14-database/${id}`, async v => {
    await v.json('import', 'a.h5', '--name', 'before')
    const namesOf = (out: string) => (JSON.parse(out) as Study[]).map(({ name }) => name)
    const holder = await hold(v, how)
    try {
      const reading = await v.cli('studies', '--json')
      if (how === 'EXCLUSIVE' && reading.exit !== 0) await v.refused(['studies'], BUSY)
      else {
        v.say('studies works', reading.exit === 0 ? 'works' : reading.err)
        expect(namesOf(reading.out)).toEqual(['before'])
      }

      // The import is refused with a message, or prints that it waits until the other program has ended.
      let released: Promise<void> | null = null
      const endIt = () => {
        released = release(holder)
      }
      const importing = await v.hearing(/waiting for the database/i, endIt, 'import', 'a.h5', '--name', 'meanwhile')
      await released
      if (released === null) await v.refused(['import', 'a.h5', '--name', 'meanwhile'], BUSY)
      else v.say('import waits in words', importing.err)
      expect(importing.err).not.toMatch(/\n\s+at |fault of the program/)
      expect(importing.exit).toBe(released === null ? 1 : 0)
      if (released === null) await release(holder)
      const names = namesOf((await v.cli('studies', '--json')).out)
      expect(names, 'whole, or not begun').toEqual(released === null ? ['before'] : ['before', 'meanwhile'])
    } finally {
      holder.kill()
    }
  })

/** Reconstructs the files, and gives the names of the written files. */
async function reconstructed(v: Variant, ...files: string[]): Promise<string[]> {
  await v.json('reconstruct', ...files, '--out', 'out')
  return readdirSync(v.path('out'))
    .filter(name => !name.startsWith('.')) // omits the record of written files
    .sort()
}

variant('K15-names/dots_without_extension', async v => {
  const names = await reconstructed(v, 'scan_1.0', 'scan_1.5')
  v.say('two files, of scan_1.0 and scan_1.5', names.join(', '))
  expect(names).toEqual([expect.stringMatching(/^scan_1\.0/), expect.stringMatching(/^scan_1\.5/)])
})

variant('K15-names/long_215', async v => {
  const [file] = readdirSync(v.folder)
  const names = await reconstructed(v, file)
  v.say(`${file.length} bytes are written`, names.map(name => name.length).join(', '))
  expect(names).toEqual([file])
})

variant('K16-number-or-name/folder_of_a_patient_number', async v => {
  for (const name of ['2', '1']) {
    const { exit, out, err } = await v.cli('import', name, '--json')
    const document = JSON.parse(out)
    if (exit !== 0) {
      v.say('a name that is a number is refused in words', `${document.error.code}: ${document.error.message}`)
      expect(document.error).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(/--name/) })
    } else if (document.name !== name) {
      v.say(`another name than "${name}" is said`, err)
      expect(err).toContain(document.name)
      expect(err).toMatch(/number.*--name/)
    }
  }
  const studies = await v.json<Study[]>('studies')
  for (const which of ['1', '2']) {
    const meant = studies.filter(({ id, name }) => `${id}` === which || name === which)
    if (meant.length > 1) {
      const names = meant.map(({ name }) => name)
      await v.refused(['studies', which], { code: 'AMBIGUOUS', names, remedy: /Give|Rename|Use|Say|Type|Name/ })
    } else if (meant.length === 1) {
      const { id, name } = await v.json<Study>('studies', which)
      v.say(`studies ${which}: the only one of that number or name`, `number ${id}, "${name}"`)
      expect(id).toBe(meant[0].id)
    }
  }
})

for (const id of ['null', 'without_shape'])
  variant(`K17-safetensors-header/${id}`, v =>
    refusedWeights(v, {
      code: 'CHECKPOINT_DAMAGED',
      names: 'weights.safetensors',
      remedy: /Copy|Download|Export|Save|Write|Use|Choose|Give/,
    }),
  )

variant('K18-too-small/simclr_batch_1', async v => {
  await v.json('import', 'train', 'val', '--name', 's')
  const args = ['pretrain', '--study', 's', '--method', 'simclr', '--batch', '1', '--epochs', '1', ...SMALL]
  await v.refused(args, { code: 'INVALID_ARGUMENT', names: 'batch', remedy: /--batch|at least 2|[Cc]hoose|Use/ })
  expect(await v.json('runs'), 'no run is made').toEqual([])
})
