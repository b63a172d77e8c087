/** Which run and layer the feature maps show. Every screen can open them, so the state is not part of a screen. */
import { create } from 'zustand'

interface Features {
  /** `null`: closed. */
  readonly run: string | null
  /** The layer shown last, also for the next run; `null`: the network's last layer. */
  readonly layer: string | null
  /** All maps of a layer share one grey window. */
  readonly shared: boolean
}

export const useFeatures = create<Features>(() => ({ run: null, layer: null, shared: false }))

export const showFeatures = (run: string) => useFeatures.setState({ run })
export const closeFeatures = () => useFeatures.setState({ run: null })
