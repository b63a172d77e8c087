/**
 * Recordings as one SavedModel: an operation is a node, its wiring the node's inputs, a declared tensor a Placeholder, the rest a
 * Const. Field numbers are those of tensorflow/core/framework/{graph,node_def,attr_value,tensor,tensor_shape}.proto and
 * tensorflow/core/protobuf/{meta_graph,saved_model}.proto.
 *
 * All recordings share the variables. Each reads them once, by nodes of its own, and assigns them once, after its own reads:
 * nothing else orders a read and a write of one variable. What is fetched waits for all assignments.
 */
import { type AdamUpdate, findAdamUpdate } from './adam.ts'
import { type Binding, DataType, type OpAttribute } from './native.ts'
import { boolean, bytes, float, integer, type Message, message } from './protobuf.ts'
import {
  type Constant,
  isVariable,
  NotRecordable,
  type RecordedOp,
  type Recording,
  type Source,
  type TensorType,
} from './recording.ts'

/** Names by which the session is driven. */
export const names = {
  /** Placeholder for a variable's value, and the node that has assigned them all. */
  initial: (variable: number) => `initial${variable}`,
  initialised: 'initialised',
  value: (variable: number) => `value${variable}`,
  feed: (graph: number, feed: number) => `graph${graph}/feed${feed}`,
  output: (graph: number, output: number) => `graph${graph}/result${output}`,
} as const

export const TAG = 'serve'
const ATTRIBUTE = { string: 2, integer: 3, float: 4, boolean: 5, type: 6, shape: 7, tensor: 8 } as const

type Attributes = Readonly<Record<string, Message>>

/** `inputs`: a node's name, `name:output`, or `^name` for one that must only have run before. */
const node = (name: string, op: string, inputs: readonly string[], attributes: Attributes): Message =>
  bytes(
    1,
    message(
      bytes(1, name),
      bytes(2, op),
      ...inputs.map(input => bytes(3, input)),
      ...Object.entries(attributes).map(([key, value]) => bytes(5, message(bytes(1, key), bytes(2, value)))),
    ),
  )

const dtypeOf = (dtype: number) => integer(ATTRIBUTE.type, dtype)
const shapeProto = (shape: readonly number[]) => message(...shape.map(size => bytes(2, integer(1, size))))
const shapeOf = (shape: readonly number[]) => bytes(ATTRIBUTE.shape, shapeProto(shape))

type Values = TensorType & Pick<Constant, 'bytes'>

/** Many constants are one number over and over (the ones that a gradient starts from): written once, it stands for all. */
function isSplat({ dtype, bytes }: Values): boolean {
  if (dtype !== DataType.float32 || bytes.length <= 4) return false
  return Buffer.compare(bytes.subarray(4), bytes.subarray(0, -4)) === 0
}

function tensorOf(constant: Values): Message {
  const { dtype, shape } = constant
  const content = isSplat(constant) ? bytes(5, constant.bytes.subarray(0, 4)) : bytes(4, constant.bytes)
  return bytes(ATTRIBUTE.tensor, message(integer(1, dtype), bytes(2, shapeProto(shape)), content))
}

/**
 * The graph optimizer computes with constants beforehand: x / c becomes x · (1 / c), x² by Pow a Square, and the last bit is another. So it
 * must not see the values of float constants, nor of those that become floats; integers, mostly shapes and axes, it needs.
 */
function constantNodes(name: string, constant: Constant, isCast: boolean): Message[] {
  const type = dtypeOf(constant.dtype)
  const value = tensorOf(constant)
  if (!isCast && !FLOATING.has(constant.dtype)) return [node(name, 'Const', [], { dtype: type, value })]
  return [
    node(`${name}/value`, 'Const', [], { dtype: type, value }),
    node(name, 'PlaceholderWithDefault', [`${name}/value`], { dtype: type, shape: shapeOf(constant.shape) }),
  ]
}

const FLOATING: ReadonlySet<number> = new Set([DataType.float32, DataType.complex64])

/** An attribute as the graph writes it; lists are a message of their own. */
function attributeOf(binding: Binding, op: string, { name, type, value }: OpAttribute): Message {
  const single = (each: unknown): Message | null => {
    if (type === binding.TF_ATTR_INT) return integer(ATTRIBUTE.integer, each as number)
    if (type === binding.TF_ATTR_FLOAT) return float(ATTRIBUTE.float, each as number)
    if (type === binding.TF_ATTR_BOOL) return boolean(ATTRIBUTE.boolean, each as boolean)
    if (type === binding.TF_ATTR_TYPE) return integer(ATTRIBUTE.type, each as number)
    if (type === binding.TF_ATTR_STRING) return bytes(ATTRIBUTE.string, each as string)
    return null
  }
  if (type === binding.TF_ATTR_SHAPE && Array.isArray(value)) return shapeOf(value)
  const isList = Array.isArray(value)
  const written = (isList ? value : [value]).map(single)
  if (value === undefined || value === null || written.includes(null))
    throw new NotRecordable(`The attribute ${name} of ${op} is of a kind that cannot be written down`)
  return isList ? bytes(1, message(...(written as Message[]))) : written[0]!
}

/**
 * These give memory of their own. Others may hand on a buffer they were given, and a feed's or a constant's must not become a
 * variable's: JavaScript owns it, and would be told of its end by one of TensorFlow's threads.
 */
const FRESH = new Set(['Add', 'AddV2', 'Sub', 'Mul', 'Div', 'RealDiv'])

/**
 * The graph optimizer takes sums of three and more, and products, in another order, and the last bit is another. It leaves alone what it has
 * marked as its own work (tensorflow/core/grappler/optimizers/arithmetic_optimizer.cc, kAddOpsRewriteTag and kMinimizeBroadcastsTag).
 */
const AS_IT_IS: Attributes = Object.fromEntries(
  ['AddOpsRewriteStage', 'MinimizeBroadcasts'].map(stage => [
    `_grappler_ArithmeticOptimizer_${stage}`,
    boolean(ATTRIBUTE.boolean, true),
  ]),
)

/** An operation that reads nothing newer than so many operations ago waits for the one `LAG` before it. */
const JUMP = 32
const LAG = 4

/**
 * A graph runs whatever has its inputs. What a gradient prepares of a map from the forward pass (a padded copy, say) would be made as soon as that map is
 * there, and held until the gradient comes: so it waits for what was recorded shortly before it. Per operation: the one that it waits for, or -1.
 */
function waits(ops: readonly RecordedOp[], needed: ReadonlySet<number>): number[] {
  return ops.map(({ inputs }, i) => {
    const newest = Math.max(-1, ...inputs.map(source => (source.kind === 'output' ? source.op : -1)))
    if (newest < 0 || i - newest <= JUMP) return -1
    for (let before = i - LAG; before > newest; before--) if (needed.has(before)) return before
    return -1
  })
}

/** The operations that something comes from, in order. */
function operationsOf(wanted: readonly Source[], ops: readonly RecordedOp[]): Set<number> {
  const needed = new Set<number>()
  const need = (source: Source) => {
    if (source.kind === 'output') needed.add(source.op)
  }
  wanted.forEach(need)
  for (let i = ops.length - 1; i >= 0; i--) if (needed.has(i)) ops[i].inputs.forEach(need)
  return new Set([...needed].toSorted((a, b) => a - b))
}

function graphNodes(binding: Binding, graph: number, recording: Recording): Message[] {
  const { variables, feeds, ops, constants, next, outputs } = recording
  const adam = findAdamUpdate(recording)
  const results = outputs.map(({ source }) => source)
  const needed = operationsOf([...results, ...(adam ? [adam.gradients, adam.rate, adam.epsilon] : next)], ops)
  const at = (name: string) => `graph${graph}/${name}`
  const reference = (source: Source): string => {
    if (source.kind === 'output') return at(`op${source.op}${source.index > 0 ? `:${source.index}` : ''}`)
    return source.kind === 'feed' ? names.feed(graph, source.index) : at(`${source.kind}${source.index}`)
  }
  const castInputs = ops.flatMap(({ name, inputs }) => (name === 'Cast' ? inputs : []))
  const cast = new Set(castInputs.flatMap(source => (source.kind === 'constant' ? [source.index] : [])))
  const waitsFor = waits(ops, needed)
  const order = (i: number) => (waitsFor[i] < 0 ? [] : [`^${at(`op${waitsFor[i]}`)}`])
  const nodes = [
    ...variables.map(({ dtype }, i) =>
      node(at(`variable${i}`), 'ReadVariableOp', [`handle${i}`], { dtype: dtypeOf(dtype) }),
    ),
    ...feeds.map(({ dtype, shape }, i) =>
      node(names.feed(graph, i), 'Placeholder', [], { dtype: dtypeOf(dtype), shape: shapeOf(shape) }),
    ),
    ...constants.flatMap((constant, i) => constantNodes(at(`constant${i}`), constant, cast.has(i))),
    ...[...needed].map(i =>
      node(at(`op${i}`), ops[i].name, [...ops[i].inputs.map(reference), ...order(i)], {
        ...Object.fromEntries(ops[i].attributes.map(each => [each.name, attributeOf(binding, ops[i].name, each)])),
        ...AS_IT_IS,
      }),
    ),
  ]
  const assigned = adam ? update(adam) : assign()
  for (const [i, { source, dtype }] of outputs.entries()) {
    nodes.push(node(names.output(graph, i), 'Identity', [reference(source), ...assigned], { T: dtypeOf(dtype) }))
  }
  return nodes

  /** Gives each variable its next value; returns what is done then. */
  function assign(): string[] {
    const changes = next.flatMap((source, i) => {
      if (isVariable(source, i)) return []
      if (source.kind === 'output' && FRESH.has(ops[source.op].name)) return [{ i, value: reference(source) }]
      const copy = at(`copy${i}`)
      nodes.push(node(copy, 'DeepCopy', [reference(source)], { T: dtypeOf(variables[i].dtype) }))
      return [{ i, value: copy }]
    })
    // All new values before any is assigned: memory that runs out between leaves the state as it was.
    const computed = changes.map(({ value }) => `^${value.split(':')[0]}`)
    return changes.map(({ i, value }) => {
      const inputs = [`handle${i}`, value, `^${at(`variable${i}`)}`, ...computed]
      nodes.push(node(at(`assign${i}`), 'AssignVariableOp', inputs, { dtype: dtypeOf(variables[i].dtype) }))
      return `^${at(`assign${i}`)}`
    })
  }

  /** The same by one operation. Where somebody still holds what was read of a variable, it changes a copy. */
  function update({ gradients, rate, epsilon, decays }: AdamUpdate): string[] {
    const read = [...results, ...[...needed].flatMap(i => ops[i].inputs)]
    const reads = variables.flatMap((_, i) =>
      read.some(source => isVariable(source, i)) ? [`^${at(`variable${i}`)}`] : [],
    )
    const decayed = decays.map((decay, i) => {
      nodes.push(numberNode(at(`decay${i}`), decay))
      return at(`decay${i}`)
    })
    // The decays' powers are zero: rate and epsilon have their corrections already.
    const numbers = [ZERO, ZERO, reference(rate), ...decayed, reference(epsilon)]
    const handles = variables.map((_, i) => `handle${i}`)
    const inputs = [...handles, ...numbers, reference(gradients), ...reads]
    nodes.push(node(at('update'), 'ResourceApplyAdam', inputs, { T: dtypeOf(DataType.float32) }))
    return [`^${at('update')}`]
  }
}

const ZERO = 'zero'

function numberNode(name: string, value: number): Message {
  const constant = { dtype: DataType.float32, shape: [], bytes: new Uint8Array(Float32Array.of(value).buffer) }
  return node(name, 'Const', [], { dtype: dtypeOf(DataType.float32), value: tensorOf(constant) })
}

function variableNodes(variables: readonly TensorType[]): Message[] {
  return [
    ...variables.flatMap(({ dtype, shape }, i) => {
      const type = { dtype: dtypeOf(dtype) }
      return [
        node(`handle${i}`, 'VarHandleOp', [], {
          ...type,
          shape: shapeOf(shape),
          shared_name: bytes(ATTRIBUTE.string, `variable${i}`),
        }),
        node(names.initial(i), 'Placeholder', [], { ...type, shape: shapeOf(shape) }),
        node(`initialise${i}`, 'AssignVariableOp', [`handle${i}`, names.initial(i)], type),
        node(names.value(i), 'ReadVariableOp', [`handle${i}`], type),
      ]
    }),
    numberNode(ZERO, 0),
    node(names.initialised, 'Identity', [ZERO, ...variables.map((_, i) => `^initialise${i}`)], {
      T: dtypeOf(DataType.float32),
    }),
  ]
}

/** The bytes of saved_model.pb; the recordings' variables are the same ones. */
export function encodeSavedModel(binding: Binding, recordings: readonly Recording[]): Message {
  const nodes = [
    ...variableNodes(recordings[0].variables),
    ...recordings.flatMap((recording, graph) => graphNodes(binding, graph, recording)),
  ]
  // Which version of TensorFlow's graphs this is: any that a current one still reads.
  const graphDef = message(...nodes, bytes(4, integer(1, 1800)))
  return message(integer(1, 1), bytes(2, message(bytes(1, bytes(4, TAG)), bytes(2, graphDef))))
}
