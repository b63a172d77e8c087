/** Files of scanners and programs that are not read: how each is recognised, and the command that converts it. */
import { AppError } from '../../../contract/errors.ts'
import type { FileSource } from '../source.ts'

interface RefusedKind {
  /** What the file is, with its article. */
  readonly what: string
  sniff(start: Uint8Array, source: FileSource): boolean
  /** The remedy, for the file `name` and its name without ending. */
  remedy(name: string, stem: string): string
}

/** Bytes at the beginning of a file that are looked at. */
const START_BYTES = 4096

const textIn = (start: Uint8Array, from: number, to: number): string =>
  Array.from(start.subarray(from, to), code => String.fromCharCode(code)).join('')

const numberAt = (start: Uint8Array, at: number): number =>
  start.length < at + 4 ? 0 : new DataView(start.buffer, start.byteOffset).getUint32(at, true)

/** The beginning of Siemens' multi-raid files (VD and later): 0, the number of scans, then the first scan's place. */
function isTwixRaid(start: Uint8Array, bytes: number): boolean {
  const scans = numberAt(start, 4)
  const place = numberAt(start, 16)
  const first = 8 + 152 * scans
  return numberAt(start, 0) === 0 && scans >= 1 && scans <= 64 && place >= first && place < bytes && place % 512 === 0
}

const isDicom = (start: Uint8Array): boolean => textIn(start, 128, 132) === 'DICM'
/** The class of a DICOM object stands in its first bytes, as text that ends with a zero or the next element. */
const hasClass = (start: Uint8Array, uid: string): boolean =>
  isDicom(start) && new RegExp(`${uid.replaceAll('.', '\\.')}(?![.\\d])`).test(textIn(start, 132, START_BYTES))

const TWIX = (name: string, stem: string) => `siemens_to_ismrmrd -f ${name} -o ${stem}.mrd`
const PHILIPS = (stem: string) => `philips_to_ismrmrd -f ${stem} -o ${stem}.mrd`

const REFUSED: readonly RefusedKind[] = [
  {
    what: 'an MRD 2 stream',
    sniff: start => textIn(start, 0, 5) === 'yardl',
    remedy: (name, stem) =>
      `Convert it to MRD 1 with: mrd_to_ismrmrd < ${name} | ismrmrd_stream_to_hdf5 --use-stdin -o ${stem}.mrd`,
  },
  {
    what: 'a raw file of a Siemens scanner (twix)',
    sniff: (start, { bytes }) =>
      isTwixRaid(start, bytes) || (/^(?:Config|Dicom|Meas)\0/.test(textIn(start, 8, 16)) && numberAt(start, 4) <= 64),
    remedy: (name, stem) => `Convert it with: ${TWIX(name, stem)}`,
  },
  {
    what: 'a P-file of a GE scanner',
    sniff: start => /GE_MED_NMR|INVALIDNMR/.test(textIn(start, 0, 256)),
    remedy: name => `Convert it with: ge_to_ismrmrd --verbose ${name}`,
  },
  {
    what: 'a raw file of a Philips scanner',
    sniff: (start, source) =>
      /DATA DESCRIPTION FILE/.test(textIn(start, 0, START_BYTES)) ||
      [
        ['.raw', '.lab'],
        ['.lab', '.raw'],
        ['.data', '.list'],
      ].some(([own, other]) => source.name.toLowerCase().endsWith(own) && source.sibling(other) !== null),
    remedy: (_, stem) => `Export it as ${stem}.lab, ${stem}.raw and ${stem}.sin, and convert it with: ${PHILIPS(stem)}`,
  },
  {
    what: 'DICOM raw data, whose contents only the maker’s programs can read',
    sniff: start => hasClass(start, '1.2.840.10008.5.1.4.1.1.66'),
    remedy: () => 'Export the raw data from the scanner, and convert them to MRD, such as with siemens_to_ismrmrd.',
  },
  {
    what: 'DICOM spectroscopy, which has no image',
    sniff: start => hasClass(start, '1.2.840.10008.5.1.4.1.1.4.2'),
    remedy: () => 'Choose the imaging series of the examination.',
  },
  {
    what: 'a .mat file of MATLAB 5 to 7',
    sniff: start => textIn(start, 0, 19) === 'MATLAB 5.0 MAT-file',
    remedy: name => `Save it as version 7.3. In MATLAB: s = load('${name}'); save('${name}', '-struct', 's', '-v7.3')`,
  },
]

/** Throws `UNSUPPORTED_FORMAT`, with the converter's command line, if the file is of a known kind that is not read. */
export function refuseKnown(source: FileSource): void {
  if (source.hdf5() !== null) return
  const start = source.read(0, START_BYTES)
  const kind = REFUSED.find(each => each.sniff(start, source))
  if (!kind) return
  const stem = source.name.replace(/\.[^.]+$/, '')
  throw new AppError(
    'UNSUPPORTED_FORMAT',
    `Expected k-space, got ${kind.what}: ${source.path}. ${kind.remedy(source.name, stem)}`,
  )
}
