/** Rows that a training writes: epochs, checkpoints and states. `store.ts` writes the other rows of a run. */
import { isDeepStrictEqual } from 'node:util'
import type { Position, RunRow, TrainingEvent } from '../../contract/runs.ts'
import { TrainedOn } from '../../contract/trained-on.ts'
import type { Profile } from '../profile/profile.ts'
import { DEVICE_CHANGED, forgetAfter } from './log.ts'

type Written<Type extends TrainingEvent['type']> = Omit<Extract<TrainingEvent, { type: Type }>, 'type'>

/** The newest state, and the state before in case the newest is damaged. */
const STATES_KEPT = 2

const now = () => new Date().toISOString()

/** Deletes rows. Returns the stored paths of their files. */
const remove = ({ db }: Profile, sql: string, parameters: object): string[] =>
  db.prepare(`${sql} RETURNING path`).pluck().all(parameters) as string[]

/** Like `remove`, for checkpoints. The file of a head is returned too. */
const removeCheckpoints = ({ db }: Profile, where: string, parameters: object): string[] =>
  (db.prepare(`DELETE FROM checkpoints WHERE ${where} RETURNING path, head`).raw().all(parameters) as string[][])
    .flat()
    .filter(path => path !== null)

export function recordEpoch({ db }: Profile, run: string, { figures }: Written<'epoch'>): void {
  const { epoch, loss, learningRate, seconds, validationLoss, validation, extra } = figures
  db.prepare(
    `INSERT INTO epochs (run_id, epoch, loss, learning_rate, seconds, validation_loss, ssim, psnr, nmse, extra)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  ).run(
    Number(run),
    epoch,
    loss,
    learningRate,
    seconds,
    validationLoss,
    validation?.ssim ?? null,
    validation?.psnr ?? null,
    validation?.nmse ?? null,
    JSON.stringify(extra),
  )
}

/** Stores a checkpoint. Returns the stored paths of the previous last weights, which are no longer needed. */
export function recordCheckpoint(
  profile: Profile,
  run: string,
  { role, epoch, step, path, sha256, head = null }: Omit<Written<'checkpoint'>, 'head'> & { head?: string | null },
): string[] {
  const before =
    role === 'last' ? removeCheckpoints(profile, "run_id = @run AND role = 'last'", { run: Number(run) }) : []
  profile.db
    .prepare(
      `INSERT OR REPLACE INTO checkpoints (run_id, role, epoch, step, path, sha256, head, written_at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(Number(run), role, epoch, step, path, sha256, head, now())
  return before.filter(old => old !== path && old !== head)
}

/**
 * Stores a state. Returns the stored paths of files that are no longer needed: older states, and best weights that no
 * state names.
 */
export function recordState(
  profile: Profile,
  run: string,
  { at, bestEpoch, path, sha256 }: Written<'state'>,
): string[] {
  const of = { run: Number(run) }
  profile.db
    .prepare(
      `INSERT OR REPLACE INTO states (run_id, step, epoch, best_epoch, path, sha256, written_at)
        VALUES (?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(of.run, at.step, at.epoch, bestEpoch, path, sha256, now())
  const states = remove(
    profile,
    `DELETE FROM states WHERE run_id = @run AND (step, epoch) NOT IN
      (SELECT step, epoch FROM states WHERE run_id = @run ORDER BY step DESC, epoch DESC LIMIT ${STATES_KEPT})`,
    of,
  )
  const best = removeCheckpoints(
    profile,
    `run_id = @run AND role = 'best'
      AND epoch < (SELECT MAX(epoch) FROM checkpoints WHERE run_id = @run AND role = 'best')
      AND epoch NOT IN (SELECT best_epoch FROM states WHERE run_id = @run AND best_epoch IS NOT NULL)`,
    of,
  )
  return [...states, ...best]
}

/**
 * Removes all rows after a position, because the training computes them again. Returns the stored paths of files that
 * are no longer needed.
 */
export function rewind(profile: Profile, run: string, { step, epoch }: Position): string[] {
  const after = { run: Number(run), step, epoch }
  profile.db.prepare('DELETE FROM epochs WHERE run_id = ? AND epoch > ?').run(after.run, epoch)
  rewindDevices(profile, run, step)
  forgetAfter(profile, run, { step, epoch })
  return [
    ...removeCheckpoints(profile, "run_id = @run AND role <> 'last' AND step > @step", after),
    ...remove(profile, 'DELETE FROM states WHERE run_id = @run AND (step, epoch) > (@step, @epoch)', after),
  ]
}

/** Stores the state of the run's job. */
export const recordJob = ({ db }: Profile, run: string, { job }: Written<'job'>): void =>
  void db.prepare('UPDATE runs SET job = ? WHERE id = ?').run(JSON.stringify(job), Number(run))

const COMPARED = ['tensorflow', 'tfjs', 'device', 'gpu', 'compiler'] as const
/**
 * With one and with two threads, SimCLR and PIRL gave other weights, because matrix products of TensorFlow sum in
 * another order. Baselines, SwAV and RotNet gave equal weights.
 */
const COMPARED_ON_CPU = ['cpu', 'threads'] as const

/** Whether a checkpoint or a state of the run is this file. */
export const isNamed = ({ db }: Profile, run: string, path: string): boolean =>
  db
    .prepare(
      `SELECT 1 FROM checkpoints WHERE run_id = @run AND @path IN (path, head)
        UNION ALL SELECT 1 FROM states WHERE run_id = @run AND path = @path`,
    )
    .get({ run: Number(run), path }) !== undefined

type Device = Written<'device'>['device']

/** A device, and the step from which it trained. Without `since`, the device has not begun to train. */
type Used = Partial<Device> & { readonly since?: { readonly step: number } }

interface Devices extends Used {
  /** The devices before, in order. */
  readonly former?: readonly Used[]
}

const devicesOf = ({ db }: Profile, run: string): Devices =>
  JSON.parse(db.prepare('SELECT environment FROM runs WHERE id = ?').pluck().get(Number(run)) as string)

const putDevices = ({ db }: Profile, run: string, patch: Readonly<Record<string, unknown>>) =>
  db
    .prepare('UPDATE runs SET environment = json_patch(environment, ?) WHERE id = ?')
    .run(JSON.stringify(patch), Number(run))

/** Stores the device, and keeps the devices before. */
export function recordDevice(profile: Profile, run: string, { device }: Written<'device'>): void {
  const before = devicesOf(profile, run)
  const { former = [], since = { step: 0 }, tfjs } = before
  const [was, is] = [TrainedOn.parse(before), TrainedOn.parse(device)]
  if (before.device === undefined) putDevices(profile, run, { ...device })
  else if (isDeepStrictEqual(was, is)) putDevices(profile, run, { ...device, since })
  else putDevices(profile, run, { ...device, since: null, former: [...former, { ...was, tfjs, since }] })
}

/** Forgets devices whose steps are all computed again. */
function rewindDevices(profile: Profile, run: string, step: number): void {
  const { former, since } = devicesOf(profile, run)
  const left = former?.filter(each => (each.since?.step ?? 0) < step) ?? []
  const first = Math.min(since?.step ?? step, step)
  putDevices(profile, run, { since: { step: first }, former: left.length > 0 ? left : null })
}

/** A note if the device that trains from this step differs from the device before. Equal devices need no note. */
export function deviceChange(
  profile: Profile,
  run: string,
  step: number,
): Extract<TrainingEvent, { type: 'note' }> | null {
  const device = devicesOf(profile, run)
  const before = device.since?.step === step ? device.former?.at(-1) : undefined
  if (!before) return null
  const changed = [
    ...COMPARED.filter(name => (before[name] ?? null) !== (device[name] ?? null)),
    // Rows of early versions lack these.
    ...COMPARED_ON_CPU.filter(name => device.device === 'CPU' && (before[name] ?? device[name]) !== device[name]),
  ]
  if (changed.length === 0) return null
  const words = changed.map(name => `${name} ${device[name] ?? 'none'}, not ${before[name] ?? 'none'}`)
  const text = `Continues with ${words.join('; ')}. The weights may differ from an uninterrupted training.`
  return { type: 'note', level: 'info', code: DEVICE_CHANGED, data: { changed: changed.join(), step }, text }
}

const EPOCH = 'epoch, loss, learning_rate, seconds, validation_loss, ssim, psnr, nmse, extra'

/**
 * Copies epochs and environment from a shorter run, from whose end the run starts. With the environment, a change of
 * the device is noticed.
 */
export function takeOverEpochs({ db }: Profile, run: string, shorter: RunRow): void {
  const ids = { run: Number(run), shorter: Number(shorter.id) }
  db.prepare(`INSERT INTO epochs (run_id, ${EPOCH}) SELECT @run, ${EPOCH} FROM epochs WHERE run_id = @shorter`).run(ids)
  db.prepare('UPDATE runs SET environment = (SELECT environment FROM runs WHERE id = @shorter) WHERE id = @run').run(
    ids,
  )
}
