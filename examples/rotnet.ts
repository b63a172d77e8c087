/**
 * RotNet: the network learns to say whether an image was rotated by 0°, 90°, 180° or 270°.
 * Gidaris et al. 2018, arXiv:1803.07728. The method is src/core/ssl/rotnet.ts.
 */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { MaskSpec } from '../src/contract/evaluation.ts'
import { Pretext, Recipe } from '../src/contract/recipes.ts'
import { OWN_LOSS } from '../src/contract/runs.ts'
import { maskOf } from '../src/core/data/patterns.ts'
import { croppedTruth } from '../src/core/data/truth.ts'
import { evaluateVolume, protocolOf } from '../src/core/evaluate.ts'
import { networkOf } from '../src/core/models/index.ts'
import { makeModel } from '../src/core/models/model.ts'
import { cropShape } from '../src/core/mri/transform.ts'
import { reconstructSlices } from '../src/core/reconstruct.ts'
import { methodOf } from '../src/core/ssl/index.ts'
import { pretextTask } from '../src/core/ssl/pretext.ts'
import { trainInMemory } from '../src/core/training/in-memory.ts'
import { FINE_TUNING } from '../src/core/training/recipes.ts'
import { supervisedTask } from '../src/core/training/supervised.ts'
import { writePanes } from '../src/engine/files/panes.ts'
import { VolumePool } from '../src/engine/files/volume-pool.ts'
import { requireCompute } from '../src/engine/tensorflow/tensorflow.ts'
import { protocolSentence } from '../src/presentation/protocol.ts'

const { values } = parseArgs({ options: { tiny: { type: 'boolean' }, seed: { type: 'string', default: '1' } } })
const [tiny, seed] = [values.tiny, Number(values.seed)]
const compute = await requireCompute()

// Data: brain k-space, measured at 0.055 T. Patients 6A and 6B train, 7A validates, 7B is seen by no training.
const pool = new VolumePool()
const study = join(import.meta.dirname, '../resources/demonstration/ulf055T_')
const read = (...names: string[]) => Promise.all(names.map(name => pool.read(`${study}${name}.h5`)))
const patients = await read('6A_FLAIR', '6A_FSE', '6B_FLAIR', '6B_FSE')
const [validation, [test]] = [await read('7A_FLAIR', '7A_FSE'), await read('7B_FSE')]
const mask = MaskSpec.parse({ kind: 'random', acceleration: 4, centerFraction: 0.08 })
const slices = { kind: 'all' } as const

// Network: fastMRI's U-Net.
const network = networkOf('unet')
const networkConfig = network.config.parse({ channels: tiny ? 2 : 16 })
const shared = { network, networkConfig, train: patients, validation, slices, mask, seed }

// Pretext: images of 48 pixels, rotated and then masked afresh, because aliasing that rotates with the image reveals
// the rotation. The reconstruction term keeps the anatomy in the output image. It reads no ground truth, but all of
// k-space.
const method = methodOf('rotnet')
const methodConfig = method.config.parse({ crop: 48, minimumArea: 0.8, attach: 'output' })
const schedule = { kind: 'cosine', rate: 1.2e-3, end: 1.2e-4 }
const recipe = Recipe.parse({ epochs: tiny ? 2 : 30, batch: 8, optimizer: { kind: 'adam' }, schedule })
const pretext = Pretext.parse({ measurement: 'fresh', reconstruction: 5 })
const pretraining = pretextTask({ ...shared, ...recipe, method, methodConfig, pretext }, compute)

// Train: on the pretext, then with ground truth from the weights of the pretext.
const start = await trainInMemory({ task: pretraining, recipe, seed, compute }, ({ epoch, extra }) => {
  const [loss, chance] = [extra[OWN_LOSS], pretraining.chanceLoss!] // without the reconstruction term
  console.log(`Pre-training, epoch ${epoch}: loss ${loss.toFixed(3)}, chance ${chance.toFixed(3)}`)
})
const fineTuning = { ...FINE_TUNING, epochs: tiny ? 2 : 10 }
const supervised = supervisedTask({ ...shared, batch: fineTuning.batch }, compute)
const weights = await trainInMemory({ task: supervised, recipe: fineTuning, seed, start, compute }, figures =>
  console.log(`Fine-tuning, epoch ${figures.epoch}: loss ${figures.loss.toFixed(3)}`),
)

// Look: the scores of the test patient, and slice 3 as a picture.
const volume = await test.open()
const settings = { mask, maskDraws: null, slices, reference: 'ground truth' } as const
const images: Float32Array[] = []
for (const model of [null, makeModel(network, networkConfig, weights)]) {
  const { ssim } = await evaluateVolume(volume, model, settings, compute, async () => {})
  console.log(`SSIM of ${test.info.file}, ${model ? 'network' : 'zero-filled'}: ${ssim.toFixed(3)}`)
  images.push(await reconstructSlices(volume, [2], maskOf(volume, mask), model, compute, async () => {}))
}
console.log(protocolSentence(protocolOf(settings, [volume.info])))
await writePanes('self-mri-examples/rotnet.png', [...images, croppedTruth(volume, 2)!], cropShape(test.info))
console.log('self-mri-examples/rotnet.png shows the zero-filled image, the network’s image and the ground truth.')
