/**
 * Signal of each tissue, relative to fat in proton density (PD) without fat suppression, for a turbo spin echo with an
 * echo time near 30 ms. Cortex, ligament and meniscus have almost no signal (very short T2). Fat and marrow are bright.
 * With fat suppression, fluid and cartilage are the brightest tissues.
 */

export type Acquisition = 'CORPD_FBK' | 'CORPDFS_FBK'

/** [PD, PD fat-suppressed]. Fat and fatty marrow are not listed, because the patient's suppression scales them. */
const WATER = {
  muscle: [0.4, 0.36],
  cartilage: [0.68, 0.6],
  fluid: [0.92, 1.05],
  skin: [0.46, 0.34],
  cortex: [0.035, 0.025],
  meniscus: [0.09, 0.08],
  tendon: [0.1, 0.08],
  cruciate: [0.24, 0.2],
  fascia: [0.2, 0.12],
  vesselWall: [0.16, 0.14],
  slowBlood: [0.62, 0.66],
  fastBlood: [0.1, 0.1],
  redMarrow: [0.5, 0.3],
  oedema: [0.52, 0.78],
  synovium: [0.55, 0.55],
} as const

/** Signal of fat (lobules) and of yellow marrow without suppression. */
const FAT = { fat: 1, marrow: 0.86, hoffa: 0.92 } as const

/** Relative change of fat signal over the plane, because suppression is never uniform. */
const FAT_VARIATION = [0.05, 0.22] as const

export type Tissues = Readonly<Record<keyof typeof WATER | keyof typeof FAT | 'fatVariation', number>>

/** The tissue table of one acquisition. `suppression`: share of the fat signal that remains after fat suppression. */
export function tissueTable(acquisition: Acquisition, suppression: number): Tissues {
  const column = acquisition === 'CORPDFS_FBK' ? 1 : 0
  const left = acquisition === 'CORPDFS_FBK' ? suppression : 1
  const water = Object.entries(WATER).map(([tissue, signals]) => [tissue, signals[column]])
  const fat = Object.entries(FAT).map(([tissue, signal]) => [tissue, signal * left])
  return Object.fromEntries([...water, ...fat, ['fatVariation', FAT_VARIATION[column]]]) as Tissues
}
