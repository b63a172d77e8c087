/** Whose feature maps are looked at, and at which layer; kept apart from the screens, which all can open them. */
import { create } from 'zustand'

interface Features {
  /** `null`: closed. */
  readonly run: string | null
  /** The one that was looked at last, for the next run too; `null`: the network's last. */
  readonly layer: string | null
  /** One grey window for all maps of a layer, in place of each its own. */
  readonly shared: boolean
}

export const useFeatures = create<Features>(() => ({ run: null, layer: null, shared: false }))

export const showFeatures = (run: string) => useFeatures.setState({ run })
export const closeFeatures = () => useFeatures.setState({ run: null })
