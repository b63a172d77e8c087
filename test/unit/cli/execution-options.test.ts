import { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { addExecutionOptions, executionFrom, requireKnownOptions } from '../../../src/cli/execution-options.ts'

const parsed = (...args: string[]) =>
  addExecutionOptions(new Command().exitOverride().configureOutput({ writeErr() {} }))
    .parse(args, { from: 'user' })
    .opts()

describe('options that say where trainings run', () => {
  it('replace settings, and no others', () => {
    expect(executionFrom(parsed())).toEqual({})
    expect(executionFrom(parsed('--executor', 'slurm', '--partition', 'gpu', '--gpus', '1', '--jobs', '8'))).toEqual({
      executor: 'slurm',
      slurm: { partition: 'gpu', gpus: 1, jobs: 8 },
    })
    expect(executionFrom(parsed('--devices', '0, 2', '--slots', '3'))).toEqual({ devices: ['0', '2'], slots: 3 })
  })

  it('pass on any options of sbatch and any lines of the shell', () => {
    const given = parsed('--sbatch', '--exclude=n3', '--sbatch', '--nice=5', '--setup', 'module load a', '--setup', 'b')
    expect(executionFrom(given)).toEqual({ slurm: { sbatch: '--exclude=n3 --nice=5', setup: 'module load a\nb' } })
  })

  it.each([
    [['--gpus', '2'], '--gpus: Expected a whole number, at least 0, at most 1.'],
    [['--jobs', '0'], '--jobs: Expected a whole number, at least 1, at most 1000.'],
    [['--slots', '0'], '--slots: Expected a whole number, at least 1, at most 64.'],
    [['--cpus', '0'], '--cpus: Expected a whole number, at least 1, at most 256.'],
    [['--partition', ''], '--partition: Expected a text.'],
    [['--time', 'four hours'], '--time: Expected a time limit as 30 (minutes), 4:00:00 or 2-0 (days-hours).'],
    [
      ['--memory', 'lots', '--gpus', '2'],
      '--gpus: Expected a whole number, at least 0, at most 1.\n--memory: Expected',
    ],
  ])('%j is refused', (args, words) => {
    expect(() => executionFrom(parsed(...args))).toThrow(words)
  })

  it.each([
    ...['30', '30:00', '4:00:00', '2-0', '2-0:30', '2-0:30:00', 'UNLIMITED'].map(time => ({ time })),
    ...['4000', '512M', '32G', '1T', '32g'].map(memory => ({ memory })),
  ])('%j is a form that Slurm knows', slurm => {
    const [[name, value]] = Object.entries(slurm)
    expect(executionFrom(parsed(`--${name}`, value))).toEqual({ slurm })
  })

  it.each(['', '4h', '1:2:3:4', '2-', '-1', '2-0:0:0:0'])('the time limit %j is refused', time => {
    expect(() => executionFrom(parsed(`--time=${time}`))).toThrow('--time: Expected a time limit')
  })

  it.each(['', 'G', '32GB', '1.5G', '-1'])('the memory %j is refused', memory => {
    expect(() => executionFrom(parsed(`--memory=${memory}`))).toThrow('--memory: Expected a whole number')
  })

  it('an executor that does not exist is refused', () => {
    expect(() => parsed('--executor', 'lsf')).toThrow('Allowed choices are local, slurm, folder')
  })
})

describe('an option that the executor does not know', () => {
  const refuse = (args: string[], setting: 'local' | 'slurm' | 'folder') => () =>
    requireKnownOptions(executionFrom(parsed(...args)), setting)

  it('is refused, with the executor that knows it', () => {
    expect(refuse(['--partition', 'gpu'], 'local')).toThrow(
      '--partition: expected --executor slurm, got the executor local.',
    )
    expect(refuse(['--setup', 'x'], 'local')).toThrow('expected --executor slurm or --executor folder')
    expect(refuse(['--slots', '2'], 'slurm')).toThrow(
      /expected --executor local, .* Add --executor, or omit --slots\.$/,
    )
    expect(refuse(['--executor', 'folder', '--memory', '1G'], 'slurm')).toThrow(
      'got the executor folder. Change --executor, or omit --memory.',
    )
  })

  it('is permitted if the option or the setting chooses another executor', () => {
    expect(refuse(['--partition', 'gpu'], 'slurm')).not.toThrow()
    expect(refuse(['--executor', 'slurm', '--partition', 'gpu'], 'local')).not.toThrow()
    expect(refuse(['--executor', 'local', '--slots', '2'], 'slurm')).not.toThrow()
    expect(refuse([], 'folder')).not.toThrow()
  })
})
