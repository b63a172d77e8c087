/**
 * Sub-sample again: the measured lines are sub-sampled once more, and the network restores the omitted lines.
 * In the spirit of SSDU, Yaman et al. 2020, arXiv:1912.07669. The method is src/core/ssl/subsample-again.ts.
 */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { MaskSpec } from '../src/contract/evaluation.ts'
import { Pretext, Recipe } from '../src/contract/recipes.ts'
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

// Pretext: 70 % of the measured lines are kept. The network gives an image, so nothing is fine-tuned: this example
// trains without any ground truth.
const method = methodOf('subsample-again')
const schedule = { kind: 'constant', rate: 1e-3 }
const recipe = Recipe.parse({ epochs: tiny ? 2 : 10, batch: 1, optimizer: { kind: 'rmsprop' }, schedule })
const pretext = Pretext.parse({ measurement: 'fixed', keep: 0.7 })
const task = pretextTask({ ...shared, ...recipe, method, methodConfig: {}, pretext }, compute)

// Train: this loss has no chance level. The reference is the loss on patient 7A if the network changed nothing.
const weights = await trainInMemory({ task, recipe, seed, compute }, ({ epoch, loss, validationLoss, extra }) => {
  const [heldOut, unchanged] = [validationLoss!.toFixed(3), extra['input loss'].toFixed(3)]
  console.log(`Epoch ${epoch}: loss ${loss.toFixed(3)}, on 7A ${heldOut}, of the unchanged input ${unchanged}`)
})

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
await writePanes('self-mri-examples/subsample-again.png', [...images, croppedTruth(volume, 2)!], cropShape(test.info))
console.log(
  'self-mri-examples/subsample-again.png shows the zero-filled image, the network’s image and the ground truth.',
)
