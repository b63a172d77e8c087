/** The sampling of the synthetic scan: fastMRI's knee matrix and field of view, and the finer grid of the anatomy. */

/** k-space as stored: readout rows (oversampled twofold) × phase-encoding columns. */
export const ROWS = 640
export const COLUMNS = 372
/** Side of the central square that fastMRI reconstructs. */
export const CROP = 320
/** Readout 280 mm, phase encoding 162.75 mm: isotropic pixels of 0.4375 mm, so the crop shows 140 mm. */
export const PIXEL_MM = 0.4375
export const FIELD_OF_VIEW_MM = { rows: ROWS * PIXEL_MM, columns: COLUMNS * PIXEL_MM } as const
export const SLICE_THICKNESS_MM = 3

/**
 * Side of a voxel, in units of fastMRI's voxel. With 2, the scan measures the central half of k-space along both axes.
 * The field of view stays.
 */
export type Voxel = 1 | 2

export interface Sizes {
  readonly rows: number
  readonly columns: number
  readonly crop: number
}

export const sizesOf = (voxel: Voxel): Sizes => ({ rows: ROWS / voxel, columns: COLUMNS / voxel, crop: CROP / voxel })

/** Anatomy is sampled 1.5 times as finely over this field of view, then band-limited by cutting its spectrum. */
export const FINE_ROWS = 960
export const FINE_COLUMNS = 576
export const FINE_ROW_MM = FIELD_OF_VIEW_MM.rows / FINE_ROWS
export const FINE_COLUMN_MM = FIELD_OF_VIEW_MM.columns / FINE_COLUMNS

/** Scanner coordinates of a fine sample, 0 in the middle. y grows downwards (towards the foot), x to the right. */
export function fineX(column: number): number {
  return (column - FINE_COLUMNS / 2) * FINE_COLUMN_MM
}

export function fineY(row: number): number {
  return (row - FINE_ROWS / 2) * FINE_ROW_MM
}

/** Samples of one plane, in millimetres of the scanner. */
export interface Positions {
  readonly xs: Float64Array
  readonly ys: Float64Array
  readonly z: number
}

/** Positions of all fine samples of the plane at depth `z`. */
export const finePositions = (z: number): Positions => ({
  xs: Float64Array.from({ length: FINE_COLUMNS }, (_, column) => fineX(column)),
  ys: Float64Array.from({ length: FINE_ROWS }, (_, row) => fineY(row)),
  z,
})

/** Positions of the image's central [height, width] pixels, both even. */
export const pixelPositions = (z: number, voxel: Voxel, height: number, width: number): Positions => ({
  xs: Float64Array.from({ length: width }, (_, column) => (column - width / 2) * PIXEL_MM * voxel),
  ys: Float64Array.from({ length: height }, (_, row) => (row - height / 2) * PIXEL_MM * voxel),
  z,
})
