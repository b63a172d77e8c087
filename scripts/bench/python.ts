import { fileURLToPath } from 'node:url'
import { pythonWith } from '../../test/python.ts'

/** The Python that the peer runs on. */
export const peerPython = (say: (line: string) => void): Promise<string> =>
  pythonWith(
    {
      folder: 'bench',
      requirements: fileURLToPath(new URL('./requirements.txt', import.meta.url)),
      alone: ['fastmri==0.3.0'], // its own requirements have Lightning and pandas, which its networks do not need
      imports:
        'import deepinv, fastmri.losses, fastmri.models, h5py, numpy, safetensors, scipy.fft, sigpy, ' +
        'skimage.metrics, torch',
      label:
        'the peer: PyTorch, fastMRI, deepinv, SciPy, SigPy, scikit-image and h5py ' +
        '(on Linux up to 3 GB to fetch, 6 GB on disk)',
    },
    say,
  )
