/** The host in a separate process, with requests over HTTP as from the window. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createORPCClient } from '@orpc/client'
import { RPCLink } from '@orpc/client/fetch'
import type { ContractRouterClient } from '@orpc/contract'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { contract } from '../../src/contract/api.ts'
import {
  FeatureMeta,
  FRAME_HEADER,
  FrameMeta,
  featuresPath,
  framePath,
  previewPath,
  thumbnailPath,
  uploadPath,
} from '../../src/contract/images.ts'
import type { LoggedEvent } from '../../src/contract/runs.ts'
import { openHdf5 } from '../../src/engine/files/hdf5.ts'
import { writeKspaceAlone } from '../unit/engine/files/noise-file.ts'

vi.setConfig({ testTimeout: 60_000 })

const root = fileURLToPath(new URL('../../', import.meta.url))
const mask = { kind: 'random', acceleration: 4, centerFraction: 0.08 } as const

let folder: string
let host: Host

interface Host {
  readonly child: ChildProcess
  readonly port: number
  readonly token: string
  readonly origin: string
  readonly client: ContractRouterClient<typeof contract>
  fetch(path: string, init?: RequestInit): Promise<Response>
}

async function startHost(profile = 'profile', env: NodeJS.ProcessEnv = {}): Promise<Host> {
  const child = spawn(
    process.execPath,
    [join(root, 'src/cli/main.ts'), 'serve', '--json', '--assets', join(folder, 'assets')],
    {
      cwd: root,
      env: { ...process.env, SELF_MRI_PROFILE: join(folder, profile), ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  const [line] = await once(child.stdout!, 'data')
  const { port, token } = JSON.parse(String(line))
  const origin = `http://127.0.0.1:${port}`
  const headers = { authorization: `Bearer ${token}` }
  return {
    child,
    port,
    token,
    origin,
    client: createORPCClient(new RPCLink({ url: `${origin}/rpc`, headers })),
    fetch: (path, init) => fetch(origin + path, { ...init, headers, redirect: 'manual' }),
  }
}

async function end({ child }: Host, signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL'): Promise<void> {
  const closed = once(child, 'close')
  child.kill(signal)
  await closed
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'self-mri-host-'))
  mkdirSync(join(folder, 'assets', 'assets'), { recursive: true })
  writeFileSync(join(folder, 'assets', 'index.html'), '<meta name="csp-nonce" content="__CSP_NONCE__">')
  writeFileSync(join(folder, 'assets', 'assets', 'main-1a2b.js'), 'export {}')
  host = await startHost()
})

afterAll(async () => {
  await end(host, 'SIGINT')
  rmSync(folder, { recursive: true, force: true })
})

/** A request with headers that `fetch` does not allow to set. */
function ask(path: string, headers: Record<string, string>) {
  return new Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; body: string }>((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port: host.port, path, headers }, response => {
      let body = ''
      response.on('data', chunk => {
        body += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body }))
    })
    request.on('error', reject).end()
  })
}

async function frame(volume: number, slice: number, source: string, options?: Parameters<typeof framePath>[4]) {
  const response = await host.fetch(framePath(volume, slice, source, mask, options))
  const body = await response.arrayBuffer()
  if (!response.ok) throw new Error(new TextDecoder().decode(body))
  return {
    image: new Float32Array(body),
    meta: FrameMeta.parse(JSON.parse(response.headers.get(FRAME_HEADER)!)),
  }
}

/** The result of a volume's score, after its progress. */
async function score(request: Parameters<typeof host.client.score>[0]) {
  for await (const event of await host.client.score(request)) if (event.type === 'done') return event.result
  throw new Error('No result came')
}

async function demonstration() {
  const { demonstration: id } = await host.client.app.info()
  return host.client.studies.get({ study: id })
}

type StartInput = Parameters<Host['client']['runs']['start']>[0]

const tiny = async (epochs: number): Promise<StartInput> => ({
  study: (await demonstration()).id,
  method: null,
  methodConfig: {},
  network: 'unet',
  networkConfig: { channels: 2, pools: 2 },
  recipe: {
    epochs,
    batch: 1,
    optimizer: { kind: 'sgd', momentum: 0, nesterov: false, weightDecay: 0 },
    schedule: { kind: 'constant', rate: 1e-3 },
  },
  seed: 0,
})

/** Reads the log after `afterSeq` until `isLast` is true for a line, and then aborts the stream. */
async function listen(afterSeq: number, isLast: (logged: LoggedEvent) => boolean): Promise<LoggedEvent[]> {
  const heard: LoggedEvent[] = []
  for await (const event of await host.client.app.watch({ afterSeq })) {
    if (event.type !== 'run') continue
    heard.push(event.logged)
    if (isLast(event.logged)) break
  }
  return heard
}

async function doing(): Promise<string | null> {
  for await (const event of await host.client.app.watch({})) if (event.type === 'state') return event.engine.doing
  throw new Error('The stream ended')
}

const hasEnded =
  (run: string) =>
  ({ run: of, event }: LoggedEvent) =>
    of === run && event.type === 'status' && !['queued', 'running'].includes(event.status)

describe('a request', () => {
  const own = () => ({ host: `127.0.0.1:${host.port}` })
  const key = () => ({ authorization: `Bearer ${host.token}` })

  it('needs the token: its URL gives a cookie, and nothing is answered without the cookie', async () => {
    expect((await ask('/', own())).status).toBe(401)
    expect((await ask('/frames/1/0/truth', own())).status).toBe(401)
    expect((await ask(`/?token=${'0'.repeat(32)}`, own())).status).toBe(401)
    const opened = await ask(`/?token=${host.token}`, own())
    expect(opened).toMatchObject({ status: 303, headers: { location: '/' } })
    const [cookie] = opened.headers['set-cookie'] as string[]
    expect(cookie).toMatch(/HttpOnly; SameSite=Strict$/)
    expect((await ask('/', { ...own(), cookie: cookie.split(';')[0] })).status).toBe(200)
  })

  it('from another page is refused, under every name of this machine', async () => {
    for (const [name, status] of [
      [`evil.example:${host.port}`, 403],
      ['127.0.0.1:1', 403],
      [`localhost:${host.port}`, 200],
    ] as const)
      expect((await ask('/', { host: name, ...key() })).status, name).toBe(status)
    for (const [origin, status] of [
      ['http://evil.example', 403],
      ['null', 403],
      [`http://127.0.0.1:${host.port}`, 200],
    ] as const)
      expect((await ask('/', { ...own(), ...key(), origin })).status, origin).toBe(status)
  })
})

describe('the window’s files', () => {
  it('come with a strict policy and a new nonce each time', async () => {
    const nonces = await Promise.all(
      [1, 2].map(async () => {
        const page = await host.fetch('/')
        const policy = page.headers.get('content-security-policy')!
        const nonce = /'nonce-([^']+)'/.exec(policy)![1]
        expect(await page.text()).toBe(`<meta name="csp-nonce" content="${nonce}">`)
        expect(policy).not.toContain('unsafe')
        expect(page.headers.get('cache-control')).toBe('no-store')
        expect(page.headers.get('x-content-type-options')).toBe('nosniff')
        return nonce
      }),
    )
    expect(nonces[0]).not.toBe(nonces[1])
    const script = await host.fetch('/assets/main-1a2b.js')
    expect(script.headers.get('content-type')).toMatch('text/javascript')
    expect(script.headers.get('cache-control')).toMatch('immutable')
  })

  it('are the only files that are served', async () => {
    for (const path of [
      '/assets/..%2f..%2fprofile%2fself-mri.sqlite',
      '/assets/nothing.js',
      '/downloads/..%2fself-mri.sqlite',
    ])
      expect((await host.fetch(path)).status, path).toBe(404)
  })
})

describe('a study', () => {
  it('is there from the first start, with its pictures', async () => {
    const [summary] = await host.client.studies.list()
    expect(summary).toMatchObject({ kind: 'demonstration', volumes: 8, origin: 'measured' })
    const { volumes } = await demonstration()
    const thumbnail = await host.fetch(thumbnailPath(volumes[0].id))
    const { shape } = JSON.parse(thumbnail.headers.get(FRAME_HEADER)!)
    expect((await thumbnail.arrayBuffer()).byteLength).toBe(shape[0] * shape[1])
  })

  it('shows frames of the ground truth and the input, and scores the input', async () => {
    const volume = (await demonstration()).volumes.find(({ role }) => role === 'test')!
    const truth = await frame(volume.id, 2, 'truth')
    expect(truth.meta).toMatchObject({ shape: volume.targetShape, metrics: null, mask: '' })
    const input = await frame(volume.id, 2, 'zero-filled')
    expect(input.meta.metrics!.ssim).toBeLessThan(1)
    const scored = await score({ volume: volume.id, source: 'zero-filled', mask })
    expect(scored).toMatchObject({ score: { slices: volume.slices }, protocol: { maskSeed: 'file name' } })
    expect(await score({ volume: volume.id, source: 'truth', mask })).toBeNull()
  })

  it('shows any aspect of any source, of any mask', async () => {
    const volume = (await demonstration()).volumes.find(({ role }) => role === 'test')!
    const grid = [volume.rows, volume.columns]
    const input = await frame(volume.id, 2, 'zero-filled')
    for (const [show, shape] of [
      ['ssim', volume.targetShape],
      ['k-space', grid],
      ['phase', volume.targetShape],
      ['mask', grid],
      ['residual', grid],
      ['spread', volume.targetShape],
    ] as const)
      expect((await frame(volume.id, 2, 'zero-filled', { show })).meta).toMatchObject({ show, shape })
    const { residual } = (await frame(volume.id, 2, 'truth', { show: 'residual' })).meta
    expect(residual!.value).toBe(residual!.floor)
    const other = await frame(volume.id, 2, 'zero-filled', { seed: 3 })
    expect(other.meta.mask).not.toBe(input.meta.mask)
    const scored = await score({ volume: volume.id, source: 'zero-filled', mask, seed: 3 })
    expect(scored).toMatchObject({ score: { acceleration: other.meta.acceleration }, protocol: { maskSeed: 'seed 3' } })
    await expect(frame(volume.id, 2, 'truth', { show: 'mean' })).rejects.toThrow(
      'Choose zero-filled, a run or a classical method',
    )
  })

  it('is refused with a code if it does not exist or if the request is invalid', async () => {
    await expect(host.client.studies.get({ study: 999 })).rejects.toMatchObject({ code: 'STUDY_NOT_FOUND' })
    await expect(host.client.studies.get({ study: 0.5 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    const response = await host.fetch('/frames/1/0/sideways')
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([400, 'INVALID_ARGUMENT'])
    expect((await host.fetch('/frames/1/99/truth')).status).toBe(400)
    expect((await host.fetch('/frames/999/0/truth')).status).toBe(404)
    await expect(host.client.runs.start({ ...(await tiny(1)), networkConfig: { pools: 99 } })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
  })

  it('is found by typing its folder’s path', async () => {
    const { roots, volumes } = await demonstration()
    const entries = volumes.map(({ file }) => ({ name: file, folder: false }))
    expect(await host.client.app.browse({ path: roots[0] })).toEqual({ folder: roots[0], entries })
    const above = await host.client.app.browse({ path: `${roots[0]}-half-typed` })
    expect(above.entries).toContainEqual({ name: 'demonstration', folder: true })
    expect(await host.client.app.browse({ path: '/nowhere/at/all' })).toMatchObject({ folder: '/' })
  })

  it('can be removed from the list and put back, and its folder can be imported under another name', async () => {
    const { id, roots } = await demonstration()
    await host.client.studies.hide({ study: id })
    expect(await host.client.studies.list()).toEqual([])
    await host.client.studies.restore({ study: id })
    for (const name of ['demonstration', 'demonstration (2)']) {
      const seen: string[] = []
      for await (const event of await host.client.studies.import({ paths: [...roots] })) {
        seen.push(event.type)
        if (event.type === 'done') expect(event.result).toMatchObject({ name, kind: 'folder' })
      }
      expect(seen.at(-1)).toBe('done')
    }
  })
})

describe('a long task', () => {
  it('is shown in the bottom line, ends with its stream, and leaves no files behind', async () => {
    const folder = join((await host.client.app.info()).profile, 'synthetic-knee-seed-5')
    for await (const event of await host.client.studies.synthesize({ seed: 5, patients: 1, slices: 2 })) {
      expect(event).toMatchObject({ type: 'progress', total: 12 })
      expect(existsSync(folder)).toBe(true)
      if (event.type === 'progress' && event.done > 2) {
        expect(await doing()).toMatch(/synthetic knees: \d of 12/)
        break
      }
    }
    await vi.waitFor(() => expect(existsSync(folder)).toBe(false), { timeout: 10_000 })
    expect((await host.client.studies.list()).filter(({ kind }) => kind === 'synthetic')).toEqual([])
    expect(await doing()).toBeNull()
  })
})

describe('a training', () => {
  it('is reported to its end without loss or repeats, also after a broken stream', async () => {
    const {
      runs: [run],
    } = await host.client.runs.start(await tiny(3))
    const first = await listen(0, ({ event }) => event.type === 'epoch')
    const rest = await listen(first.at(-1)!.seq, hasEnded(run))
    const detail = await host.client.runs.get({ run })
    expect([...first, ...rest]).toEqual(detail.events)
    const types = detail.events.map(({ event }) => (event.type === 'status' ? event.status : event.type))
    expect(types.slice(0, 3)).toEqual(['queued', 'running', 'started'])
    expect(types.filter(type => type === 'epoch')).toHaveLength(3)
    expect(types.at(-1)).toBe('finished')
    expect(detail.run).toMatchObject({ status: 'finished', epochs: { done: 3, planned: 3 }, unknownTraining: false })
    expect(detail.run.trainedPatients.length).toBeGreaterThan(0)
    expect(detail.run.keptEpoch).toBe(detail.run.summary!.bestEpoch)
    const preview = await host.fetch(previewPath(run, 3))
    expect(JSON.parse(preview.headers.get(FRAME_HEADER)!)).toMatchObject({ epoch: 3, units: 'signal' })
    const volume = (await demonstration()).volumes.find(({ role }) => role === 'test')!
    expect((await frame(volume.id, 0, `run:${run}`)).meta.metrics).not.toBeNull()
  })

  it('from pre-trained weights comes with its control, and both can be cancelled in the queue', async () => {
    const request = await tiny(500)
    const pretraining = { ...request, method: 'simclr', methodConfig: { crop: 32, hidden: 8 } }
    const { runs: pretrained } = await host.client.runs.start({
      ...pretraining,
      recipe: { ...request.recipe, epochs: 1, batch: 8 },
    })
    await listen(0, hasEnded(pretrained[0]))
    const { recipe } = request
    const { runs } = await host.client.runs.fineTune({ run: pretrained[0], control: true, recipe })
    const [fineTuned, control] = runs
    const views = await host.client.runs.list()
    const viewOf = (id: string) => views.find(view => view.id === id)!
    expect(viewOf(fineTuned)).toMatchObject({ kind: 'finetune', parent: pretrained[0] })
    expect(viewOf(fineTuned).secondsBefore).toBe(viewOf(pretrained[0]).summary!.seconds.steps)
    expect(viewOf(control)).toMatchObject({ kind: 'train', parent: null, status: 'queued' })
    expect(viewOf(control).config).toEqual({ ...viewOf(fineTuned).config, kind: 'train' })

    await host.client.runs.cancel({ run: control })
    const start = await listen(0, ({ run, event }) => run === fineTuned && event.type === 'step')
    const volume = (await demonstration()).volumes[0]
    await frame(volume.id, 3, `run:${pretrained[0]}`) // Frames do not wait for the training.
    const [layer] = await host.client.runs.layers({ run: pretrained[0] })
    const maps = await host.fetch(featuresPath(volume.id, 3, pretrained[0], layer, mask))
    const { shape, ...meta } = FeatureMeta.parse(JSON.parse(maps.headers.get(FRAME_HEADER)!))
    expect(meta).toMatchObject({ count: 2, channels: 2 })
    expect((await maps.arrayBuffer()).byteLength).toBe(4 * 2 * shape[0] * shape[1])
    const wrong = await host.fetch(featuresPath(volume.id, 3, pretrained[0], 'attic', mask))
    const { message } = (await wrong.json()) as { message: string }
    expect([wrong.status, message]).toEqual([400, expect.stringContaining(layer)])
    const { samples } = await host.client.runs.views({ ...pretraining, recipe: { ...recipe, batch: 3 } })
    expect(samples.map(({ pictures }) => pictures.map(({ name }) => name))).toEqual(
      Array.from({ length: 3 }, () => ['view 1', 'view 2']),
    )
    await host.client.runs.cancel({ run: fineTuned })
    await listen(start.at(-1)!.seq, hasEnded(fineTuned))
    const ended = await host.client.runs.list()
    for (const id of runs) expect(ended.find(view => view.id === id)!.status).toBe('cancelled')
    expect(ended.find(view => view.id === fineTuned)!.checkpoint).not.toBeNull()
    await host.client.runs.hide({ run: control })
    expect((await host.client.runs.list()).map(view => view.id)).not.toContain(control)
  })

  it('survives a kill -9 of the host as an interrupted run with its epochs and its checkpoint', async () => {
    const {
      runs: [run, waiting],
    } = {
      runs: [
        ...(await host.client.runs.start(await tiny(500))).runs,
        ...(await host.client.runs.start(await tiny(1))).runs,
      ],
    }
    const isCheckpoint = ({ run: of, event }: LoggedEvent) => of === run && event.type === 'checkpoint'
    await listen(0, isCheckpoint)
    await end(host, 'SIGKILL')
    host = await startHost()
    const { run: interrupted, events } = await host.client.runs.get({ run })
    expect(interrupted).toMatchObject({ status: 'interrupted', reason: expect.stringContaining('ended while') })
    expect(interrupted.epochs.done).toBeGreaterThan(0)
    expect(events.at(-1)!.event).toMatchObject({ type: 'status', status: 'interrupted' })
    readFileSync(interrupted.checkpoint!.path)
    expect((await host.client.runs.get({ run: waiting })).run.status).toBe('interrupted')
  })
})

describe('a new scan', () => {
  it('is uploaded, reconstructed, saved and downloaded, and a broken file is named with its reason', async () => {
    const files = {
      'scan.h5': readFileSync(await writeKspaceAlone(folder, 'unlabelled', { partialFourier: true })),
      'broken.h5': Buffer.from('this is no HDF5'),
    }
    const send = async (batch: string, [name, body]: [string, Buffer]) => {
      const sent = await host.fetch(uploadPath(batch, `new/${name}`), { method: 'PUT', body })
      expect(sent.status).toBe(201)
      return ((await sent.json()) as { path: string }).path
    }
    const [whole, broken] = Object.entries(files)
    const nothing = await send('drop-0', broken)
    expect(await host.client.studies.addScans({ paths: [nothing] })).toMatchObject({ study: null, volumes: [] })
    expect((await host.client.studies.list()).filter(({ kind }) => kind === 'scans')).toEqual([])
    expect(existsSync(nothing)).toBe(false)

    const paths = [await send('drop-1', whole), await send('drop-1', broken)]
    const twice = await host.fetch(uploadPath('drop-1', 'new/scan.h5'), { method: 'PUT', body: 'other' })
    expect([twice.status, await twice.json()]).toEqual([409, expect.objectContaining({ code: 'FILE_EXISTS' })])
    expect(readFileSync(paths[0])).toEqual(whole[1])
    expect((await host.fetch('/uploads/drop-1/..%2f..%2fx.h5', { method: 'PUT', body: 'x' })).status).toBe(400)

    const added = await host.client.studies.addScans({ paths })
    const { volumes, skipped } = added
    const study = added.study!
    expect(volumes).toHaveLength(1)
    expect(skipped).toMatchObject([{ path: paths[1], reason: expect.stringMatching(/HDF5/) }])
    expect(await host.client.studies.get({ study })).toMatchObject({ kind: 'scans', name: 'New scans' })
    await expect(host.client.runs.start({ ...(await tiny(1)), study })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('New scans'),
    })
    const [volume] = volumes
    expect(await score({ volume, source: 'zero-filled', mask })).toBeNull()

    let name = ''
    for await (const event of await host.client.save({ volume, source: 'zero-filled', mask }))
      if (event.type === 'done') name = event.result.name
    const download = await host.fetch(`/downloads/${encodeURIComponent(name)}`)
    expect(download.headers.get('content-disposition')).toContain('attachment')
    const copy = join(folder, 'downloaded.h5')
    writeFileSync(copy, Buffer.from(await download.arrayBuffer()))
    const file = await openHdf5(copy)
    const seen = await frame(volume, 1, 'zero-filled')
    expect(seen.meta).toMatchObject({ metrics: null, volumeMaximum: null })
    expect(file.withFloat32('reconstruction', 1, 1, values => values.slice())).toEqual(seen.image)
    expect(String(file.attribute('notice'))).toMatch(/Research use only/)
    file.dispose()

    await host.client.studies.removeScan({ volume })
    expect(() => readFileSync(paths[0])).toThrow(/ENOENT/)
  })

  it.each([
    ['header first', ['.hdr', '.cfl']],
    ['numbers first', ['.cfl', '.hdr']],
  ])('is one if it is a pair of BART, %s, and both files go with it', async (_, endings) => {
    const sources = new URL('../fixtures/formats/', import.meta.url)
    const paths: string[] = []
    for (const ending of endings) {
      const body = readFileSync(new URL(`bart-made${ending}`, sources))
      const sent = await host.fetch(uploadPath(`pair-${endings[0].slice(1)}`, `pair${ending}`), { method: 'PUT', body })
      paths.push(((await sent.json()) as { path: string }).path)
    }
    const { study, volumes, skipped } = await host.client.studies.addScans({ paths })
    expect(skipped).toEqual([])
    expect(volumes).toHaveLength(1)
    const shown = (await host.client.studies.get({ study: study! })).volumes.find(({ id }) => id === volumes[0])
    expect(shown).toMatchObject({ file: 'pair.cfl', coils: 4, truth: 'computed' })
    await host.client.studies.removeScan({ volume: volumes[0] })
    expect(paths.filter(path => existsSync(path))).toEqual([])
  })
})

describe('without TensorFlow', () => {
  it('all but networks’ images are shown, and everything else names the missing engine', async () => {
    const usual = host
    host = await startHost('bare', { SELF_MRI_CACHE: join(folder, 'empty-cache') })
    try {
      const { id, volumes } = await demonstration()
      expect((await frame(volumes[0].id, 0, 'truth')).image.length).toBeGreaterThan(0)
      expect((await host.fetch(thumbnailPath(volumes[0].id))).status).toBe(200)
      expect((await frame(volumes[0].id, 0, 'zero-filled')).image.length).toBeGreaterThan(0)
      const request = { ...(await tiny(1)), study: id }
      await expect(host.client.runs.start(request)).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' })
      expect(await host.client.runs.list()).toEqual([])
      await end(host, 'SIGTERM')
    } finally {
      host = usual
    }
  })
})
