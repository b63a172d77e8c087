/** Output of the command line: results on standard output, everything else on standard error. */
import process from 'node:process'
import { MultiBar, SingleBar } from 'cli-progress'
import { figureLabels } from '../contract/methods.ts'
import { type EpochFigures, HELD_OUT_CHANCE, OWN_LOSS, type TrainingEvent } from '../contract/runs.ts'
import { METHODS } from '../services/runs/catalogue.ts'
import type { ReadOptions } from '../services/studies/contents/reader.ts'

export const say = (line: string): void => void process.stderr.write(`${line}\n`)

export const print = (text: string): void => void process.stdout.write(`${text}\n`)

/** Lists the files that `--overwrite` replaced. */
export const sayReplaced = (paths: readonly string[]): void => {
  for (const path of paths) say(`Replaced ${path}`)
}

/** One JSON document. */
export const printJson = (value: unknown): void => print(JSON.stringify(value, null, 2))

export interface Bar {
  /** Shows `done` of `total`, and the label. */
  update(done: number, total: number, label: string): void
  stop(): void
}

const NO_BAR: Bar = { update() {}, stop() {} }

const FORMAT = {
  stream: process.stderr,
  format: '{title} {bar} {percentage} %  {eta_formatted} left  {label}',
  barCompleteChar: '█',
  barIncompleteChar: '░',
  barsize: 24,
  hideCursor: true,
  etaBuffer: 50,
  clearOnComplete: true,
}

const paddedTitle = (title: string) => title.padEnd(22)

/** A bar with the remaining time. Prints nothing unless standard error is a terminal. */
export function progressBar(title: string): Bar {
  if (!process.stderr.isTTY) return NO_BAR
  const bar = new SingleBar(FORMAT)
  let last = Number.NaN
  return {
    update(done, total, label) {
      const payload = { label, title: paddedTitle(title) }
      // Less is done if another work begins, such as files after megabytes. The time left is then estimated anew.
      if (!(done >= last)) {
        bar.stop()
        bar.start(total, done, payload)
      }
      last = done
      bar.setTotal(total)
      bar.update(done, payload)
    },
    stop: () => bar.stop(),
  }
}

/** Where works show their lines and bars. */
export interface Display {
  /** Whether one work is shown at a time, so that lines need no name. */
  readonly isSingle: boolean
  say(line: string): void
  bar(title: string): Bar
  stop(): void
}

/** Shows one work at a time. */
export const SINGLE: Display = { isSingle: true, say, bar: progressBar, stop() {} }

/** Shows several works at once: a bar for each, and lines above the bars. */
export function severalBars(): Display {
  if (!process.stderr.isTTY) return { ...SINGLE, isSingle: false }
  const bars = new MultiBar(FORMAT)
  const isShown = () => bars.isActive
  function bar(title: string): Bar {
    let shown: ReturnType<typeof bars.create> | null = null
    return {
      update(done, total, label) {
        const payload = { label, title: paddedTitle(title) }
        shown ??= bars.create(total, done, payload)
        shown.setTotal(total)
        shown.update(done, payload)
      },
      stop() {
        if (shown) bars.remove(shown)
        shown = null
      },
    }
  }
  const sayAbove = (line: string) => (isShown() ? bars.log(`${line}\n`) : say(line))
  return { isSingle: false, bar, say: sayAbove, stop: () => bars.stop() }
}

/** A bar in megabytes, for reading whole files. */
export function readingBar(
  title = 'Reading files (MB)',
): Required<Pick<ReadOptions, 'onProgress'>> & Pick<Bar, 'stop'> {
  const bar = progressBar(title)
  return {
    onProgress: ({ done, total, label }) => bar.update(Math.round(done), Math.ceil(total), label),
    stop: () => bar.stop(),
  }
}

const FIGURE_LABELS = figureLabels(Object.values(METHODS).flatMap(({ figures }) => figures))

const fixed = (value: number | null | undefined, digits: number) =>
  value === null || value === undefined ? '–' : value.toFixed(digits)

/** An epoch's figures. The method's own figures have their declared labels. */
function figuresLine({ loss, validationLoss, validation, extra }: EpochFigures): string {
  const { [OWN_LOSS]: own, [HELD_OUT_CHANCE]: chance, ...figures } = extra
  return [
    `loss ${loss.toFixed(4)}${own === undefined ? '' : ` (own ${own.toFixed(4)})`}`,
    `validation loss ${fixed(validationLoss, 4)}${chance === undefined ? '' : ` (chance ${chance.toFixed(4)})`}`,
    ...(validation ? [`SSIM ${validation.ssim.toFixed(3)}`] : []),
    ...Object.entries(figures).map(([name, value]) => `${FIGURE_LABELS.get(name) ?? name} ${value.toFixed(3)}`),
  ].join(', ')
}

/** Shows a training: a bar on a terminal, otherwise lines for about twenty epochs of the training. */
export function trainingProgress(
  title: string,
  { isSingle, say, bar: makeBar }: Display = SINGLE,
): { onEvent(event: TrainingEvent): void; stop(): void } {
  const bar = makeBar(title)
  let epochs = 1
  return {
    onEvent(event) {
      if (event.type === 'started' || event.type === 'resumed') {
        epochs = event.epochs
        for (const note of event.notes) say(isSingle ? note : `${title}: ${note}`)
        const from =
          event.type === 'resumed' ? `continues after step ${event.from.step}, in epoch ${event.from.epoch + 1}; ` : ''
        if (!process.stderr.isTTY || from)
          say(
            `${title}: ${from}${event.epochs} epochs, ${event.steps} steps, ` +
              `${event.parameters.toLocaleString('en')} parameters`,
          )
      } else if (event.type === 'note') {
        say(`${title}: ${event.text}`)
      } else if (event.type === 'waiting') {
        say(`${title}: ${event.words}`)
      } else if (event.type === 'job') {
        if (event.job.state === 'ended' || event.job.state === 'lost') return // the command tells the end
        say(`${title}: ${event.job.words}`)
      } else if (event.type === 'continued') {
        say(`${title}: continues after ${Math.round(event.seconds)} s`)
      } else if (event.type === 'step') {
        bar.update(event.step, event.steps, `epoch ${event.epoch}/${epochs}, loss ${event.loss.toFixed(4)}`)
      } else if (event.type === 'epoch' && !process.stderr.isTTY) {
        const { epoch } = event.figures
        if (epoch !== epochs && epoch % Math.max(1, Math.floor(epochs / 20)) !== 0) return
        say(`${title}: epoch ${epoch}/${epochs}, ${figuresLine(event.figures)}`)
      }
    },
    stop: () => bar.stop(),
  }
}
