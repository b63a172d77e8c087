/**
 * Encodes recordings as one SavedModel. An operation is a node, a feed is a Placeholder, and a variable is a
 * ReadVariableOp. Every other tensor is a Const. Field numbers are from
 * tensorflow/core/framework/{graph,node_def,attr_value,tensor,tensor_shape}.proto and
 * tensorflow/core/protobuf/{meta_graph,saved_model}.proto.
 *
 * All recordings share the variables. Each recording reads every variable once, by its own node, and assigns it once,
 * after this read. Nothing else orders reads and writes of a variable. Every fetched output waits for all assignments.
 */
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

/** Names of the nodes that the session feeds and fetches. */
export const names = {
  /** `initial` is the Placeholder for a variable's value. `initialised` is done when all variables are assigned. */
  initial: (variable: number) => `initial${variable}`,
  initialised: 'initialised',
  value: (variable: number) => `value${variable}`,
  feed: (graph: number, feed: number) => `graph${graph}/feed${feed}`,
  output: (graph: number, output: number) => `graph${graph}/result${output}`,
} as const

export const TAG = 'serve'
const ATTRIBUTE = { string: 2, integer: 3, float: 4, boolean: 5, type: 6, shape: 7, tensor: 8 } as const

type Attributes = Readonly<Record<string, Message>>

/** `inputs` are `name` or `name:output`. `^name` is a control dependency: the node must only run before. */
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

/**
 * Whether all elements of a constant are equal, as in a gradient's initial ones. One element is then written for all.
 */
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
 * Hides the values of float constants from the graph optimizer, also of constants that are cast to floats. The
 * optimizer would turn x / c into x · (1 / c), and x² by Pow into Square. Both change the last bit. Integer constants
 * stay visible, because most of them are shapes and axes, which the optimizer needs.
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

/** An attribute as an AttrValue message. A list is a nested message. */
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
 * Operations whose output has its own memory. Other operations may return the buffer of an input. A variable must not
 * share the buffer of a feed or constant. JavaScript owns this buffer, and a TensorFlow thread must not notify
 * JavaScript of its release.
 */
const FRESH = new Set([
  ...['Add', 'AddV2', 'Sub', 'Mul', 'Div', 'RealDiv'],
  ...['Sgd', 'Momentum', 'Nesterov', 'Rmsprop', 'RmspropMomentum', 'Adam'].map(name => `SelfMri${name}`),
])

/**
 * Marks of finished optimization, which the graph optimizer skips. The optimizer would otherwise reorder products and
 * sums of three or more terms, which changes the last bit. Source: kAddOpsRewriteTag and kMinimizeBroadcastsTag in
 * tensorflow/core/grappler/optimizers/arithmetic_optimizer.cc.
 */
const AS_IT_IS: Attributes = Object.fromEntries(
  ['AddOpsRewriteStage', 'MinimizeBroadcasts'].map(stage => [
    `_grappler_ArithmeticOptimizer_${stage}`,
    boolean(ATTRIBUTE.boolean, true),
  ]),
)

/**
 * If an operation's newest input is more than `JUMP` operations old, it waits for the operation `LAG` places before it.
 */
const JUMP = 32
const LAG = 4

/**
 * Adds control dependencies in recorded order, because TensorFlow otherwise computes gradient inputs early and raises
 * peak memory. Returns, per operation, the operation that it waits for, or -1.
 */
function waits(ops: readonly RecordedOp[], needed: ReadonlySet<number>): number[] {
  return ops.map(({ inputs }, i) => {
    const newest = Math.max(-1, ...inputs.map(source => (source.kind === 'output' ? source.op : -1)))
    if (newest < 0 || i - newest <= JUMP) return -1
    for (let before = i - LAG; before > newest; before--) if (needed.has(before)) return before
    return -1
  })
}

/** The operations that `wanted` depends on, in recorded order. */
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
  const results = outputs.map(({ source }) => source)
  const needed = operationsOf([...results, ...next], ops)
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
  const assigned = assign()
  for (const [i, { source, dtype }] of outputs.entries()) {
    nodes.push(node(names.output(graph, i), 'Identity', [reference(source), ...assigned], { T: dtypeOf(dtype) }))
  }
  return nodes

  /** Assigns each variable its next value. Returns the control dependencies that wait for the assignments. */
  function assign(): string[] {
    const changes = next.flatMap((source, i) => {
      if (isVariable(source, i)) return []
      if (source.kind === 'output' && FRESH.has(ops[source.op].name)) return [{ i, value: reference(source) }]
      const copy = at(`copy${i}`)
      nodes.push(node(copy, 'DeepCopy', [reference(source)], { T: dtypeOf(variables[i].dtype) }))
      return [{ i, value: copy }]
    })
    // All new values are computed before the first assignment, so that exhausted memory leaves the state unchanged.
    const computed = changes.map(({ value }) => `^${value.split(':')[0]}`)
    return changes.map(({ i, value }) => {
      const inputs = [`handle${i}`, value, `^${at(`variable${i}`)}`, ...computed]
      nodes.push(node(at(`assign${i}`), 'AssignVariableOp', inputs, { dtype: dtypeOf(variables[i].dtype) }))
      return `^${at(`assign${i}`)}`
    })
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

/** The bytes of saved_model.pb. All recordings must have the variables of the first recording. */
export function encodeSavedModel(binding: Binding, recordings: readonly Recording[]): Message {
  const nodes = [
    ...variableNodes(recordings[0].variables),
    ...recordings.flatMap((recording, graph) => graphNodes(binding, graph, recording)),
  ]
  // The version of TensorFlow's graph format. Current versions still read this version.
  const graphDef = message(...nodes, bytes(4, integer(1, 1800)))
  return message(integer(1, 1), bytes(2, message(bytes(1, bytes(4, TAG)), bytes(2, graphDef))))
}
