/** Endings of files with weights that can be imported: safetensors, PyTorch, Lightning. */
export const CHECKPOINT_ENDINGS = ['.safetensors', '.pt', '.pth', '.ckpt'] as const

export const isCheckpointFile = (path: string): boolean =>
  CHECKPOINT_ENDINGS.some(ending => path.toLowerCase().endsWith(ending))
