/** Installing the engine on request, with the same progress as when a command needs it. */
import { type InstallOptions, installEngine } from '../engine/install.ts'
import type { Services } from './context.ts'

export const installNow = (services: Services, options: Omit<InstallOptions, 'onProgress'>) =>
  installEngine({ ...options, onProgress: services.onInstall })
