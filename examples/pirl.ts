/**
 * PIRL: the network finds the image that a jigsaw was cut from, among other images of a memory bank.
 * Misra and van der Maaten 2020, arXiv:1912.01991. The method is src/core/ssl/pirl.ts.
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

// Pretext: nine regions of each slice, each with its own row of the memory bank, because a network memorises 16 whole
// slices. Images have 64 pixels, the nine patches of a jigsaw 32. No ground truth is read.
const method = methodOf('pirl')
const bank = { regions: tiny ? 1 : 3, negatives: 256, contrast: 'cross-entropy', temperature: 0.1 }
const methodConfig = method.config.parse({ ...bank, minimumArea: 0.85, jigsawArea: 0.9, attach: 'grid', grid: 16 })
const schedule = { kind: 'cosine', rate: 1e-3, end: 0 }
const recipe = Recipe.parse({ epochs: tiny ? 2 : 6, batch: 8, optimizer: { kind: 'adam' }, schedule, warmup: 1 })
const pretext = Pretext.parse({ measurement: 'fixed', viewMasks: 'independent' })
const pretraining = pretextTask({ ...shared, ...recipe, method, methodConfig, pretext }, compute)

// Train: on the pretext, then with ground truth from the weights of the pretext.
const start = await trainInMemory({ task: pretraining, recipe, seed, compute }, ({ epoch, loss }) =>
  console.log(`Pre-training, epoch ${epoch}: loss ${loss.toFixed(3)}, chance ${pretraining.chanceLoss!.toFixed(3)}`),
)
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
await writePanes('self-mri-examples/pirl.png', [...images, croppedTruth(volume, 2)!], cropShape(test.info))
console.log('self-mri-examples/pirl.png shows the zero-filled image, the network’s image and the ground truth.')
