/** Of which pane's classical method the settings are open. */
import { create } from 'zustand'
import type { ClassicalId } from '../../contract/classical.ts'

interface OpenSettings {
  /** `null`: closed. */
  readonly of: { readonly pane: number; readonly method: ClassicalId } | null
}

export const useOpenSettings = create<OpenSettings>(() => ({ of: null }))

export const showSettings = (pane: number, method: ClassicalId) => useOpenSettings.setState({ of: { pane, method } })
export const closeSettings = () => useOpenSettings.setState({ of: null })
