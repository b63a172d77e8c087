/** Properties that differ from knee to knee. Both acquisitions and all slices of a patient share them. */

export interface Lesion {
  readonly x: number
  readonly y: number
  readonly z: number
  readonly radiusMm: number
}

export interface Patient {
  /** +1: lateral is on the image's right; −1: mirrored. */
  readonly side: 1 | -1
  readonly size: number
  /** Width over height, relative to the mean knee. */
  readonly aspect: number
  readonly rotation: number
  readonly shiftXMm: number
  readonly shiftYMm: number
  readonly shiftZMm: number
  /** Varus or valgus: shear of the tibia against the femur, mm per mm. */
  readonly alignment: number
  readonly fatMm: number
  readonly muscleBulk: number
  readonly femoralCartilageMm: number
  readonly tibialCartilageMm: number
  /** Cartilage loss of the medial compartment, 0 (none) to 0.8. */
  readonly medialWear: number
  readonly notchWidth: number
  readonly condyleWidth: number
  readonly spineMm: number
  readonly cortexMm: number
  /** Thickness of the fluid film; an effusion is a film of several millimetres. */
  readonly fluidMm: number
  /** Signal loss along the scar of the growth plate, 0 to 1. */
  readonly growthPlate: number
  /** Share of red marrow in the metaphyses, 0 to 1. */
  readonly redMarrow: number
  /** Fat between muscle fibres, 0 to 1. */
  readonly fattyMuscle: number
  readonly septa: number
  readonly lesion: Lesion | null
  /** Signal of each muscle relative to the mean, in the order of `MUSCLES`. */
  readonly muscleSignal: readonly number[]
  /** Small vessels in subcutaneous fat: height and depth within the fat (0 at the fascia, 1 at the skin), per side. */
  readonly veins: readonly {
    readonly lateral: boolean
    readonly depth: number
    readonly z: number
    readonly radiusMm: number
    readonly phase: number
  }[]
  /** Share of the fat signal that remains after fat suppression. */
  readonly suppression: number
}
