/** The engine before it is needed, and its installation on request. */
import { type InstallOptions, installEngine } from '../engine/install.ts'
import type { Services } from './context.ts'

/** While the window loads: its first images then need not wait for TensorFlow. Where it fails, whoever asks for an image hears why. */
export function prepareEngine({ interactive }: Pick<Services, 'interactive'>): void {
  interactive.call('prepare', {}).catch(() => {})
}

/** With the same progress as when a command needs it. */
export const installNow = (services: Services, options: Omit<InstallOptions, 'onProgress'>) =>
  installEngine({ ...options, onProgress: services.onInstall })
