/**
 * Loads dcmjs, which reads and writes DICOM files (PS3.10), when it is first needed. Declares the parts that are used.
 */

/** By keyword, such as `PixelSpacing`. */
export type Attributes = Readonly<Record<string, unknown>>

/** By tag, such as `00280030`. */
type Elements = Readonly<Record<string, { readonly vr: string; readonly Value: readonly unknown[] }>>

interface DicomFile {
  readonly meta: Elements
  dict: Elements
  write(): ArrayBuffer
}

export interface DicomLibrary {
  readonly data: {
    readonly DicomDict: new (meta: Elements) => DicomFile
    readonly DicomMessage: { readFile(bytes: ArrayBuffer): DicomFile }
    readonly DicomMetaDictionary: {
      denaturalizeDataset(attributes: Attributes): Elements
      naturalizeDataset(elements: Elements): Attributes
    }
  }
}

export const loadDicom = async (): Promise<DicomLibrary> => (await import('dcmjs')).default
