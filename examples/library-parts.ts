/**
 * The parts of the library, without the app: from a file to an image, through a network, to a score.
 * Nothing is trained here, so the network's image is worse than its input.
 */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { MaskSpec } from '../src/contract/evaluation.ts'
import { networkOf } from '../src/core/models/index.ts'
import { makeModel } from '../src/core/models/model.ts'
import { initialParameters } from '../src/core/models/parameters.ts'
import { drawPattern } from '../src/core/mri/draw.ts'
import { makeZeroFilling } from '../src/core/mri/fft.ts'
import { scoreSlice } from '../src/core/mri/metrics.ts'
import { acceleration } from '../src/core/mri/pattern.ts'
import { RandomState } from '../src/core/mri/random.ts'
import { centreCropReal, cropShape, normalise, unnormalise } from '../src/core/mri/transform.ts'
import { writePanes } from '../src/engine/files/panes.ts'
import { openVolume } from '../src/engine/files/volumes.ts'
import { requireCompute } from '../src/engine/tensorflow/tensorflow.ts'

const { values } = parseArgs({ options: { tiny: { type: 'boolean' }, seed: { type: 'string', default: '1' } } })
const [tiny, seed] = [values.tiny, Number(values.seed)]

// Engine: TensorFlow in this process. Core's functions compute with what the engine gives.
const compute = await requireCompute()
console.log(`TensorFlow ${compute.device.tensorflow} on the ${compute.device.gpu ?? compute.device.device}`)

// File: one slice of k-space, [rows, columns, 2] as real and imaginary parts, and its ground truth.
const volume = await openVolume(join(import.meta.dirname, '../resources/demonstration/ulf055T_7B_FSE.h5'), '')
const { info } = volume
const [kspace, target] = [volume.readKspace(2), volume.readTarget(2)!]
const shape = cropShape(info)
const truth = centreCropReal(target, info.targetShape!, shape)
console.log(`${info.file}, slice 3 of ${info.slices}: ${info.rows} rows, ${info.columns} columns, ${info.acquisition}`)

// Mask: which columns count as measured. 1 is measured, 0 is not.
const spec = MaskSpec.parse({ kind: 'random', acceleration: 4, centerFraction: 0.08 })
const mask = drawPattern(spec, [info.rows, info.columns], RandomState.fromSeed(seed))
console.log(`Mask of seed ${seed}: ${acceleration(mask).toFixed(2)}×, all other columns count as 0`)

// Zero-filled image: the magnitude of the inverse Fourier transform of the measured columns, [height, width].
const zeroFilled = makeZeroFilling(compute.fourier).image(kspace, 1, mask, shape)

// Network: fastMRI's U-Net with random weights. A network sees images of mean 0 and standard deviation 1.
const network = networkOf('unet')
const config = network.config.parse({ channels: tiny ? 2 : 32 })
const weights = initialParameters(network.parameters(config), seed)
const model = makeModel(network, config, weights)
const { image, mean, std } = normalise(zeroFilled)
const output = unnormalise(
  await compute.predict(model, { image: { data: image, shape: [...shape, 1] } }, shape),
  mean,
  std,
)
console.log(`${network.label} with ${weights.length} random weights`)

// Score: fastMRI's metrics of one slice. The data range is the largest value of the slice's ground truth.
const range = truth.reduce((most, value) => Math.max(most, value), 0)
const zeroFilledScore = scoreSlice(zeroFilled, truth, shape, range)
const networkScore = scoreSlice(output, truth, shape, range)
console.log(`SSIM of the slice, zero-filled: ${zeroFilledScore.ssim.toFixed(3)}`)
console.log(`SSIM of the slice, network: ${networkScore.ssim.toFixed(3)}`)

await writePanes('self-mri-examples/library-parts.png', [zeroFilled, output, truth], shape)
console.log(
  'self-mri-examples/library-parts.png shows the zero-filled image, the network’s image and the ground truth.',
)
