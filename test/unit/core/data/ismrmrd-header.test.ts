import { describe, expect, it } from 'vitest'
import { parseIsmrmrdHeader } from '../../../../src/core/data/formats/ismrmrd-header.ts'

const space = (x: string, y: string) => `<matrixSize><x>${x}</x><y>${y}</y><z>1</z></matrixSize>`
const encoding = (x: string, y: string) =>
  `<encoding><encodedSpace>${space('640', '372')}</encodedSpace><reconSpace>${space(x, y)}</reconSpace></encoding>`
const header = (inside: string) => `<?xml version="1.0"?>
  <ismrmrdHeader xmlns="http://www.ismrm.org/ISMRMRD">${inside}</ismrmrdHeader>`

describe('parseIsmrmrdHeader', () => {
  it('finds the reconstructed size and the patient', () => {
    const subject = '<subjectInformation><patientID> 0042 </patientID></subjectInformation>'
    expect(parseIsmrmrdHeader(header(subject + encoding('320', '310')))).toEqual({
      reconSize: [320, 310],
      pixelSize: null,
      patientId: '0042',
    })
  })

  it.each([
    ['140', '155', [0.4375, 0.5]],
    ['320', '310', null], // the matrix in its place
    ['0', '140', null],
    ['wide', '140', null],
  ])('has the size of a pixel of a field of view of %s by %s mm', (x, y, expected) => {
    const view = `<fieldOfView_mm><x>${x}</x><y>${y}</y></fieldOfView_mm>`
    const xml = header(encoding('320', '310').replace('</reconSpace>', `${view}</reconSpace>`))
    expect(parseIsmrmrdHeader(xml)!.pixelSize).toEqual(expected)
  })

  it('knows a namespace prefix, and takes the first of several encodings', () => {
    const prefixed = header(encoding('320', '320') + encoding('64', '64')).replaceAll(/<(\/?)(\w)/g, '<$1ns:$2')
    expect(parseIsmrmrdHeader(prefixed)).toEqual({ reconSize: [320, 320], pixelSize: null, patientId: null })
  })

  it.each([
    ['no sizes', header('')],
    ['half a size', header('<encoding><reconSpace><matrixSize><x>320</x></matrixSize></reconSpace></encoding>')],
    ['words', header(encoding('many', '320'))],
    ['zero', header(encoding('0', '320'))],
    ['a fraction', header(encoding('320', '1.5'))],
  ])('has no size with %s', (_, xml) => {
    expect(parseIsmrmrdHeader(xml)).toEqual({ reconSize: null, pixelSize: null, patientId: null })
  })

  it.each([
    ['nothing', null],
    ['an empty text', ''],
    ['plain text', 'not a header'],
    ['other XML', '<note>320</note>'],
    ['a header cut off', header(encoding('320', '320')).slice(0, -40)],
    ['crossed tags', '<ismrmrdHeader><a><b></a></b></ismrmrdHeader>'],
  ])('is null for %s', (_, xml) => {
    expect(parseIsmrmrdHeader(xml)).toBeNull()
  })

  it('leaves entities as they are', () => {
    const subject = '<subjectInformation><patientID>&a;&amp;</patientID></subjectInformation>'
    const xml = header(subject).replace('?>', '?><!DOCTYPE ismrmrdHeader [<!ENTITY a "aaaa">]>')
    expect(parseIsmrmrdHeader(xml)?.patientId).toBe('&a;&amp;')
  })
})
