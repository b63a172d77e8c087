/** What a reproduction says of networks of complex images and of k-space. */
import { describe, expect, it } from 'vitest'
import { conclusions, statusSentences } from '../../../src/presentation/findings.ts'
import { networkGainTable, networkTable } from '../../../src/presentation/networks.ts'
import { CLASSICAL_ROWS, METHODS, reproductionOf } from '../../reproductions.ts'

const options = { seeds: 2, folds: 2, methods: METHODS.slice(0, 1), classical: CLASSICAL_ROWS }
const report = reproductionOf({ ...options, networks: true })
const without = reproductionOf(options)

describe('a network with a block of rows', () => {
  it('stands beside the U-Net of equal time, with whole-image and foreground values', () => {
    const { sections, columns } = networkTable(report)!
    expect(sections.map(({ name, rows }) => [name, rows.map(({ label }) => label)])).toEqual([
      [null, ['Zero-filled', 'CG-SENSE', 'l1-wavelet, Knee <4×>', 'U-Net-16, baseline from scratch']],
      [
        'E2E-VarNet-8',
        ['Baseline from scratch', 'U-Net of equal time to E2E-VarNet-8', 'RotNet + fine-tuning', 'Control'],
      ],
    ])
    const groups = columns.flatMap(({ group, name }) => (group === '' ? [] : [`${group} ${name}`]))
    expect(groups).toEqual(
      ['Whole image', 'Foreground'].flatMap(group => ['SSIM', 'PSNR,\u00a0dB', 'NMSE'].map(name => `${group} ${name}`)),
    )
    const [baseline] = sections[1].rows
    const rows = report.rows.filter(({ kind, network }) => kind === 'baseline' && network === 'varnet')
    const mean = rows.reduce((sum, { metrics }) => sum + metrics.foreground.nmse, 0) / rows.length
    expect(baseline.cells[groups.indexOf('Foreground NMSE')].text).toBe(mean.toFixed(4))
    expect(baseline.parts!().map(({ label }) => label)).toHaveLength(4)
  })

  it('has notes on what it takes, on the data, on doubtful times, and on refused methods', () => {
    const { notes } = networkTable(report)!
    expect(notes).toEqual(
      expect.arrayContaining([
        'What each network takes: E2E-VarNet-8, measured k-space; U-Net, magnitude images.',
        expect.stringContaining('k-space as the files store it'),
        expect.stringMatching(/^U-Net of equal time to E2E-VarNet-8: .* because other trainings ran/),
        'PIRL does not.',
      ]),
    )
    const synthetic = networkTable(reproductionOf({ ...options, origin: 'synthetic', networks: true }))!
    expect(synthetic.notes.join(' ')).toContain('Data: synthetic k-space')
    const certain = { ...report, rows: report.rows.map(({ paceDoubts: _, ...row }) => row) }
    expect(networkTable(certain)!.notes.join(' ')).not.toContain('too many or too few')
  })

  it('has gains with interval and verdict by each measure', () => {
    const { columns, sections } = networkGainTable(report)!
    expect(columns.map(({ name }) => name)).toEqual(['Foreground SSIM', 'Foreground NMSE', 'SSIM', 'NMSE', 'Pairs'])
    expect(sections.map(({ rows }) => rows.length)).toEqual([1, 2, 2])
    const [first] = sections[0].rows
    expect(first.cells[1]).toEqual({
      text: '−0.0750',
      spread: '± 0.0030',
      notes: ['−0.0780 to −0.0720', 'gain'],
      emphasis: 'gain',
    })
    expect(sections[2].rows.map(({ label }) => label)).toEqual([
      'E2E-VarNet-8, RotNet',
      'E2E-VarNet-8, RotNet, 1 patient',
    ])
  })

  it('is in the findings and in the request, and changes no other finding', () => {
    const own = conclusions(report).filter(text => text.includes('less the') && text.includes('E2E-VarNet-8 '))
    expect(own).toEqual([
      'Baseline less the U-Net of equal time, foreground SSIM: ' +
        'E2E-VarNet-8 +0.0750 (95 % interval +0.0720 to +0.0780, 4 pairs, gain).',
      'Baseline less the U-Net of equal time, foreground NMSE: ' +
        'E2E-VarNet-8 −0.0750 (95 % interval −0.0780 to −0.0720, 4 pairs, gain).',
    ])
    expect(statusSentences(report)[0]).toContain('with 2 classical methods, and E2E-VarNet-8, 2 seeds')
    expect([networkTable(without), networkGainTable(without)]).toEqual([null, null])
    expect(conclusions(without).join(' ')).not.toContain('VarNet')
  })
})
